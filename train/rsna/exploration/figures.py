"""What an index says of a set: counts, what comes with what, where in the head it lies."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage_node.errors import TriageError
from triage_node.findings import LABELS

HEIGHT_BINS = 20


@dataclass(frozen=True)
class Exploration:
    """Figures of the labeled images of an index.

    Attributes
    ----------
    images, labeled, studies, patients
        How many there are; studies and patients of the labeled images.
    positive_images, positive_studies
        ``(6,) int64`` with each label; a study has what one of its images has.
    together
        ``(6, 6) float64``, share of the images with the row's label that have the column's, NaN without any.
    slices
        ``(studies,) int64``, labeled images of each study.
    by_height
        ``(HEIGHT_BINS, 6) float64``, share of positive images from the lowest to the highest of their series.
    """

    images: int
    labeled: int
    studies: int
    patients: int
    positive_images: np.ndarray
    positive_studies: np.ndarray
    together: np.ndarray
    slices: np.ndarray
    by_height: np.ndarray


def labels_of(table: pa.Table) -> np.ndarray:
    """Return ``(images, 6) bool`` of labeled images."""
    columns = [table[str(label)].combine_chunks().to_numpy(zero_copy_only=False) for label in LABELS]
    return np.stack(columns, axis=1).astype(bool)


def explore(table: pa.Table) -> Exploration:
    """Return the figures of an index.

    Raises
    ------
    TriageError
        When no image is labeled.
    """
    labeled = table.filter(table["has_label"])
    if not len(labeled):
        raise TriageError("No image of the index has a label: make it with --labels.")
    labels, study = labels_of(labeled), _codes(labeled, "study_instance_uid")
    return Exploration(
        images=len(table),
        labeled=len(labeled),
        studies=int(study.max()) + 1,
        patients=len(pc.unique(labeled["patient_id"])),
        positive_images=labels.sum(axis=0),
        positive_studies=np.array([len(np.unique(study[column])) for column in labels.T]),
        together=_together(labels),
        slices=np.bincount(study),
        by_height=_by_height(labels, height_bins(labeled)),
    )


def _codes(table: pa.Table, name: str) -> np.ndarray:
    return table[name].combine_chunks().dictionary_encode().indices.to_numpy()


def _together(labels: np.ndarray) -> np.ndarray:
    both = labels.T.astype(np.float64) @ labels
    with np.errstate(invalid="ignore"):
        return both / labels.sum(axis=0)[:, None]


def height_bins(table: pa.Table) -> np.ndarray:
    """Return ``(images,) int64``, where an image lies in its series: 0 the lowest, `HEIGHT_BINS` - 1 the highest."""
    series, position = _codes(table, "series_instance_uid"), table["position_mm"].to_numpy()
    low, high = np.full(series.max() + 1, np.inf), np.full(series.max() + 1, -np.inf)
    np.minimum.at(low, series, position)
    np.maximum.at(high, series, position)
    extent = np.maximum(high - low, np.finfo(float).tiny)
    return np.minimum(((position - low[series]) / extent[series] * HEIGHT_BINS).astype(int), HEIGHT_BINS - 1)


def _by_height(labels: np.ndarray, where: np.ndarray) -> np.ndarray:
    count = np.bincount(where, minlength=HEIGHT_BINS)
    positive = np.stack([np.bincount(where[column], minlength=HEIGHT_BINS) for column in labels.T], axis=1)
    with np.errstate(invalid="ignore"):
        return positive / count[:, None]
