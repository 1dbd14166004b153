// What hands do on the picture: the mouse scrolls, windows, moves and zooms; one finger scrolls, two move and zoom.
"use strict";

(() => {
  const PIXELS_A_SLICE = 12;
  const WHEEL_A_SLICE = 30;
  const [LEFT, MIDDLE, RIGHT] = [0, 1, 2];

  /** Tell what a mouse that is dragged does; a button of the page says whether the left one moves the picture. */
  function meaning(event, leftMoves) {
    if (event.button === RIGHT) return "zoom";
    if (event.button === MIDDLE || event.shiftKey || leftMoves) return "pan";
    return event.button === LEFT ? "window" : null;
  }

  /** Have gestures on a canvas change its picture; `turn(by)` goes on by some slices. */
  function followGestures(canvas, picture, { turn, leftMoves }) {
    const fingers = new Map();
    let drag = null;
    let turned = 0;

    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        const down = event.deltaMode ? event.deltaY * WHEEL_A_SLICE : event.deltaY;
        // Two fingers on a pad that part come as a wheel with the control key.
        if (event.ctrlKey) return picture.zoomBy(Math.exp(-down / 200), event.offsetX, event.offsetY);
        turned += down;
        const steps = Math.trunc(turned / WHEEL_A_SLICE);
        if (steps) turn(-steps);
        turned -= steps * WHEEL_A_SLICE;
      },
      { passive: false }
    );

    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      canvas.focus({ preventScroll: true });
      fingers.set(event.pointerId, event);
      const kind = event.pointerType === "mouse" ? meaning(event, leftMoves()) : "turn";
      const { center, width } = picture;
      drag = { kind, x: event.clientX, y: event.clientY, center, width, steps: 0 };
      if (event.button !== LEFT) event.preventDefault();
    });

    canvas.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!drag || !before) return;
      if (fingers.size === 2) pinch(event);
      else if (fingers.size === 1) dragged(event, before);
      fingers.set(event.pointerId, event);
    });

    function dragged(event, before) {
      const [right, down] = [event.clientX - drag.x, event.clientY - drag.y];
      if (drag.kind === "window") picture.setWindow(drag.center + down, drag.width + 2 * right);
      else if (drag.kind === "pan") picture.panBy(event.clientX - before.clientX, event.clientY - before.clientY);
      else if (drag.kind === "zoom") picture.zoomBy(Math.exp((before.clientY - event.clientY) / 100));
      else {
        const steps = -Math.trunc(down / PIXELS_A_SLICE);
        turn(steps - drag.steps);
        drag.steps = steps;
      }
    }

    function pinch(event) {
      const span = ([one, other]) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
      const middle = ([one, other]) => [(one.clientX + other.clientX) / 2, (one.clientY + other.clientY) / 2];
      const before = [...fingers.values()];
      const now = before.map((one) => (one.pointerId === event.pointerId ? event : one));
      const [[fromX, fromY], [x, y]] = [middle(before), middle(now)];
      const place = canvas.getBoundingClientRect();
      picture.panBy(x - fromX, y - fromY);
      picture.zoomBy(span(now) / Math.max(1, span(before)), x - place.left, y - place.top);
    }

    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => {
        fingers.delete(event.pointerId);
        // A finger that stays when the other is lifted must not scroll from where the first came.
        drag = null;
      });
    }
    canvas.addEventListener("dblclick", () => picture.fit());
    canvas.parentElement.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  window.triage.followGestures = followGestures;
})();
