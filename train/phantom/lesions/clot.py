"""A clot inside the brain: an ellipsoid whose surface noise has deformed."""

import math
from dataclasses import dataclass

import numpy as np

from triage_node.train.phantom.head import Box, HeadSpace
from triage_node.train.phantom.lesion import Anatomy, Ball

AXES = (1.0, 0.8, 0.6)
# Width of a clot's edge, of a small one as a share of its radius: soft all through, nobody would see it.
EDGE_MM, EDGE_SHARE = 1.5, 0.25


@dataclass(frozen=True)
class Clot:
    """Where it is, how ragged, how far its edema reaches, and whether it is patchy as a contusion is.

    Attributes
    ----------
    ball
        Its middle, and the radius of a ball of its volume.
    axes
        Its half axes in mm, up and along the other two.
    angle
        By how much it is turned in a slice, in radians.
    ragged
        Share of the radius by which noise moves its surface.
    halo
        Width of its edema as a share of the radius.
    """

    ball: Ball
    axes: tuple[float, ...]
    angle: float
    ragged: float
    halo: float
    patchy: bool

    @classmethod
    def random(
        cls, middle: tuple[float, float, float], volume_ml: float, patchy: bool, rng: np.random.Generator
    ) -> "Clot":
        """Return a clot of a volume at a place ``(z, y, x)`` in mm."""
        radius_mm = float(np.cbrt(0.75 * volume_ml * 1000 / np.pi))
        axes = tuple((radius_mm * rng.permutation(AXES) / np.cbrt(np.prod(AXES))).tolist())
        angle, ragged = rng.uniform(0, np.pi), rng.uniform(0.05, 0.3)
        return cls(Ball(middle, radius_mm), axes, angle, ragged, rng.uniform(0.1, 0.7), patchy)

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
        steep = max(self.ball.radius_mm / EDGE_MM, 1 / EDGE_SHARE)
        share = np.clip((1.05 - radial) * steep, 0, 1) * (space.inside_mm > 0.5)
        if self.patchy:
            share *= np.clip(0.6 + 0.6 * medium, 0, 1)
        halo = np.clip(1 - np.abs(radial - 1.1) / self.halo, 0, 1) * (radial > 1) * (space.inside_mm > 0)
        return share, halo
