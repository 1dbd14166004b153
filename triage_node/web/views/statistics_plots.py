"""The plots of the statistics: from the numbers of a period to what is drawn."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby

from triage_node.statistics import DayNumbers, Drift, Percentiles, QueueLengths, Step
from triage_node.web.views.plots import Line, Plot

DASHED, DOTTED = (6, 4), (2, 3)
MOST_ROWS = 100
"""Of a table; a longer one nobody reads."""
STAGE_WORDS = {
    "receiving": "first image to last",
    "queue": "waiting for the analysis",
    "read": "reading of the images",
    "infer": "the model",
    "report": "writing of the report",
    "delivery": "report to its arrival",
    "acknowledgement": "flagged to acknowledged",
    "total": "arrival to answer",
}


def step_plots(days: Sequence[DayNumbers], stage: str, step: Step) -> list[Plot]:
    """Return throughput, positive rate and turnaround by day, week or month."""
    return [throughput(days, step), positive_rate(days, step), turnaround(days, stage, step)]


def throughput(days: Sequence[DayNumbers], step: Step) -> Plot:
    """Plot how many studies came on each day, week or month, and what became of them."""
    numbers = [day.numbers for day in days]
    lines = (
        Line("arrived", tuple(one.arrivals for one in numbers), "plot-1", "bars"),
        Line("flagged", tuple(one.flagged for one in numbers), "plot-4"),
        Line("uncertain", tuple(one.uncertain for one in numbers), "plot-2", dash=DASHED),
        Line("failed", tuple(one.failed for one in numbers), "text", dash=DOTTED),
    )
    return Plot("throughput", f"Studies a {step}", "day", _days(days), lines, step=_word(step))


def positive_rate(days: Sequence[DayNumbers], step: Step) -> Plot:
    """Plot how many of the analyzed studies of each step were flagged."""
    lines = (Line("flagged of analyzed", tuple(day.numbers.positive_rate for day in days), "plot-4"),)
    hint = f"Of the studies analyzed; a {step} with few studies jumps."
    return Plot("positive-rate", "Positive rate", "day", _days(days), lines, "share", hint, _word(step))


def turnaround(days: Sequence[DayNumbers], stage: str, step: Step) -> Plot:
    """Plot how long a stage took in each step."""
    found = [day.numbers.turnaround_seconds.get(stage, Percentiles(0)) for day in days]
    lines = (
        Line("95th percentile", tuple(one.p95 for one in found), "plot-2", dash=DASHED),
        Line("median", tuple(one.p50 for one in found), "plot-1"),
    )
    title = f"Turnaround, {STAGE_WORDS[stage]}"
    return Plot("turnaround-by-day", title, "day", _days(days), lines, "seconds", step=_word(step))


def queues(history: Sequence[QueueLengths]) -> Plot:
    """Plot how long the queues were."""
    lines = (
        Line("images coming", tuple(one.receiving for one in history), "plot-3", "steps"),
        Line("studies waiting", tuple(one.waiting for one in history), "plot-1", "steps"),
        Line("reports on their way", tuple(one.reports for one in history), "plot-2", "steps"),
    )
    places = tuple(one.at for one in history)
    if len(history) <= MOST_ROWS:
        return Plot("queues", "Longest queues", "moment", places, lines, hint="The longest that was seen.")
    hint = "The longest that was seen in each hour; the table has the longest of each day."
    return Plot("queues", "Longest queues", "moment", places, lines, hint=hint, table=tuple(_by_day(history)))


def score_drift(drift: Drift) -> Plot:
    """Plot the scores of the period beside those before it."""
    width = 1 / len(drift.labels)
    places = tuple(round(number * width + width / 2, 3) for number in range(len(drift.labels)))
    lines = (
        Line("this period", tuple(drift.current), "plot-1", "bars"),
        Line("before", tuple(drift.reference), "plot-2", dash=DASHED),
    )
    return Plot("scores", "Scores of any hemorrhage", "number", places, lines, "share")


def _by_day(history: Sequence[QueueLengths]) -> Iterator[tuple[float | int | None, ...]]:
    """Yield the first moment of each local day and its longest queues."""
    for _, of_day in groupby(history, lambda one: date.fromtimestamp(one.at)):
        ones = list(of_day)
        seen = [[getattr(one, queue) for one in ones] for queue in ("receiving", "waiting", "reports")]
        yield ones[0].at, *(max((number for number in numbers if number is not None), default=None) for numbers in seen)


def _word(step: Step) -> str:
    return "" if step is Step.DAY else f"{step} from"


def _days(days: Sequence[DayNumbers]) -> tuple[str, ...]:
    return tuple(day.day for day in days)
