"""What resembles hemorrhage and is none: dura, venous sinuses, vessels, calcium, and dark old lesions."""

from collections.abc import Callable

import numpy as np

from triage_node.train.phantom.lesion import Anatomy, point, random_voxel
from triage_node.train.phantom.lesions.subdural import tentorium_height
from triage_node.train.phantom.solids import rod, share

Step = Callable[[np.ndarray, Anatomy, np.random.Generator], np.ndarray]

# Middle (z, y, x) in head space, and how often it is calcified: pineal, choroid plexus, basal ganglia.
CALCIUM = (
    ((4.0, -6.0, 0.0), 0.55),
    ((5.0, 5.0, 20.0), 0.45),
    ((5.0, 5.0, -20.0), 0.45),
    ((0.0, -36.0, 18.0), 0.12),
    ((0.0, -36.0, -18.0), 0.12),
)


def _falx(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    space = anatomy.space
    sheet = np.clip(rng.uniform(0.8, 1.5) - np.abs(space.x + 0.5 * anatomy.coarse) * rng.uniform(0.7, 1.6), 0, 1)
    reach = (space.inside_mm < rng.uniform(14, 34)) & ((space.y < -10) | (space.y > 28) | (space.z > 25))
    part = rng.uniform(0.5, 1) * sheet * reach * (space.inside_mm > 0) * (space.z > -12)
    return hu + part * (rng.uniform(42, 65) - hu)


def _sagittal_sinus(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    space = anatomy.space
    tube = np.exp(-(space.x**2 + (space.inside_mm - 2.5) ** 2) / rng.uniform(8, 26))
    return hu + tube * (space.y > -20) * (space.z > -10) * rng.uniform(6, 28)


def _tentorium(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    space = anatomy.space
    height = np.abs(tentorium_height(anatomy) + anatomy.coarse)
    sheet = np.clip(rng.uniform(0.8, 1.6) - height * rng.uniform(0.5, 1), 0, 1)
    reach = (np.abs(space.x) < 58) & (np.abs(space.x) > 4) & (space.y > 5) & (space.inside_mm > 0)
    return hu + 0.6 * sheet * reach * (rng.uniform(40, 60) - hu)


def _transverse_sinus(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    space = anatomy.space
    high, deep = (space.z + rng.uniform(18, 30)) / rng.uniform(4, 8), (space.inside_mm - 2) / rng.uniform(2, 5)
    transverse = np.exp(-(high**2 + deep**2)) * (space.y > 18)
    side = 1 + rng.uniform(-0.9, 0.9) * np.sign(space.x)  # one side is usually larger
    middle = np.abs(space.x) - rng.uniform(46, 54), space.y - rng.uniform(20, 30)
    sigmoid = np.exp(-(middle[0] ** 2 + middle[1] ** 2) / rng.uniform(20, 80)) * (space.z < -20) * (space.z > -50)
    return hu + np.maximum(transverse, sigmoid * (space.inside_mm > 0)) * side * rng.uniform(5, 26)


def _deep_veins(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Brighten the great cerebral vein and the straight sinus, which runs down and back from it in the midline."""
    start, end = (rng.uniform(8, 16), rng.uniform(10, 22), 0.0), (rng.uniform(-6, 4), rng.uniform(52, 62), 0.0)
    vein = share(rod(anatomy.space, start, end, rng.uniform(1.5, 3.5), rng.uniform(1.0, 2.5)), 2.0)
    return hu + vein * rng.uniform(5, 26)


def _vessels(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    dots = np.clip(anatomy.grid.noise(rng, 3.5) - 1.7, 0, 1) * np.clip(anatomy.fluid * 1.5, 0, 1)
    return hu + dots * (anatomy.space.z < 15) * (anatomy.space.inside_mm > 0) * rng.uniform(10, 35)


def _calcium(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    for (z, y, x), frequency in CALCIUM:
        if rng.random() < frequency:
            space = anatomy.space
            squared = ((space.z - z) / 1.4) ** 2 + (space.y - y) ** 2 + (space.x - x) ** 2
            hu = hu + np.exp(-squared / rng.uniform(3, 10)) * np.exp(rng.uniform(np.log(15), np.log(350)))
    return hu


def _falx_calcium(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    voxel = random_voxel((np.abs(anatomy.space.x) < 1.5) & (anatomy.space.z > 15) & (anatomy.space.inside_mm > 2), rng)
    if voxel is None:
        return hu
    distance = anatomy.space.distance(*point(anatomy.space, voxel))
    plate = np.exp(-((distance / rng.uniform(4, 12)) ** 2) - (anatomy.space.x / 1.2) ** 2)
    return hu + plate * rng.uniform(60, 500)


def _dark_patch(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Darken an infarct, an old contusion or leukoaraiosis."""
    voxel = random_voxel(anatomy.space.inside_mm > 2, rng)
    if voxel is None:
        return hu
    distance = anatomy.space.distance(*point(anatomy.space, voxel)) / rng.uniform(6, 35)
    edge = distance + 0.3 * anatomy.medium + 0.2 * anatomy.fine
    return hu - np.clip(1.2 - edge, 0, 1) * rng.uniform(6, 20)


STEPS: tuple[tuple[Step, float], ...] = (
    (_falx, 0.9),
    (_sagittal_sinus, 0.85),
    (_tentorium, 0.75),
    (_transverse_sinus, 0.8),
    (_deep_veins, 0.8),
    (_vessels, 0.5),
    (_calcium, 1.0),
    (_falx_calcium, 0.12),
    (_dark_patch, 0.3),
    (_dark_patch, 0.2),
)


def add_look_alikes(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Return HU with everything benign that happens to be there in this patient."""
    for step, frequency in STEPS:
        if rng.random() < frequency:
            hu = step(hu, anatomy, rng)
    return hu.astype(np.float32)
