"""Folders and files that only their owner may read, whatever the umask: what the node keeps is patient data."""

import logging
import os
import stat
from pathlib import Path

log = logging.getLogger(__name__)

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_private_folder(folder: Path) -> None:
    """Make a folder of mode 0700; one that is there already is made so.

    A folder that others share, like ``/tmp``, is left as it is, with a warning.
    """
    make_missing_folders(folder)
    keep_private(folder)


def make_missing_folders(folder: Path) -> None:
    """Make a folder and those above it, as far as they are missing, of mode 0700."""
    if not folder.is_dir():
        make_missing_folders(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def make_private_file(path: Path) -> None:
    """Make an empty file of mode 0600; one that is there already is made so."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        keep_private(path)


def keep_private(path: Path) -> None:
    """Take the rights of everybody but the owner from a file or a folder; log a warning where that is not permitted."""
    try:
        mode = path.stat().st_mode
        if not mode & OTHERS:
            return
        if mode & stat.S_ISVTX:
            log.warning("not_private path=%s mode=%o reason='others share this folder'", path, stat.S_IMODE(mode))
            return
        path.chmod(stat.S_IMODE(mode) & ~OTHERS)
    except FileNotFoundError:
        return
    except OSError as error:
        log.warning(
            "not_private path=%s reason=%r: other users of this machine may read patient data; "
            "make it the node's own with chown, or readable by its owner only with chmod",
            path,
            error.strerror,
        )
