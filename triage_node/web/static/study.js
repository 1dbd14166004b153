// Keys of the study page beside the viewer's; and the answer as soon as there is one, if there is none yet.
"use strict";

(() => {
  const head = document.querySelector("[data-study]");
  const DONE = new Set(["analyzed", "unsuitable", "failed"]);
  const actions = {
    a: () => head.querySelector("form.acknowledge")?.requestSubmit(),
    u: () => head.querySelector("form.unacknowledge")?.requestSubmit(),
    x: () => head.querySelector("form.acknowledge-next")?.requestSubmit(),
    y: () => document.querySelector('form.verdict [name="agrees"][value="true"]')?.click(),
    n: () => head.querySelector("[data-next]").click(),
    w: () => document.querySelector(".trail").click(),
    "?": () => document.getElementById("keys").showModal(),
  };

  /** The keys that the page knows; its help lists them. */
  triage.keys = Object.keys(actions);

  /** Tell whether a key is meant for the page: not for a field, the browser, or the help that lies over it. */
  triage.isForPage = (event) =>
    !(event.ctrlKey || event.altKey || event.metaKey) &&
    !event.target.closest("input, select, textarea") &&
    !document.querySelector("dialog[open]");

  document.querySelector("[data-help]")?.addEventListener("click", actions["?"]);
  document.addEventListener("keydown", (event) => {
    if (!triage.isForPage(event) || !actions[event.key]) return;
    event.preventDefault();
    if (!event.repeat) actions[event.key]();
  });

  /** What somebody has typed or marked is not thrown away for news. */
  function isInUse() {
    const marked = [...document.querySelectorAll("main input[type=checkbox]")].some((one) => one.checked !== one.defaultChecked);
    return Boolean(marked || [...document.querySelectorAll("main textarea")].some((one) => one.value));
  }

  function watch(uid, state) {
    const source = new EventSource(`/worklist/live?list=all&text=${encodeURIComponent(uid)}`);
    source.addEventListener("rows", (event) => {
      const page = new DOMParser().parseFromString(`<table>${event.data}</table>`, "text/html");
      const now = page.querySelector("tr")?.dataset.state;
      if (!DONE.has(now) || now === state) return;
      source.close();
      if (isInUse()) triage.notify("The node has answered meanwhile. Load the page again to see it.");
      else location.reload();
    });
    source.addEventListener("ended", () => location.reload());
    source.addEventListener("replaced", () => source.close());
    addEventListener("pagehide", () => source.close(), { once: true });
  }

  if (!DONE.has(head.dataset.state)) watch(head.dataset.study, head.dataset.state);
})();
