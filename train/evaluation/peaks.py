"""Where in a head the lesion map is highest: in plain heads the address of a false alarm."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from scipy import ndimage

from triage_node.findings import LABELS
from triage_node.models import MAP_STRIDE, SMALLEST_SLICE_CM2, Model, StrippedHead, ops

ANY = len(LABELS) - 1
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


def region_of(head: StrippedHead, index: int, row: float, column: float, mm_per_pixel: float) -> Region:
    """Return in which part of the head a place lies.

    Parameters
    ----------
    index
        Of the slab.
    row, column
        In pixels of the network's frame; a row of the forehead has a low number.
    """
    mask = head.mask[index]
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    beside_mm = abs(column - (columns[0] + columns[-1]) / 2) * mm_per_pixel
    back = (row - rows[0]) / max(rows[-1] - rows[0], 1)
    shown = np.flatnonzero(head.brain_area_cm2 >= SMALLEST_SLICE_CM2)
    height = (index - shown[0]) / max(shown[-1] - shown[0], 1)
    if beside_mm <= MIDLINE_MM and back >= POSTERIOR_SHARE:
        return Region.POSTERIOR_MIDLINE
    if beside_mm <= SELLA_MM and height <= SELLA_HEIGHT and SELLA_SHARES[0] <= back <= SELLA_SHARES[1]:
        return Region.SELLA
    if height <= BASE_HEIGHT:
        return Region.BASE
    place = min(round(row), mask.shape[0] - 1), min(round(column), mask.shape[1] - 1)
    depth_mm = ndimage.distance_transform_edt(mask)[place] * mm_per_pixel
    return Region.RIM if depth_mm <= RIM_MM else Region.ELSEWHERE


def peak_region(model: Model, head: StrippedHead) -> Region | None:
    """Return where the lesion map of *any* is highest on the most suspicious slab; None where no brain is shown."""
    shown = np.flatnonzero(head.brain_area_cm2 >= SMALLEST_SLICE_CM2)
    if not len(shown):
        return None
    logits, _ = model.encode(head)
    index = int(shown[np.argmax(logits[:, ANY])])
    image = head.channels(model.manifest.windows)[index]
    found = model.network(ops.convert_to_tensor(image[None]), training=False)
    lesion_map = ops.convert_to_numpy(found["map"])[0, ..., ANY]
    cell = np.unravel_index(int(np.argmax(lesion_map)), lesion_map.shape)
    row, column = ((int(place) + 0.5) * MAP_STRIDE - 0.5 for place in cell)
    return region_of(head, index, row, column, model.manifest.geometry.mm_per_pixel / head.magnification)


def shares(regions: Sequence[Region]) -> dict[Region, float]:
    """Return the share of the heads that peak in each region."""
    counted = Counter(regions)
    return {region: counted[region] / max(len(regions), 1) for region in Region}
