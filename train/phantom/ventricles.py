"""The ventricles: as wide as age or a hydrocephalus makes them, with horns that differ from side to side."""

from dataclasses import dataclass

import numpy as np

from triage_node.train.phantom.atlas import VENTRICLE_REACH_MM, Atlas
from triage_node.train.phantom.head import HeadSpace
from triage_node.train.phantom.solids import Rod

# Share of heads that drain their fluid badly, and of those with blood in it.
HYDROCEPHALUS, WITH_BLOOD = 0.08, 0.3
# Nearer to a ventricle than this there is white matter and no sulcus.
WALL_MM = 1.5
# Brain stem and cerebellum leave the fourth ventricle less room: from this height down it widens by a part only.
NARROW_MM, NARROW_SHARE = -6.0, 0.35


@dataclass(frozen=True)
class Ventricles:
    """What differs between the ventricles of patients.

    Attributes
    ----------
    widening_mm
        How much further out than in the average head their wall lies.
    horns
        Occipital and temporal horns, which the average of many heads has blurred away.
    """

    widening_mm: float
    horns: tuple[Rod, ...]

    @classmethod
    def random(cls, age: float, hydrocephalus: bool, rng: np.random.Generator) -> "Ventricles":
        """Return the ventricles of a patient; age runs from 0 to 1."""
        widening = float(np.clip(2.6 * age - 1.1 + rng.normal(0, 0.4), -1.6, 2.2))
        if hydrocephalus:
            widening = rng.uniform(2.5, 6.5)
        elif rng.random() < 0.4 * age:  # the brain shrinks away from them
            widening += rng.uniform(0.5, 2.5)
        return cls(widening, tuple(horn for side in (-1, 1) for horn in _horns(side, rng)))

    def distance(self, atlas: Atlas, space: HeadSpace) -> np.ndarray:
        """Return how deep in a ventricle each voxel lies in mm, negative outside."""
        inside = np.full(space.z.shape, -VENTRICLE_REACH_MM, np.float32)
        box = space.box(*atlas.ventricles.corners)
        if box is not None:
            inside[box] = atlas.ventricles.at(space.z[box], space.y[box], space.x[box])
        for horn in self.horns:
            box = space.box(*horn.corners(max(self.widening_mm, 0.0) + WALL_MM + 1.0))
            if box is not None:
                inside[box] = np.maximum(inside[box], -horn.distance(space.part(box)))
        if self.widening_mm <= 0:
            return inside + np.float32(self.widening_mm)
        return inside + np.float32(self.widening_mm) * np.clip(1 - (NARROW_MM - space.z) / 8, NARROW_SHARE, 1)


def _horns(side: int, rng: np.random.Generator) -> list[Rod]:
    """Return the horns of one side; the occipital one is short in many and missing in some."""
    bend = (rng.uniform(-14, -10), rng.uniform(4, 10), side * rng.uniform(32, 36))
    tip = (rng.uniform(-21, -16), rng.uniform(-10, -2), side * rng.uniform(29, 33))
    wide = rng.uniform(0.5, 1.5)
    horns = [Rod((1.0, 24.0, side * 28.0), bend, wide), Rod(bend, tip, wide)]
    if rng.random() < 0.85:
        length = rng.uniform(6, 34)
        end = (rng.normal(4, 2), 27 + length, side * (24 - 0.15 * length))
        horns.append(Rod((8.0, 27.0, side * 24.0), end, rng.uniform(2.5, 5), rng.uniform(0.6, 2.2)))
    return horns
