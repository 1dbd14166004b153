"""What an archive can do, of whichever kind it is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from triage_node.archive.entries import Batch
from triage_node.archive.index_rows import IndexRow


@dataclass(frozen=True)
class LocalFiles:
    """The files of a study where this machine can read them.

    Attributes
    ----------
    paths
        The files.
    names
        What each is called in the archive.
    received
        How many instances the archive said it has of each series, by Series Instance UID.
    """

    paths: tuple[Path, ...]
    names: Mapping[Path, str] = field(default_factory=dict)
    received: Mapping[str, int] = field(default_factory=dict)


class Archive(Protocol):
    """Where studies lie; it goes to other processes by pickling, and opens nothing before it is asked."""

    @property
    def name(self) -> str:
        """What it is called, without a secret; a result is of one archive."""

    def batches(self, after: str) -> Iterator[Batch]:
        """List what is there, after a cursor."""

    def index(self, batch: Batch) -> list[IndexRow]:
        """Say of each entry of a batch which study it belongs to, or why to none."""

    def fetch(self, study_instance_uid: str, names: Sequence[str], folder: Path) -> LocalFiles:
        """Return the files of a study, brought into an empty folder where they are not on this machine.

        Raises
        ------
        PeerUnreachable
            The archive does not answer now.
        """
