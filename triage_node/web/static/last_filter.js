// Offer the last filter again; what was searched for is not kept, as it may be somebody's name.
"use strict";

(() => {
  const link = document.getElementById("last-filter");
  const key = `filter of ${document.querySelector(".menu summary").textContent}`;
  const query = new URLSearchParams(location.search);
  for (const name of ["text", "after"]) query.delete(name);
  for (const [name, value] of [...query]) if (!value || (name === "list" && value === "open")) query.delete(name);
  const isPreset = document.querySelector(".presets [aria-current]");
  if (!isPreset && query.size) localStorage.setItem(key, query.toString());
  const last = localStorage.getItem(key);
  if (!last) return;
  link.hidden = false;
  link.href = `/worklist?${last}`;
  link.title = [...new URLSearchParams(last).values()].join(", ");
  if (!isPreset && last === query.toString()) link.setAttribute("aria-current", "true");
})();
