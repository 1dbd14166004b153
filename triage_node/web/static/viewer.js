// The slice viewer: Hounsfield units come from the node slice by slice, the window is applied here.
"use strict";

(() => {
  const viewer = document.querySelector("[data-viewer]");
  const canvas = viewer && viewer.querySelector(".viewer-stage canvas");
  if (!canvas) return;

  const PRESETS = { brain: [40, 80], subdural: [75, 215], bone: [600, 2800] };
  const KEPT = 96;
  const AHEAD = 3;
  const LOWEST = -1024;
  const HIGHEST = 3071;

  const address = viewer.dataset.viewer;
  const strip = viewer.querySelector(".strip");
  const say = (name, text) => (viewer.querySelector(name).textContent = text);
  const loaded = new Map();
  const asked = new Map();
  const lookup = new Uint8ClampedArray(HIGHEST - LOWEST + 1);
  let series = null;
  let index = 0;
  let [center, width] = PRESETS.brain;

  async function open() {
    const answer = await triage.send(address);
    if (!answer.ok) return say(".viewer-message", (await answer.json()).detail);
    series = await answer.json();
    canvas.width = series.columns;
    canvas.height = series.rows;
    const [y, x] = series.spacing_mm;
    canvas.style.aspectRatio = `${series.columns * x} / ${series.rows * y}`;
    index = series.best.any ?? Math.floor(series.slices.length / 2);
    viewer.querySelector("[data-best]").disabled = series.best.any === undefined;
    const hasScores = series.slices.some((slice) => slice.probabilities);
    strip.hidden = !hasScores;
    if (!hasScores) say(".strip-caption", "There are no scores for the single slices.");
    else say(".strip-label", `; highest in slice ${series.best.any + 1}`);
    setWindow(center, width);
    show(index);
    // The keys turn slices at once, unless somebody has begun with something else.
    if (document.activeElement === document.body) canvas.focus({ preventScroll: true });
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
    const answer = await triage.send(`${address}/${at}`);
    if (!answer.ok) throw new Error((await answer.json()).detail);
    const view = new DataView(await answer.arrayBuffer());
    const values = new Int16Array(view.byteLength / 2);
    for (let i = 0; i < values.length; i += 1) values[i] = view.getInt16(2 * i, true);
    loaded.set(at, values);
    if (loaded.size > KEPT) loaded.delete(loaded.keys().next().value);
    return values;
  }

  async function show(at) {
    if (!series) return;
    index = Math.min(series.slices.length - 1, Math.max(0, at));
    say(".viewer-place", place());
    drawStrip();
    const wanted = index;
    try {
      const values = await load(wanted);
      if (wanted !== index) return;
      say(".viewer-message", "");
      draw(values);
      for (let step = 1; step <= AHEAD; step += 1) {
        for (const near of [wanted + step, wanted - step]) {
          if (wanted !== index) return;
          if (near >= 0 && near < series.slices.length) await load(near);
        }
      }
    } catch (error) {
      if (wanted === index) say(".viewer-message", error.message || "The slice cannot be shown.");
    }
  }

  function place() {
    const slice = series.slices[index];
    const score = slice.probabilities ? ` · any ${(100 * slice.probabilities.any).toFixed(0)} %` : "";
    return `${index + 1} / ${series.slices.length} · ${slice.position_mm.toFixed(1)} mm${score}`;
  }

  function draw(values) {
    const context = canvas.getContext("2d");
    const image = context.createImageData(canvas.width, canvas.height);
    const pixels = new Uint32Array(image.data.buffer);
    for (let i = 0; i < values.length; i += 1) {
      const gray = lookup[values[i] - LOWEST];
      pixels[i] = 0xff000000 | (gray << 16) | (gray << 8) | gray;
    }
    context.putImageData(image, 0, 0);
  }

  function setWindow(newCenter, newWidth) {
    center = Math.round(Math.min(HIGHEST, Math.max(LOWEST, newCenter)));
    width = Math.round(Math.min(4096, Math.max(2, newWidth)));
    for (let i = 0; i < lookup.length; i += 1) lookup[i] = (255 * (i + LOWEST - center + width / 2)) / width;
    say(".viewer-window", `C ${center} W ${width}`);
    for (const button of viewer.querySelectorAll("[data-preset]")) {
      const [presetCenter, presetWidth] = PRESETS[button.dataset.preset];
      button.setAttribute("aria-pressed", String(presetCenter === center && presetWidth === width));
    }
    if (loaded.has(index)) draw(loaded.get(index));
  }

  function drawStrip() {
    if (strip.hidden) return;
    strip.width = strip.clientWidth * devicePixelRatio;
    strip.height = 44 * devicePixelRatio;
    const context = strip.getContext("2d");
    const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const step = strip.width / series.slices.length;
    context.fillStyle = color("--line");
    context.fillRect(index * step, 0, Math.max(2, step), strip.height);
    series.slices.forEach((slice, at) => {
      const score = slice.probabilities ? slice.probabilities.any : 0;
      const height = Math.max(1, score * (strip.height - 4));
      context.fillStyle = color(at === index ? "--text" : "--plot-1");
      context.fillRect(at * step + step * 0.1, strip.height - height, Math.max(1, step * 0.8), height);
    });
  }

  const best = () => series && series.best.any !== undefined && show(series.best.any);
  const preset = (name) => setWindow(...PRESETS[name]);
  const actions = {
    ArrowUp: () => show(index + 1),
    ArrowDown: () => show(index - 1),
    ArrowRight: () => show(index + 1),
    ArrowLeft: () => show(index - 1),
    PageUp: () => show(index + 5),
    PageDown: () => show(index - 5),
    Home: () => show(0),
    End: () => show(Infinity),
    1: () => preset("brain"),
    2: () => preset("subdural"),
    3: () => preset("bone"),
    b: best,
  };
  const EVERYWHERE = new Set(["1", "2", "3", "b"]);

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, select, textarea")) return;
    if (!actions[event.key] || !(EVERYWHERE.has(event.key) || event.target === canvas)) return;
    event.preventDefault();
    actions[event.key]();
  });

  let turned = 0;
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      turned += event.deltaMode ? event.deltaY * 30 : event.deltaY;
      const steps = Math.trunc(turned / 30);
      if (steps) show(index - steps);
      turned -= steps * 30;
    },
    { passive: false }
  );

  // The mouse changes the window, a finger scrolls.
  let drag = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    canvas.focus();
    drag = { x: event.clientX, y: event.clientY, center, width, index };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const [right, down] = [event.clientX - drag.x, event.clientY - drag.y];
    if (event.pointerType === "mouse") setWindow(drag.center + down, drag.width + 2 * right);
    else show(drag.index - Math.trunc(down / 12));
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (drag = null));

  strip.addEventListener("click", (event) => {
    if (series) show(Math.floor((event.offsetX / strip.clientWidth) * series.slices.length));
  });
  for (const button of viewer.querySelectorAll("[data-preset]")) {
    button.addEventListener("click", () => preset(button.dataset.preset));
  }
  viewer.querySelector("[data-best]").addEventListener("click", best);
  addEventListener("resize", () => series && drawStrip());
  canvas.parentElement.addEventListener("contextmenu", (event) => event.preventDefault());
  open().catch(() => say(".viewer-message", "The node cannot be reached."));
})();
