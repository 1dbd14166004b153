"""The tables of the statistics, each also a CSV file: head, then rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from triage_node.statistics import Agreement, Percentiles, TypeAgreement
from triage_node.web.views.statistics_period import Numbers

COUNTS = ("arrivals", "analyzed", "flagged", "uncertain", "not_flagged", "unsuitable", "failed", "delivered")
STAGES = ("receiving", "queue", "read", "infer", "report", "delivery", "acknowledgement", "total")

Rows = Iterator[tuple[Any, ...]]


@dataclass(frozen=True)
class Table:
    """Heads, and how rows come out of the numbers of a period."""

    heads: tuple[str, ...]
    rows: Callable[[Numbers], Rows]


def _days(numbers: Numbers) -> Rows:
    for day in numbers.statistics.numbers.days:
        turnaround = [day.numbers.turnaround_seconds.get(stage, Percentiles(0)) for stage in STAGES]
        counts = (getattr(day.numbers, name) for name in COUNTS)
        yield day.day, *counts, *(part for one in turnaround for part in (one.p50, one.p95))


def _turnaround(numbers: Numbers) -> Rows:
    for stage in STAGES:
        one = numbers.statistics.numbers.turnaround_seconds[stage]
        yield stage, one.count, one.p50, one.p95


def _reasons(numbers: Numbers) -> Rows:
    found = numbers.statistics.numbers
    for status, by_reason in (("failed", found.failed_by_reason), ("unsuitable", found.unsuitable_by_reason)):
        for code, number in by_reason.items():
            yield status, code, number


def _queues(numbers: Numbers) -> Rows:
    for one in numbers.queues:
        yield one.at, one.receiving, one.waiting, one.reports


def _mix(name: Literal["scores", "scanners"]) -> Callable[[Numbers], Rows]:
    def rows(numbers: Numbers) -> Rows:
        drift = numbers.statistics.drift.scores if name == "scores" else numbers.statistics.drift.scanners
        return zip(drift.labels, drift.current, drift.reference, strict=True)

    return rows


def _agreement(numbers: Numbers) -> Rows:
    agreement = numbers.statistics.agreement
    rows: list[tuple[str, Agreement | TypeAgreement]] = [("any", agreement), *agreement.types.items()]
    for name, one in rows:
        for measure, ratio in (("ppv", one.ppv), ("sensitivity", one.sensitivity)):
            yield name, measure, *((ratio.value, ratio.low, ratio.high, ratio.of) if ratio else (None,) * 4)


BY_NAME = {
    "days": Table(("day", *COUNTS, *(f"{stage}_{part}_seconds" for stage in STAGES for part in ("p50", "p95"))), _days),
    "turnaround": Table(("stage", "studies", "p50_seconds", "p95_seconds"), _turnaround),
    "reasons": Table(("state", "reason", "studies"), _reasons),
    "queues": Table(("at", "images_coming", "studies_waiting", "reports_on_their_way"), _queues),
    "scores": Table(("score_from", "share", "share_before"), _mix("scores")),
    "scanners": Table(("scanner", "share", "share_before"), _mix("scanners")),
    "agreement": Table(("type", "measure", "value", "low", "high", "of"), _agreement),
}
