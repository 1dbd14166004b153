"""What resembles hemorrhage and is none: dura, venous sinuses, vessels, calcium, and dark old lesions."""

from collections.abc import Callable

import numpy as np

from triage_node.train.phantom.lesion import Anatomy, point, random_voxel
from triage_node.train.phantom.lesions.subdural import tentorium_height
from triage_node.train.phantom.solids import Ellipsoid, Rod, rod, share, share_of

Step = Callable[[np.ndarray, Anatomy, np.random.Generator], np.ndarray]

# Middle (z, y, x) in head space, and how often it is calcified: pineal, choroid plexus, globus pallidus.
CALCIUM = (
    ((3.0, 11.0, 0.0), 0.6),
    ((8.0, 27.0, 24.0), 0.6),
    ((8.0, 27.0, -24.0), 0.6),
    ((0.0, -18.0, 18.0), 0.12),
    ((0.0, -18.0, -18.0), 0.12),
)


def _falx(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    space = anatomy.space
    thick = rng.uniform(1.5, 2.8) if rng.random() < 0.25 else rng.uniform(0.8, 1.5)
    sheet = np.clip(thick - np.abs(space.x + 0.5 * anatomy.coarse) * rng.uniform(0.7, 1.6), 0, 1)
    reach = (space.inside_mm < rng.uniform(14, 34)) & ((space.y < -10) | (space.y > 28) | (space.z > 25))
    part = rng.uniform(0.5, 1) * sheet * reach * (space.inside_mm > 0) * (space.z > -12)
    return hu + part * (rng.uniform(42, 65) - hu)


def _toward(hu: np.ndarray, share_of: np.ndarray, level_hu: float) -> np.ndarray:
    """Return HU moved toward a level by a share of each voxel; what is denser stays."""
    return hu + share_of * np.clip(level_hu - hu, 0, None)


def _sagittal_sinus(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Brighten the superior sagittal sinus, a triangle that widens toward the confluence at the back."""
    space = anatomy.space
    back = np.clip((space.y + 20) / 90, 0, 1)
    front = np.clip((space.y + 95) / 75, 0.2, 1)
    width, depth = rng.uniform(2, 4) * front, rng.uniform(2, 4.5) * front
    width, depth = width + rng.uniform(0, 4) * back, depth + rng.uniform(0, 4) * back
    offset = rng.normal(0, 2) * back
    tube = np.exp(-(((space.x - offset) / width) ** 2) - ((space.inside_mm - 1.5) / depth) ** 2)
    tube = np.clip(1.4 * tube, 0, 1) * (space.z > -12)
    return _toward(hu, tube, rng.uniform(42, 66))


def _lay(hu: np.ndarray, anatomy: Anatomy, body: Ellipsoid, level_hu: float, room: np.ndarray | None = None) -> None:
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
    space = anatomy.space
    height = np.abs(tentorium_height(anatomy) + anatomy.coarse)
    sheet = np.clip(rng.uniform(0.8, 1.6) - height * rng.uniform(0.5, 1), 0, 1)
    reach = (np.abs(space.x) < 58) & (np.abs(space.x) > 4) & (space.y > 5) & (space.inside_mm > 0)
    return hu + 0.6 * sheet * reach * (rng.uniform(40, 60) - hu)


def _transverse_sinus(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Brighten transverse and sigmoid sinuses; one side is usually larger, up to a broad band in a slice."""
    space = anatomy.space
    larger = rng.choice([-1, 1])
    side = np.where(np.sign(space.x) == larger, 1.0, rng.uniform(0.2, 1.0)).astype(np.float32)
    high, deep = (space.z + rng.uniform(18, 30)) / rng.uniform(4, 9), (space.inside_mm - 2) / (rng.uniform(3, 7) * side)
    transverse = np.exp(-(high**2 + deep**2)) * (space.y > 18)
    middle = np.abs(space.x) - rng.uniform(46, 54), space.y - rng.uniform(20, 30)
    sigmoid = np.exp(-(middle[0] ** 2 + middle[1] ** 2) / rng.uniform(15, 60)) * (space.z < -20) * (space.z > -50)
    tube = np.clip(1.4 * np.maximum(transverse, sigmoid), 0, 1) * side * (space.inside_mm > 0)
    return _toward(hu, tube, rng.uniform(42, 68))


def _deep_veins(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Brighten the great cerebral vein and the straight sinus, which runs down and back from it in the midline."""
    start, end = (rng.uniform(6, 18), rng.uniform(6, 22), 0.0), (rng.uniform(-8, 6), rng.uniform(52, 62), 0.0)
    vein = share(rod(anatomy.space, start, end, rng.uniform(1.5, 4.5), rng.uniform(1.0, 3.0)), 2.0)
    return _toward(hu, vein, rng.uniform(42, 68))


def _inferior_sagittal_sinus(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Brighten the free edge of the falx, which runs above the corpus callosum to the great cerebral vein."""
    start, end = (rng.uniform(30, 42), rng.uniform(-15, 15), 0.0), (rng.uniform(12, 24), rng.uniform(26, 38), 0.0)
    found = share_of(anatomy.space, Rod(start, end, rng.uniform(0.8, 2.0), rng.uniform(1.2, 3.5)), softness_mm=2.0)
    if found is not None:
        box, part = found
        hu[box] = _toward(hu[box], part, rng.uniform(40, 62))
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
            space = anatomy.space
            z, y, x = z + rng.normal(0, 2), y + rng.normal(0, 2.5), x + rng.normal(0, 1.5) * (x != 0)
            squared = ((space.z - z) / 1.4) ** 2 + (space.y - y) ** 2 + (space.x - x) ** 2
            grains = np.clip(1 + 0.5 * anatomy.fine, 0.2, None)
            size = float(np.exp(rng.uniform(np.log(3), np.log(30))))
            strength = float(np.exp(rng.uniform(np.log(15), np.log(500))))
            hu = hu + grains * np.exp(-squared / size) * strength
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
    (_dark_patch, 0.3),
    (_dark_patch, 0.2),
)


def add_look_alikes(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Return HU with everything benign that happens to be there in this patient."""
    hu = np.array(hu, np.float32)
    for step, frequency in STEPS:
        if rng.random() < frequency:
            hu = step(hu, anatomy, rng)
    return hu.astype(np.float32, copy=False)
