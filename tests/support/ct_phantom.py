"""Simple bodies in Hounsfield units: an ellipsoid head with each type of hemorrhage, and a chest."""

from functools import lru_cache

import numpy as np

FIELD_OF_VIEW_MM = 240.0
LESIONS = ("epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural")
_AIR, _SCALP, _BONE, _BRAIN, _CSF, _BLOOD = -1000.0, 10.0, 1100.0, 34.0, 8.0, 66.0
_CENTER_Z_MM, _RADII_MM = 72.0, (78.0, 62.0, 68.0)
_NOISE_HU = 3.0


@lru_cache(maxsize=16)
def head_hu(slices: int, size: tuple[int, int], thickness_mm: float, lesion: str | None, seed: int) -> np.ndarray:
    """Return ``(slices, rows, columns) float32`` HU from feet to head, anterior first, the patient's right first.

    The stack begins 8 mm above the chin side of the skull; 32 slices of 5 mm reach above the vertex.
    """
    z, y, x = _grid(slices, size, thickness_mm, FIELD_OF_VIEW_MM)
    depth = _depth(z - _CENTER_Z_MM, y, x)  # mm inside the inner table, negative outside
    hu = np.full(depth.shape, _AIR, np.float32)
    hu[depth > -12] = _SCALP
    hu[(depth > -7) & (depth <= 0)] = _BONE
    hu[depth > 0] = _CSF
    hu[depth > 2] = _BRAIN
    ventricles = _ventricles(z - _CENTER_Z_MM, y, x)
    hu[ventricles & (depth > 0)] = _CSF
    if lesion is not None:
        hu[_lesion(lesion, depth, z - _CENTER_Z_MM, y, x, ventricles) & (depth > 0)] = _BLOOD
    noise = np.random.default_rng(seed).normal(0, _NOISE_HU, hu.shape)
    return np.where(hu > _AIR, hu + noise, hu).astype(np.float32)


@lru_cache(maxsize=4)
def chest_hu(slices: int, size: tuple[int, int], thickness_mm: float) -> np.ndarray:
    """Return a trunk with lungs, spine, ribs and heart, as `head_hu` does."""
    z, y, x = _grid(slices, size, thickness_mm, 400.0)
    body = np.sqrt((x / 170) ** 2 + (y / 110) ** 2) + 0 * z
    hu = np.where(body < 1, 50.0, _AIR).astype(np.float32)
    hu[(body > 0.9) & (body < 0.95) & (np.sin(z / 4) > 0.3)] = 500
    for side in (-1, 1):
        hu[((x - side * 80) / 60) ** 2 + (y / 75) ** 2 + 0 * z < 1] = -850
    hu[(x**2 + (y - 75) ** 2 + 0 * z) < 18**2] = 400
    return hu


def _grid(slices: int, size: tuple[int, int], thickness_mm: float, field_mm: float) -> list[np.ndarray]:
    rows, columns = size
    z = np.arange(slices) * thickness_mm
    y = (np.arange(rows) - (rows - 1) / 2) * field_mm / rows
    x = (np.arange(columns) - (columns - 1) / 2) * field_mm / columns
    return np.meshgrid(z, y, x, indexing="ij", sparse=True)


def _depth(z: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    along, across, up = _RADII_MM
    below = np.where(z < -30, -30, z)  # a neck instead of a chin
    radius = np.sqrt((y / along) ** 2 + (x / across) ** 2 + (below / up) ** 2)
    return (1 - radius) * across


def _ventricles(z: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    sides = [((x - side * 9) / 6) ** 2 + (y / 28) ** 2 + ((z - 12) / 14) ** 2 < 1 for side in (-1, 1)]
    return sides[0] | sides[1]


def _lesion(name: str, depth: np.ndarray, z: np.ndarray, y: np.ndarray, x: np.ndarray, csf: np.ndarray) -> np.ndarray:
    """Return where blood lies; the patient's left side (x > 0) bleeds."""
    if name == "epidural":
        return ((x - 62) / 22) ** 2 + (y / 30) ** 2 + ((z - 10) / 26) ** 2 < 1
    if name == "subdural":
        return (depth < 9) & (x > 12) & (np.abs(z - 10) < 40)
    if name == "intraparenchymal":
        return ((x - 30) / 14) ** 2 + ((y + 10) / 17) ** 2 + ((z - 8) / 16) ** 2 < 1
    if name == "intraventricular":
        return csf & (y > -5)
    if name == "subarachnoid":
        return ((depth < 4) & (x > 0) & (np.abs(z) < 30)) | ((np.abs(x - 20) < 3) & (np.abs(y) < 30) & (np.abs(z) < 12))
    raise ValueError(f"no lesion is named {name!r}: one of {LESIONS}")
