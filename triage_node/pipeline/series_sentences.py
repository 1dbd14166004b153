"""Which series an answer is about, and why not the others: sentences for the report."""

from collections.abc import Sequence

from triage_node.imaging import Series, SeriesSelection, figures_of, whole
from triage_node.pipeline.analysis import Analysis
from triage_node.reasons import Reason

MOST_SERIES = 40
"""More sentences nobody reads; the rest is counted."""


def series_analyzed(analysis: Analysis) -> str:
    """Return which series was analyzed, with the figures it was judged by; empty when none was."""
    if analysis.prediction is None or analysis.series is None:
        return ""
    figures = figures_of(analysis.series)
    if figures is None:
        return f"{_name(analysis.series)}."
    kernel = f", kernel {figures.kernel}" if figures.kernel else ""
    return (
        f"{_name(analysis.series)}: {figures.slices} slices of {figures.thickness_mm:.2f} mm, "
        f"{figures.spacing_mm:.2f} mm apart, {figures.coverage_mm:.0f} mm of the head, "
        f"tilted by {figures.tilt_degrees:.0f} degrees{kernel}."
    )


def series_not_analyzed(analysis: Analysis, selection: SeriesSelection) -> tuple[str, ...]:
    """Return the other series in the order of their numbers, each with what speaks against it."""
    analyzed = analysis.series if analysis.prediction is not None else None
    others = sorted((one for one in selection.assessments if one[0] is not analyzed), key=_order)
    sentences = tuple(f"{_name(one)}: {_why(one, reasons, analysis, selection)}" for one, reasons in others)
    if len(sentences) <= MOST_SERIES:
        return sentences
    return (*sentences[:MOST_SERIES], f"{len(sentences) - MOST_SERIES} more series.")


def _why(series: Series, reasons: Sequence[Reason], analysis: Analysis, selection: SeriesSelection) -> str:
    """The chosen series without an answer, and one that failed with the study, have the reasons of the study."""
    if reasons:
        return " ".join(reason.message for reason in reasons)
    if analysis.prediction is not None and selection.chosen is not None:
        return f"Suitable too; {selection.behind(series)}."
    if series is selection.chosen:
        return " ".join(reason.message for reason in analysis.reasons)
    return "Suitable too; the series that comes before it gave no answer."


def _name(series: Series) -> str:
    number = whole(series.header, "SeriesNumber")
    return (
        f"Series {series.series_instance_uid}" if number is None else f"Series {number} ({series.series_instance_uid})"
    )


def _order(assessment: tuple[Series, tuple[Reason, ...]]) -> tuple[int, str]:
    number = whole(assessment[0].header, "SeriesNumber")
    return (1 << 31 if number is None else number), assessment[0].series_instance_uid
