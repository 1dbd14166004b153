"""The plots of the statistics: from the numbers of a period to what is drawn."""

from collections.abc import Sequence

from triage_node.statistics import DayNumbers, Drift, Percentiles, QueueLengths
from triage_node.web.views.plots import Line, Plot

DASHED, DOTTED = (6, 4), (2, 3)


def day_plots(days: Sequence[DayNumbers], stage: str) -> list[Plot]:
    """Return throughput, positive rate and turnaround by day."""
    return [throughput(days), positive_rate(days), turnaround(days, stage)]


def throughput(days: Sequence[DayNumbers]) -> Plot:
    """Plot how many studies came on each day, and what became of them."""
    numbers = [day.numbers for day in days]
    lines = (
        Line("arrived", tuple(one.arrivals for one in numbers), "plot-1", "bars"),
        Line("flagged", tuple(one.flagged for one in numbers), "plot-4"),
        Line("uncertain", tuple(one.uncertain for one in numbers), "plot-2", dash=DASHED),
        Line("failed", tuple(one.failed for one in numbers), "text", dash=DOTTED),
    )
    return Plot("throughput", "Studies a day", "day", _days(days), lines)


def positive_rate(days: Sequence[DayNumbers]) -> Plot:
    """Plot how many of each day's analyzed studies were flagged."""
    lines = (Line("flagged of analyzed", tuple(day.numbers.positive_rate for day in days), "plot-4"),)
    hint = "Of the studies analyzed; a day with few studies jumps."
    return Plot("positive-rate", "Positive rate", "day", _days(days), lines, "share", hint)


def turnaround(days: Sequence[DayNumbers], stage: str) -> Plot:
    """Plot how long a stage took on each day."""
    found = [day.numbers.turnaround_seconds.get(stage, Percentiles(0)) for day in days]
    lines = (
        Line("95th percentile", tuple(one.p95 for one in found), "plot-2", dash=DASHED),
        Line("median", tuple(one.p50 for one in found), "plot-1"),
    )
    title = "Turnaround, arrival to answer" if stage == "total" else f"Turnaround, {stage}"
    return Plot("turnaround-by-day", title, "day", _days(days), lines, "seconds")


def queues(history: Sequence[QueueLengths]) -> Plot:
    """Plot how long the queues were."""
    lines = (
        Line("images coming", tuple(one.receiving for one in history), "plot-3", "steps"),
        Line("studies waiting", tuple(one.waiting for one in history), "plot-1", "steps"),
        Line("reports on their way", tuple(one.reports for one in history), "plot-2", "steps"),
    )
    places = tuple(one.at for one in history)
    return Plot("queues", "Longest queues", "moment", places, lines, hint="The longest that was seen in each hour.")


def score_drift(drift: Drift) -> Plot:
    """Plot the scores of the period beside those before it."""
    width = 1 / len(drift.labels)
    places = tuple(round(number * width + width / 2, 3) for number in range(len(drift.labels)))
    lines = (
        Line("this period", tuple(drift.current), "plot-1", "bars"),
        Line("before", tuple(drift.reference), "plot-2", dash=DASHED),
    )
    return Plot("scores", "Scores of any hemorrhage", "number", places, lines, "share")


def _days(days: Sequence[DayNumbers]) -> tuple[str, ...]:
    return tuple(day.day for day in days)
