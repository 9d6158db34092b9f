// The keyboard map: letters by what is printed on them, digits by place as well (AZERTY), never while typing, off by one switch.
// It knows no verb: elements say which key is theirs with data-key, links with data-go.
"use strict";
(() => {
  const root = document.documentElement;
  const off = () => root.dataset.shortcuts === "off";
  const writing = (element) => element?.closest?.("input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable], [role=combobox]");
  const visible = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.disabled && element.getAttribute("aria-disabled") !== "true";

  // The name of a key on any layout. `?` `/` `.` before digits: German types / with Shift+7.
  const nameOf = (event) => {
    const key = event.key;
    if (key === "?" || key === "/" || key === ".") return key;
    if (/^[1-9]$/.test(key)) return key;
    const place = /^(?:Digit|Numpad)([1-9])$/.exec(event.code || "");
    if (place && !event.shiftKey) return place[1];
    if (key.startsWith("Arrow")) return (event.shiftKey ? "shift+" : "") + key.slice(5).toLowerCase();
    if (key.length === 1 && key.toLowerCase() !== key.toUpperCase()) return (event.shiftKey ? "shift+" : "") + key.toLowerCase();
    return "";
  };
  const scope = () => [...document.querySelectorAll("dialog[open]")].pop() || document;
  const find = (key) => {
    const wanted = `[data-key="${CSS.escape(key)}"]`;
    const row = document.activeElement?.closest("[data-row]");
    const own = row && [...row.querySelectorAll(wanted)].find(visible);
    // A verb inside a row needs the focus on that row: a key must never act on a lead nobody looks at.
    return own || [...scope().querySelectorAll(wanted)].find((one) => visible(one) && !one.closest("[data-row]"));
  };
  let asked = null; // the row whose key opened an explanation: closed, it has the focus again
  const act = (element) => {
    asked = document.activeElement?.matches("[data-row]") ? document.activeElement : null;
    if (element instanceof HTMLFormElement) element.requestSubmit();
    else if (element.matches("input:not([type=checkbox], [type=radio], [type=submit], [type=button]), select, textarea")) element.focus();
    else element.click();
  };

  // -- lists: J K move, X selects, Shift extends; one stop for Tab ------------------------------------------------
  const list = () => document.activeElement?.closest("[data-rows]") || [...scope().querySelectorAll("[data-rows]")].find(visible);
  const rowsOf = (box) => [...box.querySelectorAll("[data-row]")].filter((row) => row.closest("[data-rows]") === box && !row.classList.contains("is-leaving"));
  const rove = () => {
    for (const box of document.querySelectorAll("[data-rows]")) {
      const rows = [...box.querySelectorAll("[data-row]")];
      const here = rows.find((row) => row === document.activeElement || row.getAttribute("tabindex") === "0") || rows[0];
      for (const row of rows) row.setAttribute("tabindex", row === here ? "0" : "-1");
    }
  };
  const move = (step, extend) => {
    const box = list();
    const rows = box ? rowsOf(box) : [];
    if (!rows.length) return false;
    const at = rows.indexOf(document.activeElement?.closest("[data-row]"));
    const next = rows[Math.min(Math.max(at < 0 ? rows.findIndex((row) => row.tabIndex === 0) : at + step, 0), rows.length - 1)];
    if (extend) { mark(rows[at], true); mark(next, true); }
    next.focus();
    next.scrollIntoView({ block: "nearest" });
    return true;
  };
  const mark = (row, on) => {
    const box = row?.querySelector("input[type=checkbox]");
    if (!box) return;
    if (on === undefined || box.checked !== on) box.click();
    row.setAttribute("aria-selected", String(box.checked));
  };
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest?.("[data-row]");
    if (row && row.getAttribute("tabindex") !== "0") {
      for (const one of row.closest("[data-rows]")?.querySelectorAll("[data-row]") || []) one.setAttribute("tabindex", one === row ? "0" : "-1");
    }
  });
  document.addEventListener("htmx:afterSettle", rove);
  rove();

  // -- Esc: the nearest open thing, else out of the field, else back ------------------------------------------------
  const escape = (event) => {
    if (scope() !== document) return; // the dialog closes itself
    const why = document.querySelector("details.why[open]");
    if (why) { why.open = false; (asked && asked.contains(why) ? asked : why.querySelector("summary")).focus(); return; }
    if (document.querySelector(":popover-open")) return;
    if (writing(event.target)) { document.getElementById("main")?.focus({ preventScroll: true }); return; }
    const back = [...document.querySelectorAll("[data-back]")].find(visible);
    if (back && !off()) back.click();
  };

  let going = 0;
  const go = (key) => {
    going = 0;
    const link = document.querySelector(`[data-go="${CSS.escape(key)}"]`);
    if (link) link.click();
    return Boolean(link);
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.keyCode === 229) return;
    const command = (event.ctrlKey || event.metaKey) && !event.altKey;
    if (command && event.key.toLowerCase() === "k") { event.preventDefault(); window.leadops?.open("palette"); return; }
    if (command && event.key === "Enter") { const form = event.target.closest?.("form"); if (form) { event.preventDefault(); form.requestSubmit(); } return; }
    if (event.key === "Escape") { escape(event); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || event.getModifierState("AltGraph") || off() || writing(event.target)) return;
    if (event.key === "Enter") {
      if (!event.target.matches?.("[data-row]")) return;
      const opener = event.target.querySelector("[data-open]") || event.target.querySelector("a[href]");
      if (opener) { event.preventDefault(); opener.click(); }
      return;
    }
    const key = nameOf(event);
    if (!key) return;
    if (going && Date.now() - going < 1500 && go(key)) { event.preventDefault(); return; }
    going = 0;
    const own = find(key);
    if (own && !event.repeat) { event.preventDefault(); act(own); return; }
    if (own) return; // a held key is one press
    const plain = key.replace("shift+", "");
    if ((plain === "j" || plain === "k") && move(plain === "j" ? 1 : -1, event.shiftKey)) event.preventDefault();
    else if (event.repeat) return;
    else if (key === "x") { const row = document.activeElement?.closest("[data-row]"); if (row) { event.preventDefault(); mark(row); } }
    else if (key === "/") { const field = document.querySelector("[data-search]"); if (field) { event.preventDefault(); field.focus(); field.select(); } }
    else if (key === "g") { event.preventDefault(); going = Date.now(); }
  });

  // -- the card: what this page answers to ----------------------------------------------------------------------------
  const line = (keys, words) => {
    const row = document.createElement("div");
    const term = document.createElement("dt");
    for (const one of keys) { const cap = document.createElement("kbd"); cap.className = "kbd"; cap.textContent = one; term.append(cap, " "); }
    const text = document.createElement("dd");
    text.textContent = words;
    row.append(term, text);
    return row;
  };
  const caps = (key) => key.replace("shift+", "⇧ ").replace("left", "←").replace("right", "→").replace("up", "↑").replace("down", "↓").toUpperCase();
  const fill = (selector, lines) => {
    const section = document.querySelector(selector);
    if (!section) return;
    section.hidden = !lines.length;
    section.querySelector("dl").replaceChildren(...lines);
  };
  document.getElementById("help")?.addEventListener("leadops:open", () => {
    const seen = new Map();
    for (const one of document.querySelectorAll("[data-key][data-key-label]")) if (!seen.has(one.dataset.key) && one.dataset.key !== "?") seen.set(one.dataset.key, one.dataset.keyLabel);
    fill("[data-help-page]", [...seen].map(([key, words]) => line([caps(key)], words)));
    fill("[data-help-go]", [...document.querySelectorAll("[data-go]")].map((link) => line(["G", link.dataset.go.toUpperCase()], link.querySelector(".nav-label")?.textContent || link.textContent.trim())));
  });
})();
