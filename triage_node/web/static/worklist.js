// The worklist: rows that come by themselves, waiting times that run, and keys for those who read all night.
"use strict";

(() => {
  const table = document.getElementById("worklist");
  const body = document.getElementById("rows");
  const live = document.getElementById("live");
  const keys = document.getElementById("keys");
  const title = document.title;
  // A workstation's clock may be wrong; waiting times go by the node's.
  const ahead = Date.now() - new Date(table.dataset.now);
  // The node sends something every 15 seconds; a cable that was pulled says nothing.
  const SILENCE_SECONDS = 40;
  const REPEATED = ["j", "k", "ArrowDown", "ArrowUp"];
  let selected = null;
  let heardAt = Date.now();
  let watch = null;

  const rows = () => [...body.rows];
  const rowOf = (uid) => rows().find((row) => row.dataset.uid === uid);

  function waiting(seconds) {
    const minutes = Math.floor(seconds / 60);
    if (minutes < 1) return `${Math.max(0, Math.floor(seconds))} s`;
    if (minutes < 60) return `${minutes} min`;
    if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
    return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
  }

  function showWaiting() {
    for (const cell of body.querySelectorAll("[data-since]")) {
      cell.textContent = waiting((Date.now() - ahead - new Date(cell.dataset.since)) / 1000);
      cell.classList.toggle("late", cell.closest("tr").dataset.group === "overdue");
    }
  }

  function select(row, scrolls = true) {
    for (const other of body.querySelectorAll('[aria-selected="true"]')) other.removeAttribute("aria-selected");
    selected = row ? row.dataset.uid : null;
    if (!row) return;
    row.setAttribute("aria-selected", "true");
    row.querySelector(".patient a").focus({ preventScroll: true });
    if (scrolls) row.scrollIntoView({ block: "nearest" });
    history.replaceState({ selected }, "");
  }

  /** Select what was selected when the page was left, by the browser's way back or by the study's. */
  function reselect() {
    const at = new URLSearchParams(location.hash.slice(1)).get("at") || history.state?.selected;
    if (location.hash) history.replaceState({ selected: at }, "", location.pathname + location.search);
    if (at && rowOf(at)) select(rowOf(at));
  }

  function step(by) {
    const all = rows();
    if (!all.length) return;
    const at = all.findIndex((row) => row.dataset.uid === selected);
    select(all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))]);
  }

  /** Take rows the server rendered; the selected study stays selected, and what was being typed is left alone. */
  function replaceRows(html) {
    const before = new Map(rows().map((row) => [row.dataset.uid, row.dataset.decision]));
    const hadFocus = body.contains(document.activeElement);
    const parsed = new DOMParser().parseFromString(`<table><tbody>${html}</tbody></table>`, "text/html");
    body.replaceChildren(...parsed.querySelector("tbody").children);
    document.getElementById("empty").hidden = body.rows.length > 0;
    triage.showLocalTimes(body);
    showWaiting();
    announce(before);
    const row = selected && rowOf(selected);
    if (row && hadFocus) select(row, false);
    else if (row) row.setAttribute("aria-selected", "true");
  }

  function announce(before) {
    const fresh = rows().filter((row) => row.dataset.decision === "flagged" && before.get(row.dataset.uid) !== "flagged");
    for (const row of rows()) row.classList.toggle("arrived", !before.has(row.dataset.uid));
    if (!fresh.length) return;
    document.getElementById("announcement").textContent =
      fresh.length === 1 ? "A study was flagged." : `${fresh.length} studies were flagged.`;
  }

  /** Show how many wait; the tab's title says the urgent ones to whoever looks at another page. */
  function showCounts(counts) {
    for (const [group, number] of Object.entries(counts)) {
      document.querySelector(`[data-count="${group}"]`).textContent = number;
    }
    document.title = counts.flagged ? `(${counts.flagged}) ${title}` : title;
  }

  function showOthers(number) {
    const link = document.getElementById("others");
    link.hidden = number === "0";
    link.querySelector("strong").textContent = number;
  }

  function setLive(state, text) {
    live.dataset.state = state;
    live.textContent = text;
  }

  function setLost() {
    const since = new Date(heardAt).toLocaleTimeString(undefined, { timeStyle: "short" });
    setLive("lost", `connection lost: this list is of ${since} and may be old`);
  }

  function listen() {
    if (!table.dataset.live) return setLive("off", "this page stands still; the first page is live");
    const source = new EventSource(table.dataset.live + location.search);
    const heard = () => {
      heardAt = Date.now();
      setLive("on", "live");
    };
    for (const name of ["open", "counts", "others", "flagged", "rows", "alive"]) source.addEventListener(name, heard);
    const startedAt = Date.now();
    clearInterval(watch);
    watch = setInterval(() => {
      if (Date.now() - Math.max(heardAt, startedAt) < SILENCE_SECONDS * 1000) return;
      source.close();
      setLost();
      listen();
    }, 5000);
    source.addEventListener("counts", (event) => showCounts(JSON.parse(event.data)));
    source.addEventListener("others", (event) => showOthers(event.data));
    source.addEventListener("flagged", (event) => triage.hearOfFlagged(JSON.parse(event.data)));
    source.addEventListener("rows", (event) => replaceRows(event.data));
    source.addEventListener("ended", () => location.reload());
    source.addEventListener("replaced", () => {
      source.close();
      clearInterval(watch);
      setLive("lost", "not live: the worklist is open in too many windows");
    });
    source.addEventListener("error", () => {
      setLost();
      if (source.readyState !== EventSource.CLOSED) return;
      clearInterval(watch);
      setTimeout(listen, 3000);
    });
    addEventListener("pagehide", () => source.close(), { once: true });
  }

  const acknowledgement = (uid) => `/api/studies/${encodeURIComponent(uid)}/acknowledgement`;

  function setBusy(row, isBusy) {
    if (isBusy) row.setAttribute("aria-busy", "true");
    else row.removeAttribute("aria-busy");
  }

  async function acknowledge(row) {
    if (!row || row.dataset.acknowledged || row.ariaBusy) return;
    const uid = row.dataset.uid;
    setBusy(row, true);
    const answer = await triage.act(acknowledgement(uid));
    // The rows may have been replaced meanwhile.
    const now = rowOf(uid) || row;
    setBusy(now, false);
    if (answer) putAside(now);
  }

  /** Take a row off the list, go on to the next one, and let the reader take it back. */
  function putAside(row) {
    const following = row.nextElementSibling;
    const next = following || row.previousElementSibling;
    if (row.dataset.uid === selected) select(next, false);
    if (table.dataset.list === "open") row.remove();
    document.getElementById("empty").hidden = body.rows.length > 0;
    offerUndo(row, following);
  }

  function offerUndo(row, following) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.dataset.undo = row.dataset.uid;
    button.textContent = "Undo (u)";
    const text = `Acknowledged: ${row.querySelector(".patient a").textContent}.`;
    const notice = triage.notify(text, { kind: "good", control: button });
    button.addEventListener("click", () => undo(row, following, notice));
  }

  async function undo(row, following, notice) {
    if (notice.dataset.busy) return;
    notice.dataset.busy = "yes";
    const answer = await triage.act(acknowledgement(row.dataset.uid), { method: "DELETE" });
    delete notice.dataset.busy;
    if (!answer) return;
    notice.remove();
    if (table.dataset.list === "open" && !rowOf(row.dataset.uid)) {
      body.insertBefore(row, following && body.contains(following) ? following : null);
    }
    document.getElementById("empty").hidden = body.rows.length > 0;
    select(rowOf(row.dataset.uid));
  }

  const lastUndo = () => [...document.querySelectorAll("#notices [data-undo]")].at(-1);

  body.addEventListener("submit", (event) => {
    if (!event.target.matches("form.acknowledge")) return;
    event.preventDefault();
    acknowledge(event.target.closest("tr"));
  });

  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (row && row.dataset.uid && !event.target.closest("a, button")) select(row, false);
  });

  body.addEventListener("dblclick", (event) => {
    const row = event.target.closest("tr");
    if (row && row.dataset.uid) row.querySelector(".patient a").click();
  });

  const actions = {
    j: () => step(1),
    k: () => step(-1),
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Enter: () => selected && rowOf(selected)?.querySelector(".patient a").click(),
    a: () => selected && acknowledge(rowOf(selected)),
    u: () => lastUndo()?.click(),
    "/": () => document.getElementById("field-text").focus(),
    "?": () => keys.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || keys.open) return;
    if (event.target.closest("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    // A key that is held down repeats itself, and would acknowledge one study after another.
    if (event.repeat && !REPEATED.includes(event.key)) return;
    action();
  });

  for (const choice of document.querySelectorAll(".toolbar select, .toolbar [type=date]")) {
    choice.addEventListener("change", () => choice.form.requestSubmit());
  }
  const more = document.querySelector(".more button");
  more.addEventListener("click", () => {
    const opens = more.getAttribute("aria-expanded") !== "true";
    more.setAttribute("aria-expanded", String(opens));
  });
  reselect();
  showWaiting();
  setInterval(showWaiting, 1000);
  listen();
})();
