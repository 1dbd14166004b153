"""Intraparenchymal hemorrhage: clots in the deep nuclei, lobar clots, and contusions under the cortex."""

import math
from dataclasses import dataclass

import numpy as np

from triage_node.findings import Label
from triage_node.train.phantom.head import Box, HeadSpace
from triage_node.train.phantom.lesion import Anatomy, Ball, Lesion, point, random_voxel

MEAN_HU, DEVIATION_HU = 49.0, 8.5
MEDIAN_ML, SPREAD = 5.5, 1.25
SMALLEST_ML, LARGEST_ML = 0.2, 80.0
AXES = (1.0, 0.8, 0.6)
# No clot begins in the medulla or at the foramen magnum.
LOWEST_MM = -42.0


@dataclass(frozen=True)
class _Clot:
    """An ellipsoid whose surface noise has deformed: where it is, and how ragged and how swollen about."""

    ball: Ball
    axes: list[float]
    angle: float
    ragged: float
    patchy: bool
    halo: float

    @classmethod
    def random(cls, space: HeadSpace, rng: np.random.Generator) -> "_Clot | None":
        """Return a clot somewhere in the brain, or None when there is no place for one."""
        cortical = rng.random() < 0.5
        where = (space.inside_mm > 3) & (space.inside_mm < 16) if cortical else space.inside_mm > 10
        voxel = random_voxel(where & (space.z > LOWEST_MM), rng)
        if voxel is None:
            return None
        volume_ml = np.clip(np.exp(rng.normal(np.log(MEDIAN_ML), SPREAD)), SMALLEST_ML, LARGEST_ML)
        radius_mm = float(np.cbrt(0.75 * volume_ml * 1000 / np.pi))
        axes = (radius_mm * rng.permutation(AXES) / np.cbrt(np.prod(AXES))).tolist()
        angle, ragged = rng.uniform(0, np.pi), rng.uniform(0.05, 0.3)
        patchy = bool(cortical and rng.random() < 0.5)
        return cls(Ball(point(space, voxel), radius_mm), axes, angle, ragged, patchy, rng.uniform(0.1, 0.7))

    def box(self, anatomy: Anatomy) -> Box | None:
        """Return the voxels that it and its edema may reach, however the noise deforms it."""
        reach = 1.1 + self.halo - self.ragged * float(anatomy.fine.min()) - 0.1 * float(anatomy.medium.min())
        margin = reach * max(self.axes)
        low, high = ([middle + side * margin for middle in self.ball.middle] for side in (-1, 1))
        return anatomy.space.box((low[0], low[1], low[2]), (high[0], high[1], high[2]))

    def draw(self, space: HeadSpace, fine: np.ndarray, medium: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return its share and that of its edema in each voxel."""
        z, y, x = self.ball.middle
        turn, lean = math.cos(self.angle), math.sin(self.angle)
        along, across = turn * (space.y - y) + lean * (space.x - x), turn * (space.x - x) - lean * (space.y - y)
        deep, long, wide = self.axes
        radial = np.sqrt(((space.z - z) / deep) ** 2 + (along / long) ** 2 + (across / wide) ** 2)
        radial += self.ragged * fine + 0.1 * medium
        share = np.clip((1.05 - radial) * (self.ball.radius_mm / 1.5), 0, 1) * (space.inside_mm > 0.5)
        if self.patchy:
            share *= np.clip(0.6 + 0.6 * medium, 0, 1)
        halo = np.clip(1 - np.abs(radial - 1.1) / self.halo, 0, 1) * (radial > 1) * (space.inside_mm > 0)
        return share, halo


def intraparenchymal(anatomy: Anatomy, rng: np.random.Generator) -> Lesion | None:
    """Return one to three clots with their edema."""
    count = 1 + int(rng.random() < 0.35) + int(rng.random() < 0.15)
    clots = [clot for clot in (_Clot.random(anatomy.space, rng) for _ in range(count)) if clot is not None]
    if not clots:
        return None
    fraction, edema = np.zeros((2, *anatomy.space.z.shape), np.float32)
    for clot in clots:
        box = clot.box(anatomy)
        if box is not None:
            drawn = clot.draw(anatomy.space.part(box), anatomy.fine[box], anatomy.medium[box])
            for whole, part in zip((fraction, edema), drawn, strict=True):
                np.maximum(whole[box], part, out=whole[box])
    return Lesion(
        Label.INTRAPARENCHYMAL,
        fraction,
        hu=rng.normal(MEAN_HU, DEVIATION_HU),
        mottle=rng.uniform(1, 6),
        edema=edema * np.float32(rng.uniform(0.2, 1)),
        balls=tuple(clot.ball for clot in clots),
    )
