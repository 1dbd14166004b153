// One slice on a canvas that is as large as its place: the window, the zoom and the part that is seen.
"use strict";

(() => {
  const LOWEST = -1024;
  const HIGHEST = 3071;
  const CLOSEST = 16;

  /** Draws Hounsfield units; every change is drawn at once, and told by calling `changed`. */
  class SlicePicture {
    constructor(canvas, changed) {
      this.canvas = canvas;
      this.changed = changed;
      this.image = document.createElement("canvas");
      this.lookup = new Uint8ClampedArray(HIGHEST - LOWEST + 1);
      this.values = null;
      this.isInverted = false;
      this.setView(1, 0, 0);
      new ResizeObserver(() => this.draw()).observe(canvas);
    }

    /** Take the form of a series; `spacing` is (y, x) in mm. */
    setForm(rows, columns, spacing) {
      [this.image.width, this.image.height] = [columns, rows];
      this.spacing = spacing;
      this.values = null;
      this.fit();
    }

    show(values) {
      this.values = values;
      this.paint();
    }

    clear() {
      this.values = null;
      this.draw();
    }

    setWindow(center, width) {
      this.center = Math.round(Math.min(HIGHEST, Math.max(LOWEST, center)));
      this.width = Math.round(Math.min(4096, Math.max(2, width)));
      for (let i = 0; i < this.lookup.length; i += 1) {
        this.lookup[i] = (255 * (i + LOWEST - this.center + this.width / 2)) / this.width;
      }
      this.paint();
    }

    setInverted(isInverted) {
      this.isInverted = isInverted;
      this.paint();
    }

    fit() {
      this.setView(1, 0, 0);
      this.draw();
    }

    /** Zoom about a place of the canvas, in its middle when none is given. */
    zoomBy(factor, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2) {
      const scale = Math.min(CLOSEST, Math.max(1, this.scale * factor));
      const grown = scale / this.scale;
      const [fromX, fromY] = [x - this.canvas.clientWidth / 2, y - this.canvas.clientHeight / 2];
      this.setView(scale, fromX - grown * (fromX - this.shiftX), fromY - grown * (fromY - this.shiftY));
      this.draw();
    }

    panBy(right, down) {
      this.setView(this.scale, this.shiftX + right, this.shiftY + down);
      this.draw();
    }

    /** The picture never leaves its place: what is zoomed by 2 can be moved by half of its size. */
    setView(scale, shiftX, shiftY) {
      const within = (shift, size) => Math.min(((scale - 1) * size) / 2, Math.max(-((scale - 1) * size) / 2, shift));
      this.scale = scale;
      this.shiftX = within(shiftX, this.canvas.clientWidth);
      this.shiftY = within(shiftY, this.canvas.clientHeight);
    }

    /** Turn the values into grays. */
    paint() {
      if (this.values) {
        const context = this.image.getContext("2d");
        const picture = context.createImageData(this.image.width, this.image.height);
        const pixels = new Uint32Array(picture.data.buffer);
        const flip = this.isInverted ? 255 : 0;
        for (let i = 0; i < this.values.length; i += 1) {
          // Metal is beyond the highest value of most scanners, and no less white for that.
          const value = Math.min(HIGHEST, Math.max(LOWEST, this.values[i]));
          const gray = this.lookup[value - LOWEST] ^ flip;
          pixels[i] = 0xff000000 | (gray << 16) | (gray << 8) | gray;
        }
        context.putImageData(picture, 0, 0);
      }
      this.draw();
    }

    draw() {
      const { canvas, image } = this;
      const [width, height] = [canvas.clientWidth * devicePixelRatio, canvas.clientHeight * devicePixelRatio];
      // To set the size clears the canvas.
      [canvas.width, canvas.height] = [Math.round(width), Math.round(height)];
      if (this.values && width && height) {
        const [y, x] = this.spacing;
        const size = this.scale * Math.min(width / (image.width * x), height / (image.height * y));
        const context = canvas.getContext("2d");
        context.imageSmoothingQuality = "high";
        context.translate(width / 2 + this.shiftX * devicePixelRatio, height / 2 + this.shiftY * devicePixelRatio);
        context.scale(size * x, size * y);
        context.drawImage(image, -image.width / 2, -image.height / 2);
      }
      this.changed();
    }
  }

  window.triage.SlicePicture = SlicePicture;
})();
