"""An evaluation as plain JSON, for a manifest and for a report."""

import math
from typing import Any

from triage_node.findings import LABELS
from triage_node.train.evaluation.across_seeds import SeedRow
from triage_node.train.evaluation.bars import Bar
from triage_node.train.evaluation.by_thickness import ThicknessBin
from triage_node.train.evaluation.by_volume import VolumeBin
from triage_node.train.evaluation.densities import over_heads
from triage_node.train.evaluation.evaluate import Answers, Evaluation, Row
from triage_node.train.evaluation.frozen import LesionComparison
from triage_node.train.evaluation.metrics import Interval
from triage_node.train.evaluation.paired import PairedRow, PlainLogits
from triage_node.train.evaluation.peaks import shares
from triage_node.train.evaluation.robustness import Robustness
from triage_node.train.evaluation.stability import changes, stability_bars


def _number(value: float, digits: int = 3) -> float | None:
    return round(value, digits) if math.isfinite(value) else None


def _plain(interval: Interval) -> list[float | None]:
    return [_number(part) for part in (interval.value, interval.low, interval.high)]


def _by_label(rows: tuple[Row, ...]) -> dict[str, Any]:
    return {
        row.name: {str(label): _plain(found) for label, found in zip(LABELS, row.by_label, strict=True)} for row in rows
    }


def _answers(answers: Answers) -> dict[str, Any]:
    return {
        "flagged": _plain(answers.flagged),
        "uncertain": _plain(answers.uncertain),
        "not flagged": _plain(answers.not_flagged),
    }


def _bin(found: VolumeBin) -> dict[str, Any]:
    return {
        "volume": found.name,
        "lesions": found.count,
        "flagged": _plain(found.flagged),
        "at_90_percent_specificity": _plain(found.at_specificity),
    }


def _thickness(found: ThicknessBin) -> dict[str, Any]:
    return {
        "slices": found.name,
        "studies": found.studies,
        "positive": found.positive,
        "auc": _plain(found.auc),
        "positive_flagged": _plain(found.positive_flagged),
        "negative_flagged": _plain(found.negative_flagged),
    }


def _lesion(found: LesionComparison) -> dict[str, Any]:
    return {
        "lesions": found.count,
        "volume_ml": {
            "published": list(found.published.volume_ml),
            "generated": [_number(value, 2) for value in found.volume_ml],
        },
        "hu": {"published": list(found.published.hu), "generated": [_number(value, 1) for value in found.hu]},
    }


def bar_figures(bars: tuple[Bar, ...]) -> list[dict[str, Any]]:
    """Return bars as plain JSON."""
    return [
        {"figure": bar.name, "value": _number(bar.value), "demand": bar.demand, "verdict": bar.verdict} for bar in bars
    ]


def seed_figures(names: list[str], rows: tuple[SeedRow, ...]) -> dict[str, Any]:
    """Return the figures of several models as plain JSON."""
    return {
        "models": names,
        "auc": {
            row.name: {
                str(found.label): {"mean": _plain(found.mean), "each": [_number(value) for value in found.each]}
                for found in row.by_label
            }
            for row in rows
        },
    }


def paired_figures(other: str, rows: tuple[PairedRow, ...], plain: tuple[PlainLogits, ...]) -> dict[str, Any]:
    """Return how a model differs from another as plain JSON; intervals are those of the differences."""
    return {
        "other": other,
        "auc": {
            row.name: {str(label): _plain(found) for label, found in zip(LABELS, row.by_label, strict=True)}
            for row in rows
        },
        "logits_without_hemorrhage": {
            f"{found.quantile:.0%} quantile": {
                "own": _plain(found.own),
                "other": _plain(found.other),
                "difference": _plain(found.difference),
            }
            for found in plain
        },
    }


def robustness_figures(found: Robustness) -> dict[str, Any]:
    """Return how steady a model is, and where it looks in plain heads, as plain JSON."""
    changed = changes(found.heads)
    return {
        "heads": len(found.heads),
        "variants": {
            change.variant: {
                "heads": change.heads,
                "mean_change": _number(change.mean),
                "largest_change": _number(change.largest),
                "shift": _number(change.shift),
                "other_answers": change.changed,
                "refused": change.refused,
                "flagged_to_not_flagged": list(change.lost),
            }
            for change in changed
        },
        "plain_heads": len(found.peaks),
        "highest_in": {str(region): _number(part) for region, part in shares(found.peaks).items()},
        "brightest_hu": {
            str(region): [_number(hu, 1) for hu in pair] for region, pair in over_heads(found.brightest).items()
        },
        "bars": bar_figures(stability_bars(changed)),
    }


def _generated(evaluation: Evaluation) -> dict[str, Any]:
    """Return what is known of generated studies only."""
    by_type = {str(label): [_bin(found) for found in evaluation.by_volume if found.label == label] for label in LABELS}
    return {
        "auc_from_2_ml": {str(found.label): _plain(found.auc) for found in evaluation.clear_lesions},
        "sensitivity_by_volume": by_type,
        "lesions": {str(found.label): _lesion(found) for found in evaluation.lesions},
    }


def figures(evaluation: Evaluation) -> dict[str, Any]:
    """Return an evaluation as plain JSON."""
    calibration = {
        found.name: {
            "expected_calibration_error": _number(found.calibration_error),
            "brier": _number(found.brier, 4),
            "brier_skill": _plain(found.skill),
        }
        for found in evaluation.reliability
    }
    areas = zip(evaluation.rows, evaluation.area, strict=True)
    return {
        "studies": evaluation.studies,
        "auc": _by_label(evaluation.rows),
        "auc_of_brain_area_alone": {row.name: _plain(figure) for row, figure in areas},
        "sensitivity": _by_label(evaluation.sensitivity),
        "calibration": calibration,
        "positive_studies": _answers(evaluation.positive),
        "negative_studies": _answers(evaluation.negative),
        "by_thickness": [_thickness(found) for found in evaluation.by_thickness],
        "slice_log_loss": _number(evaluation.log_loss, 4),
        **(_generated(evaluation) if evaluation.lesions else {}),
        "bars": bar_figures(evaluation.bars),
    }
