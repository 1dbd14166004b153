"""From logits to probabilities and to one of three answers per label."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from triage_node.findings import LABELS, TYPES, Label


@dataclass(frozen=True)
class Scaling:
    """Temperature and bias of each label: probability = sigmoid(logit / temperature + bias).

    Source: Platt scaling with one slope; Guo et al., On Calibration of Modern Neural Networks (2017).
    """

    temperature: tuple[float, ...] = (1.0,) * len(LABELS)
    bias: tuple[float, ...] = (0.0,) * len(LABELS)

    def __post_init__(self) -> None:
        if len(self.temperature) != len(LABELS) or len(self.bias) != len(LABELS):
            raise ValueError(f"a scaling needs {len(LABELS)} temperatures and biases")
        if min(self.temperature) <= 0:
            raise ValueError(f"temperatures must be positive, got {self.temperature}")

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Return probabilities ``(..., 6) float32``; ``any`` is at least as high as the highest type."""
        scaled = np.asarray(logits, np.float64) / np.array(self.temperature) + np.array(self.bias)
        found = 1 / (1 + np.exp(-np.clip(scaled, -30, 30)))
        found[..., -1] = found.max(axis=-1)
        return found.astype(np.float32)


@dataclass(frozen=True)
class Thresholds:
    """Study-level thresholds of each label, which split scores into three answers.

    A score above `flag` is none that studies without the label have, a score below `uncertain` none that studies with
    it have; between them both or neither remain possible.

    Source: Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World (2005); Angelopoulos and Bates, A Gentle
    Introduction to Conformal Prediction (2021), for the prediction sets that a threshold per class makes.

    Attributes
    ----------
    flag
        In (0, 1]; 1 is never passed.
    uncertain
        In [0, flag]; 0 is always reached.
    """

    flag: Mapping[Label, float]
    uncertain: Mapping[Label, float]

    def __post_init__(self) -> None:
        for label in LABELS:
            if not (0 <= self.uncertain[label] <= self.flag[label] <= 1 and self.flag[label] > 0):
                raise ValueError(f"thresholds of {label} must satisfy 0 <= uncertain <= flag <= 1 and 0 < flag")

    def decide(self, probabilities: Mapping[Label, float]) -> tuple[tuple[Label, ...], tuple[Label, ...]]:
        """Return the flagged and the uncertain labels.

        The study is flagged by ``any`` alone, whose error rate is the one that is bounded; a type is flagged in a
        flagged study only. A flagged study has at least one type that is flagged or uncertain, and a study of which a
        type is uncertain is uncertain itself.
        """
        passed = [label for label in TYPES if probabilities[label] > self.flag[label]]
        reached = [label for label in TYPES if probabilities[label] >= self.uncertain[label]]
        if probabilities[Label.ANY] > self.flag[Label.ANY]:
            highest = max(TYPES, key=lambda label: probabilities[label])
            uncertain = [label for label in TYPES if label in reached and label not in passed]
            return (*passed, Label.ANY), tuple(uncertain if passed or uncertain else [highest])
        # A study that `any` takes for free of hemorrhage is doubted only where a type is clear.
        excluded = probabilities[Label.ANY] < self.uncertain[Label.ANY]
        doubted = passed if excluded else [label for label in TYPES if label in reached or label in passed]
        return (), (*doubted, Label.ANY) if doubted or not excluded else ()


@dataclass(frozen=True)
class DecisionRecord:
    """How the thresholds were found.

    Attributes
    ----------
    method
        Name of the method.
    alpha_negative
        Largest share of studies without a label that may be flagged for it.
    alpha_positive
        Largest share of studies with a label that may be taken for free of it.
    negatives, positives
        Studies without and with each label that thresholds come from; 0 where another model's were kept.
    source
        One sentence: which studies.
    """

    method: str
    alpha_negative: float
    alpha_positive: float
    negatives: Mapping[Label, int]
    positives: Mapping[Label, int]
    source: str
