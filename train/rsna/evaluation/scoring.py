"""What a model, or a constant, says of the images of a cache."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from triage_node.errors import TriageError
from triage_node.models import Manifest, Model
from triage_node.train.evaluation.scored import ScoredStudy, as_head
from triage_node.train.rsna.shards.cache import CachedSeries


@dataclass(frozen=True)
class ImageScores:
    """Probabilities of images.

    Attributes
    ----------
    name
        Who says so.
    images
        SOP Instance UIDs.
    patients
        ``(images,)``, whose they are.
    probabilities, truth
        ``(images, 6)``.
    known
        ``(images,) bool``: whether the truth is known.
    """

    name: str
    images: tuple[str, ...]
    patients: np.ndarray
    probabilities: np.ndarray
    truth: np.ndarray
    known: np.ndarray

    @classmethod
    def of(cls, name: str, series: Sequence[CachedSeries], probabilities: np.ndarray) -> "ImageScores":
        """Return probabilities ``(images, 6)`` in the order of the series and their images."""
        return cls(
            name,
            tuple(uid for one in series for uid in one.images),
            np.concatenate([np.full(len(one.images), one.patient_id) for one in series]),
            probabilities,
            np.concatenate([one.image_labels for one in series]),
            np.concatenate([one.image_known for one in series]),
        )

    def labeled(self) -> "ImageScores":
        """Return the images whose truth is known.

        Raises
        ------
        TriageError
            When there is none.
        """
        at = np.flatnonzero(self.known)
        if not len(at):
            raise TriageError("None of the images to judge on is labeled.")
        images = tuple(self.images[index] for index in at)
        return ImageScores(self.name, images, self.patients[at], self.probabilities[at], self.truth[at], self.known[at])


def prevalence(series: Sequence[CachedSeries]) -> np.ndarray:
    """Return ``(6,)`` how often each label is positive among labeled images, kept off 0 and 1 (Laplace).

    Raises
    ------
    TriageError
        When no image is labeled.
    """
    labels = np.concatenate([one.image_labels[one.image_known] for one in series])
    if not len(labels):
        raise TriageError("None of the images to fit on is labeled.")
    found: np.ndarray = (labels.sum(axis=0) + 1) / (len(labels) + 2)
    return found


def constant_scores(name: str, series: Sequence[CachedSeries], values: np.ndarray) -> ImageScores:
    """Return the same probabilities ``(6,)`` for every image."""
    return ImageScores.of(name, series, np.tile(values, (sum(len(one.images) for one in series), 1)))


def score_study(model: Model, series: CachedSeries) -> ScoredStudy:
    """Return slice logits of a series with at least one slice, beside what is true."""
    logits = model.slice_logits(as_head(series))
    known = series.labels, series.area_cm2, series.slice_mm
    return ScoredStudy(series.patient_id, logits, *known, magnification=series.magnification)


def score_images(manifest: Manifest, study: ScoredStudy | None, series: CachedSeries, prior: np.ndarray) -> np.ndarray:
    """Return ``(images, 6)`` probabilities; an image that was refused gets the prior ``(6,)``."""
    found = np.tile(prior, (len(series.images), 1))
    if study is not None:
        placed = series.slice_of_image >= 0
        found[placed] = manifest.slice_scaling.probabilities(study.logits)[series.slice_of_image[placed]]
    return found


@dataclass(frozen=True)
class SeriesScores:
    """What a model says of one series.

    Attributes
    ----------
    images
        ``(images, 6)`` probabilities.
    study_logits
        ``(6,)`` before calibration; None where no image could be analyzed.
    """

    images: np.ndarray
    study_logits: np.ndarray | None


def judge_series(model: Model, series: Sequence[CachedSeries], prior: np.ndarray) -> Iterator[SeriesScores]:
    """Yield the scores of each series; an image that was refused gets the prior ``(6,)``."""
    for one in series:
        study = score_study(model, one) if len(one) else None
        images = score_images(model.manifest, study, one, prior)
        yield SeriesScores(images, None if study is None else study.study_logits)


def score_series(model: Model, series: Sequence[CachedSeries], prior: np.ndarray) -> Iterator[np.ndarray]:
    """Yield ``(images, 6)`` probabilities of each series."""
    return (found.images for found in judge_series(model, series, prior))
