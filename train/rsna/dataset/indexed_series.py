"""The index as series: which images belong together, where their bytes lie, and what is true of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from triage_node.findings import LABELS

UIDS = ("sop_instance_uid", "patient_id", "study_instance_uid", "series_instance_uid")
COLUMNS = (*UIDS, "source", *map(str, LABELS), "has_label")


@dataclass(frozen=True)
class IndexedSeries:
    """The images of one series, from feet to head.

    Attributes
    ----------
    columns
        The part of the index that is about them: a list for each of `COLUMNS`.
    """

    columns: dict[str, list[Any]]

    @property
    def sources(self) -> list[str]:
        """Return where each image lies, below the folder or in the archive of the images."""
        return self.columns["source"]

    @property
    def sop_instance_uids(self) -> list[str]:
        """Return the UID of each image."""
        return self.columns["sop_instance_uid"]

    def __len__(self) -> int:
        return len(self.columns["source"])


def series_starts(table: pa.Table) -> list[int]:
    """Return the first row of each series, and the number of rows at the end; an index is sorted by series."""
    uids = table["series_instance_uid"].to_pylist()
    return [row for row, uid in enumerate(uids) if row == 0 or uid != uids[row - 1]] + [len(uids)]


def series_between(table: pa.Table, starts: list[int], first: int, last: int) -> Iterator[IndexedSeries]:
    """Yield the series with the numbers `first` to `last` - 1."""
    for number in range(first, min(last, len(starts) - 1)):
        rows = table.slice(starts[number], starts[number + 1] - starts[number])
        yield IndexedSeries(rows.select(COLUMNS).to_pydict())
