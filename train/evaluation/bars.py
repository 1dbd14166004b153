"""What a model must reach before it is shipped."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage_node.findings import LABELS
from triage_node.train.evaluation.by_volume import CLEAR_ML
from triage_node.train.evaluation.scores import ANY

if TYPE_CHECKING:
    from triage_node.train.evaluation.evaluate import Evaluation

GENERATED_ANY_AUC, GENERATED_TYPE_AUC = 0.97, 0.95
LARGEST_CALIBRATION_ERROR = 0.05
SMALLEST_SKILL = 0.5
LARGEST_SUSPICIOUS_SHARE = 0.10


@dataclass(frozen=True)
class Bar:
    """One figure and what it must reach.

    Attributes
    ----------
    name
        Which figure.
    value
        What was measured; nan where nothing could be.
    aim, least
        What is aimed at, and what must be reached at the least.
    below
        The figure must stay below instead.
    """

    name: str
    value: float
    aim: float
    least: float
    below: bool = False

    @property
    def verdict(self) -> str:
        """Return met, short of the aim, missed or not measured."""
        if not np.isfinite(self.value):
            return "not measured"
        if self._reaches(self.aim):
            return "met"
        return "short of the aim" if self._reaches(self.least) else "missed"

    @property
    def demand(self) -> str:
        """Return in words what must be reached."""
        words = f"{'at most' if self.below else 'at least'} {self.aim:g}"
        return words if self.aim == self.least else f"{words}, not done below {self.least:g}"

    def _reaches(self, bound: float) -> bool:
        return self.value <= bound if self.below else self.value >= bound


def generated_bars(evaluation: "Evaluation") -> tuple[Bar, ...]:
    """Return the bars of held-out generated studies."""
    studies, slices = evaluation.reliability
    large = []
    for found in evaluation.clear_lesions:
        aim = GENERATED_ANY_AUC if found.label is LABELS[ANY] else GENERATED_TYPE_AUC
        large.append(Bar(f"study AUC {found.label}, {CLEAR_ML:g} mL or more", found.auc.value, aim, aim))
    return (
        Bar("study AUC any", evaluation.rows[-1].by_label[ANY].value, GENERATED_ANY_AUC, GENERATED_ANY_AUC),
        *large,
        at_most("expected calibration error, studies", studies.calibration_error, LARGEST_CALIBRATION_ERROR),
        at_most("expected calibration error, slices", slices.calibration_error, LARGEST_CALIBRATION_ERROR),
        Bar("Brier skill score, studies", studies.skill.value, SMALLEST_SKILL, SMALLEST_SKILL),
    )


def at_most(name: str, value: float, limit: float) -> Bar:
    """Return the bar of a figure that must not exceed a limit."""
    return Bar(name, value, limit, limit, below=True)


def plain_bar(name: str, share: float) -> Bar:
    """Return the bar of a series that shows no hemorrhage: how many slices may look suspicious."""
    return at_most(f"share of suspicious slices, {name}", share, LARGEST_SUSPICIOUS_SHARE)
