"""The atlas kept on disk: making it takes ten seconds of a processor, reading it a tenth of one.

It lies in the user's cache folder (XDG Base Directory Specification), where it may be removed at any time.
"""

import hashlib
import os
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import scipy

from triage_node.complete_file import complete_file
from triage_node.errors import StorageError
from triage_node.train.phantom import atlas as making
from triage_node.train.phantom.atlas import SOURCES, Atlas, Map, atlas_file, make_atlas

# They compute the maps, beside the code: another version may round otherwise.
COMPUTED_BY = (np, scipy, cv2)
NAMES = tuple(field.name for field in fields(Atlas))


def cache_folder() -> Path | None:
    """Return the user's cache folder for this package; None where the user has no home.

    Source: XDG Base Directory Specification 0.8: ``$XDG_CACHE_HOME``, ``~/.cache`` where that is unset or relative.
    """
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if given.is_absolute():
        return given / "triage-node"
    try:
        return Path.home() / ".cache" / "triage-node"
    except RuntimeError:
        return None


def atlas_key() -> str:
    """Return a digest of everything that the atlas is made of: files, code, and the versions of what computes it."""
    found = hashlib.sha256(" ".join(f"{one.__name__} {one.__version__}" for one in COMPUTED_BY).encode())
    for path in (Path(making.__file__), *map(atlas_file, SOURCES)):
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:32]


def load_atlas() -> Atlas:
    """Return the atlas: read from the cache folder, or made, and kept there for the next process.

    Any number of processes may do so at once. Where the folder cannot be written the atlas is made each time.
    """
    folder = cache_folder()
    if folder is None:
        return make_atlas()
    path = folder / f"atlas-{atlas_key()}.npz"
    found = _read(path)
    if found is None:
        found = make_atlas()
        _keep(path, found)
    return found


def _read(path: Path) -> Atlas | None:
    """Return a kept atlas; None where there is none, or its checksums (CRC-32 of the zip's members) are not right."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
            return Atlas(**{name: _map(kept, name) for name in NAMES})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _map(kept: Any, name: str) -> Map:
    # A nan in the place of `outside` says that the edge is repeated.
    *origin, step_mm, outside, unit = kept[f"{name}_frame"].tolist()
    z, y, x = origin
    return Map(kept[name], (z, y, x), step_mm, None if np.isnan(outside) else outside, unit)


def _frame(one: Map) -> np.ndarray:
    outside = np.nan if one.outside is None else one.outside
    return np.array([*one.origin, one.step_mm, outside, one.unit], np.float64)


def _keep(path: Path, atlas: Atlas) -> None:
    """Write the atlas; it appears under its name only when complete, whoever else writes the same."""
    parts = {name: getattr(atlas, name) for name in NAMES}
    frames = {f"{name}_frame": _frame(one) for name, one in parts.items()}
    try:
        with complete_file(path) as partial, partial.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **{name: one.values for name, one in parts.items()}, **frames)
    except StorageError:  # read-only or full: the next process makes it again
        return
