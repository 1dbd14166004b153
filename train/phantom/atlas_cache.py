"""The atlas kept on disk: making it takes ten seconds of a processor, reading it a tenth of one.

It lies in the user's cache folder (XDG Base Directory Specification), where it may be removed at any time.
"""

import hashlib
import os
import zipfile
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import scipy

from triage_node.complete_file import complete_file
from triage_node.errors import StorageError
from triage_node.train.phantom import atlas, volunteer, volunteer_map
from triage_node.train.phantom.atlas import SOURCES, Atlas, Map, atlas_file, make_atlas
from triage_node.train.phantom.volunteer import make_volunteer, volunteer_file

# They compute the maps, beside the code: another version may round otherwise.
COMPUTED_BY = (np, scipy, cv2)
NAMES = tuple(field.name for field in fields(Atlas))
CODE: tuple[ModuleType, ...] = (atlas, volunteer, volunteer_map)


class AtlasName(StrEnum):
    """Whose anatomy: the average of 152 people, whose skull and sulci are drawn, or one volunteer's with his own."""

    AVERAGE = "average"
    VOLUNTEER = "volunteer"


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
    code = (Path(str(module.__file__)) for module in CODE)
    for path in (*code, *map(atlas_file, SOURCES), volunteer_file()):
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:32]


def load_atlas(name: AtlasName = AtlasName.AVERAGE) -> Atlas:
    """Return an atlas: read from the cache folder, or made, and kept there for the next process.

    Any number of processes may do so at once. Where the folder cannot be written the atlas is made each time.
    """
    make = make_volunteer if name is AtlasName.VOLUNTEER else make_atlas
    folder = cache_folder()
    if folder is None:
        return make()
    path = folder / f"atlas-{name}-{atlas_key()}.npz"
    found = _read(path)
    if found is None:
        found = make()
        _keep(path, found)
    return found


def _read(path: Path) -> Atlas | None:
    """Return a kept atlas; None where there is none, or its checksums (CRC-32 of the zip's members) are not right."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
            return Atlas(**{name: _map(kept, name) for name in NAMES if name in kept})
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _map(kept: Any, name: str) -> Map:
    # A nan in the place of `outside` says that the edge is repeated.
    *origin, step_mm, outside, unit = kept[f"{name}_frame"].tolist()
    z, y, x = origin
    return Map(kept[name], (z, y, x), step_mm, None if np.isnan(outside) else outside, unit)


def _frame(one: Map) -> np.ndarray:
    outside = np.nan if one.outside is None else one.outside
    return np.array([*one.origin, one.step_mm, outside, one.unit], np.float64)


def _keep(path: Path, one: Atlas) -> None:
    """Write the atlas; it appears under its name only when complete, whoever else writes the same."""
    parts = {name: found for name in NAMES if (found := getattr(one, name)) is not None}
    frames = {f"{name}_frame": _frame(part) for name, part in parts.items()}
    try:
        with complete_file(path) as partial, partial.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **{name: part.values for name, part in parts.items()}, **frames)
    except StorageError:  # read-only or full: the next process makes it again
        return
