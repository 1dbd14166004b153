// The score of each slice as a bar, beside the picture from the feet (below) to the head, or under it from left to right.
"use strict";

(() => {
  const THICKNESS = 44;

  /** Draws the scores of one label; a click or a drag on it goes to a slice. */
  class ScoreStrip {
    constructor(canvas, chosen) {
      this.canvas = canvas;
      this.scores = [];
      this.at = 0;
      const choose = (event) => this.scores.length && chosen(this.indexOf(event));
      canvas.addEventListener("pointerdown", (event) => {
        canvas.setPointerCapture(event.pointerId);
        choose(event);
      });
      canvas.addEventListener("pointermove", (event) => event.buttons && choose(event));
      new ResizeObserver(() => this.draw()).observe(canvas);
    }

    get isUpright() {
      return this.canvas.clientHeight > this.canvas.clientWidth;
    }

    indexOf(event) {
      const { clientWidth, clientHeight } = this.canvas;
      const share = this.isUpright ? 1 - event.offsetY / clientHeight : event.offsetX / clientWidth;
      return Math.min(this.scores.length - 1, Math.max(0, Math.floor(share * this.scores.length)));
    }

    /** Show scores in [0, 1], null where there is none, and where one is now. */
    show(scores, at) {
      this.scores = scores;
      this.at = at;
      this.draw();
    }

    draw() {
      const { canvas } = this;
      const [width, height] = [canvas.clientWidth * devicePixelRatio, canvas.clientHeight * devicePixelRatio];
      [canvas.width, canvas.height] = [Math.round(width), Math.round(height)];
      const context = canvas.getContext("2d");
      // Drawn lying, and turned where it stands: the feet are below then.
      if (this.isUpright) context.setTransform(0, -1, 1, 0, 0, height);
      const [length, thickness] = this.isUpright ? [height, width] : [width, height];
      const step = length / this.scores.length;
      const color = (name) => getComputedStyle(canvas).getPropertyValue(name).trim();
      context.fillStyle = color("--line");
      context.fillRect(this.at * step, 0, Math.max(2, step), thickness);
      this.scores.forEach((score, at) => {
        const size = Math.max(1, (score ?? 0) * (thickness - (4 * thickness) / THICKNESS));
        context.fillStyle = color(at === this.at ? "--text" : "--plot-1");
        // Turned, the score grows to the right; lying, from below.
        const from = this.isUpright ? 0 : thickness - size;
        context.fillRect(at * step + step * 0.1, from, Math.max(1, step * 0.8), size);
      });
    }
  }

  window.triage.ScoreStrip = ScoreStrip;
})();
