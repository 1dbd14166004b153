"""Where the skull is open over more than a suture: a flap was taken out, or the field of view cuts through it.

Behind an opening the mask sees no bone and loses brain, so the skull is mended there before it is masked again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from triage_node.models.skull_stripping.skull import ANGLES, BESIDE_RAYS, DEGREES, SkullRays, beyond_mm, skull_rays

# Below the first slice that shows this share of the largest, openings are foramen magnum, orbits and throat.
BASE_SHARE = 0.3
# The vault: from the largest slice up as long as the skull is so wide. There it is closed when it is whole.
VAULT_WIDTH = 0.6
# Below the vault it has orbits and foramina, but is closed behind.
BEHIND = np.abs(ANGLES - np.pi / 2) <= np.pi / 4
# An opening must be seen over this height: partial volume may open one thin slice.
SMALLEST_HEIGHT_MM = 7.0
# An orbit or a thin sinus opens the skull, too; brain behind the mask says that something was lost there.
LOST_MM, SMALLEST_LOST_DEGREES = 10.0, 24.0
# Over so much no bone may lie before the edge of the image; below the vault a neck may lie at the edge.
SMALLEST_EDGE_DEGREES, SMALLEST_EDGE_BELOW_DEGREES = 12.0, 20.0
# An opening through which the head ends at a circle comes from a round field of reconstruction.
CIRCLE_MM, FEWEST_POINTS = 0.8, 20
# With more of it open nothing is left of a skull to go by.
MOST_OPEN_DEGREES = 170.0
BONE_MM = 4.0


@dataclass(frozen=True)
class Openings:
    """Where the skull of a stack is open.

    Attributes
    ----------
    rays
        For each open slice, by its index, the rays from the middle of its bone; empty where the skull is whole.
    cut
        The field of view is the cause, not a flap.
    lost_degrees
        For each slice below the vault in which brain goes on behind the mask, over how many degrees it does.
    """

    rays: Mapping[int, SkullRays]
    cut: bool = False
    lost_degrees: Mapping[int, float] = field(default_factory=dict)

    @property
    def degrees(self) -> float:
        """Over how many degrees the most open slice is open."""
        return max((max(rays.open_degrees, rays.cut_degrees) for rays in self.rays.values()), default=0.0)

    def directions(self) -> np.ndarray:
        """Return ``(RAYS,) bool``: where any slice is open, give or take `BESIDE_RAYS`."""
        found = np.any([rays.open for rays in self.rays.values()], axis=0)
        return np.any([np.roll(found, by) for by in range(-BESIDE_RAYS, BESIDE_RAYS + 1)], axis=0)


def find_openings(
    hu: np.ndarray, bone: np.ndarray, mask: np.ndarray, extents_mm: np.ndarray, mm_per_pixel: float
) -> Openings:
    """Return where the skull is open at the level of the brain.

    Parameters
    ----------
    hu, bone, mask
        ``(slices, rows, columns)``: HU, bone, and what was found to be inside of it.
    extents_mm
        ``(slices,)``: the height each slice stands for.
    mm_per_pixel
        Pixel size in mm.
    """
    area = mask.sum(axis=(1, 2))
    base, largest = _base(area), int(area.argmax())
    rays = {index: skull_rays(hu[index], bone[index], mm_per_pixel) for index in range(base, len(area))}
    least = {index: SMALLEST_EDGE_DEGREES if index >= largest else SMALLEST_EDGE_BELOW_DEGREES for index in rays}
    leaving = {index: found for index, found in rays.items() if found.cut_degrees >= least[index]}
    if extents_mm[list(leaving)].sum() >= SMALLEST_HEIGHT_MM:
        return Openings(leaving, cut=True)
    least_mm = VAULT_WIDTH * rays[largest].width_mm
    vault = [index for index in rays if index >= largest and rays[index].width_mm >= least_mm]
    below = [index for index in range(base, largest) if not area[index] or (rays[index].open & BEHIND).any()]
    found = {index: rays[index] for index in (*below, *vault) if rays[index].open_degrees > 0}
    if extents_mm[list(found)].sum() < SMALLEST_HEIGHT_MM:
        return Openings({}, lost_degrees=_lost(hu, mask, {k: rays[k] for k in range(base, largest)}, mm_per_pixel))
    return Openings(found, cut=_on_a_circle(tuple(found.values()), mm_per_pixel))


def mend_skull(hu: np.ndarray, bone: np.ndarray, openings: Openings, mm_per_pixel: float) -> np.ndarray:
    """Return the bone with the outline of the skull drawn where it is open, and below and above that."""
    near, mended = openings.directions(), bone.copy()
    for index, image in enumerate(hu):
        rays = openings.rays.get(index) or skull_rays(image, bone[index], mm_per_pixel)
        if 0 < rays.open_degrees <= MOST_OPEN_DEGREES:
            _draw_wall(mended[index], rays, rays.open & near, mm_per_pixel)
    return mended


def _base(area: np.ndarray) -> int:
    """Return the lowest slice to look at: the first large one, or two below where the mask ends there all at once."""
    if not area.any():
        return 0
    first = int(np.flatnonzero(area >= BASE_SHARE * area.max())[0])
    return first if first == 0 or area[first - 1] else max(first - 2, 0)


def _lost(hu: np.ndarray, mask: np.ndarray, rays: Mapping[int, SkullRays], mm_per_pixel: float) -> Mapping[int, float]:
    """Return over how many degrees brain goes on behind the mask of slices that have orbits, and may be open there."""
    found = {
        index: float((beyond_mm(hu[index], mask[index], part, mm_per_pixel)[part.open] >= LOST_MM).sum()) * DEGREES
        for index, part in rays.items()
        if part.open_degrees > 0
    }
    return {index: degrees for index, degrees in found.items() if degrees >= SMALLEST_LOST_DEGREES}


def _draw_wall(bone: np.ndarray, rays: SkullRays, where: np.ndarray, mm_per_pixel: float) -> None:
    """Draw the missing wall into the bone of a slice, tied to the rays on both sides of the opening."""
    wall = (rays.wall_mm() + BONE_MM / 2) / mm_per_pixel
    points = np.array(rays.middle) + wall[:, None] * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
    corners = np.round(points).astype(int).tolist()
    width = max(1, round(BONE_MM / mm_per_pixel))
    for index in np.flatnonzero(where | np.roll(where, 1)):
        cv2.line(bone, tuple(corners[index - 1]), tuple(corners[index]), 1, width)


def _on_a_circle(slices: Sequence[SkullRays], mm_per_pixel: float) -> bool:
    """Tell whether the head ends at one circle through all open slices, as a round field of reconstruction cuts it."""
    directions = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
    ends = [np.array(rays.middle) * mm_per_pixel + rays.tissue_mm[:, None] * directions for rays in slices]
    points = np.concatenate([end[rays.open] for end, rays in zip(ends, slices, strict=True)])
    if len(points) < FEWEST_POINTS:
        return False
    terms = np.column_stack([2 * points, np.ones(len(points))])
    column, row, rest = np.linalg.lstsq(terms, (points**2).sum(axis=1), rcond=None)[0]
    radii = np.hypot(points[:, 0] - column, points[:, 1] - row)
    return bool(np.median(np.abs(radii - np.sqrt(max(rest + column**2 + row**2, 0)))) <= CIRCLE_MM)
