"""What happens to a study, in one sentence: scan, choose, read, predict."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Protocol

from triage_node.errors import UnsuitableSeries
from triage_node.findings import ModelIdentity, Prediction
from triage_node.imaging import Choice, Policy, Series, choose, judge, read_volume, scan
from triage_node.imaging.volume import SourceSlice, Volume
from triage_node.reasons import Reason
from triage_node.worklist.outcome import Status


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


def analyze_study(paths: Iterable[Path], model: Model, policy: Policy, today: date) -> tuple[Analysis, Choice]:
    """Analyze the best head CT series among the files of a study; the choice says why it was this one, or none."""
    choice = choose(scan(paths).series, policy, today)
    if choice.chosen is None:
        return Analysis(Status.UNSUITABLE, None, choice.reasons), choice
    return analyze_series(choice.chosen, model, policy), choice


def analyze_series(series: Series, model: Model, policy: Policy, force: bool = False) -> Analysis:
    """Read a series that was judged suitable, or that a person forces, and predict."""
    start = time.perf_counter()
    seconds: dict[str, float] = {}
    try:
        volume = read_volume(series, policy, force=force)
        seconds["read"] = time.perf_counter() - start
        prediction = model.predict(volume)
        seconds["infer"] = time.perf_counter() - start - seconds["read"]
    except UnsuitableSeries as error:
        return Analysis(Status.UNSUITABLE, series, error.reasons, forced=force, seconds=seconds)
    return Analysis(
        Status.ANALYZED, series, prediction=prediction, sources=volume.sources, forced=force, seconds=seconds
    )


def judge_and_analyze(series: Series, model: Model, policy: Policy, today: date, force: bool) -> Analysis:
    """Analyze one series by itself, as `triage-node analyze` does; forced, the reasons against it stay visible."""
    reasons = judge(series, policy, today)
    if reasons and not force:
        return Analysis(Status.UNSUITABLE, series, reasons)
    analysis = analyze_series(series, model, policy, force=force)
    if analysis.status is not Status.ANALYZED or not reasons:
        return analysis
    return Analysis(
        analysis.status, series, reasons, analysis.prediction, analysis.sources, forced=True, seconds=analysis.seconds
    )
