"""A summary as plain text for a terminal."""

from collections.abc import Iterator

from triage_node.findings import Decision
from triage_node.report.header import printable
from triage_node.report.summary import LabelSummary, Summary

WORDS: dict[Decision | None, str] = {Decision.FLAGGED: "suspected", Decision.UNCERTAIN: "uncertain"}
"""What a terminal shows for a presence code; the code's own meaning would sound like a diagnosis."""


def render(summary: Summary) -> str:
    """Return the summary in lines of plain text that carry no control characters."""
    return "\n".join(printable(line) for line in _lines(summary))


def _lines(summary: Summary) -> Iterator[str]:
    yield summary.series_description or "(no series description)"
    yield f"  {summary.sentence or '(no summary text)'}"
    yield from (f"  {reason}" for reason in summary.reasons)
    yield ""
    yield from (_label_line(each) for each in summary.labels)
    yield from _facts(summary)


def _label_line(each: LabelSummary) -> str:
    score = "     -" if each.probability is None else f"{each.probability:6.1%}"
    line = f"  {each.label:<17}{score}  {WORDS.get(each.decision, each.text)}{_thresholds(each)}"
    if each.best_slice is None:
        return line
    frame = f" frame {each.best_slice.frame_number}" if each.best_slice.frame_number else ""
    return f"{line}, see {each.best_slice.sop_instance_uid}{frame}"


def _thresholds(each: LabelSummary) -> str:
    if each.calibration is None:
        return ""
    return f" (uncertain from {each.calibration.uncertain:.1%}, suspected above {each.calibration.flag:.1%})"


def _facts(summary: Summary) -> Iterator[str]:
    instances, series = sum(summary.source_counts.values()), len(summary.source_counts)
    yield f"  model            {summary.model.name} {summary.model.version}".rstrip()
    yield from (f"  parameter        {parameter}" for parameter in summary.parameters)
    yield f"  evidence         {instances} instances in {series} series"
    if summary.series_analyzed:
        yield f"  series           {summary.series_analyzed}"
    yield from (f"  other series     {sentence}" for sentence in summary.series_not_analyzed)
    if summary.revision is not None:
        yield f"  revision         {summary.revision}"
    yield from (f"  replaces         {uid}" for uid in summary.replaces)
    yield f"  study            {summary.study_instance_uid}"
    yield f"  report           {summary.sop_instance_uid}"
