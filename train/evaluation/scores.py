"""The scored studies of a set as arrays, by slice and by study."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from triage_node.findings import LABELS
from triage_node.models import Manifest
from triage_node.train.calibration.conformal import UNCOUNTED
from triage_node.train.evaluation.scored import ScoredStudy

ANY = len(LABELS) - 1
# Slices with much brain in them: on all slices the mere size of the brain already tells a lot.
LARGE_BRAIN_CM2 = 100.0
SLICES, LARGE_SLICES, PATIENTS = "all slices", f"slices with {LARGE_BRAIN_CM2:.0f} cm2 of brain or more", "patients"


@dataclass(frozen=True)
class Rows:
    """What is compared: slices or studies.

    Attributes
    ----------
    name
        Which rows these are.
    logits, truth
        ``(rows, 6)`` logits before scaling, and what is true, `UNCOUNTED` where nobody told.
    patients
        ``(rows,)``, whose they are.
    area_cm2
        ``(rows,)``, intracranial area; of a study its largest.
    """

    name: str
    logits: np.ndarray
    truth: np.ndarray
    patients: np.ndarray
    area_cm2: np.ndarray

    def told(self, k: int) -> "Rows":
        """Return the rows of which somebody told whether they have label k; the others count neither way."""
        known = self.truth[:, k] != UNCOUNTED
        return self if known.all() else self.chosen(self.name, known)

    def chosen(self, name: str, where: np.ndarray) -> "Rows":
        """Return some of the rows under another name."""
        return Rows(name, self.logits[where], self.truth[where], self.patients[where], self.area_cm2[where])


@dataclass(frozen=True)
class Scores:
    """What a model scores on a set of studies, and the answers it gives.

    Attributes
    ----------
    slices, studies
        Rows by slice and by study.
    slice_probabilities, study_probabilities
        ``(rows, 6)``, as served.
    flagged, uncertain
        ``(studies, 6) bool``, answers per label.
    slice_mm
        ``(studies,)``, distance between slices.
    volume_ml, lesion_hu
        ``(studies, 6)``, None where they are not known.
    """

    slices: Rows
    studies: Rows
    slice_probabilities: np.ndarray
    study_probabilities: np.ndarray
    flagged: np.ndarray
    uncertain: np.ndarray
    slice_mm: np.ndarray
    volume_ml: np.ndarray | None
    lesion_hu: np.ndarray | None

    @cached_property
    def compared(self) -> tuple[Rows, Rows, Rows]:
        """Return all slices, those with much brain, and patients."""
        large = self.slices.chosen(LARGE_SLICES, self.slices.area_cm2 >= LARGE_BRAIN_CM2)
        return self.slices, large, self.studies


def decisions(manifest: Manifest, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which labels of each study are flagged and which uncertain, both ``(studies, 6) bool``."""
    answers = [manifest.thresholds.decide(dict(zip(LABELS, row.tolist(), strict=True))) for row in probabilities]
    found = [[[label in part for label in LABELS] for part in answer] for answer in answers]
    flagged, uncertain = np.array(found, bool).transpose(1, 0, 2)
    return flagged, uncertain


def _known(arrays: list[np.ndarray | None]) -> np.ndarray | None:
    present = [array for array in arrays if array is not None]
    return np.stack(present) if len(present) == len(arrays) else None


def gather(manifest: Manifest, studies: list[ScoredStudy]) -> Scores:
    """Return the scores of a set of studies."""
    slices = Rows(
        SLICES,
        np.concatenate([study.logits[study.judged] for study in studies]),
        np.concatenate([study.labels[study.judged] for study in studies]),
        np.concatenate([np.full(study.judged.sum(), study.patient, object) for study in studies]),
        np.concatenate([study.area_cm2[study.judged] for study in studies]),
    )
    whole = Rows(
        PATIENTS,
        np.stack([study.study_logits for study in studies]),
        np.stack([study.study_labels for study in studies]),
        np.array([study.patient for study in studies]),
        np.array([study.area_cm2.max() for study in studies]),
    )
    probabilities = manifest.study_scaling.probabilities(whole.logits)
    flagged, uncertain = decisions(manifest, probabilities)
    return Scores(
        slices=slices,
        studies=whole,
        slice_probabilities=manifest.slice_scaling.probabilities(slices.logits),
        study_probabilities=probabilities,
        flagged=flagged,
        uncertain=uncertain,
        slice_mm=np.array([study.slice_mm for study in studies]),
        volume_ml=_known([study.volume_ml for study in studies]),
        lesion_hu=_known([study.lesion_hu for study in studies]),
    )
