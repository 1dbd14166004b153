"""Was contrast given? The superior sagittal sinus answers, which no hematoma imitates along its whole length.

Vessels and clotted blood overlap in density, so how much is dense says nothing. Enhanced, the sinus is a dense spot
under the bone at the back of the midline in slice after slice from the torcula to the vertex; a hematoma there, a
calcified falx or a dense plain sinus shows in a part of them or is less dense.
"""

import cv2
import numpy as np

from triage_node.models.preprocessing import StrippedHead
from triage_node.models.skull_stripping.intracranial import disk

# HU above the brain's median: denser than a plain sinus or nearly all clots, and bone.
SINUS_HU, BONE_HU = 50.0, 230.0
# Nearer than this to bone, pixels share their volume with it.
BONE_GAP_MM = 2.5
HALF_WIDTH_MM, DEPTH_MM, BEYOND_MM = 9.0, 16.0, 10.0
SMOOTHING_PIXELS = 0.6
SMALLEST_SPOT_MM2 = 8.0
# Slices from the upper three quarters of the large ones to a vertex this small, by share of the largest area.
LARGE_SHARE, VERTEX_SHARE = 0.6, 0.25
FEWEST_SLICES = 6
# Of these slices so many must show the spot.
SMALLEST_SHARE = 0.75


def _slices_above_base(mask: np.ndarray) -> np.ndarray:
    area = mask.sum(axis=(1, 2))
    large = np.flatnonzero(area >= LARGE_SHARE * area.max())
    found = np.flatnonzero(area >= VERTEX_SHARE * area.max())
    return found[found >= large[len(large) // 4]]


def _shows_sinus(hu: np.ndarray, mask: np.ndarray, mm_per_pixel: float) -> bool:
    """Tell whether a slice ``(rows, columns)`` shows a dense spot under the bone at the back of the midline."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    middle, width = round(float(columns.mean())), round(HALF_WIDTH_MM / mm_per_pixel)
    back = slice(
        max(int(rows[-1]) - round(DEPTH_MM / mm_per_pixel), 0), int(rows[-1]) + round(BEYOND_MM / mm_per_pixel)
    )
    bone = cv2.dilate((hu > BONE_HU).astype(np.uint8), disk(BONE_GAP_MM, mm_per_pixel))
    smooth = cv2.GaussianBlur(hu, (0, 0), SMOOTHING_PIXELS)
    dense = (smooth > SINUS_HU) & (hu < BONE_HU) & (bone == 0)
    spot = dense[back, max(middle - width, 0) : middle + width + 1].sum()
    return bool(spot * mm_per_pixel**2 >= SMALLEST_SPOT_MM2)


def sinus_share(head: StrippedHead, mm_per_pixel: float) -> float:
    """Return the share of the slices above the base that show an enhanced superior sagittal sinus; 0 for too few."""
    above = _slices_above_base(head.mask)
    if len(above) < FEWEST_SLICES:
        return 0.0
    shown_mm = mm_per_pixel / head.magnification
    return float(np.mean([_shows_sinus(head.hu[index], head.mask[index], shown_mm) for index in above]))


def contrast_sign(head: StrippedHead, mm_per_pixel: float) -> str:
    """Return the sentence that says why the series was acquired with contrast; empty unless that is clear."""
    share = sinus_share(head, mm_per_pixel)
    if share < SMALLEST_SHARE:
        return ""
    return f"The superior sagittal sinus is enhanced in {share:.0%} of the slices above the base of the skull."
