"""What resembles hemorrhage and is none: dura, venous sinuses, vessels and calcium; and old lesions, which are dark."""

from collections.abc import Callable

import numpy as np

from triage_node.train.phantom.atlas import Point
from triage_node.train.phantom.lesion import Anatomy, point, random_voxel
from triage_node.train.phantom.lesions.subdural import TENTORIUM_SLOPE, tentorium_height
from triage_node.train.phantom.old_lesions import dark_patch, infarct, lacunes, leukoaraiosis
from triage_node.train.phantom.solids import Ellipsoid, Rod, share, share_of

Step = Callable[[np.ndarray, Anatomy, np.random.Generator], np.ndarray]

# So many deviations from its middle, a bell is nearly 0.
FADED = 3.5
# Middle (z, y, x) in head space, and how often it is calcified: pineal, choroid plexus, globus pallidus.
CALCIUM = (
    ((3.0, 11.0, 0.0), 0.6),
    ((8.0, 27.0, 24.0), 0.6),
    ((8.0, 27.0, -24.0), 0.6),
    ((0.0, -18.0, 18.0), 0.12),
    ((0.0, -18.0, -18.0), 0.12),
)


def _falx(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    thick = rng.uniform(1.5, 2.8) if rng.random() < 0.25 else rng.uniform(0.8, 1.5)
    thinning, depth, part, level = rng.uniform(0.7, 1.6), rng.uniform(14, 34), rng.uniform(0.5, 1), rng.uniform(42, 65)
    wide = thick / thinning + 0.5 * float(np.abs(anatomy.coarse).max())
    box = anatomy.space.box((-12, -np.inf, -wide), (np.inf, np.inf, wide))
    if box is not None:
        space = anatomy.space.part(box)
        sheet = np.clip(thick - np.abs(space.x + 0.5 * anatomy.coarse[box]) * thinning, 0, 1)
        reach = (space.inside_mm < depth) & ((space.y < -10) | (space.y > 28) | (space.z > 25))
        reach &= (space.inside_mm > 0) & (space.z > -12)
        hu[box] += part * sheet * reach * (level - hu[box])
    return hu


def _toward(hu: np.ndarray, share_of: np.ndarray, level_hu: float) -> np.ndarray:
    """Return HU moved toward a level by a share of each voxel; what is denser stays."""
    return hu + share_of * np.maximum(level_hu - hu, 0)


def _sagittal_sinus(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Brighten the superior sagittal sinus, a triangle that widens toward the confluence at the back."""
    width, depth, wider, deeper = rng.uniform(2, 4), rng.uniform(2, 4.5), rng.uniform(0, 4), rng.uniform(0, 4)
    offset, level = rng.normal(0, 2), rng.uniform(42, 66)
    reach = FADED * (width + wider)
    box = anatomy.space.box((-12, -np.inf, min(offset, 0) - reach), (np.inf, np.inf, max(offset, 0) + reach))
    if box is not None:
        space = anatomy.space.part(box)
        back, front = np.clip((space.y + 20) / 90, 0, 1), np.clip((space.y + 95) / 75, 0.2, 1)
        across = (space.x - offset * back) / (width * front + wider * back)
        tube = np.exp(-(across**2) - ((space.inside_mm - 1.5) / (depth * front + deeper * back)) ** 2)
        hu[box] = _toward(hu[box], np.clip(1.4 * tube, 0, 1) * (space.z > -12), level)
    return hu


def _lay(
    hu: np.ndarray, anatomy: Anatomy, body: Ellipsoid | Rod, level_hu: float, room: np.ndarray | None = None
) -> None:
    """Brighten a soft body in place, in the voxels it reaches and only as far as there is room."""
    found = share_of(anatomy.space, body, softness_mm=2.0)
    if found is not None:
        box, part = found
        hu[box] = _toward(hu[box], part if room is None else part * room[box], level_hu)


def _convexity_vein(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Brighten a cortical vein that runs to the sagittal sinus near the vertex."""
    wide, y = rng.uniform(12, 45), rng.uniform(-60, 60)
    box = anatomy.space.box((30, y - 45, -wide), (120, y + 45, wide))
    if box is not None:
        space = anatomy.space.part(box)
        winding = space.y - y + 6 * anatomy.coarse[box] + rng.uniform(-0.6, 0.6) * np.abs(space.x)
        vein = share(np.hypot(winding, space.inside_mm - 2) - rng.uniform(1, 2.5), 2.0)
        near = (space.inside_mm > 0) & (np.abs(space.x) < wide) & (space.z > 30)
        hu[box] = _toward(hu[box], vein * near, rng.uniform(42, 65))
    return hu


def _confluence(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Brighten the confluence of the sinuses with the dura about it, at the inner occipital protuberance."""
    height, side = rng.uniform(-22, -6), rng.normal(0, 3)
    high, wide, deep = rng.uniform(6, 12), rng.uniform(6, 15), rng.uniform(5, 12)
    box = anatomy.space.box((height - 3 * high, 30, side - 3 * wide), (height + 3 * high, 120, side + 3 * wide))
    if box is not None:
        space = anatomy.space.part(box)
        squared = ((space.z - height) / high) ** 2 + ((space.x - side) / wide) ** 2 + (space.inside_mm / deep) ** 2
        body = np.clip(1.3 * np.exp(-squared), 0, 1) * (space.y > 30) * (space.inside_mm > 0)
        hu[box] = _toward(hu[box], body, rng.uniform(42, 64))
    return hu


def _choroid_plexus(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Lay the glomus of the choroid plexus into each atrium: soft, as dense as gray matter or more."""
    level, radii = rng.uniform(36, 60), (rng.uniform(4, 8), rng.uniform(4, 10), rng.uniform(2.5, 5))
    for side in (-1, 1):
        middle = (rng.normal(9, 2), rng.normal(27, 2.5), side * rng.normal(25, 1.5))
        _lay(hu, anatomy, Ellipsoid(middle, radii), level + rng.normal(0, 3), np.clip(2 * anatomy.ventricles, 0, 1))
    return hu


def _pineal(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    middle = (rng.normal(3, 1.5), rng.normal(11, 2), 0.0)
    radii = (rng.uniform(2.5, 5), rng.uniform(3, 5.5), rng.uniform(2.5, 5))
    _lay(hu, anatomy, Ellipsoid(middle, radii), rng.uniform(32, 55))
    return hu


def _tentorium(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    thick, thinning, level = rng.uniform(0.8, 1.6), rng.uniform(0.5, 1), rng.uniform(40, 60)
    margin = thick / thinning + float(np.abs(anatomy.coarse).max())
    box = anatomy.space.box((2 - TENTORIUM_SLOPE * 58 - margin, 5, -58), (2 + margin, np.inf, 58))
    if box is not None:
        part = anatomy.part(box)
        space, height = part.space, np.abs(tentorium_height(part) + part.coarse)
        sheet = np.clip(thick - height * thinning, 0, 1)
        reach = (np.abs(space.x) < 58) & (np.abs(space.x) > 4) & (space.y > 5) & (space.inside_mm > 0)
        hu[box] += 0.6 * sheet * reach * (level - hu[box])
    return hu


def _transverse_sinus(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Brighten transverse and sigmoid sinuses; one side is usually larger, up to a broad band in a slice."""
    larger, smaller_share = rng.choice([-1, 1]), rng.uniform(0.2, 1.0)
    height, high, deep = -rng.uniform(18, 30), rng.uniform(4, 9), rng.uniform(3, 7)
    middle, spread = (rng.uniform(46, 54), rng.uniform(20, 30)), rng.uniform(15, 60)
    level = rng.uniform(42, 68)
    reach = FADED * high, FADED * spread**0.5
    low = min(height - reach[0], -50), min(middle[1] - reach[1], 18)
    box = anatomy.space.box((low[0], low[1], -np.inf), (max(height + reach[0], -20), np.inf, np.inf))
    if box is not None:
        space = anatomy.space.part(box)
        side = np.where(np.sign(space.x) == larger, np.float32(1), np.float32(smaller_share))
        squared = ((space.z - height) / high) ** 2 + ((space.inside_mm - 2) / (deep * side)) ** 2
        transverse = np.exp(-squared) * (space.y > 18)
        squared = (np.abs(space.x) - middle[0]) ** 2 + (space.y - middle[1]) ** 2
        sigmoid = np.exp(-squared / spread) * (space.z < -20) * (space.z > -50)
        tube = np.clip(1.4 * np.maximum(transverse, sigmoid), 0, 1) * side * (space.inside_mm > 0)
        hu[box] = _toward(hu[box], tube, level)
    return hu


def _deep_veins(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Brighten the great cerebral vein and the straight sinus, which runs down and back from it in the midline."""
    start, end = (rng.uniform(6, 18), rng.uniform(6, 22), 0.0), (rng.uniform(-8, 6), rng.uniform(52, 62), 0.0)
    _lay(hu, anatomy, Rod(start, end, rng.uniform(1.5, 4.5), rng.uniform(1.0, 3.0)), rng.uniform(42, 68))
    return hu


def _inferior_sagittal_sinus(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Brighten the free edge of the falx, which runs above the corpus callosum to the great cerebral vein."""
    start, end = (rng.uniform(30, 42), rng.uniform(-15, 15), 0.0), (rng.uniform(12, 24), rng.uniform(26, 38), 0.0)
    _lay(hu, anatomy, Rod(start, end, rng.uniform(0.8, 2.0), rng.uniform(1.2, 3.5)), rng.uniform(40, 62))
    return hu


def _vermis(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Brighten the vermis: its folia are mostly cortex, and leave a denser patch behind the fourth ventricle."""
    middle = (rng.uniform(-42, -18), rng.uniform(34, 50), rng.normal(0, 1.5))
    body = Ellipsoid(middle, (rng.uniform(6, 18), rng.uniform(5, 14), rng.uniform(4, 10)))
    found = share_of(anatomy.space, body, softness_mm=4.0)
    if found is not None:
        box, part = found
        tissue = np.clip(1 - 2 * anatomy.fluid[box], 0, 1) * (anatomy.space.part(box).inside_mm > 0)
        hu[box] += part * tissue * np.clip(1 + 0.5 * anatomy.fine[box], 0, None) * rng.uniform(2, 9)
    return hu


def _vessels(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    dots = np.clip(anatomy.grid.noise(rng, 3.5) - 1.7, 0, 1) * np.clip(anatomy.fluid * 1.5, 0, 1)
    return hu + dots * (anatomy.space.z < 15) * (anatomy.space.inside_mm > 0) * rng.uniform(10, 35)


def _calcium(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    for (z, y, x), frequency in CALCIUM:
        if rng.random() < frequency:
            middle = z + rng.normal(0, 2), y + rng.normal(0, 2.5), x + rng.normal(0, 1.5) * (x != 0)
            size = float(np.exp(rng.uniform(np.log(3), np.log(30))))
            _lay_calcium(hu, anatomy, middle, size, float(np.exp(rng.uniform(np.log(15), np.log(500)))))
    return hu


def _lay_calcium(hu: np.ndarray, anatomy: Anatomy, middle: Point, size: float, strength_hu: float) -> None:
    """Brighten grains of calcium about a place, in place."""
    (z, y, x), reach = middle, 1.4 * FADED * size**0.5
    box = anatomy.space.box((z - reach, y - reach, x - reach), (z + reach, y + reach, x + reach))
    if box is not None:
        space = anatomy.space.part(box)
        squared = ((space.z - z) / 1.4) ** 2 + (space.y - y) ** 2 + (space.x - x) ** 2
        hu[box] += np.maximum(1 + 0.5 * anatomy.fine[box], np.float32(0.2)) * np.exp(-squared / size) * strength_hu


def _falx_calcium(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    voxel = random_voxel((np.abs(anatomy.space.x) < 1.5) & (anatomy.space.z > 15) & (anatomy.space.inside_mm > 2), rng)
    if voxel is None:
        return hu
    distance = anatomy.space.distance(*point(anatomy.space, voxel))
    plate = np.exp(-((distance / rng.uniform(4, 12)) ** 2) - (anatomy.space.x / 1.2) ** 2)
    return hu + plate * rng.uniform(60, 500)


STEPS: tuple[tuple[Step, float], ...] = (
    (_falx, 0.9),
    (_sagittal_sinus, 0.9),
    (_tentorium, 0.75),
    (_transverse_sinus, 0.85),
    (_confluence, 0.5),
    (_deep_veins, 0.9),
    (_inferior_sagittal_sinus, 0.6),
    (_vermis, 0.6),
    (_convexity_vein, 0.5),
    (_convexity_vein, 0.4),
    (_choroid_plexus, 0.9),
    (_pineal, 0.8),
    (_vessels, 0.5),
    (_calcium, 1.0),
    (_falx_calcium, 0.12),
    (leukoaraiosis, 0.3),
    (infarct, 0.15),
    (lacunes, 0.2),
    (dark_patch, 0.3),
)


def add_mimics(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Return HU with everything benign that happens to be there in this patient."""
    hu = np.array(hu, np.float32)
    for step, frequency in STEPS:
        if rng.random() < frequency:
            hu = step(hu, anatomy, rng)
    return hu.astype(np.float32, copy=False)
