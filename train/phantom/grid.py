"""Where the voxels of a generated series lie, and smooth random fields on them."""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Grid:
    """Voxel positions of a series in the scanner's frame.

    Attributes
    ----------
    positions_mm
        ``(slices,) float64``, feet to head.
    size
        Rows and columns, equal.
    mm_per_pixel
        Pixel size in mm.
    subslices
        Each slice of the scanner is the mean of so many of these: partial volume at the vertex and on the floor of the
        skull.
    """

    positions_mm: np.ndarray
    size: int
    mm_per_pixel: float
    subslices: int = 2

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return ``(slices, rows, columns)``."""
        return len(self.positions_mm), self.size, self.size

    @property
    def slice_mm(self) -> float:
        """Return the mean distance between slices in mm."""
        return float(np.mean(np.diff(self.positions_mm))) if len(self.positions_mm) > 1 else 5.0

    @property
    def voxel_ml(self) -> float:
        """Return the volume of a voxel in mL."""
        return self.slice_mm * self.mm_per_pixel**2 / 1000

    def average(self, values: np.ndarray) -> np.ndarray:
        """Return the scanner's slices of values on this grid."""
        if self.subslices == 1:
            return values
        total = sum(values[first :: self.subslices] for first in range(self.subslices))
        return np.asarray(total * np.float32(1 / self.subslices))

    def axes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return z, y and x in mm from the middle, shaped to broadcast against each other."""
        across = ((np.arange(self.size) - (self.size - 1) / 2) * self.mm_per_pixel).astype(np.float32)
        along = self.positions_mm.astype(np.float32)
        return along[:, None, None], across[None, :, None], across[None, None, :]

    def noise(self, rng: np.random.Generator, correlation_mm: float) -> np.ndarray:
        """Return a smooth field ``(slices, rows, columns) float32`` of zero mean and unit deviation."""
        depth = self.positions_mm[-1] - self.positions_mm[0]
        side = int(np.ceil(self.size * self.mm_per_pixel / correlation_mm)) + 3
        layers = int(np.ceil(depth / correlation_mm)) + 3
        coarse = rng.standard_normal((layers, side, side)).astype(np.float32)
        step = self.mm_per_pixel / correlation_mm
        step, size = self.mm_per_pixel / correlation_mm, self.size
        columns, rows = (_cubic(step * np.arange(size) + rng.uniform(0.5, 1.5), side) for _ in range(2))
        where = (self.positions_mm - self.positions_mm[0]) / correlation_mm + rng.uniform(0, 1)
        field = rows @ np.tensordot(_linear(where, layers), coarse, axes=1) @ columns.T
        spread = cv2.meanStdDev(np.ascontiguousarray(field[:, ::2, ::2]).reshape(len(field), -1))[1]
        field *= np.float32(1 / (spread.item() + 1e-6))
        return field


def _linear(where: np.ndarray, count: int) -> np.ndarray:
    """Return ``(places, count) float32`` weights that interpolate linearly at places between samples."""
    return np.maximum(1 - np.abs(where[:, None] - np.arange(count)), 0).astype(np.float32)


def _cubic(where: np.ndarray, count: int) -> np.ndarray:
    """Return ``(places, count) float32`` weights that interpolate with cubics; beyond the edges everything is 0."""
    away = np.abs(where[:, None] - np.arange(count))
    near = (1.25 * away - 2.25) * away**2 + 1
    far = -0.75 * (((away - 5) * away + 8) * away - 4)
    return np.where(away < 1, near, np.where(away < 2, far, 0)).astype(np.float32)
