"""The UID of this installation as a device (PS3.16 TID 1004): random, made once, kept in the data folder."""

import re
import uuid
from pathlib import Path

from triage_node.complete_file import storage_errors
from triage_node.errors import StorageError
from triage_node.storage.made_once import make_once

FILE_NAME = "device-uid"
UID = re.compile(r"2\.25\.(0|[1-9]\d{0,38})")


def device_uid(data_dir: Path, known: str | None = None) -> str:
    """Return the UID of the installation that has this data folder; the first who asks makes it.

    Parameters
    ----------
    known
        What it is to be, if the folder has none yet; by default a new one.

    Raises
    ------
    StorageError
        The file cannot be read or written, or does not hold a UID; it is never replaced, as reports that were sent
        name the device by it.
    """
    path = data_dir / FILE_NAME
    with storage_errors(f"read the device UID in {path}"):
        make_once(path, f"{known or f'2.25.{uuid.uuid4().int}'}\n".encode())  # PS3.5 B.2
        # A pipe in its place would be waited for.
        content = path.read_bytes()[:100].decode("ascii", "replace").strip() if path.is_file() else ""
    if not UID.fullmatch(content):
        raise StorageError(
            f"The file {path} does not hold the UID of this device (2.25. and a number): put it back from a backup, "
            "or remove it, and the node takes a new one."
        )
    return content
