"""Simple bodies in head space, as distances in mm: negative inside."""

import numpy as np

from triage_node.train.phantom.head import HeadSpace

Point = tuple[float, float, float]


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
    axis = np.subtract(end, start)
    offsets = [part - begin for part, begin in zip((space.z, space.y, space.x), start, strict=True)]
    along = sum(offset * step for offset, step in zip(offsets, axis, strict=True)) / float(axis @ axis)
    along = np.clip(along, 0, 1)
    distance = np.sqrt(sum((offset - along * step) ** 2 for offset, step in zip(offsets, axis, strict=True)))
    return distance - (radius_mm + along * ((end_radius_mm or radius_mm) - radius_mm))


def share(distance: np.ndarray, softness_mm: float = 1.0) -> np.ndarray:
    """Return the filled share of each voxel from a distance."""
    return np.clip(0.5 - distance / softness_mm, 0, 1)
