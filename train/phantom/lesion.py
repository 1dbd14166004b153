"""What a lesion does to a head."""

from dataclasses import dataclass, field, replace

import numpy as np

from triage_node.findings import Label
from triage_node.train.phantom.grid import Grid
from triage_node.train.phantom.head import Box, HeadSpace


@dataclass(frozen=True)
class Anatomy:
    """What lesions need to know of the head they lie in: the space, fluid spaces and shared random fields.

    Attributes
    ----------
    grid, space
        Voxels and their place in the head.
    fluid, ventricles
        Fractions of cerebrospinal fluid in all spaces and in the ventricles.
    fine, medium, coarse
        Smooth noise of unit deviation with correlations of 5, 9 and 18 mm.
    """

    grid: Grid
    space: HeadSpace
    fluid: np.ndarray
    ventricles: np.ndarray
    fine: np.ndarray
    medium: np.ndarray
    coarse: np.ndarray

    def part(self, box: Box) -> "Anatomy":
        """Return the anatomy of a box of voxels; the grid stays whole."""
        fields = (getattr(self, name)[box] for name in ("fluid", "ventricles", "fine", "medium", "coarse"))
        return Anatomy(self.grid, self.space.part(box), *fields)

    def slices(self, part: slice) -> "Anatomy":
        """Return the anatomy of some of the slices."""
        grid = replace(self.grid, positions_mm=self.grid.positions_mm[part])
        space = HeadSpace(*(getattr(self.space, name)[part] for name in ("z", "y", "x", "inside_mm")))
        fields = (getattr(self, name)[part] for name in ("fluid", "ventricles", "fine", "medium", "coarse"))
        return Anatomy(grid, space, *fields)


@dataclass(frozen=True)
class Ball:
    """A space-occupying clot inside the brain: middle ``(z, y, x)`` in head space and radius, in mm."""

    middle: tuple[float, float, float]
    radius_mm: float


@dataclass(frozen=True)
class Lesion:
    """One hemorrhage.

    Attributes
    ----------
    label
        Its type.
    fraction
        ``(slices, rows, columns) float32``, share of blood in each voxel.
    hu
        Mean HU of the blood.
    mottle
        Deviation in HU of the clot's texture.
    peel_mm
        Thickness in mm by which it holds the brain off the skull; None unless it is extra-axial.
    edema
        Share of edema in each voxel, or None.
    balls
        Clots that push the brain away.
    profile
        HU to add to the blood of each voxel, ``(slices, rows, columns) float32``, or None.
    floor_hu
        The blood may be as dark as this; None where it is at least as dense as gray matter.
    """

    label: Label
    fraction: np.ndarray
    hu: float
    mottle: float = 3.0
    peel_mm: np.ndarray | None = None
    edema: np.ndarray | None = None
    balls: tuple[Ball, ...] = field(default=())
    profile: np.ndarray | None = None
    floor_hu: float | None = None


def level_for_volume(score: np.ndarray, room: np.ndarray, volume_ml: float, grid: Grid) -> float | None:
    """Return the score above which the room holds a volume.

    Parameters
    ----------
    score
        What decides where blood goes first.
    room
        Share of each voxel that blood can fill.

    Returns
    -------
    float or None
        None when there is no room at all.
    """
    places = np.flatnonzero(room > 0.2)
    if len(places) == 0:
        return None
    order = np.argsort(-score.ravel()[places])
    filled_ml = np.cumsum(room.ravel()[places][order], dtype=np.float64) * grid.voxel_ml
    last = min(int(np.searchsorted(filled_ml, volume_ml)), len(places) - 1)
    return float(score.ravel()[places[order[last]]])


def random_voxel(where: np.ndarray, rng: np.random.Generator) -> tuple[int, int, int] | None:
    """Return a voxel of a mask at random, or None when the mask is empty."""
    flat = np.flatnonzero(where)
    if len(flat) == 0:
        return None
    z, y, x = np.unravel_index(flat[rng.integers(len(flat))], where.shape)
    return int(z), int(y), int(x)


def point(space: HeadSpace, voxel: tuple[int, int, int]) -> tuple[float, float, float]:
    """Return the head-space position of a voxel in mm."""
    return float(space.z[voxel]), float(space.y[voxel]), float(space.x[voxel])
