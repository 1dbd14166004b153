"""Thin slices are averaged to slabs, so that a slice model sees the thickness and noise it knows."""

import numpy as np

_ROUNDING = 1.05


def slab_of_each(extents_mm: np.ndarray, slab_mm: float) -> np.ndarray:
    """Return for each slice the index of its slab, from 0 upwards without gaps.

    Neighbors are joined while together they are not thicker than a slab; thicker slices stay alone. A thin rest at
    the top joins the slab below it.

    Parameters
    ----------
    extents_mm
        ``(slices,)``, the part of the normal each slice stands for, in order of position.
    slab_mm
        Thickness of a slab.

    Returns
    -------
    np.ndarray
        ``(slices,) int64``.
    """
    index = np.zeros(len(extents_mm), np.int64)
    filled = extents_mm[0]
    for i in range(1, len(extents_mm)):
        joined = filled + extents_mm[i] <= slab_mm * _ROUNDING
        filled = filled + extents_mm[i] if joined else extents_mm[i]
        index[i] = index[i - 1] + (not joined)
    if index[-1] > 0 and filled < slab_mm / 2 and np.sum(index == index[-1] - 1) > 1:
        index[index == index[-1]] -= 1
    return index


def weights_in_slab(extents_mm: np.ndarray, slab: np.ndarray) -> np.ndarray:
    """Return for each slice its share of its slab, ``(slices,) float64``; the shares of a slab sum to 1."""
    weights: np.ndarray = extents_mm / np.bincount(slab, extents_mm)[slab]
    return weights
