"""Intraparenchymal hemorrhage: deep and lobar clots, contusions, dots, and bleeds of brain stem and cerebellum."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from triage_node.findings import Label
from triage_node.train.phantom.atlas import Point
from triage_node.train.phantom.head import HeadSpace
from triage_node.train.phantom.lesion import Anatomy, Lesion
from triage_node.train.phantom.lesions.clot import Clot

# Clots, dots, and contusions, which take in brain and are darker; a small one of them would not be seen.
CLOT_HU, DOT_HU, CONTUSION_HU = (56.0, 8.0), (60.0, 7.0), (49.0, 8.5)
SMALLEST_CONTUSION_ML = 1.5
MOTTLE_HU = (0.5, 3.5)
SMALLEST_ML = 0.1
# No clot begins in the medulla or at the foramen magnum.
LOWEST_MM = -42.0


def _deep(space: HeadSpace) -> np.ndarray:
    return (space.inside_mm > 10) & (space.z > LOWEST_MM)


def _lobar(space: HeadSpace) -> np.ndarray:
    return (space.inside_mm > 3) & (space.inside_mm < 16) & (space.z > LOWEST_MM)


def _poles(space: HeadSpace) -> np.ndarray:
    """Return frontal and temporal poles and what lies under them: the brain slides over a rough floor there."""
    frontal = (space.y < -40) & (space.z > -22) & (space.z < 14) & (np.abs(space.x) < 45)
    temporal = (space.y > -45) & (space.y < 12) & (space.z > LOWEST_MM) & (space.z < -10) & (np.abs(space.x) > 20)
    return (frontal | temporal) & (space.inside_mm > 2) & (space.inside_mm < 11)


def _border(space: HeadSpace) -> np.ndarray:
    """Return cortex and its border to white matter, and the corpus callosum: what shearing tears."""
    cortical = (space.inside_mm > 3) & (space.inside_mm < 12) & (space.z > -15)
    arch = np.sqrt((space.z - 4) ** 2 + (0.6 * (space.y + 12)) ** 2)
    return cortical | ((np.abs(space.x) < 9) & (arch > 17) & (arch < 24) & (space.z > 4) & (np.abs(space.y + 12) < 38))


def _stem(space: HeadSpace) -> np.ndarray:
    """Return midbrain and pons, which lean back on their way up."""
    in_stem = (space.z > -38) & (space.z < -8) & (np.abs(space.x) < 9)
    return in_stem & (np.abs(space.y - 9 - 0.1 * (space.z + 23)) < 7)


def _cerebellum(space: HeadSpace) -> np.ndarray:
    below = space.z + 0.45 * np.abs(space.x) < -7
    return below & (space.z > LOWEST_MM) & (space.y > 28) & (space.y < 70) & (space.inside_mm > 8)


@dataclass(frozen=True)
class Kind:
    """A kind of hemorrhage in the brain.

    Attributes
    ----------
    frequency
        Its share of the cases.
    seats
        Where its clots begin.
    more
        Chance that one more clot comes after each.
    most
        Clots at most.
    median_ml, spread, largest_ml
        Volume of each: log-normal, cut off.
    patchy
        Share of clots with brain in them.
    hu
        Mean and deviation of its HU where no brain is in it.
    """

    frequency: float
    seats: Callable[[HeadSpace], np.ndarray]
    more: float
    most: int
    median_ml: float
    spread: float
    largest_ml: float
    patchy: float = 0.0
    hu: tuple[float, float] = CLOT_HU

    def places(self, space: HeadSpace, rng: np.random.Generator) -> list[Point]:
        """Return where its clots are; none where the series does not show its seats."""
        seats, count = np.flatnonzero(self.seats(space)), 1
        while count < self.most and rng.random() < self.more:
            count += 1
        if not len(seats):
            return []
        chosen = seats[rng.integers(len(seats), size=count)]
        return [(float(space.z.flat[k]), float(space.y.flat[k]), float(space.x.flat[k])) for k in chosen]

    def volume_ml(self, rng: np.random.Generator) -> float:
        """Return the volume of one clot."""
        volume_ml = np.exp(rng.normal(np.log(self.median_ml), self.spread))
        return float(np.clip(volume_ml, SMALLEST_ML, self.largest_ml))

    def clot(self, place: Point, rng: np.random.Generator) -> Clot:
        """Return one of its clots at a place."""
        volume_ml = self.volume_ml(rng)
        patchy = bool(volume_ml > SMALLEST_CONTUSION_ML and rng.random() < self.patchy)
        return Clot.random(place, volume_ml, patchy, rng)


KINDS = (
    Kind(0.16, _deep, more=0.15, most=2, median_ml=7.0, spread=1.1, largest_ml=80.0),
    Kind(0.13, _lobar, more=0.3, most=3, median_ml=7.0, spread=1.1, largest_ml=80.0, patchy=0.3),
    Kind(0.25, _poles, more=0.55, most=5, median_ml=2.5, spread=1.1, largest_ml=40.0, patchy=0.6),
    Kind(0.26, _border, more=0.65, most=5, median_ml=0.36, spread=0.6, largest_ml=1.0, hu=DOT_HU),
    Kind(0.12, _stem, more=0.2, most=2, median_ml=1.2, spread=0.8, largest_ml=6.0),
    Kind(0.08, _cerebellum, more=0.1, most=2, median_ml=5.0, spread=1.0, largest_ml=35.0, patchy=0.15),
)


def intraparenchymal(anatomy: Anatomy, rng: np.random.Generator) -> Lesion | None:
    """Return clots of one kind with their edema; of another kind where the series does not reach that far."""
    frequencies = np.array([kind.frequency for kind in KINDS])
    kind = KINDS[rng.choice(len(KINDS), p=frequencies / frequencies.sum())]
    places = kind.places(anatomy.space, rng)
    if not places:
        kind = KINDS[0]
        places = kind.places(anatomy.space, rng)
    clots = [kind.clot(place, rng) for place in places]
    if not clots:
        return None
    fraction, edema = _drawn(clots, anatomy)
    return Lesion(
        Label.INTRAPARENCHYMAL,
        fraction,
        hu=float(rng.normal(*(CONTUSION_HU if any(clot.patchy for clot in clots) else kind.hu))),
        mottle=rng.uniform(*MOTTLE_HU),
        edema=edema * np.float32(rng.uniform(0.2, 1)),
        balls=tuple(clot.ball for clot in clots),
    )


def _drawn(clots: list[Clot], anatomy: Anatomy) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of blood and that of edema in each voxel."""
    fraction, edema = (np.zeros(anatomy.space.z.shape, np.float32) for _ in range(2))
    for clot in clots:
        box = clot.box(anatomy)
        if box is not None:
            drawn = clot.draw(anatomy.space.part(box), anatomy.fine[box], anatomy.medium[box])
            for whole, part in zip((fraction, edema), drawn, strict=True):
                np.maximum(whole[box], part, out=whole[box])
    return fraction, edema
