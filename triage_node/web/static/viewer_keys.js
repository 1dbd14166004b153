// The keys of the viewer; the page's help lists them.
"use strict";

(() => {
  const { viewer } = triage;
  if (!viewer) return;

  const PAN_PIXELS = 40;
  const { acts, canvas, turn, pan } = viewer;
  const everywhere = {
    ...{ 1: acts.brain, 2: acts.subdural, 3: acts.bone, b: acts.best, t: acts.nextType, T: acts.previousType },
    ...{ i: acts.invert, "+": acts.closer, "=": acts.closer, "-": acts.farther, 0: acts.fit, m: acts.moves },
    ...{ f: acts.full, s: acts.series },
  };
  // Elsewhere on the page these scroll it.
  const onPicture = {
    ...{ ArrowUp: () => turn(1), ArrowRight: () => turn(1), ArrowDown: () => turn(-1), ArrowLeft: () => turn(-1) },
    ...{ PageUp: () => turn(5), PageDown: () => turn(-5), Home: () => turn(-Infinity), End: () => turn(Infinity) },
  };
  const onPictureWithShift = {
    ...{ ArrowUp: () => pan(0, PAN_PIXELS), ArrowDown: () => pan(0, -PAN_PIXELS) },
    ...{ ArrowLeft: () => pan(PAN_PIXELS, 0), ArrowRight: () => pan(-PAN_PIXELS, 0) },
  };

  triage.keys.push(...Object.keys(everywhere), ...Object.keys(onPicture));

  document.addEventListener("keydown", (event) => {
    if (!triage.isForPage(event)) return;
    const ofPicture = event.shiftKey ? onPictureWithShift : onPicture;
    const action = everywhere[event.key] ?? (event.target === canvas ? ofPicture[event.key] : undefined);
    if (!action) return;
    event.preventDefault();
    action();
  });
})();
