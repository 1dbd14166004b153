"""A site's labeled studies, stripped once and kept in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from triage_node.errors import TriageError, UnsuitableSeries
from triage_node.findings import LABELS
from triage_node.imaging import Volume
from triage_node.models import Geometry, Model, StrippedHead, strip_head, study_logits
from triage_node.train.calibration.conformal import UNCOUNTED
from triage_node.train.evaluation.robustness import LabeledHead
from triage_node.train.evaluation.scored import ScoredStudy, read_series
from triage_node.train.site.labels import LabelFileError, StudyLabels, read_site_labels


@dataclass(frozen=True)
class Case:
    """One labeled study.

    Attributes
    ----------
    patient
        Whose it is.
    head
        Inside of the skull, in the network's frame.
    labels
        ``(slices, 6) uint8`` of the series' slices.
    known
        ``(slices,) bool``: which slices the site labeled.
    study_labels
        ``(6,) int8``, `UNCOUNTED` for a type that nobody told.
    """

    patient: str
    head: StrippedHead
    labels: np.ndarray
    known: np.ndarray
    study_labels: np.ndarray

    @property
    def area_cm2(self) -> np.ndarray:
        """Return the intracranial area of each slice ``(slices,) float32``."""
        return self.head.brain_area_cm2[self.head.slab]

    @property
    def slice_mm(self) -> float:
        """Return the distance of the slices; thin ones lie several in a slab."""
        return self.head.slice_mm * len(self.head.hu) / len(self.head.slab)

    @property
    def magnification(self) -> float:
        """Return how much larger than it is the head is shown."""
        return self.head.magnification

    def slabs(self) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(slabs, 6)`` labels and ``(slabs,)`` whether all slices of a slab are labeled."""
        starts = np.flatnonzero(np.diff(self.head.slab, prepend=-1))
        return np.maximum.reduceat(self.labels, starts, axis=0), np.logical_and.reduceat(self.known, starts)


@dataclass(frozen=True)
class CaseScores:
    """What a model makes of a case, before calibration: ``(slices, 6)`` smoothed logits."""

    case: Case
    logits: np.ndarray

    @property
    def study_logits(self) -> np.ndarray:
        """Return ``(6,)`` study logits."""
        return study_logits(self.logits, self.case.area_cm2, self.case.slice_mm * self.case.magnification)


def score_case(model: Model, case: Case) -> CaseScores:
    """Return the scores of a case."""
    return CaseScores(case, model.slice_logits(case.head)[case.head.slab])


def score_labeled(model: Model, label_file: Path, dicom: Path) -> Iterator[ScoredStudy | None]:
    """Yield what a model makes of each study that a label file names, beside what the file says; None without a head.

    Raises
    ------
    LabelFileError
        As `read_cases` does.
    """
    for case in read_cases(label_file, dicom, model.manifest.geometry):
        if case is None:
            yield None
            continue
        yield ScoredStudy(
            case.patient,
            score_case(model, case).logits,
            case.labels,
            case.area_cm2,
            case.slice_mm,
            known=case.known,
            given_labels=case.study_labels,
            magnification=case.magnification,
        )


def site_heads(label_file: Path, dicom: Path) -> Iterator[LabeledHead]:
    """Yield the studies of a label file of which somebody told whether they show hemorrhage."""
    for study in checked_labels(label_file, dicom):
        told = study.any_of_all[len(LABELS) - 1]
        if told != UNCOUNTED:
            yield LabeledHead(study.patient, bool(told), partial(read_series, dicom / study.folder))


def checked_labels(label_file: Path, dicom: Path) -> list[StudyLabels]:
    """Return the labeled studies after checking that each has a folder.

    Raises
    ------
    LabelFileError
        Naming file and line.
    """
    found = read_site_labels(label_file)
    for study in found:
        if not (dicom / study.folder).is_dir():
            raise LabelFileError(label_file, study.line, f"there is no folder {study.folder!r} in {dicom}")
    return found


def read_cases(label_file: Path, dicom: Path, geometry: Geometry) -> Iterator[Case | None]:
    """Yield the cases of a label file; None for one in which the preprocessing finds no head.

    Raises
    ------
    LabelFileError
        When a study has no DICOM series, or a labeled slice is not in it.
    """
    for study in checked_labels(label_file, dicom):
        try:
            volume = read_series(dicom / study.folder)
        except UnsuitableSeries:
            yield None
            continue
        except TriageError as error:
            raise LabelFileError(label_file, study.line, str(error).rstrip(".")) from error
        labels, known = _place(label_file, study, volume)
        try:
            head = strip_head(volume, geometry)
        except UnsuitableSeries:
            yield None
            continue
        yield Case(study.patient, head, labels, known, study.any_of_all)


def _place(label_file: Path, study: StudyLabels, volume: Volume) -> tuple[np.ndarray, np.ndarray]:
    """Return labels ``(slices, 6)`` and which of them are known; a study's *no* is known of every slice."""
    labels = np.zeros((len(volume.hu), len(LABELS)), np.uint8)
    if study.study is not None:
        return labels, np.full(len(labels), not study.study.any())
    known = np.zeros(len(labels), bool)
    used = set()
    for index, group in enumerate(volume.sources):
        keys = {part.sop_instance_uid for part in group} | {part.instance_number for part in group}
        found = [key for key in keys if key is not None and key in study.slices]
        used.update(found)
        if found:
            known[index] = True
            labels[index] = np.max([study.slices[key] for key in found], axis=0)
    if not used:
        raise LabelFileError(label_file, study.line, "none of the labeled slices of the study is in its series")
    return labels, known
