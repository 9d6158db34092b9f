// On a phone a `.table.as-cards` becomes one card per row; each cell then carries its column's heading. Without this file it scrolls sideways.
"use strict";
(() => {
  const words = (heading) => heading.textContent.trim().replace(/\s+/g, " ");
  const label = (table) => {
    const row = table.tHead?.rows[table.tHead.rows.length - 1];
    if (!row) return;
    const headings = [];
    for (const heading of row.cells) for (let n = 0; n < heading.colSpan; n += 1) headings.push(words(heading));
    for (const section of [...table.tBodies, table.tFoot]) {
      for (const line of section?.rows || []) {
        let at = 0;
        for (const cell of line.cells) {
          if (cell.tagName === "TD" && headings[at]) cell.dataset.label = headings[at];
          at += cell.colSpan;
        }
      }
    }
    table.dataset.labelled = "";
  };
  const all = () => document.querySelectorAll(".table.as-cards").forEach(label);
  all();
  document.addEventListener("htmx:afterSettle", all);
})();
