"""From the scores of single slices to those of a series."""

import numpy as np

# A hemorrhage reaches into its neighbors, noise does not: weights of the slice below, the slice and the one above.
SMOOTHING = (0.25, 0.5, 0.25)
# The study speaks with the mean of its highest smoothed slices, since a maximum follows one bad slice.
HIGHEST_SLICES = 3
# Throat and vertex are mostly partial volume: such slices have their own scores but no voice in the study's.
SMALLEST_VOICE_CM2 = 25.0
# Given to slices that show no brain.
ABSENT_LOGIT = -12.0


def smooth_slices(logits: np.ndarray) -> np.ndarray:
    """Return ``(slices, 6)`` logits averaged with those of the adjacent slices; the ends repeat."""
    padded = np.pad(logits, ((1, 1), (0, 0)), mode="edge")
    below, own, above = SMOOTHING
    return below * padded[:-2] + own * logits + above * padded[2:]


def study_logits(slice_logits: np.ndarray, area_cm2: np.ndarray) -> np.ndarray:
    """Return ``(6,)`` study logits.

    Parameters
    ----------
    slice_logits
        ``(slices, 6)``, smoothed.
    area_cm2
        ``(slices,)``, intracranial area.
    """
    broad = slice_logits[area_cm2 >= SMALLEST_VOICE_CM2]
    heard = broad if len(broad) else slice_logits
    return np.sort(heard, axis=0)[-HIGHEST_SLICES:].mean(axis=0)
