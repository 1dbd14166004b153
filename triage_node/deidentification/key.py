"""The secret that pseudonyms are derived from: a file in the data folder, made once."""

import os
import re
from pathlib import Path

from triage_node.complete_file import storage_errors
from triage_node.deidentification.pseudonyms import KEY_BYTES
from triage_node.errors import StorageError
from triage_node.storage import make_once

FILE_NAME = "deidentification-key"
_KEY = re.compile(rf"[0-9a-f]{{{2 * KEY_BYTES}}}")


def stored_key(data_dir: Path) -> bytes:
    """Return the key of a data folder; the first who asks makes it, readable by its owner only.

    Raises
    ------
    StorageError
        It cannot be read or written, or the file holds something else; it is never replaced, as what was exported
        before would not match what is exported then.
    """
    path = data_dir / FILE_NAME
    with storage_errors(f"read the key in {path}"):
        make_once(path, f"{one_off_key().hex()}\n".encode())
        content = path.read_bytes()[:200].decode("ascii", "replace").strip() if path.is_file() else ""
    if not _KEY.fullmatch(content):
        raise StorageError(
            f"The file {path} does not hold a key: put it back from a backup, or remove it, and the next export makes "
            "a new one, with other UIDs and dates."
        )
    return bytes.fromhex(content)


def one_off_key() -> bytes:
    """Return a random key that nobody keeps."""
    return os.urandom(KEY_BYTES)
