"""Pixels of some images of each label: their Hounsfield units counted, and a few kept to look at."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
import pyarrow as pa

from triage_node.errors import InvalidInstance, UnsuitableSeries
from triage_node.findings import LABELS
from triage_node.train.rsna.exploration import labels_of
from triage_node.train.rsna.images import Images

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
    """Return rows of labeled images with the groups each stands for: as many of each label, patients in turn."""
    rng, rows = np.random.default_rng(seed), np.flatnonzero(table["has_label"].to_numpy())
    said = labels_of(table.take(rows))
    members = {str(label): rows[said[:, k]] for k, label in enumerate(LABELS)}
    members[NONE] = rows[~said.any(axis=1)]
    patients = table["patient_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    chosen: dict[int, list[str]] = {}
    for name, found in members.items():
        for row in _patients_in_turn(rng.permutation(found), patients)[: max(1, count // len(GROUPS))]:
            chosen.setdefault(int(row), []).append(name)
    return chosen


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
