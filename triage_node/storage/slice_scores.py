"""What a model said of each slice of a series, read back: where a person looks first, by number."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from triage_node.findings import LABELS, Label
from triage_node.storage.spool import Spool

Scores = Mapping[str, float]
"""Probabilities by label."""


@dataclass(frozen=True)
class SlicePlace:
    """A slice in its series, counted from 1 at the feet."""

    number: int
    count: int

    def __str__(self) -> str:
        return f"slice {self.number} of {self.count}"


@dataclass(frozen=True)
class SliceScores:
    """The scores of each received slice, from feet to head, by SOP Instance UID and number of the frame."""

    by_slice: Mapping[tuple[str, int | None], Scores]

    @classmethod
    def of(cls, content: bytes | None) -> Self:
        """Read the JSON beside a result; there are no scores where there is none."""
        rows = [] if content is None else json.loads(content)
        return cls({(row["sop_instance_uid"], row["frame_number"]): row["probabilities"] for row in rows})

    def place(self, sop_instance_uid: str, frame_number: int | None) -> SlicePlace | None:
        """Return where a slice lies, None when it is none of these."""
        names = list(self.by_slice)
        name = (sop_instance_uid, frame_number)
        return SlicePlace(names.index(name) + 1, len(names)) if name in self.by_slice else None

    def best(self) -> dict[Label, SlicePlace]:
        """Return the slice with the highest score of each label; empty without scores."""
        rows = list(self.by_slice.values())
        return {label: SlicePlace(at + 1, len(rows)) for label, at in best_slices(rows).items()}


def stored_slice_scores(spool: Spool, study_instance_uid: str, folder: str | None) -> SliceScores:
    """Return what lies beside a result; no scores where there is no folder of one.

    Raises
    ------
    StorageError, ObjectStorageError
        They cannot be read.
    """
    return SliceScores.of(spool.result(study_instance_uid, folder).slice_scores() if folder else None)


def best_slices(rows: Sequence[Scores | None]) -> dict[Label, int]:
    """Return for each label the index of the slice with the highest score; empty without scores.

    Slices of a slab have the scores of the slab; the one in its middle is meant, as in the report.
    """
    known = [(at, row) for at, row in enumerate(rows) if row is not None]
    if not known:
        return {}
    return {label: _middle(rows, max(known, key=lambda pair: pair[1][label])[0]) for label in LABELS}


def _middle(rows: Sequence[Scores | None], first: int) -> int:
    end = first + 1
    while end < len(rows) and rows[end] == rows[first]:
        end += 1
    return first + (end - first) // 2
