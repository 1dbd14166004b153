"""A folder as a destination, for whatever has no network."""

import io
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydicom.dataset import Dataset

from triage_node.complete_file import partial_file, sync_folder
from triage_node.endpoints import Destination
from triage_node.errors import PeerUnreachable
from triage_node.storage import hashed
from triage_node.user_agent import Caller

MODE = 0o640
"""The owner's group may read: whoever takes the files away is another user. The folder's rights say who gets in."""

PROBE = ".check"
"""Hidden, so that who takes the files away does not see it."""


class FolderTarget:
    """Write each object as ``SOP_INSTANCE_UID.dcm``: whole under a hidden name, then renamed.

    The folder must be there: one that is made where a share is not mounted would keep the reports to itself.
    """

    def __init__(self, destination: Destination, caller: Caller) -> None:  # noqa: ARG002
        self._folder = destination.folder

    def send(self, variants: Sequence[Dataset]) -> Dataset:
        """Write the first rendering; one that is there already is replaced by the same bytes."""
        ds = variants[0]
        buffer = io.BytesIO()
        ds.save_as(buffer, enforce_file_format=True)
        with self._errors():
            with partial_file(self._folder / _name(ds)) as partial:
                _write(partial, buffer.getvalue())
            sync_folder(self._folder)
        return ds

    def check(self) -> str:
        """Write a file and remove it."""
        with self._errors():
            with partial_file(self._folder / PROBE) as probe:
                _write(probe, b"")
            (self._folder / PROBE).unlink()
            free = shutil.disk_usage(self._folder).free
        return f"can be written, {free >> 20} MB free"

    def rest(self) -> None:
        """Nothing is held open."""

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why = error.strerror or str(error)
            raise PeerUnreachable(f"The folder {self._folder} cannot be written: {why}.") from error


def _name(ds: Dataset) -> str:
    uid = str(ds.SOPInstanceUID)
    is_plain = bool(uid) and len(uid) <= 64 and all(part.isdecimal() and part.isascii() for part in uid.split("."))
    return f"{uid if is_plain else hashed(uid)}.dcm"


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fdatasync(descriptor)
