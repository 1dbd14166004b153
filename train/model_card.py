"""The model card: what the weights are, what they were measured at, what they are not for."""

import textwrap
from collections.abc import Mapping
from pathlib import Path

from triage_node.complete_file import complete_file
from triage_node.findings import LABELS, Label
from triage_node.models import Manifest
from triage_node.train.card_tables import tables
from triage_node.train.card_use import FAILURES, INTENDED_USE, protocols_text

FILE_NAME = "CARD.md"
PRIOR = "prior"
"""Entry of the recipe of a model that was fitted on labeled images: how often each label was positive."""
WIDTH = 120
LIMITS = """\
## Limits

Not validated on clinical studies. Probabilities and thresholds were set on generated studies: they are not calibrated
for patients, and a site that wants to rely on them calibrates with its own. Generated studies are not independent
patients, since all share one of two anatomies. Not for care: a study that is not flagged may hold a
hemorrhage. Train on RSNA-2019 for a model that compares with published work.
"""
SITE_LIMITS = """\
## Limits

For the site whose studies set its thresholds, and for studies like them: another scanner, protocol or mix of patients
ends what the thresholds promise, so calibrate anew when one changes. What few studies set is known no better than few
studies allow. Nobody else has validated it. Not for care: a study that is not flagged may hold a hemorrhage.
"""
FOLD_LIMITS = """\
## Limits

Not validated on clinical studies. Fitted, calibrated and judged on images of one collection: other scanners, protocols
and patients are scored otherwise, and a site that wants to rely on the thresholds calibrates with its own studies. Not
for care: a study that is not flagged may hold a hemorrhage.
"""


def _origin(manifest: Manifest) -> list[str]:
    """Say which model a site's model was made from, and which studies the thresholds of any but ours come from."""
    base, decision = manifest.base, manifest.decision
    if base is None and not _is_of_folds(manifest):
        return []
    lines = []
    if base is not None:
        lines = [f"A site's model, made from {base.name} {base.version} (SHA-256 {base.sha256[:12]}…).", ""]
    return [*lines, f"Thresholds: {decision.method}. {decision.source}", ""] if decision else lines


def _is_of_folds(manifest: Manifest) -> bool:
    """Tell whether a model was fitted on labeled images, with thresholds from a fold of their patients."""
    return manifest.base is None and PRIOR in (manifest.recipe or {})


def _own_labels(manifest: Manifest) -> list[Label]:
    """Return the labels whose thresholds a site's own studies set."""
    if manifest.base is None or manifest.decision is None:
        return []
    return [label for label in LABELS if manifest.decision.negatives[label]]


def _measured(manifest: Manifest) -> list[str]:
    if _is_of_folds(manifest):
        return [
            "By `triage-node-train rsna evaluate`, on the fold that judges; its table lies in the run's folder.",
            "",
        ]
    if manifest.base is None:
        return [
            "Printed by `triage-node-train evaluate`; the intervals resample patients. Thresholds and scaling were set "
            "on generated studies of other seeds.",
            "",
        ]
    return [
        "On the site's own studies, each patient left out of what judges them; the intervals resample patients.",
        "",
    ]


def _limits(manifest: Manifest) -> str:
    """Return what the model is not for; thresholds from generated studies and from patients have other limits."""
    own = _own_labels(manifest)
    if not own:
        return FOLD_LIMITS if PRIOR in (manifest.recipe or {}) else LIMITS
    others = ", ".join(label for label in LABELS if label not in own)
    if not others:
        return SITE_LIMITS
    return SITE_LIMITS + (
        f"\nThe site has too few studies for {others}: probabilities and thresholds there are those of the model it "
        "was made from, and promise nothing for the site's patients.\n"
    )


def _size_shown(manifest: Manifest) -> str:
    area = manifest.geometry.shown_area_cm2
    return f", every head magnified until its widest slices show {area:g} cm2" if area else ""


def card_text(manifest: Manifest) -> str:
    """Return the card of a model as Markdown; every figure in it comes from the manifest's metrics."""
    lines = [f"# {manifest.name} {manifest.version}", "", manifest.training_data, "", *_origin(manifest)]
    lines += [
        f"Input: inside of the skull, {manifest.geometry.rows} x {manifest.geometry.columns} pixels of "
        f"{manifest.geometry.mm_per_pixel} mm{_size_shown(manifest)}, HU relative to the brain's median, a slice with "
        f"its neighbors {manifest.geometry.neighbor_mm:g} mm below and above. Output: a lesion map per type, from "
        "it six scores per slice and per study.",
        "",
        *INTENDED_USE.splitlines(),
        "",
        *([] if _is_of_folds(manifest) else [*protocols_text(manifest).splitlines(), ""]),
        "## Measured",
        "",
        *_measured(manifest),
    ]
    for name, figures in manifest.metrics.items():
        if isinstance(figures, Mapping) and "auc" in figures:
            lines += tables(name, figures)
        else:
            lines += [f"- {name}: {figures}", ""]
    ends = _limits(manifest).splitlines()
    if not _is_of_folds(manifest):
        ends = [*FAILURES.splitlines(), "", *ends]
    return "\n".join(map(_wrapped, [*lines, *ends])) + "\n"


def _wrapped(line: str) -> str:
    """Return a line of Markdown in lines that an editor shows whole; a table's row cannot be broken."""
    if line.startswith("|"):
        return line
    indent = "  " if line.startswith("- ") else ""
    return textwrap.fill(line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def write_card(manifest: Manifest) -> Path:
    """Write the card beside the manifest."""
    path = manifest.folder / FILE_NAME
    with complete_file(path) as partial:
        partial.write_text(card_text(manifest), encoding="utf-8")
    return path
