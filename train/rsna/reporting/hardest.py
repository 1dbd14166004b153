"""The images on which a model is most wrong, by label, as the network saw them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from triage_node.findings import LABELS, Label
from triage_node.train.rsna.evaluation.scoring import ImageScores
from triage_node.train.rsna.shards.cache import CachedSeries
from triage_node.train.shards import INSIDE_BIT, OFFSET

IMAGES = 6
# Gray values are HU relative to the brain's median: this is about the usual brain window.
LOWEST_HU, HIGHEST_HU = -35.0, 45.0
HEIGHT_PIXELS = 192


@dataclass(frozen=True)
class HardImage:
    """One image on which the model is wrong.

    Attributes
    ----------
    uid
        SOP Instance UID.
    probability
        What the model says of the label.
    present
        Names of the labels it has.
    png
        The slice that shows it.
    """

    uid: str
    probability: float
    present: str
    png: bytes


@dataclass(frozen=True)
class Hardest:
    """The images with a label that got the lowest probabilities, and those without that got the highest."""

    label: Label
    missed: tuple[HardImage, ...]
    alarms: tuple[HardImage, ...]


def slice_png(series: CachedSeries, index: int) -> bytes:
    """Return a slice in the brain window as PNG; what is not brain is black."""
    gray, bits = series.planes(np.array([index]))
    hu = gray[0].astype(np.float32) - OFFSET
    shown = np.clip((hu - LOWEST_HU) / (HIGHEST_HU - LOWEST_HU), 0, 1) * 255
    shown[bits[0] >> INSIDE_BIT == 0] = 0
    width = round(HEIGHT_PIXELS * shown.shape[1] / shown.shape[0])
    sized = cv2.resize(shown.astype(np.uint8), (width, HEIGHT_PIXELS), interpolation=cv2.INTER_AREA)
    _, content = cv2.imencode(".png", sized)
    return bytes(content)


def _places(series: Sequence[CachedSeries]) -> dict[str, tuple[CachedSeries, int]]:
    """Return series and slice of each image that has a slice."""
    return {
        uid: (one, int(at)) for one in series for uid, at in zip(one.images, one.slice_of_image, strict=True) if at >= 0
    }


def _first_of_patients(order: np.ndarray, patients: np.ndarray, count: int) -> Iterator[int]:
    """Yield the first rows of an order, one a patient: one hard series would fill the page."""
    seen: set[str] = set()
    for row in order.tolist():
        if patients[row] not in seen and len(seen) < count:
            seen.add(patients[row])
            yield row


def hardest(scores: ImageScores, series: Sequence[CachedSeries], count: int = IMAGES) -> list[Hardest]:
    """Return the hardest images of each label, at most one a patient, those without a slice left out."""
    places = _places(series)
    shown = np.array([uid in places for uid in scores.images])

    def images(k: int, where: np.ndarray, sign: int) -> tuple[HardImage, ...]:
        rows = np.flatnonzero(where & shown)
        order = rows[np.argsort(sign * scores.probabilities[rows, k], kind="stable")]
        return tuple(_hard(row, k) for row in _first_of_patients(order, scores.patients, count))

    def _hard(row: int, k: int) -> HardImage:
        present = [str(label) for label, true in zip(LABELS[:-1], scores.truth[row], strict=False) if true]
        uid = scores.images[row]
        said = float(scores.probabilities[row, k])
        return HardImage(uid, said, ", ".join(present) or "none", slice_png(*places[uid]))

    return [
        Hardest(label, images(k, scores.truth[:, k] > 0, 1), images(k, scores.truth[:, k] == 0, -1))
        for k, label in enumerate(LABELS)
    ]
