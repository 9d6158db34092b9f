// What every page needs: theme, dialogs, toasts, copying, clocks, focus after swaps, refused requests. It decides nothing:
// each action is a form or a link that works without this file.
"use strict";
(() => {
  const root = document.documentElement;
  const body = document.body;
  const label = (name) => body.dataset[`label${name}`] || "";
  root.classList.add("has-js");
  for (const one of document.querySelectorAll("[data-theme-switch], .palette-button, [data-nav-toggle]")) one.hidden = false;

  // -- preferences kept in a cookie, so that the server draws the next page right at once ----------------------
  const keep = (name, value) => { document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`; };
  const showTheme = () => {
    for (const button of document.querySelectorAll("[data-theme-switch] button")) button.setAttribute("aria-pressed", String(button.value === (root.dataset.theme || "auto")));
  };
  const setTheme = (value) => { root.dataset.theme = value; keep("theme", value); showTheme(); };
  // Read here too: the choice made on this device is newer than the page's.
  const kept = /(?:^|; )theme=(auto|light|dark)/.exec(document.cookie);
  if (kept) root.dataset.theme = kept[1];
  showTheme();
  const showNav = () => document.querySelector("[data-nav-toggle]")?.setAttribute("aria-expanded", String(root.dataset.nav !== "folded"));
  showNav();

  // -- dialogs: native, modal; focus goes back to where it came from --------------------------------------------
  const openers = new WeakMap();
  const open = (id, opener) => {
    const dialog = document.getElementById(id);
    if (!(dialog instanceof HTMLDialogElement) || dialog.open) return false;
    openers.set(dialog, opener || document.activeElement);
    dialog.showModal();
    dialog.dispatchEvent(new CustomEvent("leadops:open", { bubbles: true }));
    return true;
  };
  document.addEventListener("close", (event) => {
    const opener = openers.get(event.target);
    if (opener?.isConnected) opener.focus({ preventScroll: true });
  }, true);

  const copy = async (button) => {
    const text = button.dataset.copyText ?? document.querySelector(button.dataset.copy)?.textContent ?? "";
    await navigator.clipboard.writeText(text.trim());
    say(button.dataset.copied || "");
  };

  // -- the status region: results, and words for ears only ----------------------------------------------------------
  const say = (text, shown = true) => {
    const region = document.getElementById("status");
    if (!region || !text) return;
    const note = document.createElement("div");
    note.className = shown ? "toast neutral" : "vh";
    if (shown) note.dataset.toast = "";
    const words = document.createElement("p");
    words.textContent = text;
    note.append(words);
    region.append(note);
    setTimeout(() => note.remove(), shown ? 4000 : 8000);
  };
  const complain = (text) => {
    const region = document.getElementById("alert");
    if (!region || !text) return;
    const note = document.createElement("div");
    note.className = "banner bad";
    const words = document.createElement("p");
    words.textContent = text;
    note.append(words);
    region.replaceChildren(note);
    region.scrollIntoView({ block: "nearest" });
  };
  window.leadops = { open, say, complain };

  // Undo stays ten seconds, longer while somebody is on it (WCAG 2.2.1): the server says when it is really too late.
  const age = () => {
    for (const toast of document.querySelectorAll("[data-toast]:not([data-aging])")) {
      toast.dataset.aging = "";
      const fade = () => { if (toast.matches(":hover, :focus-within")) setTimeout(fade, 3000); else toast.remove(); };
      setTimeout(fade, toast.querySelector("form") ? 10000 : 7000);
    }
  };
  age();

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest?.(selector);
    let found;
    if ((found = at("[data-opens]"))) { if (open(found.dataset.opens, found)) event.preventDefault(); }
    else if ((found = at("[data-closes]"))) found.closest("dialog")?.close();
    else if ((found = at("[data-dismiss]"))) found.closest("[data-toast], .banner")?.remove();
    else if ((found = at("[data-copy], [data-copy-text]"))) { event.preventDefault(); copy(found).catch(() => complain(label("Refused"))); }
    else if ((found = at("[data-theme-switch] button"))) setTheme(found.value);
    else if (at("[data-print]")) window.print();
    else if ((found = at("[data-nav-toggle]"))) { root.dataset.nav = root.dataset.nav === "folded" ? "open" : "folded"; keep("nav", root.dataset.nav); showNav(); }
    else if (event.target instanceof HTMLDialogElement) { // a click on the veil
      const box = event.target.getBoundingClientRect();
      if (event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom) event.target.close();
    }
    for (const why of document.querySelectorAll("details.why[open]")) if (!why.contains(event.target)) why.open = false;
  });
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("form[data-autosubmit]");
    if (form && event.target.type !== "search") form.requestSubmit();
  });
  document.addEventListener("submit", (event) => { // an empty filter does not belong in the address
    if (event.target.matches("form[data-autosubmit]")) for (const field of event.target.querySelectorAll("input, select")) if (!field.value && field.name) { field.disabled = true; setTimeout(() => { field.disabled = false; }); }
  }, true);

  // -- clocks: text that stays true; business time may differ from this machine's ------------------------------------------
  const [D, H, M, S] = (body.dataset.units || "d h min s").split(" ");
  const shift = body.dataset.now ? Date.parse(body.dataset.now) - Date.now() : 0;
  const near = (ms) => {
    const s = Math.round(Math.abs(ms) / 1000);
    const [n, unit] = s >= 86400 ? [Math.floor(s / 86400), D] : s >= 3600 ? [Math.floor(s / 3600), H] : s >= 60 ? [Math.floor(s / 60), M] : [s, S];
    return `${n}\u00a0${unit}`;
  };
  const write = (element, text) => { if (element.textContent !== text) element.textContent = text; };
  const tick = () => {
    const now = Date.now() + shift;
    let soon = false;
    for (const clock of document.querySelectorAll("time[data-countdown]")) {
      const left = Date.parse(clock.dateTime) - now;
      soon ||= Math.abs(left) < 61000;
      write(clock, near(left));
      const chip = clock.closest(".sla");
      if (left < 0 && chip && !chip.classList.contains("breached")) {
        chip.classList.remove("running", "at_risk");
        chip.classList.add("breached");
        write(chip.querySelector(".sla-word"), label("Overdue"));
        const use = chip.querySelector("use");
        use?.setAttribute("href", use.getAttribute("href").replace(/#.*/, "#octagon-alert"));
      }
    }
    for (const stamp of document.querySelectorAll("time[data-ago]")) {
      const gone = now - Date.parse(stamp.dateTime);
      write(stamp, Math.abs(gone) < 5000 ? label("Now") : label(gone > 0 ? "Ago" : "In").replace("%s", near(gone)));
    }
    setTimeout(tick, soon ? 1000 : 60000 - (Date.now() % 60000));
  };
  setTimeout(tick, 1000);

  // -- a verb's dialog: filled when opened, its first field focused, closed when the verb is done -----------------------------------
  const refusal = (xhr) => new DOMParser().parseFromString(xhr.responseText || "", "text/html").querySelector("[data-code] strong")?.textContent || "";
  const advance = (dialog) => { // done with this row: the focus goes on to the next one
    const opener = openers.get(dialog);
    const row = opener?.closest?.("[data-row]");
    const following = row && rowAfter(row);
    if (following) openers.set(dialog, following);
  };
  document.addEventListener("close", (event) => { if (event.target.id === "verb") document.getElementById("verb-body")?.replaceChildren(); }, true);
  body.addEventListener("htmx:beforeOnLoad", (event) => {
    const { elt, xhr } = event.detail;
    const dialog = elt.closest?.("dialog[open]");
    if (dialog && elt.matches("[data-closes-on-success]") && xhr.status === 200) { if (!elt.matches("[data-stays]")) advance(dialog); dialog.close(); }
  });
  body.addEventListener("htmx:afterRequest", (event) => {
    const { elt, xhr, target } = event.detail;
    const told = refusal(xhr);
    if (elt.getAttribute?.("hx-swap") === "none" && (xhr.status === 409 || xhr.status === 422)) {
      complain(told || label("Refused"));
      window.htmx?.trigger(body, "leadops:lead-changed"); // show what is there now
    }
    const waiting = target?.closest?.("dialog[open]");
    if (waiting && xhr.status >= 400 && xhr.status !== 409 && xhr.status !== 422 && !waiting.querySelector("form")) waiting.close();
  });

  // What somebody opened to type in stays as it is while the page around it is refreshed.
  if (window.Idiomorph) window.Idiomorph.defaults.callbacks.beforeNodeMorphed = (old) => !(old.nodeName === "DETAILS" && old.open && old.querySelector("form"));
  // The morph extension takes every out-of-band swap for one of whole elements: a region would land inside itself.
  body.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { fragment, target } = event.detail;
    const wrapper = fragment.firstElementChild;
    if (wrapper && wrapper.id === target.id && target.matches("#status, #alert")) fragment.replaceChildren(...wrapper.childNodes);
  });

  // -- htmx: focus never falls on <body>, a row leaves at once and comes back when the server says no -------------------------
  let focused = null;
  const rowAfter = (row) => {
    const rows = [...(row.closest("[data-rows]")?.querySelectorAll("[data-row]") || [])];
    const i = rows.indexOf(row);
    return rows[i + 1] || rows[i - 1];
  };
  body.addEventListener("htmx:beforeRequest", (event) => {
    event.detail.target?.setAttribute("aria-busy", "true");
    const form = event.detail.elt.closest?.("[data-leaving]");
    const row = form?.closest("[data-row]");
    if (!row) return;
    row.classList.add("is-leaving");
    row.setAttribute("aria-busy", "true");
    const following = rowAfter(row);
    following ? following.focus() : document.getElementById("main")?.focus();
  });
  body.addEventListener("htmx:afterRequest", (event) => {
    event.detail.target?.removeAttribute("aria-busy");
    const row = event.detail.elt.closest?.("[data-leaving]")?.closest("[data-row]");
    if (!row || !row.isConnected || event.detail.successful) return;
    row.classList.remove("is-leaving");
    row.removeAttribute("aria-busy");
    row.classList.add("is-back");
    row.focus();
  });
  body.addEventListener("htmx:beforeSwap", () => {
    const active = document.activeElement;
    if (!active || active === body) { focused = null; return; }
    const rows = [...document.querySelectorAll("[data-row]")];
    focused = { id: active.id, name: active.getAttribute("name"), row: active.closest("[data-row]")?.id, index: rows.indexOf(active.closest("[data-row]")) };
  });
  body.addEventListener("htmx:afterSettle", (event) => {
    age();
    const wants = event.detail.elt?.querySelector?.("[data-focus]") || (event.detail.elt?.matches?.("[data-focus]") ? event.detail.elt : null);
    if (wants) { wants.focus(); return; }
    const asked = event.detail.target?.closest?.("dialog[open]");
    if (asked && !asked.contains(document.activeElement?.closest("form"))) {
      asked.querySelector("input:checked, input:not([type=hidden]), select, textarea")?.focus();
      return;
    }
    if (!focused || (document.activeElement && document.activeElement !== body)) return;
    const rows = document.querySelectorAll("[data-row]");
    const back = (focused.id && document.getElementById(focused.id)) || (focused.row && document.getElementById(focused.row)) || rows[Math.min(Math.max(focused.index, 0), rows.length - 1)] || document.getElementById("main");
    back?.focus({ preventScroll: true });
  });
  // A form that came back with faults as a page of its own: its summary is where reading goes on.
  // Only once tables are cards (tables.js): where it stands is known then.
  document.addEventListener("DOMContentLoaded", () => document.querySelector("main .banner[data-focus]")?.focus());
  body.addEventListener("htmx:sendError", () => complain(label("Offline")));
  body.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    complain(status === 401 ? label("SignedOut") : refusal(event.detail.xhr) || label("Refused"));
  });
})();
