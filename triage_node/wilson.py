"""The interval of a share that was counted."""

import math

Z_95 = 1.959963984540054


def wilson_interval(hits: int, of: int) -> tuple[float, float]:
    """Return the bounds of the 95 % interval of a share; of nothing it is everything from 0 to 1.

    Source: Wilson, Probable Inference, the Law of Succession, and Statistical Inference (1927).

    Parameters
    ----------
    hits, of
        How many of how many; they must be independent of one another.
    """
    if of == 0:
        return 0.0, 1.0
    share = hits / of
    center = (share + Z_95**2 / (2 * of)) / (1 + Z_95**2 / of)
    half = Z_95 * math.sqrt(share * (1 - share) / of + Z_95**2 / (4 * of**2)) / (1 + Z_95**2 / of)
    low = 0.0 if hits == 0 else max(0.0, center - half)
    high = 1.0 if hits == of else min(1.0, center + half)
    return low, high
