// Plots with uPlot: each `[data-plot]` holds what `triage_node.web.plots` says of it, and is drawn in the page's colors.
"use strict";

(() => {
  const HEIGHT = 220;
  const ROOMY = 31;

  // On paper the colors are those of the light theme, whatever the screen has.
  const paper = document.createElement("div");
  paper.className = "paper";
  paper.hidden = true;
  document.body.append(paper);
  let isPrinting = false;

  const color = (name) =>
    getComputedStyle(isPrinting ? paper : document.documentElement).getPropertyValue(`--${name}`).trim();

  const day = (text) => {
    const [year, month, date] = text.split("-").map(Number);
    return new Date(year, month - 1, date).valueOf() / 1000;
  };

  function duration(seconds) {
    if (seconds < 60) return `${Number(seconds.toPrecision(2))} s`;
    if (seconds < 3600) return `${Number((seconds / 60).toPrecision(2))} min`;
    return `${Number((seconds / 3600).toPrecision(2))} h`;
  }

  const written = {
    count: (value) => value.toLocaleString(),
    seconds: duration,
    share: (value) => `${Number((value * 100).toPrecision(3))} %`,
  };

  const paths = {
    line: () => uPlot.paths.linear(),
    bars: () => uPlot.paths.bars({ size: [0.75, 60] }),
    steps: () => uPlot.paths.stepped({ align: 1 }),
  };

  function series(line, unit) {
    const stroke = color(line.color);
    return {
      label: line.name,
      stroke,
      width: 2,
      dash: line.dash.length ? line.dash : undefined,
      fill: line.kind === "bars" ? `${stroke}55` : undefined,
      paths: paths[line.kind](),
      points: line.kind === "bars" ? { show: false } : { show: false, size: 6, fill: stroke, filter: marked(line.kind) },
      value: (_plot, value) => (value == null ? "–" : written[unit](value)),
    };
  }

  /** Which values are drawn as points: those that no line leads to, or they would not be seen; of few days all. */
  const marked = (kind) => (plot, line) => {
    const values = plot.data[line];
    const isRoomy = kind === "line" && values.length <= ROOMY;
    const found = [...values.keys()].filter(
      (at) => values[at] != null && (isRoomy || (values[at - 1] == null && values[at + 1] == null)),
    );
    return found.length ? found : null;
  };

  function axis(more) {
    return { stroke: color("faint"), grid: { stroke: color("line"), width: 1 }, ticks: { stroke: color("line") }, ...more };
  }

  function place(over) {
    if (over === "number") return { value: (_plot, value) => (value == null ? "–" : String(value)) };
    const options = over === "day" ? { dateStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" };
    return { value: (_plot, value) => (value == null ? "–" : new Date(value * 1000).toLocaleString(undefined, options)) };
  }

  function options(drawing, width) {
    const { over, unit } = drawing;
    const isTime = over !== "number";
    return {
      width,
      height: HEIGHT,
      cursor: { drag: { x: false, y: false } },
      scales: { x: { time: isTime, range: padded(drawing) }, y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.08 : 1] } },
      series: [{ label: drawing.step || over, ...place(over) }, ...drawing.lines.map((line) => series(line, unit))],
      axes: [
        axis(over === "day" ? { values: days, space: 70 } : { space: 60 }),
        axis({ size: 62, incrs: unit === "count" ? whole() : undefined, values: (_plot, ticks) => ticks.map(written[unit]) }),
      ],
    };
  }

  // What a place alone takes: a day, an hour, one.
  const WIDTHS = { day: 86400, moment: 3600, number: 1 };

  // Room for half a bar at both ends.
  const padded = (drawing) => (plot, low, high) => {
    const { length } = drawing.places;
    if (length === 1) {
      const [place] = plot.data[0];
      return [place - WIDTHS[drawing.over] / 2, place + WIDTHS[drawing.over] / 2];
    }
    const half = drawing.lines.some((line) => line.kind === "bars") && length > 1 ? (high - low) / (length - 1) / 2 : 0;
    return [low - half, high + half];
  };

  const days = (_plot, ticks) => {
    const isLong = ticks.at(-1) - ticks[0] > 300 * WIDTHS.day;
    const style = isLong ? { month: "short", year: "numeric" } : { month: "short", day: "numeric" };
    return ticks.map((tick) => {
      const date = new Date(tick * 1000);
      return date.getHours() ? "" : date.toLocaleDateString(undefined, style);
    });
  };

  const whole = () => [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 1000000];

  function draw(area) {
    const drawing = JSON.parse(area.dataset.plot);
    const places = drawing.over === "day" ? drawing.places.map(day) : drawing.places;
    const data = [places, ...drawing.lines.map((line) => line.values)];
    area.replaceChildren();
    return new uPlot(options(drawing, area.clientWidth), data, area);
  }

  for (const area of document.querySelectorAll("[data-plot]")) {
    let plot = draw(area);
    let width = area.clientWidth;
    new ResizeObserver(() => {
      if (area.clientWidth === width || !area.clientWidth) return;
      width = area.clientWidth;
      plot.setSize({ width, height: HEIGHT });
    }).observe(area);
    const again = () => {
      plot.destroy();
      plot = draw(area);
    };
    new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: light)").addEventListener("change", again);
    for (const [name, prints] of [["beforeprint", true], ["afterprint", false]]) {
      addEventListener(name, () => {
        isPrinting = prints;
        again();
      });
    }
  }
})();
