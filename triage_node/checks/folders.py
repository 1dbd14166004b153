"""The data folder: whether the node may write there, whether its disk is one, and whether that has room."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from triage_node.byte_size import byte_size
from triage_node.checks.result import Result, failed, ok, warning
from triage_node.config import Settings
from triage_node.errors import TriageError
from triage_node.storage import Disk, Level, Spool, Watermarks, spool_folder

NETWORK = frozenset(
    ["nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "9p", "lustre", "beegfs", "gpfs", "ncpfs", "glusterfs"]
) | {"fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "fuse.ceph", "fuse.ceph-fuse", "fuse.davfs"}
MOUNTS = Path("/proc/self/mountinfo")


def check_folders(settings: Settings, mounts: Path = MOUNTS) -> Iterator[Result]:
    """Look at the data folder; where no node ran nothing is made, it may have been named by mistake.

    Parameters
    ----------
    mounts
        What is mounted, as proc(5) has it.
    """
    try:
        there = _existing(settings.data_dir)
        yield _room(settings, there)
    except TriageError as error:
        yield failed("disk", str(error))
        return
    kind = _file_system(there.resolve(), mounts)
    if kind in NETWORK:
        yield _on_network(settings, kind)


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there."""
    if spool_folder(folder).exists() and os.access(spool_folder(folder), os.W_OK | os.X_OK):
        Spool(spool_folder(folder))
    there = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise TriageError(
            f"The data folder {folder} cannot be used: {there} is no folder that the node may write. Make it the "
            "node's own with chown, or name another with data_dir."
        )
    return there


def _room(settings: Settings, there: Path) -> Result:
    space = Disk(there, Watermarks.of(settings)).space()
    if space.level is Level.FULL:
        raise TriageError(
            f"{byte_size(space.free)} free is less than the reserve of {byte_size(space.reserve)}: nothing would be "
            "taken. Make room, or take another disk with data_dir."
        )
    free = f"{byte_size(space.free)} of {byte_size(space.total)} free at {there}"
    if space.level is Level.LOW:
        return warning("disk", f"{free}, which is little: the node warns below {byte_size(space.warn)}; make room.")
    folder = settings.data_dir
    return ok("disk", free if folder.exists() else f"{folder} is not there yet; the first start makes it; {free}")


def _on_network(settings: Settings, kind: str) -> Result:
    """SQLite's write-ahead log wants memory that processes share, which no network file system gives."""
    what = f"{settings.data_dir} is on a network file system ({kind})"
    if settings.database_url is None:
        return failed(
            "file system", f"{what}, where SQLite loses data: take a disk of this machine, or set database_url."
        )
    return warning("file system", f"{what}: each image waits for the network; a disk of this machine is better.")


def _file_system(folder: Path, mounts: Path) -> str:
    """Return the type of the file system that a folder is on, empty where nobody knows."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return ""
    found = [(point, kind) for point, kind in map(_mount, lines) if folder.is_relative_to(point)]
    return max(found, key=lambda one: len(one[0].parts))[1] if found else ""


def _mount(line: str) -> tuple[Path, str]:
    before, _, after = line.partition(" - ")
    point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), before.split()[4])
    return Path(point), after.split()[0]
