"""What an adaptation was worth, before and after, as Markdown, JSON and a picture in the model's folder."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from triage_node.complete_file import complete_file
from triage_node.findings import LABELS
from triage_node.models import Manifest
from triage_node.train.calibration.site import Coverage
from triage_node.train.evaluation.metrics import Interval
from triage_node.train.site.adaptation import Adaptation, AdaptationSettings
from triage_node.train.site.gain import Gain, conclusion, mean_scores
from triage_node.train.site.pictures import draw_adaptation

MARKDOWN, JSON, PICTURE = "ADAPTATION.md", "adaptation.json", "adaptation.png"


@dataclass(frozen=True)
class AdaptationReport:
    """Everything the report says; nothing in it names a patient."""

    manifest: Manifest
    settings: AdaptationSettings
    adaptation: Adaptation
    gains: Sequence[Gain]
    coverage: Coverage
    lacking: Sequence[str]

    def write(self) -> Path:
        """Write Markdown, JSON and picture into the model's folder, and return the path of the first."""
        folder, adaptation = self.manifest.folder, self.adaptation
        with complete_file(folder / PICTURE) as partial:
            partial.write_bytes(draw_adaptation(adaptation.before, mean_scores(adaptation.seeds)))
        with complete_file(folder / JSON) as partial:
            partial.write_text(json.dumps(self._content(), indent=2) + "\n", encoding="utf-8")
        with complete_file(folder / MARKDOWN) as partial:
            partial.write_text(self._markdown(), encoding="utf-8")
        return folder / MARKDOWN

    def _content(self) -> dict[str, Any]:
        base = self.manifest.base
        return {
            "model": asdict(self.manifest.identity),
            "base": asdict(base) if base else None,
            "settings": asdict(self.settings),
            "conclusion": conclusion(self.gains),
            "gains": [_plain(gain) for gain in self.gains],
            "auc_of_any_on_generated_slices": {
                "before": round(self.adaptation.generated_before, 4),
                "after": round(self.adaptation.generated_after, 4),
            },
            "coverage": {key: _finite(value) for key, value in asdict(self.coverage).items()},
            "lacking": list(self.lacking),
        }

    def _markdown(self) -> str:
        base, settings = self.manifest.base, self.settings
        lines = [
            f"# {self.manifest.name} {self.manifest.version}: before and after",
            "",
            f"Started from {base.name} {base.version}. " if base else "",
            f"Every figure is of patients that the fit had not seen: {settings.folds} folds of patients, the mean of "
            f"the scores of {settings.seeds} seeds. Intervals hold 95 % of the resampled patients; the gain is paired.",
            "",
            f"**{conclusion(self.gains)}**",
            "",
            f"![ROC curves before and after, and the score of every study]({PICTURE})",
            "",
        ]
        for rows in dict.fromkeys(gain.rows for gain in self.gains):
            lines += self._table(rows)
        return "\n".join([*lines, *self._remarks()]) + "\n"

    def _table(self, rows: str) -> list[str]:
        chosen = [gain for gain in self.gains if gain.rows == rows]
        lines = [f"## AUC, {rows} ({chosen[0].count})", ""]
        lines += ["| label | positive | before | after | gain | mean gain of a seed |", "|" + "---|" * 6]
        lines += [
            f"| {gain.label} | {gain.positive} | {gain.before} | {gain.after} | {signed(gain.paired)} | "
            f"{signed(gain.of_seeds)} |"
            for gain in chosen
        ]
        return [*lines, ""]

    def _remarks(self) -> list[str]:
        adaptation = self.adaptation
        return [
            f"On slices of generated studies held out of the adaptation the AUC of *any* was "
            f"{adaptation.generated_before:.3f} before and is {adaptation.generated_after:.3f} after it.",
            "",
            f"Answers for patients left out of the calibration: {self.coverage}.",
            "",
            *(f"- {sentence}: the values of the model it started from were kept." for sentence in self.lacking),
        ]


def signed(interval: Interval) -> str:
    """Return a difference with its interval and its signs."""
    return f"{interval.value:+.3f} ({interval.low:+.3f} to {interval.high:+.3f})"


def _finite(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None


def _plain(gain: Gain) -> dict[str, Any]:
    intervals = {name: getattr(gain, name) for name in ("before", "after", "paired", "of_seeds")}
    return {
        "rows": gain.rows,
        "label": str(gain.label),
        "count": gain.count,
        "positive": gain.positive,
        **{name: [_finite(part) for part in (one.value, one.low, one.high)] for name, one in intervals.items()},
    }


def adaptation_metrics(gains: Sequence[Gain], coverage: Coverage) -> dict[str, Any]:
    """Return the figures that the manifest keeps: those of ``any``, as sentences."""
    found: dict[str, Any] = {
        f"Adapted, AUC of any, {gain.rows}, patients unseen by the fit": (
            f"{gain.after}; before {gain.before}; paired gain {signed(gain.paired)}"
        )
        for gain in gains
        if gain.label == LABELS[-1]
    }
    found["Adaptation"] = conclusion(gains)
    return {**found, "Site calibration, patients left out": str(coverage)}
