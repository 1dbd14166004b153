"""The model card: what the weights are, what they were measured at, what they are not for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from triage_node.findings import LABELS
from triage_node.models.manifest import Manifest

FILE_NAME = "CARD.md"
LIMITS = """\
## Limits

Not validated on clinical studies. Probabilities and thresholds were set on generated studies: they are not calibrated
for patients, and a site that wants to rely on them calibrates with its own. Generated studies are not independent
patients, since all share the anatomy of one average template. Not for care: a study that is not flagged may hold a
hemorrhage. Train on RSNA-2019 for a model that compares with published work.
"""


def _interval(parts: list[float | None]) -> str:
    value, low, high = parts
    return "-" if value is None else f"{value:.3f} ({low:.3f}-{high:.3f})"


def _table(name: str, figures: Mapping[str, Any]) -> list[str]:
    lines = [f"### {name} ({figures['studies']} studies)", ""]
    header = ["AUC (95 % by patient)", *(str(label) for label in LABELS), "brain area alone"]
    lines += ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    for row, by_label in figures["auc"].items():
        cells = [row, *(_interval(by_label[str(label)]) for label in LABELS)]
        lines.append("| " + " | ".join([*cells, _interval(figures["auc_of_brain_area_alone"][row])]) + " |")
    lines += [
        "",
        f"Flagged: {_interval(figures['positive_studies_flagged'])} of the studies with hemorrhage, "
        f"{_interval(figures['negative_studies_flagged'])} of those without. "
        f"Weighted log loss of the slices: {figures['slice_log_loss']:.3f}.",
        "",
    ]
    return lines


def card_text(manifest: Manifest) -> str:
    """Return the card of a model as Markdown; every figure in it comes from the manifest's metrics."""
    lines = [f"# {manifest.name} {manifest.version}", "", manifest.training_data, ""]
    lines += [
        f"Input: inside of the skull, {manifest.geometry.rows} x {manifest.geometry.columns} pixels of "
        f"{manifest.geometry.mm_per_pixel} mm, HU relative to the brain's median, a slice with its neighbors "
        f"{manifest.geometry.neighbor_mm:g} mm below and above. Output: a lesion map per type, from it six scores per "
        "slice and per study.",
        "",
        "## Measured",
        "",
        "Printed by `triage-node-train evaluate`; the intervals resample patients. Thresholds and scaling were set on "
        "generated studies of other seeds.",
        "",
    ]
    for name, figures in manifest.metrics.items():
        if isinstance(figures, Mapping) and "auc" in figures:
            lines += _table(name, figures)
        else:
            lines += [f"- {name}: {figures}", ""]
    return "\n".join(lines) + "\n" + LIMITS


def write_card(manifest: Manifest) -> Path:
    """Write the card beside the manifest."""
    path = manifest.folder / FILE_NAME
    path.write_text(card_text(manifest), encoding="utf-8")
    return path
