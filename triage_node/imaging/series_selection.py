"""Of the series of one study, the one to analyze."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from triage_node.errors import UnsuitableSeries
from triage_node.imaging.completeness.gaps import find_gaps
from triage_node.imaging.completeness.usable import usable_stack
from triage_node.imaging.header import number
from triage_node.imaging.patient import names_several_patients
from triage_node.imaging.policy import Policy
from triage_node.imaging.series import Series
from triage_node.imaging.slices import slices_in
from triage_node.imaging.suitability import suitability_reasons, thickness_mm
from triage_node.reasons import Reason, ReasonCode

_BEST_THICKNESS_MM = (3.0, 6.0)
_SHARP = re.compile(
    r"\b(BONE\w*|EDGE|LUNG|DETAIL|SHARP|ULTRA|KNOCHEN|OS|HUESO|Y[A-E]|FC(3\d|5\d|8\d)|[BHUJ]R?\d*[6-9]\d[FSHMU]?)\b"
)
_SOFT = re.compile(
    r"\b(SOFT|STANDARD|STND|STD|SMOOTH|BRAIN|HEAD|PARENCH\w*|U[AB]|FC[012]\d|FC6[2-8]|[BHUJ]R?\d*[0-4]\d[FSHMU]?)\b"
)

_RANK_WORDS = (
    "its kernel is sharper, or not known to be soft",
    "slices are missing in it",
    "its slice thickness is less usual",
    "it covers less of the head",
    "its series number is higher",
    "its UID comes later",
)


@dataclass(frozen=True)
class SeriesSelection:
    """What was found of the series of a study.

    Attributes
    ----------
    chosen
        The best suitable series, None when there is none.
    assessments
        Every series with the reasons against it, in the order given.
    """

    chosen: Series | None
    assessments: tuple[tuple[Series, tuple[Reason, ...]], ...]

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why nothing was chosen: the reasons of the series that came nearest; empty when one was chosen."""
        if self.chosen is not None:
            return ()
        if not any("Rows" in series.header for series, _ in self.assessments):
            return (Reason.of(ReasonCode.NO_IMAGES),)
        return min(self.assessments, key=_distance)[1]

    def behind(self, series: Series) -> str:
        """Return in words what puts a suitable series behind the chosen one."""
        if self.chosen is None:
            raise ValueError("no series was chosen")
        pairs = zip(_rank(self.chosen), _rank(series), _RANK_WORDS, strict=True)
        return next((words for one, other, words in pairs if one != other), "it is the same")


def select_series(series: Sequence[Series], policy: Policy, today: date) -> SeriesSelection:
    """Judge every series of a study and pick the best head CT.

    Among suitable series a soft kernel comes first, then one without a hole, then a thickness of 3 to 6 mm, then the
    longest stack. Where the series name different patients none is suitable.

    Parameters
    ----------
    series
        The series of one study.
    policy
        The site's limits.
    today
        The day `Policy.prior_study_days` counts from.
    """
    mixed = names_several_patients(one.header for one in series)
    extra = (Reason.of(ReasonCode.MIXED_PATIENT),) if mixed else ()
    assessments = tuple(
        (one, tuple(dict.fromkeys((*extra, *suitability_reasons(one, policy, today))))) for one in series
    )
    suitable = [one for one, reasons in assessments if not reasons]
    return SeriesSelection(min(suitable, key=_rank, default=None), assessments)


def _rank(series: Series) -> tuple[object, ...]:
    """Lower is better; the last parts make the selection the same every time."""
    usable = usable_stack(series)
    stack = usable.stack
    incomplete = bool(usable.losses or any(gap.wide for gap in find_gaps(stack)))
    thinnest, thickest = _BEST_THICKNESS_MM
    thickness = thickness_mm(stack)
    unusual = 0 if thinnest <= thickness <= thickest else 1 if thickness < thinnest else 2
    coverage = -round(stack.coverage_mm / 10)
    order = number(series.header, "SeriesNumber") or 0
    return _sharpness(series), incomplete, unusual, coverage, order, series.series_instance_uid


def _sharpness(series: Series) -> int:
    """Return 0 for a soft kernel, 1 for an unknown one, 2 for a sharp one: the makers' names, or the description."""
    try:
        kernel = slices_in(series).frames[0].kernel
    except UnsuitableSeries:
        kernel = ""
    for words in (kernel, series.description):
        spoken = re.sub(r"[^A-Z0-9]+", " ", words.upper())
        if _SHARP.search(spoken):
            return 2
        if _SOFT.search(spoken):
            return 0
    return 1


def _distance(assessment: tuple[Series, tuple[Reason, ...]]) -> tuple[int, int]:
    series, reasons = assessment
    foreign = {ReasonCode.NOT_CT, ReasonCode.LOCALIZER, ReasonCode.NO_IMAGES, ReasonCode.DERIVED, ReasonCode.NOT_HEAD}
    return len(reasons) + 10 * sum(reason.code in foreign for reason in reasons), -len(series.instances)
