// Before the first paint: the theme this browser chose; without a choice the style follows the system.
const chosen = localStorage.getItem("theme");
if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
