"""Subarachnoid hemorrhage: blood that replaces fluid in cisterns, fissures and sulci around a source."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from triage_node.findings import Label
from triage_node.train.phantom.lesion import Anatomy, Lesion, level_for_volume, point, random_voxel
from triage_node.train.phantom.lesions.subdural import TENTORIUM_SLOPE, tentorium_height
from triage_node.train.phantom.solids import Rod

MEAN_HU, DEVIATION_HU = 49.0, 8.0
# Blood that fills a sulcus, and the mean where there is only a little; thin layers are darker in the image anyway.
FULL_HU, LITTLE_HU = (45.0, 65.0), 58.0
MEDIAN_ML, SPREAD = 1.3, 0.95  # 5 % 0.27, 95 % 6.2 mL
LITTLE_ML = (0.1, 1.0)
# Blood lies no further from its source than this.
REACH_MM = 60.0
# Half the thickness of the layer over the tentorium.
LAYER_MM = (0.6, 1.3)


def _aneurysmal(_: Anatomy, rng: np.random.Generator) -> Rod:
    """Return a source in the basal cisterns."""
    middle = -rng.uniform(0, 18), rng.uniform(-33, -8), float(rng.normal(0, 10))
    return Rod(middle, (middle[0], middle[1] + 3, middle[2]), 0.0)


def _around_midbrain(_: Anatomy, rng: np.random.Generator) -> Rod:
    """Return the interpeduncular cistern, from which the ambient one goes around one side of the midbrain."""
    side, front = rng.choice([-1, 1]), (-14.0 + rng.normal(0, 2), -3.0, 0.0)
    return Rod(front, (-6.0 + rng.normal(0, 3), rng.uniform(4, 22), float(side * rng.uniform(10, 20))), 0.0)


def _sylvian(_: Anatomy, rng: np.random.Generator) -> Rod:
    """Return a part of a Sylvian fissure."""
    side, first, last = rng.choice([-1, 1]), rng.uniform(0, 0.5), rng.uniform(0.55, 1)
    start, end = ((-10 + 24 * share, -20 + 30 * share, side * (32 + 14 * share)) for share in (first, last))
    return Rod((start[0], start[1], float(start[2])), (end[0], end[1], float(end[2])), 0.0)


def _tentorial(_: Anatomy, rng: np.random.Generator) -> Rod:
    """Return a line along the tentorium from its free edge outward, on one side."""
    side, near, far = rng.choice([-1, 1]), rng.uniform(10, 18), rng.uniform(24, 42)
    first_y = rng.uniform(8, 26)
    start, end = ((2 - TENTORIUM_SLOPE * across, first_y + across - near, side * across) for across in (near, far))
    return Rod((start[0], start[1], float(start[2])), (end[0], end[1], float(end[2])), 0.0)


def _convexity(anatomy: Anatomy, rng: np.random.Generator) -> Rod | None:
    """Return a short way along the surface from a voxel in a sulcus."""
    depth = anatomy.space.inside_mm
    sulcus = (depth > 2) & (depth < 16) & (anatomy.space.z > -30) & (anatomy.fluid > 0.4)
    voxel = random_voxel(sulcus, rng)
    if voxel is None:
        return None
    z, y, x = point(anatomy.space, voxel)
    return Rod((z, y, x), (z + rng.uniform(1, 8), y + rng.normal(0, 8), x), 0.0)


@dataclass(frozen=True)
class Kind:
    """A kind of subarachnoid hemorrhage.

    Attributes
    ----------
    frequency
        Its share of the cases.
    source
        Where the blood comes from; None where the series does not show it.
    little
        Share of cases with a little only, in a few sulci or one cistern.
    layer
        It lies as a layer on the tentorium too.
    """

    frequency: float
    source: Callable[[Anatomy, np.random.Generator], Rod | None]
    little: float
    layer: bool = False


KINDS = (
    Kind(0.30, _aneurysmal, little=0.0),
    Kind(0.12, _around_midbrain, little=0.6),
    Kind(0.15, _sylvian, little=0.5),
    Kind(0.11, _tentorial, little=0.6, layer=True),
    Kind(0.32, _convexity, little=0.5),
)


def _spaces(part: Anatomy, layer_mm: float, widened: float) -> np.ndarray:
    """Return the share of each voxel that blood may fill."""
    spaces = np.clip(part.fluid * np.float32(widened), 0, 1) * (part.ventricles < 0.3)
    if layer_mm:
        sheet = np.clip(layer_mm - np.abs(tentorium_height(part) + 0.5 * part.medium) + 0.5, 0, 1)
        spaces = np.maximum(spaces, sheet * (part.space.y > 5) * (np.abs(part.space.x) > 4))
        spaces *= np.abs(tentorium_height(part)) < 7
    return spaces * (part.space.inside_mm > 0.5)


def subarachnoid(anatomy: Anatomy, rng: np.random.Generator) -> Lesion | None:
    """Return subarachnoid blood; traumatic blood lies over the convexity, aneurysmal blood in the cisterns."""
    kind = KINDS[rng.choice(len(KINDS), p=[kind.frequency for kind in KINDS])]
    little, source = rng.random() < kind.little, kind.source(anatomy, rng)
    box = None if source is None else anatomy.space.box(*source.corners(REACH_MM))
    if source is None or box is None:
        return None
    volume_ml = float(rng.uniform(*LITTLE_ML) if little else np.exp(rng.normal(np.log(MEDIAN_ML), SPREAD)))
    little |= volume_ml < LITTLE_ML[1]
    part = anatomy.part(box)
    distance = source.distance(part.space)
    ragged_mm, edge_mm, widened = (rng.uniform(1, 4), 1, (1.7, 2.4)) if little else (rng.uniform(2, 8), 6, (1.2, 2.0))
    nearness = np.float32(ragged_mm) * part.coarse - distance
    spaces = _spaces(part, rng.uniform(*LAYER_MM) * kind.layer, rng.uniform(*widened)) * (distance < REACH_MM)
    level = level_for_volume(nearness, spaces, volume_ml, anatomy.grid)
    if level is None:
        return None
    fraction = np.zeros(anatomy.space.z.shape, np.float32)
    fraction[box] = spaces * np.clip((nearness - level) / edge_mm + 0.5, 0, 1)
    hu = float(np.clip(rng.normal(LITTLE_HU if little else MEAN_HU, DEVIATION_HU), *FULL_HU))
    return Lesion(Label.SUBARACHNOID, fraction, hu, rng.uniform(0.5, 3))
