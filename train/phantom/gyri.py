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
# By how much the chart is shrunk for its long waves.
SHRUNK = 4
# Over this distance a sulcus closes at its end; folds begin above this height, higher up where the cerebellum is, and
# are as wide as they get this far above.
FADE_MM, LOWEST_MM, WIDE_AFTER_MM = 3.0, -25.0, 60.0
# How far sulci leave the plumb line, and over which distance.
WINDING_MM, WINDS_OVER_MM = 2.2, 16.0
# Places that cv2 looks up in a row of its own.
ROW = 1024


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


def _white(rng: np.random.Generator) -> np.ndarray:
    side = 2 * round(REACH_MM / STEP_MM)
    return rng.standard_normal((side, side)).astype(np.float32)


def _waves(white: np.ndarray, sigma: float, variance: float = 0.0) -> np.ndarray:
    """Return a random field with waves of one length: the difference of two blurs, of an earlier blur's variance on."""
    sharp, blurred = (cv2.GaussianBlur(white, (0, 0), (total**2 - variance) ** 0.5) for total in (sigma, 1.6 * sigma))
    return sharp - blurred


def _smooth(rng: np.random.Generator, sigma_mm: float) -> np.ndarray:
    """Return a random field of unit deviation with long waves, for which a coarser chart will do."""
    white = _white(rng)
    # Without this blur, shorter waves would show as long ones on the coarse chart.
    blurred = cv2.GaussianBlur(white, (0, 0), SHRUNK)
    coarse = cv2.resize(blurred, None, fx=1 / SHRUNK, fy=1 / SHRUNK, interpolation=cv2.INTER_AREA)
    waves = _waves(coarse, sigma_mm / STEP_MM / SHRUNK, 1 + (1 - SHRUNK**-2) / 12)
    field = cv2.resize(waves, white.shape, interpolation=cv2.INTER_CUBIC)
    return field / field.std()


def _distance_to_crossing(field: np.ndarray) -> np.ndarray:
    """Return the distance in mm to where a field changes its sign, to first order."""
    slope = np.hypot(*np.gradient(field, STEP_MM))
    return np.minimum(np.abs(field) / np.maximum(slope, 0.2 * slope.mean()), 20.0).astype(np.float32)


def _chart(space: HeadSpace) -> tuple[np.ndarray, np.ndarray]:
    """Return where voxels are on the chart, in pixels."""
    z, y, x = space.z - np.float32(MIDDLE_MM), space.y / np.float32(LENGTHENED), space.x
    level = np.sqrt(y**2 + x**2)
    away = np.float32(RADIUS_MM / STEP_MM) * np.arctan2(level, z) / np.maximum(level, np.float32(1e-3))
    middle = np.float32(REACH_MM / STEP_MM)
    return away * y + middle, away * x + middle


def _look_up(charts: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the values of ``(rows, columns, charts)`` at places, ``(charts, places)``."""
    # cv2 takes no row longer than a short.
    wide = len(rows) + -len(rows) % ROW
    across, down = (np.resize(axis, wide).reshape(-1, ROW) for axis in (columns, rows))
    found = cv2.remap(charts, across, down, cv2.INTER_LINEAR)
    return found.reshape(-1, charts.shape[2])[: len(rows)].T


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
    distance = _distance_to_crossing(_waves(_white(rng), spacing_mm / 2.2 / STEP_MM))
    half = 0.5 * width_mm * np.exp(np.float32(rng.uniform(0.2, 0.6)) * _smooth(rng, 14))
    deep = np.float32(rng.uniform(14, 26)) * np.exp(np.float32(0.35) * _smooth(rng, 12))
    winding = [np.float32(WINDING_MM / STEP_MM) * grid.noise(rng, WINDS_OVER_MM) for _ in range(2)]
    thickness = rng.uniform(2.0, 3.2)
    places = np.flatnonzero((space.inside_mm > 0) & (_height(space) > 0))
    folded = space.at(places)
    rows, columns = (axis + wound.take(places) for axis, wound in zip(_chart(folded), winding, strict=True))
    distance, half, deep = _look_up(np.dstack([distance, half, deep]), rows, columns)
    whole = np.zeros((2, space.z.size), np.float32)
    whole[:, places] = _fold(folded, distance, half, deep, thickness)
    return Folds(*whole.reshape(2, *space.z.shape))


def _height(space: HeadSpace) -> np.ndarray:
    """Return how far above the lowest folds each voxel lies in mm."""
    return space.z - np.float32(LOWEST_MM) - np.float32(0.35) * np.maximum(space.y, 0)


def _fold(
    space: HeadSpace, distance: np.ndarray, half: np.ndarray, deep: np.ndarray, thickness: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of sulci and of cortex.

    Parameters
    ----------
    distance, half, deep
        Distance of each voxel to the middle of the next sulcus, half its width and its depth, in mm.
    thickness
        Of the cortex in mm.
    """
    height = _height(space)
    wall, above = distance - half * np.clip(height / WIDE_AFTER_MM, 0.3, 1), deep - space.inside_mm
    high = np.clip(height / 10, 0, 1)
    sulci = np.clip(0.5 - wall / 0.9, 0, 1) * np.clip(above / FADE_MM, 0, 1) * high
    ribbon = np.clip(0.5 + (thickness - wall) / 1.2, 0, 1) * np.clip((above + thickness) / FADE_MM, 0, 1)
    surface = np.clip(0.5 + (thickness - space.inside_mm) / 1.2, 0, 1)
    return sulci, np.maximum(ribbon, surface) * high
