"""What happens to a study, in one sentence: scan, choose, read, predict."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Protocol

import numpy as np

from triage_node.errors import UnsuitableSeries
from triage_node.findings import ModelIdentity, Prediction
from triage_node.imaging import Choice, Policy, Series, choose, judge, read_volume, scan
from triage_node.imaging.volume import SourceSlice, Volume
from triage_node.reasons import Reason, ReasonCode
from triage_node.worklist.outcome import Status


class Picture(Protocol):
    """Where the model looked, for quality control."""

    @property
    def pixels(self) -> np.ndarray:
        """``(rows, columns, 3) uint8``, RGB."""

    @property
    def sources(self) -> tuple[SourceSlice, ...]:
        """The received slices it shows."""

    def png(self) -> bytes:
        """Return the picture as a PNG file."""


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


def analyze_study(
    paths: Iterable[Path], model: Model, policy: Policy, today: date, explain: Explain | None = None
) -> tuple[Analysis, Choice]:
    """Analyze the best head CT series among the files of a study; the choice says why it was this one, or none."""
    choice = choose(scan(paths).series, policy, today)
    if choice.chosen is None:
        return Analysis(Status.UNSUITABLE, None, choice.reasons), choice
    return analyze_series(choice.chosen, model, policy, explain=explain), choice


def analyze_series(
    series: Series, model: Model, policy: Policy, force: bool = False, explain: Explain | None = None
) -> Analysis:
    """Read a series that was judged suitable, or that a person forces, and predict.

    The model says whether the pixels show contrast, the policy whether that matters.
    """
    start = time.perf_counter()
    seconds: dict[str, float] = {}
    try:
        volume = read_volume(series, policy, force=force)
        seconds["read"] = time.perf_counter() - start
        prediction = model.predict(volume)
        seconds["infer"] = time.perf_counter() - start - seconds["read"]
        if prediction.contrast and not (force or policy.accept_contrast):
            raise UnsuitableSeries(Reason.of(ReasonCode.CONTRAST, prediction.contrast))
    except UnsuitableSeries as error:
        return Analysis(Status.UNSUITABLE, series, error.reasons, forced=force, seconds=seconds)
    return Analysis(
        Status.ANALYZED,
        series,
        prediction=prediction,
        sources=volume.sources,
        forced=force,
        seconds=seconds,
        explanation=explain(volume, prediction) if explain else None,
    )


def judge_and_analyze(
    series: Series, model: Model, policy: Policy, today: date, force: bool, explain: Explain | None = None
) -> Analysis:
    """Analyze one series by itself, as `triage-node analyze` does; forced, the reasons against it stay visible."""
    reasons = judge(series, policy, today)
    if reasons and not force:
        return Analysis(Status.UNSUITABLE, series, reasons)
    analysis = analyze_series(series, model, policy, force=force, explain=explain)
    if analysis.status is not Status.ANALYZED or not reasons:
        return analysis
    return replace(analysis, reasons=reasons, forced=True)
