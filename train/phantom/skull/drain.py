"""A ventricular drain or shunt: a straight tube from a burr hole to a lateral ventricle."""

import numpy as np

from triage_node.train.phantom.atlas import Point
from triage_node.train.phantom.head import HeadSpace
from triage_node.train.phantom.lesion import Anatomy, point, random_voxel
from triage_node.train.phantom.skull.vault import GAP_HU
from triage_node.train.phantom.solids import Rod, share_of

# Where the bone is drilled, ``(z, y, |x|)`` in mm: frontal or parietal; and the part of the ventricle that is reached.
FRONTAL_MM = (40.0, 75.0), (-70.0, -30.0), (18.0, 38.0)
PARIETAL_MM = (20.0, 55.0), (45.0, 80.0), (20.0, 45.0)
TIP_MM = (4.0, 28.0), (-30.0, 25.0), (3.0, 24.0)
# Where the ventricles are too narrow to be found, the tube ends here.
NARROW_TIP_MM = (12.0, -8.0, 8.0)
# The tube goes on this far outside the burr hole, under the scalp or through it.
OUTSIDE_MM = 8.0
WALL_MM, LUMEN_MM, WALL_HU, LUMEN_HU = (1.0, 1.5), (0.5, 0.75), (150, 600), (0, 20)
HOLE_MM = (2.5, 6.0)

Range = tuple[float, float]


def _place(
    space: HeadSpace, within: tuple[Range, Range, Range], side: float, where: np.ndarray, rng: np.random.Generator
) -> Point | None:
    """Return a random place of a mask between limits on one side."""
    low, high = ([limits[end] for limits in within] for end in (0, 1))
    low[2], high[2] = sorted((side * low[2], side * high[2]))
    box = space.box((low[0], low[1], low[2]), (high[0], high[1], high[2]))
    if box is None:
        return None
    part, found = space.part(box), where[box].copy()
    for axis, least, most in zip((part.z, part.y, part.x), low, high, strict=True):
        found &= (axis >= least) & (axis <= most)
    voxel = random_voxel(found, rng)
    return None if voxel is None else point(part, voxel)


def add_drain(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> None:
    """Lay a tube with a burr hole, in place; nothing where the stack does not hold the place for one."""
    space, side = anatomy.space, float(rng.choice((-1.0, 1.0)))
    on_bone = np.abs(space.inside_mm + 2.5) < 2.5
    entry = _place(space, FRONTAL_MM if rng.random() < 0.6 else PARIETAL_MM, side, on_bone, rng)
    if entry is None:
        return
    tip = _place(space, TIP_MM, side, anatomy.ventricles > 0.7, rng)
    z, y, x = NARROW_TIP_MM
    tip = (z, y, side * x) if tip is None else tip
    way = np.subtract(entry, tip)
    out = way / np.linalg.norm(way)
    start, low = (
        (float(entry[0] + mm * out[0]), float(entry[1] + mm * out[1]), float(entry[2] + mm * out[2]))
        for mm in (OUTSIDE_MM, -OUTSIDE_MM)
    )
    _drill(hu, anatomy, Rod(start, low, rng.uniform(*HOLE_MM)), rng)
    _lay(hu, anatomy, Rod(start, tip, rng.uniform(*WALL_MM)), rng.uniform(*WALL_HU))
    if rng.random() < 0.5:
        _lay(hu, anatomy, Rod(start, tip, rng.uniform(*LUMEN_MM)), rng.uniform(*LUMEN_HU))


def _lay(hu: np.ndarray, anatomy: Anatomy, tube: Rod, level_hu: float) -> None:
    found = share_of(anatomy.space, tube, softness_mm=1.0)
    if found is not None:
        box, filled = found
        hu[box] += filled * (level_hu - hu[box])


def _drill(hu: np.ndarray, anatomy: Anatomy, hole: Rod, rng: np.random.Generator) -> None:
    found, soft_hu = share_of(anatomy.space, hole), rng.uniform(*GAP_HU)
    if found is not None:
        box, filled = found
        bone = (hu[box] > soft_hu) & (anatomy.space.inside_mm[box] < 0)
        hu[box] += filled * bone * (soft_hu - hu[box])
