"""Which process listens on a port or holds a file, as Linux tells in /proc (proc(5)); elsewhere nobody knows."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
LISTEN = "0A"
"""TCP_LISTEN in /proc/net/tcp."""


@dataclass(frozen=True)
class Process:
    """A process of this machine."""

    pid: int
    name: str

    def __str__(self) -> str:
        return f"process {self.pid} ({self.name})"


def listener_on(port: int) -> Process | None:
    """Return who listens on a TCP port; None where nobody does, or another user's process that we may not look at."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    return _owner_of(sockets) if sockets else None


def holder_of(file: Path) -> Process | None:
    """Return who has a file open, likewise."""
    return _owner_of({str(file.absolute()), str(file.resolve())})


def open_files_limit(process: Process | None) -> int | None:
    """Return how many files a process may have open, by default this one; None where nobody knows."""
    folder = PROC / ("self" if process is None else str(process.pid))
    try:
        lines = (folder / "limits").read_text().splitlines()
    except OSError:
        return None
    soft = next((line.split()[3] for line in lines if line.startswith("Max open files")), "unlimited")
    return int(soft) if soft.isdigit() else None


def _listening_inodes(port: int) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        try:
            lines = (PROC / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]


def _owner_of(targets: set[str]) -> Process | None:
    for folder in PROC.glob("[0-9]*"):
        try:
            if any(str(one.readlink()) in targets for one in (folder / "fd").iterdir()):
                return Process(int(folder.name), (folder / "comm").read_text().strip())
        except OSError:  # it has ended, or is another user's
            continue
    return None
