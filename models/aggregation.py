"""From the scores of single slices to those of a series, in mm: thick and thin slices of a head answer alike."""

import numpy as np
from scipy import ndimage

# A hemorrhage reaches into its neighbors, noise does not: their weight falls to nothing over this distance. Slices of
# 5 mm weigh a quarter, a half and a quarter.
SMOOTHING_MM = 10.0
# The study speaks with the mean of its highest smoothed slices that make up so much, since a maximum follows one bad
# slice: three of 5 mm.
HIGHEST_MM = 15.0
# A series that says less is taken to lie so dense.
SMALLEST_SLICE_MM = 0.1
# Throat and vertex are mostly partial volume: such slices have their own scores but no voice in the study's.
SMALLEST_VOICE_CM2 = 25.0
# Given to slices that show no brain.
ABSENT_LOGIT = -12.0


def smooth_slices(logits: np.ndarray, slice_mm: float) -> np.ndarray:
    """Return ``(slices, 6)`` logits averaged with those near by; the ends repeat.

    Parameters
    ----------
    logits
        ``(slices, 6)``.
    slice_mm
        Distance of the slices.
    """
    step = max(slice_mm, SMALLEST_SLICE_MM) / SMOOTHING_MM
    reach = int(1 / step)
    weights = np.maximum(1 - step * np.abs(np.arange(-reach, reach + 1)), 0)
    smoothed: np.ndarray = ndimage.correlate1d(logits, weights / weights.sum(), axis=0, mode="nearest")
    return smoothed


def study_logits(slice_logits: np.ndarray, area_cm2: np.ndarray, slice_mm: float) -> np.ndarray:
    """Return ``(6,)`` study logits.

    Parameters
    ----------
    slice_logits
        ``(slices, 6)``, smoothed.
    area_cm2
        ``(slices,)``, intracranial area.
    slice_mm
        Distance of the slices. Of the last one that `HIGHEST_MM` takes in, only a share may count.
    """
    broad = slice_logits[area_cm2 >= SMALLEST_VOICE_CM2]
    heard = broad if len(broad) else slice_logits
    slices = HIGHEST_MM / max(slice_mm, SMALLEST_SLICE_MM)
    weights = np.clip(slices - np.arange(len(heard)), 0, 1).astype(slice_logits.dtype)
    found: np.ndarray = weights @ np.sort(heard, axis=0)[::-1] / weights.sum()
    return found
