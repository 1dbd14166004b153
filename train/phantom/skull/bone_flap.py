"""A bone flap: taken out, so that brain bulges or sinks under the scalp, or put back with plates and some air."""

from collections.abc import Sequence

import numpy as np

from triage_node.train.phantom.atlas import Point
from triage_node.train.phantom.head import Box, HeadSpace
from triage_node.train.phantom.lesion import Anatomy, Lesion
from triage_node.train.phantom.skull.vault import GAP_HU, add_air
from triage_node.train.phantom.skull.window import YIELDING, SkullWindow, sink
from triage_node.train.phantom.solids import share

FLAP_MM = (60.0, 140.0)
BULGE_MM, SUNKEN_MM = 10.0, 8.0
# Of flaps taken out, so many leave the brain bulging, and so many sunken.
BULGING, SUNKEN = 0.45, 0.25
# What is denser, and lies so far out, is bone of the vault or its blurred edge.
DENSER_THAN_HU, BONE_FROM_MM, BONE_TO_MM = 80.0, 0.8, -18.0
# Bone is cut as sharply as this.
EDGE_MM = 0.6
GAP_MM, PLATE_HU, PLATE_LONG_MM, PLATE_WIDE_MM, PLATE_THICK_MM = (1.0, 3.0), (1500, 3000), (3.0, 8.0), (1.5, 4.0), 1.2
AIR_BELOW = 0.7


def blood_near(lesions: Sequence[Lesion], box: Box, where: np.ndarray) -> bool:
    """Tell whether blood lies where a box is moved: its labels would stay behind."""
    return any(bool((lesion.fraction[box][where] > 0).any()) for lesion in lesions)


def _replace_bone(
    hu: np.ndarray, anatomy: Anatomy, removed: np.ndarray, bleeds: Sequence[np.ndarray], rng: np.random.Generator
) -> None:
    """Put soft tissue where bone is removed, in place; what blood the bone hid stays hidden."""
    depth = anatomy.space.inside_mm
    places = np.flatnonzero((removed > 0) & (hu > DENSER_THAN_HU) & (depth < BONE_FROM_MM) & (depth > BONE_TO_MM))
    for blood in bleeds:
        places = places[(blood.take(places) == 0) | (depth.take(places) <= 0)]
    soft = rng.uniform(*GAP_HU) + 3 * anatomy.medium.take(places)
    here = np.unravel_index(places, hu.shape)
    hu[here] += removed.take(places) * (soft - hu[here])


def take_out(hu: np.ndarray, anatomy: Anatomy, lesions: Sequence[Lesion], rng: np.random.Generator) -> None:
    """Take a bone flap out, in place; over blood the brain neither bulges nor sinks."""
    placed = SkullWindow.placed(anatomy.space, FLAP_MM, rng)
    if placed is None:
        return
    window, box = placed
    part, inside = anatomy.part(box), hu[box]
    edge = window.distance(part.space, part.coarse)
    _replace_bone(inside, part, share(edge, EDGE_MM), [lesion.fraction[box] for lesion in lesions], rng)
    kind = rng.random()
    by_mm = -rng.uniform(0, BULGE_MM) if kind < BULGING else rng.uniform(0, SUNKEN_MM) * (kind < BULGING + SUNKEN)
    away = np.clip(-edge / (0.6 * window.across_mm), 0, 1)
    moved = (away > 0) & (part.space.inside_mm < YIELDING * abs(by_mm))
    if abs(by_mm) > 1 and not blood_near(lesions, box, moved):
        sink(inside, part.space, anatomy.grid, away * (2 - away), by_mm)


def put_back(hu: np.ndarray, anatomy: Anatomy, lesions: Sequence[Lesion], rng: np.random.Generator) -> None:
    """Cut a bone flap and fix it again, in place: a gap in the bone, plates on it, often air below."""
    placed = SkullWindow.placed(anatomy.space, FLAP_MM, rng)
    if placed is None:
        return
    window, box = placed
    part, inside = anatomy.part(box), hu[box]
    edge, depth = window.distance(part.space, part.coarse), part.space.inside_mm
    around = np.flatnonzero((np.abs(edge) < 12) & (depth < 0) & (depth > BONE_TO_MM))
    shell = part.space.at(around)
    rim = shell.at(np.flatnonzero((inside.take(around) > DENSER_THAN_HU) & (np.abs(edge.take(around)) < 3)))
    gap = share(np.abs(edge) - 0.5 * rng.uniform(*GAP_MM), EDGE_MM)
    _replace_bone(inside, part, gap, [lesion.fraction[box] for lesion in lesions], rng)
    for index in rng.integers(rim.z.size, size=rng.integers(2, 5)) if rim.z.size else ():
        _fix(inside, shell, around, rim, int(index), rng)
    below = np.flatnonzero((edge < -5) & (depth > 0) & (depth < 4))
    if len(below) and rng.random() < AIR_BELOW:
        front = below[np.argsort(part.space.y.take(below))[: max(len(below) // 6, 1)]]
        add_air(hu, anatomy, _point(part.space, int(rng.choice(front))), rng)


def _point(space: HeadSpace, place: int) -> Point:
    return float(space.z.flat[place]), float(space.y.flat[place]), float(space.x.flat[place])


def _fix(
    hu: np.ndarray, space: HeadSpace, places: np.ndarray, rim: HeadSpace, index: int, rng: np.random.Generator
) -> None:
    """Lay a small plate of titanium over the gap onto the outer surface of the bone, in place.

    Parameters
    ----------
    space, places
        Voxels around the gap, in a row, and their flat indices.
    rim
        Those of the bone along the gap, one of which has the plate above it.
    """
    middle, long, wide = _point(rim, index), 0.5 * rng.uniform(*PLATE_LONG_MM), 0.5 * rng.uniform(*PLATE_WIDE_MM)
    surface_mm = float(np.percentile(-rim.inside_mm[rim.distance(*middle) < long + 6], 95))
    # The bone under a plate is flat enough: it is as wide along the stack as it is across.
    aside = np.hypot(space.y - middle[1], space.x - middle[2])
    flat = np.maximum(aside - long, np.abs(space.z - middle[0]) - wide)
    filled = share(np.maximum(flat, np.abs(space.inside_mm + surface_mm) - 0.5 * PLATE_THICK_MM), 1.0)
    here = np.unravel_index(places, hu.shape)
    hu[here] += filled * (rng.uniform(*PLATE_HU) - hu[here])
