"""The turn of a head by its symmetry: mirrored about the plane between its halves it is most like itself.

A bleed and a swelling weigh little in it: what is compared is where the skull ends, its bone, and fluid against brain.
In polar coordinates a mirror image is the same rays in the other order, so that one Fourier transform of the rays tells
how like the head is to its mirror image about every axis at once.
"""

import cv2
import numpy as np

MM_PER_PIXEL = 3.0
RAYS = 360
REACH_MM = 105.0
# Neighboring slices are averaged into so many slabs: noise goes, the shape of the head at each height stays.
SLABS = 4
# HU relative to the brain's median: fluid counts, and of blood no more than that it is not fluid.
BRAIN_HU = (-20.0, 10.0)
BONE_HU = (100.0, 400.0)


def mirror_likeness(hu: np.ndarray, mask: np.ndarray, centers: np.ndarray, mm_per_pixel: float) -> np.ndarray:
    """Return how like a head is to its mirror image about each axis through its middle.

    Parameters
    ----------
    hu, mask
        ``(slices, rows, columns)``: HU, and the inside of the skull.
    centers
        ``(slices, 2)``: row and column of the head's middle, in pixels.
    mm_per_pixel
        Pixel size in mm.

    Returns
    -------
    numpy.ndarray
        ``(RAYS,) float64``, at most 1: for the axes turned by 0, ``180 / RAYS``, ... degrees, see `HeadAxis`.
    """
    median = float(np.median(hu[::2, ::3, ::3][mask[::2, ::3, ::3]]))
    polar = np.stack([_polar(*parts, median, mm_per_pixel) for parts in zip(hu, mask, centers, strict=True)])
    groups = np.array_split(polar, min(SLABS, len(polar)))
    return _likeness(np.stack([group.mean(axis=0) for group in groups]))


def highest_peak(likeness: np.ndarray, before: np.ndarray) -> float:
    """Return the turn in degrees, from -90 to 90, of the best peak of the likeness, refined by a parabola.

    Parameters
    ----------
    likeness
        From `mirror_likeness`.
    before
        ``(RAYS,)``: added to choose among the peaks; it moves none of them.
    """
    below, above = np.roll(likeness, 1), np.roll(likeness, -1)
    is_peak = (likeness >= below) & (likeness >= above)
    index = int(np.where(is_peak, likeness + before, -np.inf).argmax())
    bend = below[index] - 2 * likeness[index] + above[index]
    between = 0.5 * (below[index] - above[index]) / bend if bend < 0 else 0.0
    return float(((index + between) * 180 / RAYS + 90) % 180 - 90)


def turns_degrees() -> np.ndarray:
    """Return ``(RAYS,)``: the turns that `mirror_likeness` tells of, from -90 to 90."""
    return (np.arange(RAYS) * 180 / RAYS + 90) % 180 - 90


def _polar(hu: np.ndarray, mask: np.ndarray, center: np.ndarray, median: float, mm_per_pixel: float) -> np.ndarray:
    """Return brain, bone and mask of a slice ``(rays, radii, 3) float32`` along rays from its middle."""
    rows, columns = (max(1, round(size * mm_per_pixel / MM_PER_PIXEL)) for size in hu.shape)
    small, inside = (
        cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA) for image in (hu, mask.astype(np.float32))
    )
    brain = np.clip(small - median, *BRAIN_HU) * inside / BRAIN_HU[1]
    bone = (np.clip(small, *BONE_HU) - BONE_HU[0]) / (BONE_HU[1] - BONE_HU[0])
    row, column = (center + 0.5) * (rows / hu.shape[0], columns / hu.shape[1]) - 0.5
    reach = round(REACH_MM / MM_PER_PIXEL)
    flags = cv2.INTER_LINEAR | cv2.WARP_POLAR_LINEAR | cv2.WARP_FILL_OUTLIERS
    return cv2.warpPolar(cv2.merge([brain, bone, inside]), (reach, RAYS), (column, row), reach, flags)


def _likeness(slabs: np.ndarray) -> np.ndarray:
    """Return the mean correlation of ``(slabs, rays, radii, parts)`` with their mirror images.

    What does not change around the middle is alike about every axis and left out.
    """
    spectrum = np.fft.rfft(slabs, axis=1)
    spectrum[:, 0] = 0
    # A ring's length grows with its radius.
    weighed = spectrum * (np.arange(slabs.shape[2]) + 0.5)[:, None]
    mirrored = np.fft.irfft((spectrum * weighed).sum(axis=(0, 2)), n=RAYS, axis=0)
    itself = np.fft.irfft((spectrum.conj() * weighed).sum(axis=(0, 2)), n=RAYS, axis=0)[0]
    found = (mirrored / np.maximum(itself, 1e-12)).mean(axis=1)
    # Ray 0 points to the last column, an upright head to the last row: its axis lies at 90 degrees less its turn.
    return found[(RAYS // 2 - np.arange(RAYS)) % RAYS]
