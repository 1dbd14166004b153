"""The skull of a slice as rays from its middle meet it: where it is open, and where it would go on there.

A flap of bone that a surgeon took out leaves the brain behind scalp only, and a field of view that is too small leaves
nothing at all. Rays tell both from a whole skull, of which a suture, a burr hole or a fracture opens a few degrees.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

RAYS = 90
DEGREES = 360 / RAYS
ANGLES = np.arange(RAYS) * 2 * np.pi / RAYS
# Bone nearer to the middle than this is no vault, and no head reaches further.
NEAREST_MM, FURTHEST_MM = 25.0, 150.0
# Widest opening that is no defect: at most 16 degrees were seen in 90 whole heads, of patients and generated.
WIDEST_WHOLE_DEGREES = 26.0
TISSUE_HU = -200.0
SOFT_HU = (-10.0, 100.0)
# Openings count together with so many rays on either side, and so many bones beside one say how deep it lies.
BESIDE_RAYS = 3
DEEPER_MM, SCALP_MM, EDGE_MM = 2.0, 5.0, 2.5


@dataclass(frozen=True)
class SkullRays:
    """Rays from the middle of the bone of a slice, the first toward the last column, turning toward the last row.

    Attributes
    ----------
    middle
        Column and row of the middle, in pixels.
    bone_mm, tissue_mm
        ``(RAYS,) float64``: distance to the inner side of the bone, not a number where a ray meets none, and to where
        the head ends.
    leaves
        ``(RAYS,) bool``: the head goes on up to the edge of the image.
    """

    middle: tuple[float, float]
    bone_mm: np.ndarray
    tissue_mm: np.ndarray
    leaves: np.ndarray

    @cached_property
    def open(self) -> np.ndarray:
        """Return ``(RAYS,) bool``: rays that meet no bone, in openings wider than a whole skull has."""
        return _wide_runs(np.isnan(self.bone_mm), WIDEST_WHOLE_DEGREES / DEGREES)

    @property
    def open_degrees(self) -> float:
        """Degrees over which the skull is open."""
        return float(self.open.sum()) * DEGREES

    @property
    def width_mm(self) -> float:
        """Half of the width of the skull, in the middle of all directions; 0 where there is no bone."""
        known = self.bone_mm[~np.isnan(self.bone_mm)]
        return float(np.median(known)) if len(known) else 0.0

    @property
    def cut_degrees(self) -> float:
        """Degrees over which the head goes on up to the edge of the image and meets no bone before."""
        return float((np.isnan(self.bone_mm) & self.leaves).sum()) * DEGREES

    def wall_mm(self) -> np.ndarray:
        """Return ``(RAYS,)`` where the inside of the skull ends: at the bone, and where it is open below the skin.

        There it lies as deep as the bone beside the opening, and a little deeper: a strip of muscle or scalp inside
        of the mask looks like blood under the skull. Skin that has sunk in or been pushed out takes the wall along.
        """
        known = ~np.isnan(self.bone_mm)
        depth = (self.tissue_mm - self.bone_mm)[known]
        usual = np.median([np.roll(depth, by) for by in range(-BESIDE_RAYS, BESIDE_RAYS + 1)], axis=0)
        depth = np.interp(ANGLES, ANGLES[known], usual, period=2 * np.pi) + DEEPER_MM
        below = self.tissue_mm - np.where(self.leaves, EDGE_MM, np.maximum(depth, SCALP_MM))
        return np.where(known, self.bone_mm, below)


def skull_rays(hu: np.ndarray, bone: np.ndarray, mm_per_pixel: float) -> SkullRays:
    """Return the rays of a slice ``(rows, columns)``.

    Parameters
    ----------
    hu
        HU of the slice.
    bone
        Its bone, closed over sutures, uint8.
    mm_per_pixel
        Pixel size in mm.
    """
    middle = _middle(bone)
    along = _along(bone | (hu > TISSUE_HU).astype(np.uint8) << 1 | 4, middle, mm_per_pixel)
    hard, air, inside = (along & 1) > 0, (along & 2) == 0, (along & 4) > 0
    hard[:, : round(NEAREST_MM / mm_per_pixel)] = air[:, : round(NEAREST_MM / mm_per_pixel)] = False
    bone_mm = np.where(hard.any(axis=1), hard.argmax(axis=1) * mm_per_pixel, np.nan)
    ends = np.where(air.any(axis=1), air.argmax(axis=1), along.shape[1])
    return SkullRays(middle, bone_mm, ends * mm_per_pixel, ends >= inside.sum(axis=1))


def beyond_mm(hu: np.ndarray, mask: np.ndarray, rays: SkullRays, mm_per_pixel: float) -> np.ndarray:
    """Return ``(RAYS,)`` how far something as soft as brain goes on behind the mask of a slice; 0 where it shows none.

    Over a hole that is none of the skull's own, an orbit or a sinus, it does for more than a scalp.
    """
    smooth = cv2.GaussianBlur(np.clip(hu, -100, 150), (0, 0), 1.2 / mm_per_pixel)
    soft = ((smooth > SOFT_HU[0]) & (smooth < SOFT_HU[1])).astype(np.uint8)
    along = _along(soft | mask.astype(np.uint8) << 1, rays.middle, mm_per_pixel)
    inside, hard, reach = (along & 2) > 0, (along & 1) == 0, along.shape[1]
    ends = reach - inside[:, ::-1].argmax(axis=1)
    stops = np.where(hard & (np.arange(reach) >= ends[:, None]), np.arange(reach), reach).min(axis=1)
    return np.where(inside.any(axis=1), (stops - ends) * mm_per_pixel, 0.0)


def _along(image: np.ndarray, middle: tuple[float, float], mm_per_pixel: float) -> np.ndarray:
    """Return an image ``(RAYS, pixels)`` along the rays, 0 outside of it."""
    reach = round(FURTHEST_MM / mm_per_pixel)
    flags = cv2.INTER_NEAREST | cv2.WARP_POLAR_LINEAR | cv2.WARP_FILL_OUTLIERS
    return cv2.warpPolar(image, (reach, RAYS), middle, reach, flags)


def _middle(bone: np.ndarray) -> tuple[float, float]:
    """Return column and row of the middle of what the bone spans, of the image where it spans nothing."""
    points = cv2.findNonZero(bone)
    found = cv2.moments(cv2.convexHull(points)) if points is not None else {"m00": 0.0}
    if found["m00"] <= 0:
        return (bone.shape[1] - 1) / 2, (bone.shape[0] - 1) / 2
    return found["m10"] / found["m00"], found["m01"] / found["m00"]


def _wide_runs(marked: np.ndarray, longest: float) -> np.ndarray:
    """Return which marked rays lie in circular runs longer than so many rays."""
    if marked.all() or not marked.any():
        return marked
    start = int(np.flatnonzero(~marked)[0])
    turned = np.roll(marked, -start)
    edges = np.diff(np.r_[0, turned.astype(np.int8), 0])
    wide = np.zeros(len(marked), bool)
    for first, last in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        wide[first:last] = last - first > longest
    return np.roll(wide, start)
