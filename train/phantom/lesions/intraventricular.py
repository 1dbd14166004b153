"""Intraventricular hemorrhage: a level in the lateral ventricles, a little in both horns, a cast, or the fourth."""

import numpy as np

from triage_node.findings import Label
from triage_node.train.phantom.lesion import Anatomy, Lesion, level_for_volume, point, random_voxel

# Real ones begin at 40 HU in the image, with a mean of 50; partial volume with fluid takes some 4 HU of what is drawn.
MEAN_HU, DEVIATION_HU, LIMITS_HU = 54.0, 7.0, (44.0, 75.0)
MEDIAN_ML, SPREAD = 2.6, 1.3  # 5 % 0.2, 95 % 19 mL
# A little in both occipital horns: how often, how much in all, and its mean HU before partial volume darkens it.
HORNS, HORNS_ML, HORNS_HU = 0.25, (0.2, 1.0), 57.0
# The fourth ventricle lies below this and near the midline.
FOURTH_MM, FOURTH_WIDTH_MM = -12.0, 16.0


def _ventricles(anatomy: Anatomy) -> np.ndarray:
    return np.clip(anatomy.ventricles * 1.4, 0, 1) * (anatomy.space.inside_mm > 5)


def _room(anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Return the share of each voxel that may fill: most blood is in the lateral ventricles, often in one of them."""
    space, room = anatomy.space, _ventricles(anatomy)
    if rng.random() < 0.8:
        room = room * ((space.z > FOURTH_MM) | (np.abs(space.x) > FOURTH_WIDTH_MM))
    if rng.random() < 0.4:
        room = room * (np.sign(space.x) == rng.choice([-1, 1]))
    return room


def _down(anatomy: Anatomy) -> np.ndarray:
    return np.broadcast_to(anatomy.grid.axes()[1], anatomy.ventricles.shape)


def _sediment(anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Return how far down the table each voxel lies in mm: a level on each side, smooth where the blood is fluid."""
    ragged = rng.uniform(0.1, 1.5) * anatomy.medium
    return _down(anatomy) + ragged + np.float32(rng.normal(0, 3)) * np.sign(anatomy.space.x)


def _cast(anatomy: Anatomy, room: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """Return the nearness in mm to a place in a ventricle, from which a clot grows along it."""
    voxel = random_voxel(room > 0.5, rng)
    return None if voxel is None else -anatomy.space.distance(*point(anatomy.space, voxel)) + anatomy.medium


def _horns(anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray | None:
    """Return the share of blood where a little has settled on both sides."""
    space, down = anatomy.space, _down(anatomy)
    volume_ml, share = rng.uniform(*HORNS_ML), rng.uniform(0.3, 0.7)
    lateral = _ventricles(anatomy) * (space.z > FOURTH_MM)
    fraction, found = np.zeros(space.z.shape, np.float32), False
    for side, part in ((-1, share), (1, 1 - share)):
        room = lateral * (side * space.x > 4)
        level = level_for_volume(down, room, part * volume_ml, anatomy.grid)
        if level is not None:
            fraction += room * np.clip((down - level) / rng.uniform(0.8, 2) + 0.5, 0, 1)
            found = True
    return fraction if found else None


def _filled(anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray | None:
    """Return the share of blood where it has sedimented in a lying patient, or a clot fills one part."""
    room = _room(anatomy, rng)
    first = _sediment(anatomy, rng) if rng.random() < 0.65 else _cast(anatomy, room, rng)
    if first is None:
        return None
    level = level_for_volume(first, room, np.exp(rng.normal(np.log(MEDIAN_ML), SPREAD)), anatomy.grid)
    return None if level is None else room * np.clip((first - level) / rng.uniform(0.8, 3) + 0.5, 0, 1)


def intraventricular(anatomy: Anatomy, rng: np.random.Generator) -> Lesion | None:
    """Return blood in the ventricles."""
    in_horns = rng.random() < HORNS
    fraction = _horns(anatomy, rng) if in_horns else _filled(anatomy, rng)
    if fraction is None:
        return None
    hu = float(np.clip(rng.normal(HORNS_HU if in_horns else MEAN_HU, DEVIATION_HU), *LIMITS_HU))
    return Lesion(Label.INTRAVENTRICULAR, fraction.astype(np.float32, copy=False), hu, rng.uniform(0.5, 3))
