"""A disk of its own that can be filled and freed."""

import errno
import os
import subprocess
import time
from pathlib import Path

CHUNK = bytes(1 << 20)


class SmallDisk:
    """A tmpfs; only who may mount can have one.

    Raises
    ------
    PermissionError
        This machine does not let us mount.
    """

    def __init__(self, folder: Path, size_kb: int) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self._ballast = folder / "ballast"
        command = ["mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "tmpfs", folder]
        if subprocess.run(command, capture_output=True).returncode:
            raise PermissionError("no right to mount a small disk")

    @property
    def free_bytes(self) -> int:
        """What can still be written."""
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def fill(self, leave_bytes: int = 0) -> None:
        """Take what is free but for so many bytes; without any left, to the last."""
        with self._ballast.open("ab", buffering=0) as file:
            while not leave_bytes or self.free_bytes > leave_bytes:
                wanted = min(len(CHUNK), max(4096, self.free_bytes - leave_bytes))
                try:
                    if file.write(CHUNK[:wanted]) == 0:
                        return
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    return

    def free(self) -> None:
        """Give back what was taken."""
        self._ballast.unlink(missing_ok=True)

    def unmount(self) -> None:
        """Remove it; whoever worked on it has ended."""
        for _ in range(50):
            if not subprocess.run(["umount", self.folder], capture_output=True).returncode:
                return
            time.sleep(0.1)
        subprocess.run(["umount", "-l", self.folder], check=True)
