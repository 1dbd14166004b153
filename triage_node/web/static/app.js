// What every page needs: the form token for htmx and fetch, the theme switch, times in the reader's zone, notices.
"use strict";

const UNREACHABLE = "The node cannot be reached. Try again.";
const SILENT = "The node does not answer. Look whether it was done before you try again.";
const NOTICE_SECONDS = 10;
const PATIENCE_SECONDS = 60;

const formToken = () => document.querySelector('meta[name="form-token"]').content;

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = formToken();
});

document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status !== 401) notify(`The node answered ${event.detail.xhr.status}. Load the page again.`);
});

document.addEventListener("htmx:sendError", () => notify(UNREACHABLE));
document.addEventListener("htmx:timeout", () => notify(SILENT));

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || !event.target.matches("form[data-guarded]")) return;
  event.preventDefault();
  submitGuarded(event.target, event.submitter);
});

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

/** Say something for ten seconds, longer while it is pointed at; `control` is a link or a button beside the words. */
function notify(text, { kind = "error", control = null } = {}) {
  const notices = document.getElementById("notices");
  for (const other of notices.children) if (other.dataset.text === text) other.remove();
  const notice = document.createElement("p");
  notice.className = `notice notice-${kind}`;
  notice.dataset.text = text;
  notice.textContent = text;
  if (control) notice.append(" ", control);
  notices.append(notice);
  const end = () => (notice.matches(":hover, :focus-within") ? setTimeout(end, 1000) : notice.remove());
  setTimeout(end, NOTICE_SECONDS * 1000);
  return notice;
}

function signInAgain() {
  const link = document.createElement("a");
  link.href = `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
  link.textContent = "Sign in again";
  return link;
}

/**
 * Ask for a change. What goes wrong is told and null is returned, so that the person can try again. A form is answered
 * with a redirect; where none is due, it is a proxy's that asks who is there, and nothing was changed.
 */
async function act(address, { isForm = false, ...options } = {}) {
  const headers = { Accept: "application/json", "X-CSRF-Token": formToken() };
  const signal = AbortSignal.timeout(PATIENCE_SECONDS * 1000);
  let answer;
  try {
    answer = await fetch(address, { method: "POST", credentials: "same-origin", redirect: "manual", headers, signal, ...options });
  } catch (error) {
    notify(error.name === "TimeoutError" ? SILENT : UNREACHABLE);
    return null;
  }
  const isRedirect = answer.type === "opaqueredirect";
  if (answer.ok || (isRedirect && isForm)) return answer;
  if (answer.status === 401 || isRedirect) notify("Your session has ended, nothing was changed.", { control: signInAgain() });
  else notify(await refusal(answer));
  return null;
}

async function refusal(answer) {
  try {
    return (await answer.json()).detail || `The node answered ${answer.status}.`;
  } catch {
    return `The node answered ${answer.status}. Try again.`;
  }
}

/** Send a form without leaving the page: what was typed is not lost to a node that cannot be reached. */
async function submitGuarded(form, submitter) {
  if (form.ariaBusy) return;
  const fields = new URLSearchParams(new FormData(form));
  if (submitter && submitter.name) fields.append(submitter.name, submitter.value);
  form.setAttribute("aria-busy", "true");
  const answer = await act(form.action, { isForm: true, body: fields });
  form.removeAttribute("aria-busy");
  if (!answer) return;
  if (answer.type === "opaqueredirect") {
    const then = form.querySelector("[data-then]");
    if (then) return location.assign(then.value);
    form.reset();
    location.reload();
  } else showPage(await answer.text());
}

/** Show the page that was answered in place of this one, which stays in the address. */
function showPage(html) {
  const main = document.getElementById("main");
  main.replaceChildren(...new DOMParser().parseFromString(html, "text/html").getElementById("main").childNodes);
  window.htmx.process(main);
  showLocalTimes(main);
  document.getElementById("answer")?.scrollIntoView({ block: "center" });
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

window.triage = { act, send, notify, showLocalTimes };
showLocalTimes(document);
document.addEventListener("htmx:afterSwap", (event) => showLocalTimes(event.target));
