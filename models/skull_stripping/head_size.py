"""How much larger or smaller a head is shown, so that every head fills the network's frame alike."""

import numpy as np

# The size is told by the widest slices that make up so much: a single one may be torn, or cut beside the widest place.
WIDEST_MM = 30.0
# Of what is asked for, no more is given: a mask of half a head must not be blown up to a whole one.
LIMITS = (0.8, 1.25)


def magnification(area_cm2: np.ndarray, extents_mm: np.ndarray, shown_area_cm2: float | None) -> float:
    """Return by what the lengths of a head are to be multiplied.

    Parameters
    ----------
    area_cm2
        ``(slices,)``, intracranial area, not all 0.
    extents_mm
        ``(slices,)``, the height that each slice stands for.
    shown_area_cm2
        Area that the widest slices shall have; None to leave the head as large as it is, as a stack is left that shows
        less than `WIDEST_MM` of it.
    """
    if shown_area_cm2 is None or extents_mm.sum() < WIDEST_MM:
        return 1.0
    order = np.argsort(-area_cm2, kind="stable")
    reached = np.cumsum(extents_mm[order])
    weights = np.clip(WIDEST_MM - (reached - extents_mm[order]), 0, extents_mm[order])
    widest = float(np.average(area_cm2[order], weights=weights))
    return float(np.clip(np.sqrt(shown_area_cm2 / widest), *LIMITS))
