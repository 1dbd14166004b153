"""An instance that was kept and acknowledged, and has no row yet."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from triage_node.ingest.header import Header, read_open_header
from triage_node.storage import open_regular_file
from triage_node.worklist import ReceivedInstance


@dataclass(frozen=True)
class UnindexedInstance:
    """Where it lies and what is known of it; ``waits_since`` is by the monotonic clock."""

    path: Path
    header: Header
    size_bytes: int
    received_at: float
    calling_ae_title: str = ""
    urgent: bool = False
    waits_since: float = field(default_factory=time.monotonic, compare=False)

    def received(self) -> ReceivedInstance:
        """Return what the worklist is told of it."""
        return received_instance(
            self.header, self.size_bytes, self.received_at, self.calling_ae_title, self.header.urgent or self.urgent
        )


def read_unindexed(path: Path) -> UnindexedInstance:
    """Return what a file that lies in the spool says of itself; its sender is not known any more.

    Raises
    ------
    InvalidInstance
        It cannot be read, or is no file: a folder or a pipe in its place is not waited for.
    """
    with open_regular_file(path) as file:
        status = os.fstat(file.fileno())
        return UnindexedInstance(path, read_open_header(file), status.st_size, status.st_mtime)


def received_instance(
    header: Header, size_bytes: int, received_at: float, calling_ae_title: str = "", urgent: bool | None = None
) -> ReceivedInstance:
    """Return what the worklist is told of an instance; ``urgent`` when more than its header says so."""
    fields = vars(header) if urgent is None else {**vars(header), "urgent": urgent}
    return ReceivedInstance(**fields, size_bytes=size_bytes, received_at=received_at, calling_ae_title=calling_ae_title)
