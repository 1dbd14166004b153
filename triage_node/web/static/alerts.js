// Alerts for those who ask for them: a desktop notification and a sound for each study that becomes flagged.
"use strict";

(() => {
  const button = document.getElementById("alerts");
  const CHOICE = "alerts";
  let known = null;

  const isOn = () => localStorage.getItem(CHOICE) === "on" && Notification.permission === "granted";

  function show() {
    button.setAttribute("aria-pressed", String(isOn()));
    button.textContent = isOn() ? "Alerts on" : "Alerts off";
  }

  async function turn() {
    if (isOn()) localStorage.setItem(CHOICE, "off");
    else if ((await Notification.requestPermission()) === "granted") {
      localStorage.setItem(CHOICE, "on");
      sound();
    } else triage.notify("The browser's settings for this address do not allow notifications.");
    show();
  }

  /** Two short tones; a browser lets a page sound only after a key or a click in it. */
  function sound() {
    if (!navigator.userActivation?.hasBeenActive) return;
    const context = new AudioContext();
    const gain = new GainNode(context, { gain: 0.2 });
    gain.connect(context.destination);
    [660, 880].forEach((frequency, at) => {
      const tone = new OscillatorNode(context, { frequency });
      tone.connect(gain);
      tone.start(context.currentTime + 0.25 * at);
      tone.stop(context.currentTime + 0.25 * at + 0.2);
      tone.onended = at ? () => context.close() : null;
    });
  }

  function tell(study) {
    const text = study.name ? `A study was flagged: ${study.name}` : "A study was flagged.";
    const notification = new Notification(text, { tag: `triage-${study.uid}`, requireInteraction: true });
    notification.onclick = () => {
      focus();
      location.assign(`/studies/${encodeURIComponent(study.uid)}`);
    };
  }

  /** Take the flagged studies of now; whatever was flagged when the page was opened is no news. */
  function hear(studies) {
    const fresh = known ? studies.filter((study) => !known.has(study.uid)) : [];
    known = new Set([...(known || []), ...studies.map((study) => study.uid)]);
    if (!fresh.length || !isOn()) return;
    fresh.forEach(tell);
    sound();
  }

  triage.hearOfFlagged = "Notification" in window ? hear : () => {};
  if (!("Notification" in window)) return;
  button.hidden = false;
  button.addEventListener("click", turn);
  show();
})();
