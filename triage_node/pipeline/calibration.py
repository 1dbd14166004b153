"""How the scores of a model are to be read, as its manifest says, in the words of reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage_node.findings import LABELS, Calibration, Label

if TYPE_CHECKING:
    from triage_node.models import DecisionRecord, Manifest


def calibrations_of(manifest: Manifest) -> dict[Label, Calibration]:
    """Return thresholds of the study's scores and where they come from, for each label."""
    return {
        label: Calibration(manifest.thresholds.flag[label], manifest.thresholds.uncertain[label], basis)
        for label in LABELS
        for basis in [f"{_scaling(manifest, label)} {_thresholds(manifest.decision, label)}".strip()]
    }


def _scaling(manifest: Manifest, label: Label) -> str:
    index = LABELS.index(label)
    temperature, bias = manifest.study_scaling.temperature[index], manifest.study_scaling.bias[index]
    return f"Probability = sigmoid(logit / {temperature:.4f} {'-' if bias < 0 else '+'} {abs(bias):.4f})."


def _thresholds(record: DecisionRecord | None, label: Label) -> str:
    if record is None:
        return ""
    negatives, positives = record.negatives[label], record.positives[label]
    studies = f"{negatives} studies without and {positives} with it" if negatives or positives else "another model's"
    bounds = f"{record.alpha_negative:.0%} of those without it may be above, {record.alpha_positive:.0%} with it below"
    return f"Thresholds by {record.method} from {studies}; {bounds}. {record.source}"
