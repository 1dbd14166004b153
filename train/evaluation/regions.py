"""Parts of the inside of the skull that false alarms have in common."""

from enum import StrEnum

import numpy as np
from scipy import ndimage

from triage_node.models import SMALLEST_SLICE_CM2, StrippedHead

MIDLINE_MM, SELLA_MM, RIM_MM = 15.0, 20.0, 8.0
"""Half the width of the midline and of the sella's region, and how deep the rim is."""
POSTERIOR_SHARE = 0.6
"""The posterior midline begins so far back between forehead and occiput."""
SELLA_SHARES = (0.25, 0.58)
SELLA_HEIGHT, BASE_HEIGHT = 0.4, 0.3
"""Shares of the slices with brain, from below, that the sella and the base may lie in."""


class Region(StrEnum):
    """A part of the inside of the skull."""

    POSTERIOR_MIDLINE = "posterior midline"
    SELLA = "sella and clinoids"
    BASE = "base"
    RIM = "rim"
    ELSEWHERE = "elsewhere"


def height_of(head: StrippedHead, index: int) -> float:
    """Return how high a slab lies among those that show brain, from 0 to 1."""
    shown = np.flatnonzero(head.brain_area_cm2 >= SMALLEST_SLICE_CM2)
    return float((index - shown[0]) / max(shown[-1] - shown[0], 1))


def depth_mm(head: StrippedHead, index: int, mm_per_pixel: float) -> np.ndarray:
    """Return ``(rows, columns)`` how far each pixel of a slab lies behind the border of the mask, in mm."""
    found: np.ndarray = ndimage.distance_transform_edt(head.mask[index]) * mm_per_pixel
    return found


def region_map(head: StrippedHead, index: int, mm_per_pixel: float) -> np.ndarray:
    """Return ``(rows, columns) str``: the `Region` of each pixel of a slab, also of those outside of the mask.

    Parameters
    ----------
    index
        Of the slab; it must show brain.
    mm_per_pixel
        Pixel size of the true head, not of its picture.
    """
    mask, height = head.mask[index], height_of(head, index)
    row, column = np.indices(mask.shape)
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    beside_mm = np.abs(column - (columns[0] + columns[-1]) / 2) * mm_per_pixel
    back = (row - rows[0]) / max(rows[-1] - rows[0], 1)
    about_sella = (beside_mm <= SELLA_MM) & (back >= SELLA_SHARES[0]) & (back <= SELLA_SHARES[1])
    conditions = (
        (beside_mm <= MIDLINE_MM) & (back >= POSTERIOR_SHARE),
        about_sella & (height <= SELLA_HEIGHT),
        np.full(mask.shape, height <= BASE_HEIGHT),
        depth_mm(head, index, mm_per_pixel) <= RIM_MM,
    )
    found: np.ndarray = np.select(conditions, tuple(Region)[:-1], Region.ELSEWHERE)
    return found
