"""A generated head after an injection of contrast: what the agent adds to vessels, sinuses, dura, plexus and brain.

The agent only adds attenuation, and a scanner averages attenuation, so the enhancement is laid over a finished plain
study in the same head space. Studies like these are never trained on: they measure the check for contrast.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

import cv2
import numpy as np

from triage_node.train.phantom.atlas import Atlas, Point
from triage_node.train.phantom.brain import BrainStyle
from triage_node.train.phantom.grid import Grid
from triage_node.train.phantom.head import HeadSpace, place_head
from triage_node.train.phantom.solids import ellipsoid, rod, share
from triage_node.train.phantom.study import GeneratedStudy, Recipe, generate_study

TENTORIUM_SLOPE = 0.55
# Courses of the large vessels, points (z, y, x) in head space; those with a side are mirrored.
MIDLINE_ARTERIES: tuple[tuple[Point, Point, float], ...] = (
    ((-52.0, 2.0, 0.0), (-24.0, -6.0, 0.0), 1.8),  # basilar
    ((-16.0, -26.0, 2.0), (0.0, -48.0, 1.0), 1.2),  # anterior cerebral, ascending
    ((0.0, -48.0, 1.0), (26.0, -30.0, 1.0), 1.0),  # pericallosal
)
SIDED_ARTERIES: tuple[tuple[Point, Point, float], ...] = (
    ((-52.0, -10.0, 18.0), (-24.0, -22.0, 12.0), 2.2),  # internal carotid
    ((-22.0, -22.0, 11.0), (-17.0, -24.0, 34.0), 1.5),  # middle cerebral, first part
    ((-17.0, -24.0, 34.0), (4.0, -10.0, 46.0), 1.2),  # middle cerebral in the insula
    ((-24.0, -6.0, 1.0), (-12.0, 16.0, 22.0), 1.1),  # posterior cerebral
    ((-22.0, -22.0, 11.0), (-24.0, -6.0, 4.0), 0.9),  # posterior communicating
)


class Phase(StrEnum):
    """When the images were made after the injection."""

    ARTERIAL = "arterial"
    VENOUS = "venous"


@dataclass(frozen=True)
class Enhancement:
    """What the agent adds, in HU.

    Attributes
    ----------
    arteries, veins
        In large arteries, and in sinuses and deep veins.
    dura
        In falx and tentorium.
    plexus
        In the choroid plexus.
    brain
        In the blood pool of the brain.
    """

    arteries: float
    veins: float
    dura: float
    plexus: float
    brain: float

    @classmethod
    def random(cls, phase: Phase, rng: np.random.Generator) -> "Enhancement":
        """Return what a usual injection of the phase does: veins reach 110-180 HU, arteries 200-350 at their peak."""
        venous = cls(rng.uniform(50, 110), rng.uniform(60, 130), rng.uniform(20, 55), rng.uniform(25, 70), 3.0)
        if phase is Phase.VENOUS:
            return replace(venous, brain=rng.uniform(2, 4))
        return cls(
            rng.uniform(160, 310), rng.uniform(5, 120), rng.uniform(3, 25), rng.uniform(5, 40), rng.uniform(1, 3)
        )


def _sagittal_sinus(space: HeadSpace, rng: np.random.Generator) -> np.ndarray:
    """Fill the triangle at the midline below the inner table; it widens on its way to the back."""
    back = np.clip((space.y + 55) / 110, 0, 1)
    half_mm, depth_mm = 1.5 + rng.uniform(2.0, 4.0) * back, 3.0 + rng.uniform(2.0, 5.0) * back
    width = half_mm * np.clip(1.2 - space.inside_mm / depth_mm, 0, 1)
    shift = rng.normal(0, 1.0)
    tube = share(np.abs(space.x - shift) - width, 1.0) * (space.inside_mm > 0.3) * (space.inside_mm < depth_mm)
    return tube * np.clip((space.z + 12) / 4, 0, 1) * np.clip((space.y + 62) / 6, 0, 1)


def _transverse_sinuses(space: HeadSpace, rng: np.random.Generator) -> np.ndarray:
    high = rng.uniform(-28, -18)
    tube = share(np.hypot((space.z - high) / 1.2, space.inside_mm - 3) - rng.uniform(2.5, 4.5)) * (space.y > 18)
    middle = rng.uniform(46, 54), rng.uniform(20, 30)
    sigmoid = share(np.hypot(np.abs(space.x) - middle[0], space.y - middle[1]) - rng.uniform(3, 5))
    sigmoid = sigmoid * (space.z < high) * (space.z > -50)
    side = 1 - rng.uniform(0, 0.9) * (np.sign(space.x) == rng.choice([-1, 1]))
    return np.maximum(tube, sigmoid) * side * (space.inside_mm > 0.3)


def _deep_veins(space: HeadSpace, rng: np.random.Generator) -> np.ndarray:
    galen = (rng.uniform(8, 16), rng.uniform(10, 22), 0.0)
    straight = share(rod(space, galen, (rng.uniform(-6, 4), rng.uniform(52, 62), 0.0), rng.uniform(1.5, 3.0), 2.5))
    internal = [share(rod(space, galen, (18.0, -18.0, side * 2.0), 1.0)) for side in (-1, 1)]
    return np.maximum.reduce([straight, *internal])


def _arteries(space: HeadSpace, rng: np.random.Generator) -> np.ndarray:
    courses = [*MIDLINE_ARTERIES]
    for start, end, radius in SIDED_ARTERIES:
        for side in (-1, 1):
            courses.append(((start[0], start[1], side * start[2]), (end[0], end[1], side * end[2]), radius))
    moved = rng.normal(0, 1.5, 3)
    found = [
        share(rod(space, tuple(start + moved), tuple(end + moved), radius * rng.uniform(0.85, 1.2)))
        for start, end, radius in courses
    ]
    return np.maximum.reduce(found)


def _dura(space: HeadSpace, rng: np.random.Generator) -> np.ndarray:
    falx = np.clip(rng.uniform(0.8, 1.4) - np.abs(space.x), 0, 1)
    falx = falx * (space.inside_mm < rng.uniform(16, 34)) * (space.z > -12)
    height = np.abs(space.z + TENTORIUM_SLOPE * np.abs(space.x) - 2)
    tentorium = np.clip(rng.uniform(0.8, 1.6) - height, 0, 1) * (np.abs(space.x) > 4) * (space.y > 5)
    return np.maximum(falx, tentorium * (np.abs(space.x) < 58)) * (space.inside_mm > 0)


def _plexus(space: HeadSpace) -> np.ndarray:
    return np.maximum(*(share(ellipsoid(space, (6.0, 14.0, side * 21.0), (3.0, 7.0, 3.0))) for side in (-1, 1)))


def enhancement_hu(space: HeadSpace, grid: Grid, added: Enhancement, rng: np.random.Generator) -> np.ndarray:
    """Return ``(thin slices, rows, columns) float32``, HU that the agent adds to each voxel inside the skull."""
    inside = space.inside_mm > 0.3
    veins = np.maximum(
        _sagittal_sinus(space, rng), np.maximum(_transverse_sinuses(space, rng), _deep_veins(space, rng))
    )
    veins = veins * (1 - 0.15 * np.clip(np.abs(grid.noise(rng, 12)), 0, 2))  # unopacified blood from side branches
    parts = (
        added.brain * inside,
        added.dura * _dura(space, rng),
        added.plexus * _plexus(space) * inside,
        added.veins * veins,
        added.arteries * _arteries(space, rng) * inside,
    )
    return np.maximum.reduce(parts).astype(np.float32)


def head_of(atlas: Atlas, recipe: Recipe, seed: int) -> HeadSpace:
    """Return the head that ``generate_study`` makes of a seed."""
    rng = np.random.default_rng(seed)
    BrainStyle.random(rng)  # drawn first there, too
    return place_head(atlas, recipe.grid(), recipe.pose, rng)


def enhance(study: GeneratedStudy, space: HeadSpace, recipe: Recipe, phase: Phase, seed: int) -> GeneratedStudy:
    """Return a plain study after an injection.

    Parameters
    ----------
    space
        The study's head, see `head_of`.
    seed
        Decides the injection and the course of the vessels.
    """
    rng, grid = np.random.default_rng([seed, 1]), recipe.grid()
    added = grid.average(enhancement_hu(space, grid, Enhancement.random(phase, rng), rng))
    for plane in added:
        cv2.GaussianBlur(plane, (0, 0), max(recipe.scanner.blur_mm / grid.mm_per_pixel, 0.2), dst=plane)
    hu = np.clip(np.round(study.volume.hu + added), -1024, 3071).astype(np.float32)
    return replace(study, volume=replace(study.volume, hu=hu))


def generate_enhanced(atlas: Atlas, recipe: Recipe, phase: Phase, seed: int) -> GeneratedStudy:
    """Return the study of a seed after an injection; before it, the same head is ``generate_study`` of the seed."""
    study = generate_study(atlas, recipe, np.random.default_rng(seed))
    return enhance(study, head_of(atlas, recipe, seed), recipe, phase, seed)
