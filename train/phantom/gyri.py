"""Gyri and sulci, which an average head has lost: sheets of fluid that run from the surface into the brain.

Sulci stand on the surface, so a field on a sphere says where they are: in axial slices they are crisp at the vertex.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from triage_node.train.phantom.grid import Grid
from triage_node.train.phantom.head import HeadSpace

# Height of the middle and radius in mm of the sphere that a head is drawn on, and how much longer than wide a head is.
MIDDLE_MM, RADIUS_MM, LENGTHENED = -14.0, 80.0, 1.25
# The chart of the sphere, azimuthal and equidistant about the vertex, reaches this far and has this resolution.
REACH_MM, STEP_MM = 150.0, 0.75
# Over this distance a sulcus closes at its end; folds begin above this height, higher up where the cerebellum is, and
# are as wide as they get this far above.
FADE_MM, LOWEST_MM, WIDE_AFTER_MM = 3.0, -25.0, 60.0
# How far sulci leave the plumb line, and over which distance.
WINDING_MM, WINDS_OVER_MM = 2.2, 16.0


@dataclass(frozen=True)
class Folds:
    """What the folds make of each voxel, ``(slices, rows, columns) float32`` in [0, 1].

    Attributes
    ----------
    sulci
        Share of a sulcus.
    cortex
        Share of gray matter on either side of one.
    """

    sulci: np.ndarray
    cortex: np.ndarray


def _field(rng: np.random.Generator, sigma_mm: float) -> np.ndarray:
    """Return a random field on the chart with waves of one length: the difference of two blurs."""
    side = 2 * round(REACH_MM / STEP_MM)
    white = rng.standard_normal((side, side)).astype(np.float32)
    sigma = sigma_mm / STEP_MM
    return cv2.GaussianBlur(white, (0, 0), sigma) - cv2.GaussianBlur(white, (0, 0), 1.6 * sigma)


def _smooth(rng: np.random.Generator, sigma_mm: float) -> np.ndarray:
    field = _field(rng, sigma_mm)
    return field / field.std()


def _distance_to_crossing(field: np.ndarray) -> np.ndarray:
    """Return the distance in mm to where a field changes its sign, to first order."""
    slope = np.hypot(*np.gradient(field, STEP_MM))
    return np.minimum(np.abs(field) / np.maximum(slope, 0.2 * slope.mean()), 20.0).astype(np.float32)


def _chart(space: HeadSpace, grid: Grid, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the position of each voxel on the chart, in pixels."""
    winding = [np.float32(WINDING_MM / STEP_MM) * grid.noise(rng, WINDS_OVER_MM) for _ in range(2)]
    z, y = space.z - np.float32(MIDDLE_MM), space.y / np.float32(LENGTHENED)
    level = np.hypot(y, space.x)
    away = np.float32(RADIUS_MM / STEP_MM) * np.arctan2(level, z) / np.maximum(level, 1e-3)
    middle = np.float32(REACH_MM / STEP_MM)
    return away * y + middle + winding[0], away * space.x + middle + winding[1]


def _look_up(chart: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the values of the chart at the voxels; cv2 takes a slice at a time."""
    return np.stack([cv2.remap(chart, x, y, cv2.INTER_LINEAR) for y, x in zip(rows, columns, strict=True)])


def random_folds(space: HeadSpace, grid: Grid, spacing_mm: float, width_mm: float, rng: np.random.Generator) -> Folds:
    """Return the folds of one brain.

    Parameters
    ----------
    spacing_mm
        Distance from a sulcus to the next.
    width_mm
        Mean width of the sulci.
    """
    # Waves of a difference of blurs are some 4.4 of its sigma long, and change their sign twice.
    distance = _distance_to_crossing(_field(rng, spacing_mm / 2.2))
    half = 0.5 * width_mm * np.exp(rng.uniform(0.2, 0.6) * _smooth(rng, 14))
    deep = rng.uniform(14, 26) * np.exp(0.35 * _smooth(rng, 12))
    rows, columns = _chart(space, grid, rng)
    height = space.z - np.float32(LOWEST_MM) - np.float32(0.35) * np.clip(space.y, 0, None)
    wide = np.clip(height / WIDE_AFTER_MM, 0.3, 1)
    wall = _look_up(distance, rows, columns) - _look_up(half.astype(np.float32), rows, columns) * wide
    above = _look_up(deep.astype(np.float32), rows, columns) - space.inside_mm
    high = np.clip(height / 10, 0, 1) * (space.inside_mm > 0)
    thickness = rng.uniform(2.0, 3.2)
    sulci = np.clip(0.5 - wall / 0.9, 0, 1) * np.clip(above / FADE_MM, 0, 1) * high
    ribbon = np.clip(0.5 + (thickness - wall) / 1.2, 0, 1) * np.clip((above + thickness) / FADE_MM, 0, 1)
    surface = np.clip(0.5 + (thickness - space.inside_mm) / 1.2, 0, 1)
    return Folds(sulci.astype(np.float32), (np.maximum(ribbon, surface) * high).astype(np.float32))
