"""The anatomy of one volunteer: sulci, nuclei, orbits, petrous bones, diploë and scalp as a head has them."""

from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
from scipy import ndimage

from triage_node.train.phantom.atlas import Atlas, Map, atlas_of
from triage_node.train.phantom.volunteer_map import (
    FLUID_T1,
    GRAY_T1,
    HU_STEP,
    LOWEST_HU,
    ORIGIN,
    T1_STEP,
    WHITE_T1,
)


def volunteer_file() -> Path:
    """Return where the package keeps the map that `volunteer_map` has made."""
    return Path(str(files("triage_node.train.phantom").joinpath("anatomies", "volunteer.npz")))


def make_volunteer() -> Atlas:
    """Return the atlas of the volunteer; takes ten seconds and more, see `atlas_cache`."""
    with np.load(volunteer_file(), allow_pickle=False) as maps:
        inside, outside = maps["inside"], maps["outside"]
    cavity = inside > 0
    t1 = np.where(cavity, FLUID_T1 + T1_STEP * (inside.astype(np.float32) - 1), FLUID_T1)
    white = np.interp(t1, (GRAY_T1, WHITE_T1), (0, 1)).astype(np.float32)
    gray = np.interp(t1, (FLUID_T1, GRAY_T1, WHITE_T1), (0, 1, 0)).astype(np.float32)
    return replace(atlas_of(gray, white, cavity, ORIGIN), outside=_filled(outside, cavity))


def _filled(outside: np.ndarray, cavity: np.ndarray) -> Map:
    """Return HU outside with the cavity filled by what is nearest: another head's inner table lies elsewhere."""
    nearest = ndimage.distance_transform_edt(cavity, return_distances=False, return_indices=True)
    steps = outside[tuple(nearest)]
    # Ears and forehead touch the borders of the map: only the neck goes on beyond it.
    steps[-1] = steps[:, [0, -1]] = steps[:, :, [0, -1]] = 0
    return Map(LOWEST_HU + HU_STEP * steps.astype(np.float32), ORIGIN, outside=None)
