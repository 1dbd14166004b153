"""How dense the brightest parts of heads without hemorrhage are: generated ones should be no denser than real ones."""

from collections.abc import Sequence

import cv2
import numpy as np

from triage_node.models import DENSEST_BLOOD_HU, SMALLEST_SLICE_CM2, StrippedHead
from triage_node.train.evaluation.regions import Region, depth_mm, height_of, region_map

BRIGHTEST = 0.99
"""Quantile of a region's pixels that speaks for it: a hundredth is brighter."""
SMOOTHED_MM, BORDER_MM = 1.2, 3.0
"""Noise is smoothed out, and the pixels behind the bone are left out."""
LOWEST_HEIGHT = 0.15
"""Below it lies the throat."""
USUAL, MOST = 0.5, 0.9
"""Quantiles over heads."""


def brightest(head: StrippedHead, mm_per_pixel: float) -> dict[Region, float]:
    """Return for each region of a head how many HU above the brain's median a hundredth of it exceeds.

    Parameters
    ----------
    mm_per_pixel
        Pixel size of the true head.
    """
    values: dict[Region, list[np.ndarray]] = {region: [np.empty(0, np.float32)] for region in Region}
    for index in map(int, np.flatnonzero(head.brain_area_cm2 >= SMALLEST_SLICE_CM2)):
        if height_of(head, index) > LOWEST_HEIGHT:
            smooth, judged = _smooth(head, index, mm_per_pixel)
            regions = region_map(head, index, mm_per_pixel)
            for region, found in values.items():
                found.append(smooth[judged & (regions == region)])
    pixels = {region: np.concatenate(found) for region, found in values.items()}
    return {region: float(np.quantile(found, BRIGHTEST)) for region, found in pixels.items() if len(found)}


def _smooth(head: StrippedHead, index: int, mm_per_pixel: float) -> tuple[np.ndarray, np.ndarray]:
    """Return HU smoothed over soft tissue, and which pixels of it are judged: not bone nor what lies beside it."""
    hard = (head.hu[index] > DENSEST_BLOOD_HU).astype(np.uint8)
    soft = head.mask[index] & (cv2.dilate(hard, np.ones((3, 3), np.uint8)) == 0)
    weights = cv2.GaussianBlur(soft.astype(np.float32), (0, 0), SMOOTHED_MM / mm_per_pixel)
    sums = cv2.GaussianBlur(np.where(soft, head.hu[index], np.float32(0)), (0, 0), SMOOTHED_MM / mm_per_pixel)
    return sums / np.maximum(weights, 1e-3), soft & (depth_mm(head, index, mm_per_pixel) > BORDER_MM)


def over_heads(found: Sequence[dict[Region, float]]) -> dict[Region, tuple[float, float]]:
    """Return the `USUAL` and the `MOST` quantile over heads of each region; nan where no head shows it."""
    by_region = {region: [head[region] for head in found if region in head] or [np.nan] for region in Region}
    return {
        region: (float(np.quantile(values, USUAL)), float(np.quantile(values, MOST)))
        for region, values in by_region.items()
    }
