"""How blood and its edema look in the brain they lie in."""

import numpy as np

from triage_node.findings import Label
from triage_node.train.phantom.lesion import Anatomy, Lesion

# Blood hardly denser than what it lies in cannot be labeled by eye, so it is not asked for: gray matter, or fluid.
SMALLEST_CONTRAST_HU, LARGEST_HU = 8.0, 82.0
SMALLEST_CONTRAST_IN_FLUID_HU = -2.0
IN_FLUID = (Label.INTRAVENTRICULAR, Label.SUBARACHNOID)


def paint(
    hu: np.ndarray, lesion: Lesion, anatomy: Anatomy, gray_hu: float, brighter_hu: float, rng: np.random.Generator
) -> np.ndarray:
    """Lay edema and blood over the brain; published densities were read off scans, so shading is in them already.

    Parameters
    ----------
    hu
        ``(slices, rows, columns) float32``, HU of the brain.
    gray_hu
        HU of its gray matter.
    brighter_hu
        What the shading will add to the lesion.

    Returns
    -------
    numpy.ndarray
        HU with the lesion, the same shape.
    """
    painted = hu.copy()
    flat = painted.ravel()
    if lesion.edema is not None:
        swollen = np.flatnonzero(lesion.edema)
        flat[swollen] += 0.5 * lesion.edema.take(swollen) * (rng.uniform(12, 22) - flat.take(swollen))
    places = np.flatnonzero(lesion.fraction)
    blood = _lowest(lesion, brighter_hu, gray_hu) + lesion.mottle * anatomy.medium.take(places)
    if lesion.profile is not None:
        blood += lesion.profile.take(places)
    flat[places] += lesion.fraction.take(places) * (blood - flat.take(places))
    return painted


def _lowest(lesion: Lesion, brighter_hu: float, gray_hu: float) -> float:
    """Return the HU of the blood before the shading, no darker than what is still told from its surroundings."""
    contrast = SMALLEST_CONTRAST_IN_FLUID_HU if lesion.label in IN_FLUID else SMALLEST_CONTRAST_HU
    lowest = gray_hu + contrast if lesion.floor_hu is None else lesion.floor_hu
    return float(np.clip(lesion.hu - brighter_hu, lowest, LARGEST_HU))
