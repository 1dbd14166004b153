"""Simple bodies in head space, as distances in mm: negative inside."""

from dataclasses import dataclass

import numpy as np

from triage_node.train.phantom.atlas import Point
from triage_node.train.phantom.head import Box, HeadSpace


def ball(space: HeadSpace, middle: Point, radius_mm: float) -> np.ndarray:
    """Return the distance to a ball; points are ``(z, y, x)``."""
    return space.distance(*middle) - radius_mm


def ellipsoid(space: HeadSpace, middle: Point, radii_mm: Point) -> np.ndarray:
    """Return about the distance to an ellipsoid."""
    (z, y, x), (deep, long, wide) = middle, radii_mm
    scaled = np.sqrt(((space.z - z) / deep) ** 2 + ((space.y - y) / long) ** 2 + ((space.x - x) / wide) ** 2)
    return (scaled - 1) * min(radii_mm)


def rod(space: HeadSpace, start: Point, end: Point, radius_mm: float, end_radius_mm: float | None = None) -> np.ndarray:
    """Return the distance to a rounded rod whose thickness changes from start to end."""
    axis = [float(last - first) for first, last in zip(start, end, strict=True)]
    offsets = [part - begin for part, begin in zip((space.z, space.y, space.x), start, strict=True)]
    along = sum(offset * step for offset, step in zip(offsets, axis, strict=True)) / sum(step * step for step in axis)
    along = np.clip(along, 0, 1)
    distance = np.sqrt(sum((offset - along * step) ** 2 for offset, step in zip(offsets, axis, strict=True)))
    return distance - (radius_mm + along * ((end_radius_mm or radius_mm) - radius_mm))


def share(distance: np.ndarray, softness_mm: float = 1.0) -> np.ndarray:
    """Return the filled share of each voxel from a distance."""
    return np.clip(0.5 - distance / softness_mm, 0, 1)


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid by its middle and radii ``(z, y, x)`` in mm."""

    middle: Point
    radii_mm: Point

    def distance(self, space: HeadSpace) -> np.ndarray:
        """Return about the distance to it."""
        return ellipsoid(space, self.middle, self.radii_mm)

    def corners(self, margin_mm: float) -> tuple[Point, Point]:
        """Return the corners of the box where the distance is below a margin."""
        grown = 1 + margin_mm / min(self.radii_mm)
        return _around(self.middle, self.middle, [radius * grown for radius in self.radii_mm])


@dataclass(frozen=True)
class Rod:
    """A rounded rod by its ends ``(z, y, x)`` and its radii there in mm."""

    start: Point
    end: Point
    radius_mm: float
    end_radius_mm: float | None = None

    def distance(self, space: HeadSpace) -> np.ndarray:
        """Return the distance to it."""
        return rod(space, self.start, self.end, self.radius_mm, self.end_radius_mm)

    def corners(self, margin_mm: float) -> tuple[Point, Point]:
        """Return the corners of the box where the distance is below a margin."""
        radius_mm = max(self.radius_mm, self.end_radius_mm or 0.0) + margin_mm
        return _around(self.start, self.end, [radius_mm] * 3)


def _around(start: Point, end: Point, margins_mm: list[float]) -> tuple[Point, Point]:
    low = [min(ends) - margin for *ends, margin in zip(start, end, margins_mm, strict=True)]
    high = [max(ends) + margin for *ends, margin in zip(start, end, margins_mm, strict=True)]
    return (low[0], low[1], low[2]), (high[0], high[1], high[2])


def share_of(space: HeadSpace, body: Ellipsoid | Rod, softness_mm: float = 1.0) -> tuple[Box, np.ndarray] | None:
    """Return the box of voxels that a body reaches and its share of each of them; None where it reaches none."""
    box = space.box(*body.corners(softness_mm))
    return None if box is None else (box, share(body.distance(space.part(box)), softness_mm))
