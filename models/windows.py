"""Channels of the network: gray-scale windows of a slice and of its neighbors."""

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

OUTSIDE = -1.0
# Above the brain's median by this much is bone, calcium or metal, or a border pixel that interpolation mixed with them.
DENSEST_BLOOD_HU = 68.0
# On the outermost pixels partial volume with bone begins earlier and draws a ring like a thin subdural hematoma.
DENSEST_RIM_HU = 22.0


@dataclass(frozen=True)
class Window:
    """A gray-scale window in HU relative to the brain's median; `neighbors` adds the slices below and above."""

    __pydantic_config__: ClassVar = {"strict": True, "extra": "forbid"}

    center: float
    width: float
    neighbors: bool = False

    def apply(self, hu: np.ndarray) -> np.ndarray:
        """Map HU onto [-1, 1]."""
        image = hu - (self.center - self.width / 2)
        image *= 2 / self.width
        image -= 1
        return np.clip(image, -1, 1, out=image)


def channel_count(windows: tuple[Window, ...]) -> int:
    """Return how many channels a set of windows makes."""
    return sum(3 if window.neighbors else 1 for window in windows)


def rim(mask: np.ndarray) -> np.ndarray:
    """Return the outermost pixels of each slice of a mask ``(slices, rows, columns) bool``."""
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    eroded = [cv2.erode(image.astype(np.uint8), cross, borderValue=0) for image in mask]
    return mask & (np.stack(eroded) == 0)


def channels(hu: np.ndarray, mask: np.ndarray, neighbors: np.ndarray, windows: tuple[Window, ...]) -> np.ndarray:
    """Return the network's input.

    Parameters
    ----------
    hu
        ``(slices, rows, columns) float32``, HU relative to the brain's median.
    mask
        The same shape, bool: inside of the skull. Everything else becomes `OUTSIDE`, as does what is denser than blood.
    neighbors
        ``(shown, 2) int``: lower and upper neighbor of each slice; only the first ``shown`` slices are returned.
    windows
        For each window one channel of the slice, then, if asked for, its lower and its upper neighbor.

    Returns
    -------
    numpy.ndarray
        ``(shown, rows, columns, channels) float32``, within [-1, 1].
    """
    count = len(neighbors)
    hidden = ~mask | (hu > DENSEST_BLOOD_HU) | (rim(mask) & (hu > DENSEST_RIM_HU))
    planes: list[tuple[np.ndarray, np.ndarray]] = []
    for window in windows:
        used = slice(None) if window.neighbors else slice(count)
        image = window.apply(hu[used])
        np.copyto(image, np.float32(OUTSIDE), where=hidden[used])
        planes.append((image, np.arange(count)))
        if window.neighbors:
            planes += [(image, neighbors[:, 0]), (image, neighbors[:, 1])]
    out = np.empty((count, *hu.shape[1:], len(planes)), np.float32)
    for shown in range(count):
        cv2.merge([image[index[shown]] for image, index in planes], dst=out[shown])
    return out
