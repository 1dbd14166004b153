"""How the scores of a model are to be read, as its manifest says, in the words of reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage_node.findings import LABELS, TYPES, Calibration, Label

if TYPE_CHECKING:
    from triage_node.models import DecisionRecord, Manifest

OF_A_TYPE = (
    "A type is suspected only in a study that is suspected, and in one that the score of any excludes it is uncertain "
    "only above the upper threshold."
)
OF_EVERY_LABEL = "In images unlike the training images nothing is suspected."


def calibrations_of(manifest: Manifest) -> dict[Label, Calibration]:
    """Return thresholds of the study's scores and how they are applied, for each label."""
    return {
        label: Calibration(
            manifest.thresholds.flag[label], manifest.thresholds.uncertain[label], _basis(manifest, label)
        )
        for label in LABELS
    }


def _basis(manifest: Manifest, label: Label) -> str:
    rules = [OF_A_TYPE, OF_EVERY_LABEL] if label in TYPES else [OF_EVERY_LABEL]
    return " ".join(filter(None, [_scaling(manifest, label), _thresholds(manifest.decision, label), *rules]))


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
