// The button that prints the page.
"use strict";

for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => print());
