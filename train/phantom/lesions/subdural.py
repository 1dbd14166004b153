"""Subdural hematoma: a crescent that crosses sutures, or a film along falx and tentorium."""

import numpy as np

from triage_node.findings import Label
from triage_node.train.phantom.lesion import Anatomy, Lesion

MEAN_HU, DEVIATION_HU = 52.0, 11.0
TENTORIUM_SLOPE = 0.45


def tentorium_height(anatomy: Anatomy) -> np.ndarray:
    """Return how far above the tentorium each voxel lies in mm; it falls from the incisura to both sides."""
    return anatomy.space.z + TENTORIUM_SLOPE * np.abs(anatomy.space.x) - 2


def _crescent(anatomy: Anatomy, side: int, rng: np.random.Generator) -> np.ndarray:
    """Return the thickness in mm of a crescent over one hemisphere."""
    space = anatomy.space
    thickness_mm = np.exp(rng.uniform(np.log(3.0), np.log(16)))
    around = np.arctan2(space.y, side * space.x)
    width = rng.uniform(0.5, 1.4)
    band = np.clip(1 - ((around - rng.uniform(-1.1, 1.1)) / width) ** 2, 0, 1) ** 0.6
    along = np.clip(1 - ((space.z - rng.uniform(-15, 40)) / rng.uniform(20, 60)) ** 2, 0, 1)
    peel = (thickness_mm * band * along + 0.5 * anatomy.coarse) * (side * space.x > 1)
    return np.where(peel > 1, peel, 0)


def _along_falx(anatomy: Anatomy, side: int, rng: np.random.Generator) -> np.ndarray:
    space = anatomy.space
    film = np.clip(rng.uniform(1.5, 4) - np.abs(space.x - side * 1.5 + 0.6 * anatomy.coarse), 0, 1)
    end = np.clip((rng.uniform(-40, 60) - space.y) / 8 * rng.choice([-1, 1]), 0, 1)
    return film * end * (space.z > 5) * (space.inside_mm < rng.uniform(20, 40))


def _along_tentorium(anatomy: Anatomy, side: int, rng: np.random.Generator) -> np.ndarray:
    space = anatomy.space
    film = np.clip(rng.uniform(1.5, 4) - np.abs(tentorium_height(anatomy) - 1.5), 0, 1)
    return film * (side * space.x > 3) * (np.abs(space.x) < 55) * (space.y > 10)


def subdural(anatomy: Anatomy, rng: np.random.Generator) -> Lesion | None:
    """Return a subdural hematoma of any age that still shows, some of mixed density."""
    space, side, kind = anatomy.space, int(rng.choice([-1, 1])), rng.random()
    inside = space.inside_mm > 0
    fraction, peel = np.zeros(space.z.shape, np.float32), None
    if kind < 0.82:
        peel = _crescent(anatomy, side, rng)
        fraction = np.clip(peel - space.inside_mm, 0, 1) * inside
    if kind > 0.72:
        film = _along_falx if rng.random() < 0.6 else _along_tentorium
        fraction = np.maximum(fraction, film(anatomy, side, rng) * inside)
    return Lesion(
        Label.SUBDURAL,
        fraction.astype(np.float32),
        hu=rng.normal(MEAN_HU, DEVIATION_HU),
        mottle=rng.uniform(1, 7),
        peel_mm=peel,
    )
