"""Pixels of some images of each label: their Hounsfield units counted, and a few kept to look at."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest

import cv2
import numpy as np
import pyarrow as pa

from triage_node.errors import InvalidInstance, UnsuitableSeries
from triage_node.findings import LABELS, Label
from triage_node.train.rsna.dataset.images import Images
from triage_node.train.rsna.exploration.figures import HEIGHT_BINS, height_bins, labels_of

NONE = "none"
GROUPS = (*map(str, LABELS), NONE)
HU_EDGES = np.arange(-30, 121, 2)
EXAMPLES, EXAMPLE_PIXELS = 6, 256


@dataclass
class GrayValues:
    """What was seen in a sample of images.

    Attributes
    ----------
    histograms
        By label, and for images without any: ``(bins,) float64``, share of the pixels within `HU_EDGES`, summed.
    counts
        Images that were counted in each.
    examples
        HU ``(EXAMPLE_PIXELS, EXAMPLE_PIXELS) float32`` of some images of each.
    unreadable
        Files whose pixels cannot be decoded, and why.
    """

    histograms: dict[str, np.ndarray] = field(
        default_factory=lambda: {name: np.zeros(len(HU_EDGES) - 1) for name in GROUPS}
    )
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(GROUPS, 0))
    examples: dict[str, list[np.ndarray]] = field(default_factory=lambda: {name: [] for name in GROUPS})
    unreadable: dict[str, str] = field(default_factory=dict)


def sample_rows(table: pa.Table, count: int, seed: int) -> dict[int, list[str]]:
    """Return rows of labeled images with the groups each stands for: as many of each label, patients in turn.

    Those without hemorrhage come from the heights where hemorrhage is, or bone would make the difference.
    """
    rng, rows = np.random.default_rng(seed), np.flatnonzero(table["has_label"].to_numpy())
    labeled = table.take(rows)
    labels, heights = labels_of(labeled), height_bins(labeled)
    members = {str(label): rng.permutation(np.flatnonzero(labels[:, k])) for k, label in enumerate(LABELS)}
    members[NONE] = _at_heights_of(labels[:, LABELS.index(Label.ANY)], heights, rng)
    patients = labeled["patient_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    samples = [_patients_in_turn(found, patients)[: max(1, count // len(GROUPS))] for found in members.values()]
    chosen: dict[int, list[str]] = {}
    for row_of_each in zip_longest(*samples):
        for name, row in zip(members, row_of_each, strict=True):
            if row is not None:
                chosen.setdefault(int(rows[row]), []).append(name)
    return chosen


def _at_heights_of(positive: np.ndarray, heights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the others in an order in which their first ones lie as high as the positives."""
    positives = np.bincount(heights[positive], minlength=HEIGHT_BINS)
    others = np.flatnonzero(~positive & (positives[heights] > 0 if positive.any() else True))
    weights = np.maximum(positives[heights[others]], 1)
    # The first of a race with these rates: drawing without replacement, each by its weight.
    return others[np.argsort(rng.exponential(size=len(others)) / weights)]


def _patients_in_turn(rows: np.ndarray, patients: np.ndarray) -> np.ndarray:
    """Return rows so that every patient comes once before one comes again."""
    turn: dict[int, int] = {}
    turns = np.empty(len(rows), int)
    for k, patient in enumerate(patients[rows]):
        turns[k] = turn[patient] = turn.get(patient, -1) + 1
    return rows[np.argsort(turns, kind="stable")]


def look_at(images: Images, table: pa.Table, chosen: dict[int, list[str]], seen: GrayValues) -> Iterator[None]:
    """Decode the chosen images into `seen`, yielding at each; what cannot be decoded is kept by name."""
    for row, groups in chosen.items():
        source = table["source"][row].as_py()
        try:
            _count(seen, images.hounsfield(source), groups)
        except (InvalidInstance, UnsuitableSeries) as error:
            seen.unreadable[source] = str(error)
        yield


def _count(seen: GrayValues, hu: np.ndarray, groups: list[str]) -> None:
    counts, _ = np.histogram(hu, HU_EDGES)
    for name in groups:
        seen.histograms[name] += counts / max(counts.sum(), 1)
        seen.counts[name] += 1
        if len(seen.examples[name]) < EXAMPLES:
            size = (EXAMPLE_PIXELS, EXAMPLE_PIXELS)
            seen.examples[name].append(cv2.resize(hu, size, interpolation=cv2.INTER_AREA))
