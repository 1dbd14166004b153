"""A mark in a data folder while a backup is being restored into it: no node may start on half of one."""

from pathlib import Path

from triage_node.complete_file import storage_errors, sync_folder
from triage_node.errors import StorageError
from triage_node.private_files import make_private_file

FILE_NAME = "restore-unfinished"


class RestoreMark:
    """The mark of a data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE_NAME

    @property
    def is_there(self) -> bool:
        """Whether a restoring was begun and not ended."""
        return self._path.exists()

    @property
    def name(self) -> str:
        """The name of the file."""
        return self._path.name

    def check(self) -> None:
        """Refuse a folder with half a backup.

        Raises
        ------
        StorageError
            It is one.
        """
        if self.is_there:
            raise StorageError(
                f"Restoring a backup into {self._path.parent} was cut off: repeat `triage-node restore`, which begins "
                "anew."
            )

    def begin(self) -> None:
        """Set it, durably."""
        with storage_errors(f"use the folder {self._path.parent}"):
            make_private_file(self._path)
            sync_folder(self._path.parent)

    def end(self) -> None:
        """Remove it: everything is there."""
        with storage_errors("end the restoring"):
            self._path.unlink()
            sync_folder(self._path.parent)
