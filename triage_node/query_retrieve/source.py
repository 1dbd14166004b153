"""What each kind of query source can do."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

MOST_INSTANCES = 20_000
"""A study that is said to have more is not listed; no head CT comes near it."""
LARGEST_INSTANCE_BYTES = 1 << 29
"""What is retrieved by C-GET or WADO-RS is held in memory, instance by instance; a larger one needs C-MOVE."""

Keep = Callable[[bytes], int]
"""Keeps the bytes of a file, and returns the status that answers a C-STORE of it."""


@dataclass(frozen=True)
class SourceStudy:
    """A study as a source lists it."""

    study_instance_uid: str
    study_date: str = ""
    study_description: str = ""


@dataclass(frozen=True)
class SourceInstance:
    """An instance as a source lists it; the SOP class is empty where it does not say it."""

    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str = ""


@dataclass(frozen=True)
class Retrieved:
    """How far a retrieval has come, in instances."""

    completed: int
    failed: int


class Source(Protocol):
    """A source of one kind; used by one thread at a time.

    Every method raises `PeerError`: `PeerUnreachable`, `PeerCongested` and `PeerDenied` when the source answers
    nothing now, others when it does not answer this.
    """

    def studies(self, accession_number: str) -> list[SourceStudy]:
        """Return the studies with an accession number."""

    def count(self, study_instance_uid: str) -> int | None:
        """Return how many instances the source has of a study; None when it does not know the study."""

    def instances(self, study_instance_uid: str) -> list[SourceInstance]:
        """Return which instances it has."""

    def retrieve(self, study_instance_uid: str, wanted: Sequence[SourceInstance], keep: Keep) -> Iterator[Retrieved]:
        """Retrieve instances, and yield how far it is.

        Parameters
        ----------
        keep
            Keeps what comes to the caller; by C-MOVE all goes to the node's listener instead.
        """

    def check(self) -> str:
        """Try a query; return what the source does, as in "answers C-FIND in 3 ms"."""
