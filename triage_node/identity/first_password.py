"""The first administrator's one-time password, in a file for whoever may read the data folder."""

import os
from pathlib import Path

from triage_node.complete_file import partial_file
from triage_node.errors import StorageError

FILE_NAME = "one-time-password.txt"


class FirstPassword:
    """A file that only its owner may read, gone once the password was changed.

    Parameters
    ----------
    folder
        The data folder.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME

    def keep(self, password: str) -> Path:
        """Write it, whole or not at all; return where.

        Raises
        ------
        StorageError
            The folder cannot be written.
        """
        try:
            with partial_file(self.path) as partial:
                descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
                with os.fdopen(descriptor, "w") as file:
                    file.write(f"{password}\n")
        except OSError as error:
            raise StorageError(f"The one-time password cannot be kept in {self.path}: {error.strerror}.") from error
        return self.path.resolve()

    def forget(self) -> None:
        """Remove the file, if it is there."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"The one-time password cannot be removed: {error.strerror}.") from error
