"""What a scan came to, in numbers."""

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from triage_node.archive.result import Result

MOST_WHYS = 20


@dataclass(frozen=True)
class Summary:
    """The numbers of a scan.

    Attributes
    ----------
    studies, series, files
        How many there are; files are those of the series.
    statuses, decisions, reasons
        How many series have each.
    skipped
        How many files and folders have no part in any series, by why; the commonest ones.
    read_seconds, infer_seconds
        What all processes took together for the series that were analyzed.
    """

    studies: int
    series: int
    files: int
    statuses: dict[str, int]
    decisions: dict[str, int]
    reasons: dict[str, int]
    skipped_files: int
    skipped: dict[str, int]
    read_seconds: float
    infer_seconds: float

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the summary of a file."""
        return cls(**json.loads(path.read_text()))

    def as_json(self) -> str:
        """Return the summary as it is kept."""
        return json.dumps(asdict(self), indent=1)


def summarize(result: Result, studies: int) -> Summary:
    """Count what a result says."""
    counts: dict[str, Counter[str]] = {"status": Counter(), "decision": Counter(), "reason": Counter()}
    sums = Counter[str]()
    for table in result.series.tables(["status", "decision", "reasons", "files", "read_seconds", "infer_seconds"]):
        for row in table.to_pylist():
            counts["status"][row["status"]] += 1
            counts["decision"].update([row["decision"]] if row["decision"] else [])
            counts["reason"].update(one["code"] for one in row["reasons"] or ())
            sums["series"] += 1
            for name in ("files", "read_seconds", "infer_seconds"):
                sums[name] += row[name] or 0
    skipped = Counter[str]()
    for table in result.skipped_tables(["why"]):
        skipped.update(table["why"].to_pylist())
    return Summary(
        studies,
        sums["series"],
        sums["files"],
        dict(counts["status"]),
        dict(counts["decision"]),
        dict(counts["reason"].most_common()),
        skipped.total(),
        dict(skipped.most_common(MOST_WHYS)),
        round(float(sums["read_seconds"]), 3),
        round(float(sums["infer_seconds"]), 3),
    )
