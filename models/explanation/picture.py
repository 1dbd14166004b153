"""The picture of an explanation: a slice in the brain window, heat over it, and the outline of the lesion map."""

from dataclasses import dataclass

import cv2
import numpy as np

from triage_node.findings import LABELS, Label, Prediction
from triage_node.imaging import SourceSlice, Volume
from triage_node.models.explanation.grad_cam import explain_slice
from triage_node.models.predictor import Model
from triage_node.models.preprocessing import strip_head

NOTICE = "quality control, not for diagnosis"
SCALE = 4
WINDOW_HU = (-32.0, 48.0)  # relative to the brain's median: about 0 to 80 HU
HEAT_SHARE = 0.45
OUTLINE_PROBABILITY = 0.5
CAPTION_PIXELS = 56


@dataclass(frozen=True)
class Explanation:
    """The picture of one slice.

    Attributes
    ----------
    label
        What is explained.
    pixels
        ``(rows, columns, 3) uint8``, RGB.
    sources
        The received slices it shows.
    """

    label: Label
    pixels: np.ndarray
    sources: tuple[SourceSlice, ...]

    def png(self) -> bytes:
        """Return the picture as a PNG file."""
        return cv2.imencode(".png", cv2.cvtColor(self.pixels, cv2.COLOR_RGB2BGR))[1].tobytes()


def explain(model: Model, volume: Volume, prediction: Prediction) -> Explanation:
    """Explain the best slice of the most likely finding.

    Raises
    ------
    UnsuitableSeries
        When no head is found, as in `Model.predict`.
    """
    head = strip_head(volume, model.manifest.geometry)
    named = [label for label in (*prediction.flagged, *prediction.uncertain) if label is not Label.ANY]
    label = max(named or LABELS[:-1], key=lambda one: prediction.probabilities[one])
    index = prediction.best_slice(label)
    slab = int(head.slab[index])
    heat, probability = explain_slice(model.network, head.channels(model.manifest.windows)[slab], LABELS.index(label))
    score = float(prediction.slice_probabilities[index, LABELS.index(label)])
    pixels = draw(head.hu[slab], heat, probability, (f"{label} {score:.2f}, slice {index + 1}", NOTICE))
    return Explanation(label, pixels, volume.sources[index] if volume.sources else ())


def draw(hu: np.ndarray, heat: np.ndarray, probability: np.ndarray, lines: tuple[str, ...]) -> np.ndarray:
    """Return ``(rows, columns, 3) uint8``, bare and marked side by side, of a slice in HU relative to the brain."""
    size = (hu.shape[1] * SCALE, hu.shape[0] * SCALE)
    low, high = WINDOW_HU
    gray = np.clip((hu - low) / (high - low), 0, 1) * 255
    gray = cv2.resize(gray.astype(np.uint8), size, interpolation=cv2.INTER_CUBIC)
    strength = cv2.resize(heat.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)[..., None]
    colors = cv2.cvtColor(cv2.applyColorMap((strength * 255).astype(np.uint8), cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    share = HEAT_SHARE * np.clip(strength * 1.5, 0, 1)
    picture = ((1 - share) * gray[..., None] + share * colors).astype(np.uint8)
    lesion = cv2.resize(probability.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > OUTLINE_PROBABILITY
    outlines, _ = cv2.findContours(lesion.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, outlines, -1, (0, 255, 160), 1)
    # Heat hides what lies under it, so the bare slice stands beside it.
    picture = np.hstack([np.repeat(gray[..., None], 3, axis=2), picture])
    picture = cv2.copyMakeBorder(picture, 0, CAPTION_PIXELS, 0, 0, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    for number, text in enumerate(lines):
        place = (8, size[1] + 22 + 22 * number)
        cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.55, (255, 255, 255), 1, cv2.LINE_AA)
    return picture
