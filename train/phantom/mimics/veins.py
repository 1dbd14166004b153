"""Veins, and the sinuses that run through the head and not along the bone."""

import numpy as np

from triage_node.train.phantom.lesion import Anatomy
from triage_node.train.phantom.mimics.dura import APEX, CONFLUENCE
from triage_node.train.phantom.mimics.laying import SIDES, UNEVEN_HU, lay, softness, thick_or_thin, toward
from triage_node.train.phantom.solids import Rod, share


def _from_blood(blood_hu: float, rng: np.random.Generator) -> float:
    return blood_hu + rng.normal(0, UNEVEN_HU)


def great_vein(hu: np.ndarray, anatomy: Anatomy, blood_hu: float, rng: np.random.Generator) -> np.ndarray:
    """Brighten the great cerebral vein, which bends around the splenium to the apex of the tentorium."""
    radius, x = rng.uniform(2, 4.5) * rng.uniform(0.8, 1), rng.normal(0, 0.7)
    start = (rng.uniform(2, 7), rng.uniform(20, 26), x)
    lay(hu, anatomy, Rod(start, (*APEX, x), 0.8 * radius, radius), _from_blood(blood_hu, rng), softness(rng))
    return hu


def straight_sinus(hu: np.ndarray, anatomy: Anatomy, blood_hu: float, rng: np.random.Generator) -> np.ndarray:
    """Brighten the straight sinus, which runs in the midline down and back to the confluence."""
    start = (APEX[0] + rng.normal(0, 1), APEX[1], rng.normal(0, 0.7))
    end = (CONFLUENCE[0] + rng.normal(2, 2), CONFLUENCE[1], rng.normal(0, 2))
    radius = 0.5 * thick_or_thin(rng, (1.5, 4), (4, 6), 0.35)
    rod = Rod(start, end, radius, radius * rng.uniform(0.8, 1.4))
    lay(hu, anatomy, rod, _from_blood(blood_hu, rng), softness(rng))
    return hu


def inferior_sagittal_sinus(hu: np.ndarray, anatomy: Anatomy, blood_hu: float, rng: np.random.Generator) -> np.ndarray:
    """Brighten the free edge of the falx, which runs above the corpus callosum to the great cerebral vein."""
    start, end = (rng.uniform(30, 42), rng.uniform(-15, 15), 0.0), (rng.uniform(12, 24), rng.uniform(26, 36), 0.0)
    lay(hu, anatomy, Rod(start, end, rng.uniform(0.6, 1.5), rng.uniform(1, 2.5)), _from_blood(blood_hu, rng))
    return hu


def internal_veins(hu: np.ndarray, anatomy: Anatomy, blood_hu: float, rng: np.random.Generator) -> np.ndarray:
    """Brighten the pair of veins that runs back in the roof of the third ventricle."""
    radius = rng.uniform(0.6, 1.4)
    for side in SIDES:
        start, end = (rng.normal(12, 1), rng.uniform(-14, -4), 1.5 * side), (rng.normal(5, 1), 23.0, 1.5 * side)
        lay(hu, anatomy, Rod(start, end, radius), _from_blood(blood_hu, rng))
    return hu


def convexity_vein(hu: np.ndarray, anatomy: Anatomy, blood_hu: float, rng: np.random.Generator) -> np.ndarray:
    """Brighten a cortical vein that runs to the sagittal sinus near the vertex; some are thick."""
    wide, y, radius = rng.uniform(12, 45), rng.uniform(-60, 60), thick_or_thin(rng, (0.8, 2.0), (2.0, 3.5), 0.25)
    box = anatomy.space.box((30, y - 45, -wide), (120, y + 45, wide))
    if box is not None:
        space = anatomy.space.part(box)
        winding = space.y - y + 6 * anatomy.coarse[box] + rng.uniform(-0.6, 0.6) * np.abs(space.x)
        vein = share(np.hypot(winding, space.inside_mm - 2) - radius, softness(rng))
        near = (space.inside_mm > 0) & (np.abs(space.x) < wide) & (space.z > 30)
        if rng.random() < 0.5:
            near &= rng.choice(SIDES) * space.x > 0
        hu[box] = toward(hu[box], vein * near, _from_blood(blood_hu, rng))
    return hu
