"""The model by slice distance, by how pixels are stored, and by scanner where the headers name one."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from pydicom import dcmread
from pydicom.errors import InvalidDicomError

from triage_node.errors import TriageError
from triage_node.findings import LABELS
from triage_node.train.evaluation.metrics import Interval, auc_interval, bootstrap, log_loss
from triage_node.train.rsna.dataset.images import Images, open_images
from triage_node.train.rsna.dataset.indexed_series import series_starts
from triage_node.train.rsna.dataset.tables import Index
from triage_node.train.rsna.evaluation.scoring import ImageScores
from triage_node.train.rsna.shards.cache import CachedSeries

ANY = len(LABELS) - 1
# Upper ends in mm of the ranges of slice distances; positions carry rounding.
DISTANCES_MM = (1.5, 3.25, 4.75, 5.5)
UNKNOWN = "not known"
SCANNER_TAGS = ("Manufacturer", "ManufacturerModelName")


@dataclass(frozen=True)
class SeriesTraits:
    """What the index and a header tell of how a series was made.

    Attributes
    ----------
    distance_mm
        Median distance of its slices, nan of one slice alone.
    storage
        Bits, sign and intercept of its pixels: in the competition's files all that is left of the scanner.
    scanner
        Manufacturer and model, or `UNKNOWN`.
    """

    distance_mm: float
    storage: str
    scanner: str = UNKNOWN

    @property
    def distance(self) -> str:
        """Return the range that the distance lies in."""
        if np.isnan(self.distance_mm):
            return UNKNOWN
        names = [f"up to {DISTANCES_MM[0]:g} mm", *(f"{low:g} to {high:g} mm" for low, high in pairwise(DISTANCES_MM))]
        names.append(f"over {DISTANCES_MM[-1]:g} mm")
        return names[int(np.searchsorted(DISTANCES_MM, self.distance_mm))]


@dataclass(frozen=True)
class Stratum:
    """Figures of the model on a part of the images."""

    name: str
    images: int
    patients: int
    positive: int
    loss: Interval
    auc: Interval


def _storage(row: Mapping[str, Any]) -> str:
    sign = "signed" if row["pixel_representation"] else "unsigned"
    wrapped = ", wrapped at 12 bits" if row["wrapped"] else ""
    return f"{row['bits_stored']} bits {sign}, intercept {row['rescale_intercept']:g}{wrapped}"


@contextmanager
def _opened(index: Index) -> Iterator[Images | None]:
    """Give the images of an index; None where they were moved or removed since."""
    try:
        images = open_images(index.images)
    except (TriageError, OSError):
        yield None
        return
    with images:
        yield images


def _scanner(images: Images | None, source: str) -> str:
    if images is None:
        return UNKNOWN
    try:
        with images.file(source) as path:
            header = dcmread(path, stop_before_pixels=True, specific_tags=list(SCANNER_TAGS))
    except (TriageError, OSError, KeyError, InvalidDicomError):
        return UNKNOWN
    named = [str(header.get(tag, "")).strip() for tag in SCANNER_TAGS]
    return " ".join(part for part in named if part) or UNKNOWN


def series_traits(index: Index, wanted: set[str]) -> dict[str, SeriesTraits]:
    """Return the traits of some series by Series Instance UID; of each the header of one image is read."""
    columns = ("series_instance_uid", "source", "position_mm", "bits_stored", "pixel_representation",
               "rescale_intercept", "wrapped")  # fmt: skip
    table, found = index.table.select(columns), {}
    with _opened(index) as images:
        for first, last in pairwise(series_starts(table)):
            row = table.slice(first, 1).to_pylist()[0]
            if row["series_instance_uid"] in wanted:
                distance = _distance_mm(table["position_mm"].slice(first, last - first).to_numpy())
                scanner = _scanner(images, row["source"])
                found[row["series_instance_uid"]] = SeriesTraits(distance, _storage(row), scanner)
    return found


def _distance_mm(positions: np.ndarray) -> float:
    return float(np.median(np.diff(np.sort(positions)))) if len(positions) > 1 else float("nan")


def _stratum(name: str, scores: ImageScores, rows: np.ndarray) -> Stratum:
    said, truth, patients = scores.probabilities[rows], scores.truth[rows], scores.patients[rows]
    return Stratum(
        name=name,
        images=len(rows),
        patients=len(np.unique(patients)),
        positive=int((truth[:, ANY] > 0).sum()),
        loss=bootstrap(patients, lambda chosen: log_loss(said[chosen], truth[chosen])),
        auc=auc_interval(said[:, ANY], truth[:, ANY], patients),
    )


def _groups(
    scores: ImageScores, series: Sequence[CachedSeries], name_of: Callable[[CachedSeries], str]
) -> Iterator[Stratum]:
    names = {uid: name_of(one) for one in series for uid in one.images}
    named = np.array([names[uid] for uid in scores.images])
    for name, _ in Counter(named.tolist()).most_common():
        yield _stratum(name, scores, np.flatnonzero(named == name))


def strata(scores: ImageScores, series: Sequence[CachedSeries], index: Index) -> dict[str, list[Stratum]]:
    """Return the figures of labeled images by what is known of their series."""
    traits = series_traits(index, {one.series_instance_uid for one in series})

    def by(trait: str) -> list[Stratum]:
        return list(_groups(scores, series, lambda one: str(getattr(traits[one.series_instance_uid], trait))))

    return {"distance of slices": by("distance"), "pixels as stored": by("storage"), "scanner": by("scanner")}
