"""From logits to probabilities and to one of three answers per label."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from triage_node.findings import LABELS, Label


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
    """Study-level thresholds of each label; `uncertain` lies at or below `flag`."""

    flag: Mapping[Label, float]
    uncertain: Mapping[Label, float]

    def __post_init__(self) -> None:
        for label in LABELS:
            if not 0 < self.uncertain[label] <= self.flag[label] <= 1:
                raise ValueError(f"thresholds of {label} must satisfy 0 < uncertain <= flag <= 1")

    def decide(self, probabilities: Mapping[Label, float]) -> tuple[tuple[Label, ...], tuple[Label, ...]]:
        """Return the flagged and the uncertain labels; ``any`` is flagged whenever a type is."""
        flagged = [label for label in LABELS if probabilities[label] >= self.flag[label]]
        if flagged and Label.ANY not in flagged:
            flagged.append(Label.ANY)
        uncertain = [
            label for label in LABELS if label not in flagged and probabilities[label] >= self.uncertain[label]
        ]
        return tuple(flagged), tuple(uncertain)
