"""Slices of a volume brought to one pixel size, and at most so many of them."""

import cv2
import numpy as np

# Bone far above this would bleed into its neighbors when pixels are averaged.
CLIP_HU = (-300.0, 500.0)


def resample(hu: np.ndarray, spacing_mm: tuple[float, float], mm_per_pixel: float) -> np.ndarray:
    """Return slices at a fixed pixel size.

    Parameters
    ----------
    hu
        ``(slices, rows, columns) float32``, HU.
    spacing_mm
        ``(y, x)`` of the input in mm.
    mm_per_pixel
        Pixel size of the output in mm, the same in both directions.

    Returns
    -------
    numpy.ndarray
        ``(slices, rows, columns) float32``, HU clipped to `CLIP_HU` before any averaging.
    """
    rows = max(1, round(hu.shape[1] * spacing_mm[0] / mm_per_pixel))
    columns = max(1, round(hu.shape[2] * spacing_mm[1] / mm_per_pixel))
    shrinks = rows <= hu.shape[1] and columns <= hu.shape[2]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    out = np.empty((len(hu), rows, columns), np.float32)
    for index, image in enumerate(hu):
        out[index] = cv2.resize(np.clip(image, *CLIP_HU), (columns, rows), interpolation=method)
    return out


def slab_of_slice(slices: int, maximum: int) -> np.ndarray:
    """Return for each slice the index of the slab it is averaged into, so that at most `maximum` slabs remain."""
    size = -(-slices // maximum)
    return np.arange(slices) // size


def average_slabs(values: np.ndarray, slab: np.ndarray) -> np.ndarray:
    """Return the mean of consecutive slices of the same slab; axis 0 is the slice."""
    if slab[-1] + 1 == len(values):
        return values
    starts = np.flatnonzero(np.diff(slab, prepend=-1))
    counts = np.diff(np.append(starts, len(values)))
    sums = np.add.reduceat(values, starts, axis=0)
    return (sums / counts.reshape(-1, *(1,) * (values.ndim - 1))).astype(values.dtype)


def extents_mm(positions_mm: np.ndarray, alone_mm: float) -> np.ndarray:
    """Return the height each slice stands for, in mm; across a gap no more than twice the usual, `alone_mm` for one."""
    if len(positions_mm) < 2:
        return np.array([alone_mm])
    found: np.ndarray = np.minimum(np.gradient(positions_mm), 2 * float(np.median(np.diff(positions_mm))))
    return found


def neighbors(positions_mm: np.ndarray, distance_mm: float) -> np.ndarray:
    """Return the slice nearest to `distance_mm` below and above each slice.

    Uneven spacing and thin slices then show the network the same surroundings. Where the nearest lies more than twice
    as far, or there is none, the slice stands for itself.

    Returns
    -------
    numpy.ndarray
        ``(slices, 2) int``: index of the lower and of the upper neighbor.
    """
    found = np.empty((len(positions_mm), 2), int)
    for column, sign in enumerate((-1, 1)):
        for index, position in enumerate(positions_mm):
            offset = sign * (positions_mm - position)
            candidates = np.flatnonzero((offset > 0) & (offset <= 2 * distance_mm))
            nearest = candidates[np.argmin(np.abs(offset[candidates] - distance_mm))] if len(candidates) else index
            found[index, column] = nearest
    return found
