// Ctrl/⌘ K: every place of the navigation and every verb of this page, found by a few letters. It teaches each verb's key.
"use strict";
(() => {
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const input = dialog.querySelector("input");
  const listbox = dialog.querySelector("[role=listbox]");
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  let before = null;
  let entries = [];
  let chosen = 0;
  let shown = [];

  const gather = () => {
    const row = before?.closest?.("[data-row]");
    const verbs = new Map();
    const candidates = [...(row ? row.querySelectorAll("[data-key][data-key-label]") : []), ...[...document.querySelectorAll("[data-key][data-key-label]")].filter((one) => !one.closest("[data-row], dialog"))];
    for (const one of candidates) if (!verbs.has(one.dataset.keyLabel) && !one.disabled) verbs.set(one.dataset.keyLabel, one);
    const all = [...verbs].map(([words, element]) => ({ words, keys: element.dataset.key.replace("shift+", "⇧ ").toUpperCase(), run: () => (element instanceof HTMLFormElement ? element.requestSubmit() : element.click()) }));
    for (const link of document.querySelectorAll(".side .nav a[href]")) {
      all.push({ words: (link.querySelector(".nav-label") || link).textContent.trim(), keys: link.dataset.go ? `G ${link.dataset.go.toUpperCase()}` : "", run: () => link.click() });
    }
    for (const one of document.querySelectorAll("[data-palette]")) all.push({ words: one.dataset.palette || one.textContent.trim(), keys: "", run: () => one.click() });
    return all;
  };
  const choose = (index) => {
    chosen = Math.min(Math.max(index, 0), shown.length - 1);
    for (const [i, option] of [...listbox.querySelectorAll("[role=option]")].entries()) {
      option.setAttribute("aria-selected", String(i === chosen));
      if (i === chosen) { input.setAttribute("aria-activedescendant", option.id); option.scrollIntoView({ block: "nearest" }); }
    }
    if (!shown.length) input.removeAttribute("aria-activedescendant");
  };
  const draw = () => {
    const words = fold(input.value).split(/\s+/).filter(Boolean);
    shown = entries.filter((entry) => words.every((word) => fold(entry.words).includes(word)));
    const search = document.querySelector("form.search");
    if (input.value.trim() && search) {
      shown.push({ words: listbox.dataset.searchLabel.replace("{text}", input.value.trim()), keys: "", run: () => { search.elements.q.value = input.value.trim(); search.requestSubmit(); } });
    }
    listbox.replaceChildren(...shown.map((entry, i) => {
      const option = document.createElement("li");
      option.id = `palette-${i}`;
      option.setAttribute("role", "option");
      const name = document.createElement("span");
      name.className = "option-label";
      name.textContent = entry.words;
      option.append(name);
      if (entry.keys) { const cap = document.createElement("kbd"); cap.className = "kbd"; cap.textContent = entry.keys; option.append(cap); }
      option.addEventListener("click", () => run(i));
      option.addEventListener("pointermove", () => choose(i));
      return option;
    }));
    if (!shown.length) { const none = document.createElement("li"); none.className = "palette-none"; none.textContent = listbox.dataset.emptyLabel; listbox.append(none); }
    choose(0);
  };
  const run = (index) => {
    const entry = shown[index];
    if (!entry) return;
    dialog.close();
    entry.run();
  };
  dialog.addEventListener("leadops:open", () => { entries = gather(); input.value = ""; draw(); input.focus(); });
  document.addEventListener("focusin", (event) => { if (!event.target.closest?.("dialog")) before = event.target; });
  input.addEventListener("input", draw);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) { event.preventDefault(); choose(chosen + step); }
    else if (event.key === "Home") { event.preventDefault(); choose(0); }
    else if (event.key === "End") { event.preventDefault(); choose(shown.length - 1); }
    else if (event.key === "Enter") { event.preventDefault(); run(chosen); }
  });
})();
