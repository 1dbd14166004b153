"""The UID of this installation as a device (PS3.16 TID 1004): random, made once, kept in the data folder."""

import os
import re
import uuid
from contextlib import suppress
from pathlib import Path

from triage_node.complete_file import storage_errors, sync_folder
from triage_node.errors import StorageError
from triage_node.storage.durable_write import write_durably

FILE_NAME = "device-uid"
UID = re.compile(r"2\.25\.(0|[1-9]\d{0,38})")


def device_uid(data_dir: Path) -> str:
    """Return the UID of the installation that has this data folder; the first who asks makes it.

    Raises
    ------
    StorageError
        The file cannot be read or written, or does not hold a UID; it is never replaced, as reports that were sent
        name the device by it.
    """
    path = data_dir / FILE_NAME
    with storage_errors(f"read the device UID in {path}"):
        if not path.exists():
            _make(path)
        # A pipe in its place would be waited for.
        content = path.read_bytes()[:100].decode("ascii", "replace").strip() if path.is_file() else ""
    if not UID.fullmatch(content):
        raise StorageError(
            f"The file {path} does not hold the UID of this device (2.25. and a number): put it back from a backup, "
            "or remove it, and the node takes a new one."
        )
    return content


def _make(path: Path) -> None:
    """Make a UID from a random UUID (PS3.5 B.2); of several processes at once the first one's counts."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        write_durably(own, f"2.25.{uuid.uuid4().int}\n".encode())
        with suppress(FileExistsError):
            os.link(own, path)
        sync_folder(path.parent)
    finally:
        own.unlink(missing_ok=True)
