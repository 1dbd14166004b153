"""What happens to a study, in one sentence: scan, select, read, predict."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Protocol

import numpy as np

from triage_node.errors import UnsuitableSeries
from triage_node.findings import Label, ModelIdentity, Prediction
from triage_node.imaging import (
    Policy,
    Scan,
    Series,
    SeriesSelection,
    Skipped,
    SourceSlice,
    Volume,
    damaged_beside,
    damaged_instances,
    read_volume,
    scan,
    select_series,
    suitability_reasons,
)
from triage_node.outcome import Status
from triage_node.pipeline.missing import Missing, vanished_caution
from triage_node.reasons import Reason, ReasonCode
from triage_node.report import ShownSlice, shown_slices


class Picture(Protocol):
    """Where the model looked, for quality control."""

    @property
    def label(self) -> Label:
        """The finding that it explains."""

    @property
    def pixels(self) -> np.ndarray:
        """``(rows, columns, 3) uint8``, RGB."""

    @property
    def sources(self) -> tuple[SourceSlice, ...]:
        """The received slices it shows."""

    def png(self) -> bytes:
        """Return the picture as a PNG file."""


_UNKNOWN: Mapping[str, int] = {}

Explain = Callable[[Volume, Prediction], Picture | None]


class Model(Protocol):
    """What the pipeline needs of a model; `triage_node.models.load_model` returns one."""

    @property
    def identity(self) -> ModelIdentity:
        """Who answers."""

    def predict(self, volume: Volume) -> Prediction:
        """Answer for a volume, or raise `UnsuitableSeries`."""


@dataclass(frozen=True)
class Analysis:
    """What came of a series, or of a study of which none could be analyzed (then there is no series).

    Attributes
    ----------
    sources
        For each slice of the prediction the received slices it was made from.
    explanation
        The picture for quality control, where one was asked for.
    shown
        The slices that are shown with the report.
    skipped
        Files of the series, or damaged ones that may have been of it, that had no part in the answer.
    seconds
        ``read`` from files to Hounsfield units, ``infer`` from there to the prediction.
    """

    status: Status
    series: Series | None
    reasons: tuple[Reason, ...] = ()
    prediction: Prediction | None = None
    sources: tuple[tuple[SourceSlice, ...], ...] = ()
    forced: bool = False
    seconds: Mapping[str, float] = field(default_factory=dict)
    explanation: Picture | None = None
    shown: tuple[ShownSlice, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def analyze_study(
    paths: Iterable[Path],
    model: Model,
    policy: Policy,
    today: date,
    explain: Explain | None = None,
    received: Mapping[str, int] = _UNKNOWN,
) -> tuple[Analysis, SeriesSelection]:
    """Analyze the best head CT series among the files of a study; the selection says why it was this one, or none.

    `received` is the number of instances of each series by Series Instance UID, where the worklist counted them.
    """
    return analyze_found(scan(paths), model, policy, today, explain, received)


def analyze_found(
    found: Scan,
    model: Model,
    policy: Policy,
    today: date,
    explain: Explain | None = None,
    received: Mapping[str, int] = _UNKNOWN,
    damaged_elsewhere: tuple[Skipped, ...] = (),
) -> tuple[Analysis, SeriesSelection]:
    """Analyze a study as `analyze_study` does, once its files were scanned.

    `damaged_elsewhere` are instances that can no longer be read, were not scanned and may have been of the study.
    """
    damaged = (*damaged_instances(found.skipped), *damaged_elsewhere)
    selection = select_series(found.series, policy, today)
    if selection.chosen is None:
        reasons = (*selection.reasons, *Missing(damaged).cautions)
        return Analysis(Status.UNSUITABLE, None, reasons, skipped=damaged), selection
    analysis = analyze_series(selection.chosen, model, policy, explain=explain, damaged=damaged)
    if analysis.prediction is not None and not damaged:
        doubted = analysis.prediction.doubted(*vanished_caution(selection.chosen, received))
        analysis = replace(analysis, prediction=doubted)
    return analysis, selection


def analyze_series(
    series: Series,
    model: Model,
    policy: Policy,
    force: bool = False,
    explain: Explain | None = None,
    damaged: tuple[Skipped, ...] = (),
) -> Analysis:
    """Read a series that was judged suitable, or that a person forces, and predict.

    The model says whether the pixels show contrast, the policy whether that matters. What is missing from the series
    makes an answer uncertain that would be *not flagged*; `damaged` are files that may have been part of it.
    """
    start = time.perf_counter()
    seconds: dict[str, float] = {}
    missing = Missing(damaged)
    try:
        volume = read_volume(series, policy, force=force)
        missing = missing.within(volume)
        seconds["read"] = time.perf_counter() - start
        prediction = model.predict(volume).doubted(*missing.cautions)
        seconds["infer"] = time.perf_counter() - start - seconds["read"]
        if prediction.contrast and not (force or policy.accept_contrast):
            raise UnsuitableSeries(Reason.of(ReasonCode.CONTRAST, prediction.contrast))
    except UnsuitableSeries as error:
        reasons = (*error.reasons, *missing.cautions)
        return Analysis(Status.UNSUITABLE, series, reasons, forced=force, seconds=seconds, skipped=missing.skipped)
    return Analysis(
        Status.ANALYZED,
        series,
        prediction=prediction,
        sources=volume.sources,
        forced=force,
        seconds=seconds,
        explanation=explain(volume, prediction) if explain else None,
        shown=shown_slices(volume, prediction),
        skipped=missing.skipped,
    )


def assess_and_analyze(
    series: Series,
    model: Model,
    policy: Policy,
    today: date,
    force: bool,
    explain: Explain | None = None,
    skipped: Sequence[Skipped] = (),
) -> Analysis:
    """Analyze one series by itself, as `triage-node analyze` does; forced, the reasons against it stay visible.

    Of the files `skipped` by the scan those count that lie beside the series and were instances.
    """
    damaged = damaged_beside(series, skipped)
    reasons = suitability_reasons(series, policy, today)
    if reasons and not force:
        return Analysis(Status.UNSUITABLE, series, (*reasons, *Missing(damaged).cautions), skipped=damaged)
    analysis = analyze_series(series, model, policy, force=force, explain=explain, damaged=damaged)
    if analysis.status is not Status.ANALYZED or not reasons:
        return analysis
    return replace(analysis, reasons=reasons, forced=True)
