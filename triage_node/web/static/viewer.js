// The slice viewer: Hounsfield units come from the node slice by slice, the window is applied here.
"use strict";

(() => {
  const viewer = document.querySelector("[data-viewer]");
  const canvas = viewer && viewer.querySelector(".viewer-stage canvas");
  if (!canvas) return;

  const PRESETS = { brain: [40, 80], subdural: [75, 215], bone: [600, 2800] };
  const MEMORY = "viewer-window";
  const KEPT = 96;
  const AHEAD = 3;

  const address = viewer.dataset.viewer;
  const seriesChoice = viewer.querySelector("[data-series]");
  const typeButtons = [...document.querySelectorAll("[data-best]")];
  const say = (name, text) => (viewer.querySelector(name).textContent = text);
  const loaded = new Map();
  const asked = new Map();
  let series = null;
  let query = "";
  let index = 0;
  let label = "any";

  const picture = new triage.SlicePicture(canvas, told);
  const strip = new triage.ScoreStrip(viewer.querySelector(".strip"), show);

  /** Show a series, the analyzed one when none is named, at the best slice of a label. */
  async function open(uid = "") {
    query = uid ? `?series=${encodeURIComponent(uid)}` : "";
    const asking = query;
    series = null;
    loaded.clear();
    asked.clear();
    picture.clear();
    say(".viewer-message", "Loading the images …");
    const answer = await triage.send(address + query);
    const found = await answer.json();
    if (asking !== query) return;
    if (!answer.ok) return refuse(found.detail);
    series = found;
    if (seriesChoice) seriesChoice.value = series.series_instance_uid;
    picture.setForm(series.rows, series.columns, series.spacing_mm);
    const hasScores = series.slices.some((slice) => slice.probabilities);
    viewer.classList.toggle("has-scores", hasScores);
    say(".viewer-series", series.series_description);
    for (const button of typeButtons.filter((one) => hasScores && one.dataset.best in series.best)) {
      button.textContent = `slice ${series.best[button.dataset.best] + 1} of ${series.slices.length}`;
    }
    const at = series.best[label] ?? Math.floor(series.slices.length / 2);
    await show(at);
  }

  function refuse(sentence) {
    viewer.classList.remove("has-scores");
    for (const place of [".viewer-place", ".viewer-series"]) say(place, "");
    say(".viewer-message", sentence);
  }

  /** Return a slice's values, from memory or from the node; each is asked for once. */
  function load(at) {
    if (loaded.has(at)) {
      const values = loaded.get(at);
      loaded.delete(at);
      loaded.set(at, values);
      return Promise.resolve(values);
    }
    if (!asked.has(at)) asked.set(at, ask(at).finally(() => asked.delete(at)));
    return asked.get(at);
  }

  async function ask(at) {
    const asking = query;
    const answer = await triage.send(`${address}/${at}${query}`);
    if (!answer.ok) throw new Error((await answer.json()).detail);
    const view = new DataView(await answer.arrayBuffer());
    const values = new Int16Array(view.byteLength / 2);
    for (let i = 0; i < values.length; i += 1) values[i] = view.getInt16(2 * i, true);
    if (asking !== query) return values;
    loaded.set(at, values);
    if (loaded.size > KEPT) loaded.delete(loaded.keys().next().value);
    return values;
  }

  async function show(at) {
    if (!series) return;
    index = Math.min(series.slices.length - 1, Math.max(0, at));
    tellPlace();
    const [wanted, shown] = [index, series];
    const isMeant = () => wanted === index && shown === series;
    try {
      const values = await load(wanted);
      if (!isMeant()) return;
      say(".viewer-message", "");
      picture.show(values);
      for (let step = 1; step <= AHEAD; step += 1) {
        for (const near of [wanted + step, wanted - step]) {
          if (!isMeant()) return;
          if (near >= 0 && near < series.slices.length) await load(near);
        }
      }
    } catch (error) {
      if (isMeant()) say(".viewer-message", error.message || "The slice cannot be shown.");
    }
  }

  function tellPlace() {
    const slice = series.slices[index];
    const number = slice.instance_number;
    const parts = [`${index + 1} / ${series.slices.length}`];
    // The number that the scanner gave is the one that other viewers show.
    if (number !== null && number !== index + 1) parts.push(`image ${number}`);
    parts.push(`${slice.position_mm.toFixed(1)} mm`);
    if (slice.probabilities) parts.push(`${label} ${(100 * slice.probabilities[label]).toFixed(0)} %`);
    say(".viewer-place", parts.join(" · "));
    canvas.setAttribute("aria-valuemax", series.slices.length);
    canvas.setAttribute("aria-valuenow", index + 1);
    canvas.setAttribute("aria-valuetext", `slice ${index + 1} of ${series.slices.length}, ${parts.slice(1).join(", ")}`);
    strip.show(series.slices.map((one) => one.probabilities && one.probabilities[label]), index);
    tellType();
  }

  function tellType() {
    for (const button of typeButtons) {
      const isHere = series.best[label] === index && button.dataset.best === label;
      button.setAttribute("aria-pressed", String(isHere));
    }
    say(".strip-caption", `score of ${label === "any" ? "any hemorrhage" : label} by slice`);
  }

  /** Say how the picture is shown, and keep the window for the next study. */
  function told() {
    if (!picture.width) return;
    const zoom = picture.scale > 1 ? ` · zoom ${picture.scale.toFixed(1)}` : "";
    say(".viewer-window", `C ${picture.center} W ${picture.width}${picture.isInverted ? " · inverted" : ""}${zoom}`);
    for (const [name, [center, width]] of Object.entries(PRESETS)) {
      const isIt = center === picture.center && width === picture.width;
      viewer.querySelector(`[data-do="${name}"]`).setAttribute("aria-pressed", String(isIt));
    }
    viewer.querySelector('[data-do="invert"]').setAttribute("aria-pressed", String(picture.isInverted));
    const { center, width, isInverted } = picture;
    sessionStorage.setItem(MEMORY, JSON.stringify({ center, width, isInverted }));
  }

  /** Take the window of the study before, in this tab. */
  function recall() {
    const [center, width] = PRESETS.brain;
    const before = JSON.parse(sessionStorage.getItem(MEMORY)) ?? { center, width, isInverted: false };
    picture.setInverted(before.isInverted);
    picture.setWindow(before.center, before.width);
  }

  async function showBest(of) {
    label = of;
    const analyzed = viewer.dataset.analyzed;
    if (series && analyzed && series.series_instance_uid !== analyzed) return open(analyzed);
    if (series && series.best[label] !== undefined) await show(series.best[label]);
  }

  /** Go to the best slice of the next type, of those that are flagged or uncertain; from the last to the first. */
  function showNextType(by) {
    const named = typeButtons.filter((one) => "named" in one.dataset).map((one) => one.dataset.best);
    const types = named.length ? named : typeButtons.map((one) => one.dataset.best);
    if (types.length) showBest(types[(types.indexOf(label) + by + types.length) % types.length]);
  }

  function showNextSeries() {
    if (!seriesChoice) return;
    seriesChoice.selectedIndex = (seriesChoice.selectedIndex + 1) % seriesChoice.length;
    open(seriesChoice.value);
  }

  function toggleFullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else viewer.requestFullscreen().catch(() => triage.notify("The browser does not allow full screen."));
  }

  const moves = viewer.querySelector('[data-do="moves"]');
  const leftMoves = () => moves.getAttribute("aria-pressed") === "true";
  const turn = (by) => show(index + by);

  triage.viewer = {
    canvas,
    turn,
    pan: (right, down) => picture.panBy(right, down),
    acts: {
      brain: () => picture.setWindow(...PRESETS.brain),
      subdural: () => picture.setWindow(...PRESETS.subdural),
      bone: () => picture.setWindow(...PRESETS.bone),
      best: () => showBest("any"),
      nextType: () => showNextType(1),
      previousType: () => showNextType(-1),
      invert: () => picture.setInverted(!picture.isInverted),
      closer: () => picture.zoomBy(1.25),
      farther: () => picture.zoomBy(0.8),
      fit: () => picture.fit(),
      moves: () => moves.setAttribute("aria-pressed", String(!leftMoves())),
      full: toggleFullScreen,
      series: showNextSeries,
    },
  };

  triage.followGestures(canvas, picture, { turn, leftMoves });
  seriesChoice?.addEventListener("change", () => open(seriesChoice.value));
  for (const button of viewer.querySelectorAll("[data-do]")) {
    button.addEventListener("click", () => triage.viewer.acts[button.dataset.do]());
  }
  for (const button of typeButtons) button.addEventListener("click", () => showBest(button.dataset.best));
  recall();
  open().catch(() => say(".viewer-message", "The node cannot be reached."));
  // The keys turn slices at once, unless somebody has begun with something else.
  if (document.activeElement === document.body) canvas.focus({ preventScroll: true });
})();
