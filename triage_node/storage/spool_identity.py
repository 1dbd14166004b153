"""The name of a spool among those of one database: random, made once, kept in it."""

import re
import socket
import uuid
from pathlib import Path

from triage_node.complete_file import storage_errors
from triage_node.errors import StorageError
from triage_node.storage.made_once import make_once

FILE_NAME = "spool-name"
NAME = re.compile(r"[A-Za-z0-9.-]{1,100}")


def spool_name(root: Path) -> str:
    """Return the name of a spool; the first who asks makes it of the machine's name and a random part.

    Raises
    ------
    StorageError
        The file cannot be read or written, or does not hold a name.
    """
    path = root / FILE_NAME
    host = re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname().partition(".")[0])[:60] or "node"
    with storage_errors(f"read the name of the spool in {path}"):
        make_once(path, f"{host}-{uuid.uuid4().hex[:8]}\n".encode())
        name = path.read_bytes()[:200].decode("ascii", "replace").strip() if path.is_file() else ""
    if not NAME.fullmatch(name):
        raise StorageError(f"The file {path} does not hold the name of the spool: put it back from a backup.")
    return name
