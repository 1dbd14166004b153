"""The folder that an export writes a study to, and that the feedback names: whole under its name, or not there."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from triage_node.errors import StorageError, TriageError

if TYPE_CHECKING:
    from triage_node.deidentification import Pseudonyms

PARTIAL = ".part"


def folder_name(study_instance_uid: str, pseudonyms: "Pseudonyms | None") -> str:
    """Return the folder of a study: its Study Instance UID, in a de-identified export the new one."""
    return study_instance_uid if pseudonyms is None else pseudonyms.uid(study_instance_uid)


def check_outside(path: Path, data_dir: Path) -> None:
    """Refuse to write where the node keeps its data.

    Raises
    ------
    TriageError
        The path lies in the data folder.
    """
    if path.resolve().is_relative_to(data_dir.resolve()):
        raise TriageError(f"{path} lies in the data folder {data_dir}, where only the node writes: name another place.")


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a folder of mode 0700 to write to; it gets its name when the block ends well, and goes when it does not.

    Raises
    ------
    StorageError
        It is there already: files of another export in it might show what this one leaves out.
    """
    from triage_node.complete_file import storage_errors
    from triage_node.private_files import make_missing_folders

    if path.exists():
        raise StorageError(f"{path} is there already: remove it, or export to another folder.")
    partial = path.with_name(f".{path.name}{PARTIAL}")
    with storage_errors(f"write {path}"):
        make_missing_folders(path.parent)
        if partial.exists():
            shutil.rmtree(partial)
        partial.mkdir(mode=0o700)
        try:
            yield partial
            partial.rename(path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def write_private(path: Path, content: bytes) -> None:
    """Write a file of mode 0600 that appears when it is complete.

    Raises
    ------
    StorageError, StorageFull
        The file system refused.
    """
    from triage_node.complete_file import complete_file

    with complete_file(path) as partial:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            file.write(content)
