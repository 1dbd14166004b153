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
    """

    positions_mm: np.ndarray
    size: int
    mm_per_pixel: float

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
        turn = np.array([[step, 0, rng.uniform(0.5, 1.5)], [0, step, rng.uniform(0.5, 1.5)]])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        fine = np.stack([cv2.warpAffine(layer, turn, (self.size, self.size), flags=flags) for layer in coarse])
        where = (self.positions_mm - self.positions_mm[0]) / correlation_mm + rng.uniform(0, 1)
        lower = where.astype(int)
        field = np.empty(self.shape, np.float32)
        for plane, layer, share in zip(field, lower, where - lower, strict=True):
            cv2.addWeighted(fine[layer], 1 - share, fine[layer + 1], share, 0, dst=plane)
        field *= 1 / (field[:, ::2, ::2].std() + np.float32(1e-6))
        return field
