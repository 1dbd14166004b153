"""What a blow or a surgeon has left of the skull: flaps out or put back, drains, and bone driven in."""

from collections.abc import Sequence

import numpy as np

from triage_node.train.phantom.lesion import Anatomy, Lesion
from triage_node.train.phantom.skull.bone_flap import blood_near, put_back, take_out
from triage_node.train.phantom.skull.drain import add_drain
from triage_node.train.phantom.skull.window import YIELDING, SkullWindow, sink

# Shares of heads; fractures that are mere lines and burr holes are made with the bone itself.
FLAP_OUT, FLAP_BACK, DRAINED, DEPRESSED = 0.04, 0.04, 0.04, 0.04
DENT_MM, DENT_LENGTH_MM, DENT_EDGE_MM = (2.5, 6.0), (18.0, 45.0), 4.0


def _depress(hu: np.ndarray, anatomy: Anatomy, lesions: Sequence[Lesion], rng: np.random.Generator) -> None:
    """Drive a piece of bone in, in place; not into blood, whose labels would stay behind."""
    placed, by_mm = SkullWindow.placed(anatomy.space, DENT_LENGTH_MM, rng), rng.uniform(*DENT_MM)
    if placed is None:
        return
    window, box = placed
    part = anatomy.part(box)
    driven = np.clip(-window.distance(part.space, 2 * part.fine) / DENT_EDGE_MM, 0, 1)
    moved = (driven > 0) & (part.space.inside_mm < YIELDING * by_mm)
    if not blood_near(lesions, box, moved):
        sink(hu[box], part.space, anatomy.grid, driven, by_mm)


def add_damage(hu: np.ndarray, anatomy: Anatomy, lesions: Sequence[Lesion], rng: np.random.Generator) -> None:
    """Damage a skull that is laid already, in place; not for heads that nobody would look at twice.

    Blood keeps its place: what is moved holds none, and tubes and plates are as dense as bone, the gaps outside it.

    Parameters
    ----------
    hu
        ``(slices, rows, columns) float32``, HU with skull and scalp.
    lesions
        The hemorrhages that are in it.
    """
    operation = rng.random()
    if operation < FLAP_OUT:
        take_out(hu, anatomy, lesions, rng)
    elif operation < FLAP_OUT + FLAP_BACK:
        put_back(hu, anatomy, lesions, rng)
    elif operation < FLAP_OUT + FLAP_BACK + DEPRESSED:
        _depress(hu, anatomy, lesions, rng)
    if rng.random() < DRAINED:
        add_drain(hu, anatomy, rng)
