"""A head in space: size, pose and individual shape, and the anatomy found at each voxel."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from triage_node.train.phantom.atlas import Atlas
from triage_node.train.phantom.grid import Grid

Box = tuple[slice, slice, slice]
# Rows and columns of the blocks whose extent in the head is remembered, a power of two.
BLOCK = 8
# Above this share of the vault, the floor of the skull no longer counts.
ALL_VAULT = 0.99995
# Spread of the logarithm of the scale along z, y and x: heads are long or round.
SHAPE_SPREAD = (0.03, 0.04, 0.04)
# Correlation of the fields that warp a head.
WARP_MM = (32.0, 75.0)


@dataclass(frozen=True)
class Pose:
    """How a head lies in the scanner, in degrees: turn about the long axis, nod, and lean to a side."""

    turn: float = 0.0
    nod: float = 0.0
    lean: float = 0.0

    @classmethod
    def random(cls, rng: np.random.Generator) -> "Pose":
        """Return a pose as patients lie: mostly straight, sometimes badly turned."""
        return cls(
            turn=float(np.clip(rng.normal(0, 9), -35, 35)),
            nod=float(np.clip(rng.normal(3, 10), -22, 28)),
            lean=float(np.clip(rng.normal(0, 4), -12, 12)),
        )

    def matrix(self) -> np.ndarray:
        """Return the rotation of ``(z, y, x)``."""
        turn, nod, lean = np.radians([self.turn, self.nod, self.lean])
        about_z = np.array([[1, 0, 0], [0, np.cos(turn), np.sin(turn)], [0, -np.sin(turn), np.cos(turn)]])
        about_x = np.array([[np.cos(nod), np.sin(nod), 0], [-np.sin(nod), np.cos(nod), 0], [0, 0, 1]])
        about_y = np.array([[np.cos(lean), 0, np.sin(lean)], [0, 1, 0], [-np.sin(lean), 0, np.cos(lean)]])
        return about_y @ about_x @ about_z


@dataclass(frozen=True)
class HeadSpace:
    """Coordinates of each voxel inside the head.

    Attributes
    ----------
    z, y, x
        ``(slices, rows, columns) float32``, mm from the head's middle: to the top, to the back, to the left.
    inside_mm
        Depth below the inner table of the skull in mm, negative outside.
    """

    z: np.ndarray
    y: np.ndarray
    x: np.ndarray
    inside_mm: np.ndarray

    def moved(self, z: np.ndarray, y: np.ndarray, x: np.ndarray) -> "HeadSpace":
        """Return a space whose tissue is taken from elsewhere, inside the same skull."""
        return HeadSpace(z, y, x, self.inside_mm)

    def distance(self, z: float, y: float, x: float) -> np.ndarray:
        """Return the distance in mm of each voxel to a point."""
        return np.sqrt((self.z - z) ** 2 + (self.y - y) ** 2 + (self.x - x) ** 2)

    def part(self, box: Box) -> "HeadSpace":
        """Return the space of a box of voxels."""
        return HeadSpace(self.z[box], self.y[box], self.x[box], self.inside_mm[box])

    def at(self, places: np.ndarray) -> "HeadSpace":
        """Return the space of the voxels with these flat indices, in one row."""
        return HeadSpace(*(axis.take(places) for axis in (self.z, self.y, self.x, self.inside_mm)))

    @cached_property
    def _extents(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Smallest and largest coordinate of each block, for z, y and x."""
        return [(_of_blocks(np.minimum, axis), _of_blocks(np.maximum, axis)) for axis in (self.z, self.y, self.x)]

    def box(self, low: tuple[float, float, float], high: tuple[float, float, float]) -> Box | None:
        """Return a box of voxels that holds all those between two corners ``(z, y, x)`` in mm; None if there are none.

        Bodies much smaller than a head are evaluated in it alone.
        """
        limits = zip(self._extents, low, high, strict=True)
        reached = np.logical_and.reduce([(most >= start) & (least <= end) for (least, most), start, end in limits])
        if not reached.any():
            return None
        slices, rows, columns = (np.flatnonzero(reached.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1)))
        return slice(slices[0], slices[-1] + 1), _voxels(rows), _voxels(columns)


def _of_blocks(extreme: np.ufunc, values: np.ndarray) -> np.ndarray:
    """Return the extreme of each block of each slice."""
    slices, rows, columns = values.shape
    short = -rows % BLOCK, -columns % BLOCK
    if any(short):
        values = np.pad(values, ((0, 0), (0, short[0]), (0, short[1])), mode="edge")
    blocks = extreme.reduce(values.reshape(slices, -1, BLOCK, values.shape[2]), axis=2)
    # Halving columns is much faster than reducing over eight of them.
    while blocks.shape[2] * BLOCK > values.shape[2]:
        blocks = extreme(blocks[..., ::2], blocks[..., 1::2])
    return blocks


def _voxels(blocks: np.ndarray) -> slice:
    return slice(int(blocks[0]) * BLOCK, (int(blocks[-1]) + 1) * BLOCK)


def _skull_depth(atlas: Atlas, z: np.ndarray, y: np.ndarray, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blend the smooth hull of the vault into the tight hull of the floor."""
    vault = atlas.vault.at(z, y, x)
    # The floor falls in steps from the forehead to the back of the head.
    above = 1 / (1 + np.exp(np.minimum(-(z + 0.35 * y + rng.uniform(10, 20)) / 3, 80)))
    slack = rng.uniform(2, 8)
    for hull, share, *place in zip(vault, above, z, y, x, strict=True):
        if share.min() < ALL_VAULT:
            floor = np.minimum(hull, np.maximum(atlas.floor.at(*place), hull - slack))
            hull += (1 - share) * (floor - hull)
    return vault


def _warp(grid: Grid, warp_mm: tuple[float, float], strength: float, rng: np.random.Generator) -> np.ndarray:
    """Return a smooth displacement in mm: that of single gyri, and that of whole lobes."""
    fine, broad = (np.float32(strength * mm) for mm in warp_mm)
    warped = grid.noise(rng, WARP_MM[0])
    warped *= fine
    warped += broad * grid.noise(rng, WARP_MM[1])
    return warped


def place_head(atlas: Atlas, grid: Grid, pose: Pose, rng: np.random.Generator) -> HeadSpace:
    """Return the coordinates of an individual head in a pose.

    A head is scaled, mirrored or not, made a little asymmetric and warped by smooth fields, so that no two are alike.
    """
    scale = rng.uniform(0.89, 1.07) * np.exp(rng.normal(0, SHAPE_SPREAD))
    turned = pose.matrix() / scale[:, None]
    if rng.random() < 0.5:
        turned[2] *= -1
    turned = turned.astype(np.float32)
    warp_mm = rng.uniform(0.5, 2.4), rng.uniform(0, 2.4)
    along, down, across = grid.axes()
    z, y, x = (
        (row[0] * along + row[1] * down) + row[2] * across + _warp(grid, warp_mm, strength, rng)
        for row, strength in zip(turned, (0.7, 1.0, 1.0), strict=True)
    )
    x = x * (1 + np.float32(rng.normal(0, 0.025)) * np.tanh(y / 40))
    y = y * (1 + np.float32(rng.normal(0, 0.025)) * np.tanh(x / 40))
    depth = _skull_depth(atlas, z, y, x, rng) * np.float32(np.cbrt(scale.prod()))
    return HeadSpace(z, y, x, depth)
