"""An oval piece of the vault, as a surgeon cuts it or a blow stamps it, and how what lies there is moved."""

from dataclasses import dataclass

import numpy as np

from triage_node.train.phantom.atlas import Point
from triage_node.train.phantom.grid import Grid
from triage_node.train.phantom.head import Box, HeadSpace
from triage_node.train.phantom.lesion import point, random_voxel
from triage_node.train.phantom.sampling import sample

# Middles ``(z, y, x)`` over a convexity, and over both frontal lobes; how often the latter.
CONVEXITY_MM = (20.0, 48.0), (-40.0, 20.0), (25.0, 100.0)
BIFRONTAL_MM = (15.0, 40.0), (-110.0, -60.0), (-8.0, 8.0)
BIFRONTAL = 0.08
# A window keeps off the floor of the skull, and off the sagittal sinus unless it is bifrontal.
LOWEST_MM, MIDLINE_MM = -14.0, 10.0
# Behind its middle by more than this lies the other side of the head.
BEHIND_MM = -65.0
# Scalp and bone reach so far out; the window is evaluated so far around its outline.
OUTSIDE_MM, MARGIN_MM = -32.0, 8.0
# Over so many times the way it was moved, the brain gives way; so much of the way a bulge lifts the scalp.
YIELDING, LIFTED, LIFTED_OVER_MM = 4.0, 0.4, 12.0


@dataclass(frozen=True)
class SkullWindow:
    """A window in the vault.

    Attributes
    ----------
    middle
        ``(z, y, x)`` in mm, on the bone.
    axes
        ``(3, 3)``: unit vectors outward, along and across.
    along_mm, across_mm
        Radii.
    midline_mm
        How far from the midline it keeps; None where it crosses it.
    """

    middle: Point
    axes: np.ndarray
    along_mm: float
    across_mm: float
    midline_mm: float | None

    @classmethod
    def placed(
        cls, space: HeadSpace, length_mm: tuple[float, float], rng: np.random.Generator
    ) -> "tuple[SkullWindow, Box] | None":
        """Return a random window and the voxels it may reach; None where the stack has no place for it."""
        window = cls.random(space, length_mm, rng)
        box = window.box(space) if window else None
        return None if window is None or box is None else (window, box)

    @classmethod
    def random(cls, space: HeadSpace, length_mm: tuple[float, float], rng: np.random.Generator) -> "SkullWindow | None":
        """Return a window over a convexity, rarely a bifrontal one; None where the head is not in the stack."""
        bifrontal, side = rng.random() < BIFRONTAL, float(rng.choice((-1.0, 1.0)))
        (low_z, high_z), (low_y, high_y), (low_x, high_x) = BIFRONTAL_MM if bifrontal else CONVEXITY_MM
        low_x, high_x = sorted((side * low_x, side * high_x))
        box = space.box((low_z, low_y, low_x), (high_z, high_y, high_x))
        if box is None:
            return None
        part = space.part(box)
        on_bone = (np.abs(part.inside_mm + 3) < 2) & (part.z > low_z) & (part.z < high_z) & (part.x > low_x)
        voxel = random_voxel(on_bone & (part.x < high_x) & (part.y > low_y) & (part.y < high_y), rng)
        if voxel is None:
            return None
        middle = point(part, voxel)
        along = 0.5 * rng.uniform(*length_mm)
        axes = _axes(middle, rng.uniform(-0.5, 0.5))
        return cls(middle, axes, along, along * rng.uniform(0.65, 0.9), None if bifrontal else MIDLINE_MM)

    def box(self, space: HeadSpace) -> Box | None:
        """Return the voxels it may reach."""
        reach = self.along_mm + MARGIN_MM
        (z, y, x), deep = self.middle, max(reach, -OUTSIDE_MM)
        return space.box((z - deep, y - deep, x - deep), (z + deep, y + deep, x + deep))

    def distance(self, space: HeadSpace, waves: np.ndarray) -> np.ndarray:
        """Return about the distance in mm to its outline, negative within; `waves` is noise of unit deviation."""
        offsets = [axis - middle for axis, middle in zip((space.z, space.y, space.x), self.middle, strict=True)]
        out, along, across = (sum(step * one for step, one in zip(way, offsets, strict=True)) for way in self.axes)
        edge = (np.hypot(along / self.along_mm, across / self.across_mm) - 1) * np.float32(self.across_mm) + waves
        edge = np.maximum(edge, LOWEST_MM - space.z)
        if self.midline_mm is not None:
            edge = np.maximum(edge, self.midline_mm - np.copysign(space.x, self.middle[2] * space.x))
        return np.where(out > BEHIND_MM, edge, np.float32(np.inf))


def _axes(middle: Point, turn: float) -> np.ndarray:
    """Return unit vectors ``(z, y, x)`` outward, to the back and down, the last two turned about the first."""
    outward = np.array([0.6 * middle[0], 0.6 * middle[1], middle[2]])
    if abs(middle[2]) < abs(middle[1]) / 2:  # bifrontal: its long way is from ear to ear
        outward, back = np.array([0.6 * middle[0], middle[1], 0.0]), np.array([0.0, 0.0, 1.0])
    else:
        back = np.array([0.0, 1.0, 0.0])
    outward /= np.linalg.norm(outward)
    back -= (back @ outward) * outward
    back /= np.linalg.norm(back)
    down = np.cross(outward, back)
    turned = np.array([outward, np.cos(turn) * back + np.sin(turn) * down, np.cos(turn) * down - np.sin(turn) * back])
    return turned.astype(np.float32)


def sink(hu: np.ndarray, space: HeadSpace, grid: Grid, share: np.ndarray, by_mm: float) -> None:
    """Move what lies in a box inward, or outward where `by_mm` is negative, in place.

    Parameters
    ----------
    hu, space, share
        HU and space of the box, and which share of the way each voxel goes at the inner table.
    by_mm
        The way.
    """
    depth = space.inside_mm
    places = np.flatnonzero((share > 0) & (depth > OUTSIDE_MM) & (depth < YIELDING * abs(by_mm)))
    if len(places) == 0:
        return
    mm = (grid.slice_mm, grid.mm_per_pixel, grid.mm_per_pixel)
    slopes = [slope.take(places) for slope in np.gradient(depth, *mm)]
    length, deep = np.sqrt(sum(slope**2 for slope in slopes)) + np.float32(1e-3), depth.take(places)
    way = by_mm * share.take(places) * np.clip(1 - deep / (YIELDING * abs(by_mm)), 0, 1)
    if by_mm < 0:  # brain fills the gap in the bone before it lifts the scalp
        way *= np.interp(-deep - abs(by_mm), (0, LIFTED_OVER_MM), (1, LIFTED))
    here = np.unravel_index(places, hu.shape)
    z, y, x = (
        (index - way * slope / (length * step)).astype(np.float32)
        for index, slope, step in zip(here, slopes, mm, strict=True)
    )
    origin = np.float32(0), np.float32(0), np.float32(0)
    hu[here] = sample(np.ascontiguousarray(hu), z, y, x, origin, np.float32(1), True, 0.0)
