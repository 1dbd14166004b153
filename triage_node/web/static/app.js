// What every page needs: the form token for htmx and fetch, the theme switch, times in the reader's zone, notices.
"use strict";

const formToken = () => document.querySelector('meta[name="form-token"]').content;

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = formToken();
});

document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status !== 401) notify(`The node answered ${event.detail.xhr.status}. Load the page again.`);
});

document.addEventListener("htmx:sendError", () => notify("The node cannot be reached."));

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-theme-switch]")) return;
  const root = document.documentElement;
  const isLight = root.dataset.theme
    ? root.dataset.theme === "light"
    : matchMedia("(prefers-color-scheme: light)").matches;
  root.dataset.theme = isLight ? "dark" : "light";
  localStorage.setItem("theme", root.dataset.theme);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

function showLocalTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.valueOf())) continue;
    time.title = time.dateTime;
    time.textContent = moment.toLocaleString(undefined, styleOf(time, moment));
  }
}

function styleOf(time, moment) {
  if (!("brief" in time.dataset)) return { dateStyle: "short", timeStyle: "medium" };
  const isToday = moment.toDateString() === new Date().toDateString();
  return isToday ? { timeStyle: "short" } : { dateStyle: "short", timeStyle: "short" };
}

function notify(text) {
  const notice = document.createElement("p");
  notice.className = "notice notice-error";
  notice.textContent = text;
  document.getElementById("notices").replaceChildren(notice);
  setTimeout(() => notice.remove(), 8000);
}

/** fetch() with the form token; a session that ended leads to the sign-in. */
async function send(address, options = {}) {
  const headers = { "X-CSRF-Token": formToken(), ...(options.headers || {}) };
  const answer = await fetch(address, { credentials: "same-origin", ...options, headers });
  if (answer.status === 401) {
    location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
  }
  return answer;
}

window.triage = { send, notify, showLocalTimes };
showLocalTimes(document);
document.addEventListener("htmx:afterSwap", (event) => showLocalTimes(event.target));
