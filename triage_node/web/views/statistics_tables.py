"""The tables of the statistics, each also a CSV file: head, then rows."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

COUNTS = ("arrivals", "analyzed", "flagged", "uncertain", "not_flagged", "unsuitable", "failed", "delivered")
STAGES = ("receiving", "queue", "read", "infer", "report", "delivery", "total")
PARTS = ("p50", "p95")

Numbers = Mapping[str, Any]
Rows = Iterator[tuple[Any, ...]]


@dataclass(frozen=True)
class Table:
    """Heads, and how rows come out of the numbers of a period."""

    heads: tuple[str, ...]
    rows: Callable[[Numbers], Rows]


def _days(numbers: Numbers) -> Rows:
    for day in numbers["days"]:
        turnaround = [day["turnaround_seconds"].get(stage, {}) for stage in STAGES]
        yield day["day"], *(day[name] for name in COUNTS), *(one.get(part) for one in turnaround for part in PARTS)


def _turnaround(numbers: Numbers) -> Rows:
    for stage in STAGES:
        one = numbers["turnaround_seconds"][stage]
        yield stage, one["count"], one["p50"], one["p95"]


def _reasons(numbers: Numbers) -> Rows:
    for status in ("failed", "unsuitable"):
        for code, number in numbers[f"{status}_by_reason"].items():
            yield status, code, number


def _queues(numbers: Numbers) -> Rows:
    for one in numbers["queues"]:
        yield one["at"], one["receiving"], one["waiting"], one["reports"]


def _mix(name: str) -> Callable[[Numbers], Rows]:
    def rows(numbers: Numbers) -> Rows:
        drift = numbers["drift"][name]
        return zip(drift["labels"], drift["current"], drift["reference"], strict=True)

    return rows


def _agreement(numbers: Numbers) -> Rows:
    agreement = numbers["agreement"]
    for name, one in (("any", agreement), *agreement["types"].items()):
        for what in ("ppv", "sensitivity"):
            ratio = one[what] or {}
            yield name, what, ratio.get("value"), ratio.get("low"), ratio.get("high"), ratio.get("of")


BY_NAME = {
    "days": Table(("day", *COUNTS, *(f"{stage}_{part}_seconds" for stage in STAGES for part in PARTS)), _days),
    "turnaround": Table(("stage", "studies", "p50_seconds", "p95_seconds"), _turnaround),
    "reasons": Table(("state", "reason", "studies"), _reasons),
    "queues": Table(("at", "images_coming", "studies_waiting", "reports_on_their_way"), _queues),
    "scores": Table(("score_from", "share", "share_before"), _mix("scores")),
    "scanners": Table(("scanner", "share", "share_before"), _mix("scanners")),
    "agreement": Table(("type", "measure", "value", "low", "high", "of"), _agreement),
}
