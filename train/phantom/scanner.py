"""What a scanner makes of a head: slice profile, point spread, kernel, noise, beam hardening, streaks, offset."""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy import ndimage

from triage_node.train.phantom.grid import Grid
from triage_node.train.phantom.head import HeadSpace

# Height of the vertex, and how far down beam hardening brightens it.
VERTEX_MM, VERTEX_REACH_MM = 75.0, 15.0


@dataclass(frozen=True)
class Scanner:
    """Settings of a scanner.

    Attributes
    ----------
    blur_mm, slice_blur
        Deviation of the point spread, in the plane in mm and along the stack in slices.
    tail_share, tail_mm
        What of the point spread lies in wide tails, and their deviation: bone shines into the brain below it.
    noise_hu
        Deviation of the noise in the middle of the head.
    grain_mm
        Correlation of the noise: larger for softer kernels.
    cupping_hu, cupping_mm
        Brightening under the bone that beam hardening leaves, and how deep it reaches: far into the brain, so that the
        middle of a real head is some 10 HU darker than its border.
    cupping_lobes
        Share of it that lies on some sides only, where the bone is thick or cut at a slant.
    slope_hu
        Rise of the gray values across 100 mm of the head, to the back and to the left: a head off the middle of the
        gantry is harder for the beam on one side.
    streaks_hu
        Strength of the streaks between the petrous bones.
    vertex_hu
        Brightening of the vertex, where bone is cut at a slant.
    floor_hu, petrous_hu
        Brightening of the posterior fossa, and darkening of the band between the petrous bones.
    offset_hu
        Miscalibration of the whole scale.
    """

    blur_mm: float
    slice_blur: float
    tail_share: float
    tail_mm: float
    noise_hu: float
    grain_mm: float
    cupping_hu: float
    cupping_mm: float
    cupping_lobes: float
    slope_hu: tuple[float, float]
    streaks_hu: float
    vertex_hu: float
    floor_hu: float
    petrous_hu: float
    offset_hu: float

    @classmethod
    def random(cls, rng: np.random.Generator) -> "Scanner":
        """Return a scanner and protocol from the range in use."""
        return cls(
            blur_mm=rng.uniform(0.35, 0.95),
            slice_blur=rng.uniform(0.1, 0.5),
            tail_share=rng.uniform(0, 0.15) * (rng.random() < 0.6),
            tail_mm=rng.uniform(1.5, 3.0),
            noise_hu=float(np.exp(rng.uniform(np.log(1.0), np.log(4.2)))),
            grain_mm=rng.uniform(0.35, 1.05),
            cupping_hu=rng.uniform(10, 26),
            cupping_mm=rng.uniform(18, 38),
            cupping_lobes=rng.uniform(0, 0.7),
            slope_hu=(rng.normal(0, 1.5), rng.normal(0, 1.5)),
            streaks_hu=float(np.exp(rng.uniform(0, np.log(6)))) * (rng.random() < 0.5),
            vertex_hu=rng.uniform(0, 12),
            floor_hu=rng.uniform(-2, 8),
            petrous_hu=rng.uniform(0, 16) * (rng.random() < 0.85),
            offset_hu=rng.normal(0, 2.5),
        )


def _floor(space_z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp((space_z + 20) / 4))


def _base_and_vertex(z: np.ndarray, y: np.ndarray, x: np.ndarray, scanner: Scanner) -> np.ndarray:
    """Return what beam hardening leaves at the vertex and in the posterior fossa."""
    band = np.exp(-(((y - 4) / 16) ** 2) - ((z + 31) / 11) ** 2) * (np.abs(x) < 50)
    vertex = scanner.vertex_hu * np.exp(np.minimum(z - VERTEX_MM, 0) / VERTEX_REACH_MM)
    return vertex + scanner.floor_hu * _floor(z) - scanner.petrous_hu * band


def _bands(y: np.ndarray, x: np.ndarray, z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return on which sides of the head, and how strongly, bands along the convexity are brighter."""
    around = np.arctan2(x, y)
    waves = np.zeros_like(around)
    for order in (1, 2, 3):
        waves += rng.normal(0, 1 / order) * np.cos(
            order * around + rng.uniform(-np.pi, np.pi) + z / rng.uniform(30, 90)
        )
    return np.clip(1.5 * waves, 0, 2.5)


def shading(space: HeadSpace, grid: Grid, scanner: Scanner, rng: np.random.Generator) -> np.ndarray:
    """Return what beam hardening adds to each slice.

    It brightens what lies under the bone: all around and deep into the brain, in bands along parts of the convexity, at
    the vertex and in the posterior fossa. The brain as a whole keeps its level, which scanners are calibrated for.

    Parameters
    ----------
    space
        Coordinates of the true head, ``(slices × subslices, rows, columns)``.
    grid
        Its voxels.

    Returns
    -------
    numpy.ndarray
        ``(slices, rows, columns) float32``, HU; 0 outside the skull.
    """
    depth = grid.average(space.inside_mm)
    places = np.flatnonzero(depth > 0)
    z, y, x = (grid.average(axis).take(places) for axis in (space.z, space.y, space.x))
    below = depth.take(places)
    width = float(np.exp(rng.uniform(np.log(1.5), np.log(20))))
    lobes = scanner.cupping_lobes * min(4 / width, 1) * (2 + 0.3 * scanner.cupping_hu)
    added = scanner.cupping_hu * np.exp(-below / scanner.cupping_mm)
    added += lobes * _bands(y, x, z, rng) * np.exp(-((below / width) ** 2))
    added += _base_and_vertex(z, y, x, scanner)
    added += (scanner.slope_hu[0] * y + scanner.slope_hu[1] * x) / 100
    shade = np.zeros_like(depth)
    if len(places):
        shade.ravel()[places] = added - np.median(added)
    return shade


def brightening(share: np.ndarray, grid: Grid, shade: np.ndarray, inside: np.ndarray) -> float:
    """Return by how many HU the shading raises a lesion.

    Parameters
    ----------
    share
        ``(slices × subslices, rows, columns) float32``, share of the lesion in each voxel.
    grid
        Its voxels.
    shade
        ``(slices, rows, columns) float32``, what `shading` returns.
    inside
        The same shape, bool: inside of the skull.
    """
    lesion = grid.average(share) * inside
    return float(np.average(shade, weights=lesion)) if lesion.any() else 0.0


def _spread(plane: np.ndarray, grid: Grid, scanner: Scanner) -> None:
    """Blur a slice by the point spread, in place."""
    wide = cv2.GaussianBlur(plane, (0, 0), scanner.tail_mm / grid.mm_per_pixel) if scanner.tail_share else None
    cv2.GaussianBlur(plane, (0, 0), max(scanner.blur_mm / grid.mm_per_pixel, 0.2), dst=plane)
    if wide is not None:
        cv2.addWeighted(plane, 1 - scanner.tail_share, wide, scanner.tail_share, 0, dst=plane)


def _noise(shape: tuple[int, ...], grid: Grid, scanner: Scanner, rng: np.random.Generator) -> np.ndarray:
    """Return correlated noise of unit deviation, the same in all slices."""
    field = rng.standard_normal(shape).astype(np.float32)
    sigma = max(scanner.grain_mm / grid.mm_per_pixel, 0.25)
    for image in field:
        cv2.GaussianBlur(image, (0, 0), sigma, dst=image)
    return field / _deviation(field)


def _streaks(shape: tuple[int, ...], grid: Grid, rng: np.random.Generator) -> np.ndarray:
    """Return bands that run from side to side."""
    field = rng.standard_normal(shape).astype(np.float32)
    step = grid.mm_per_pixel
    sigmas = (rng.uniform(1, 3) / step, rng.uniform(9, 28) / step)
    sizes = tuple(2 * int(4 * sigma + 0.5) + 1 for sigma in sigmas)
    for image in field:
        cv2.GaussianBlur(image, sizes[::-1], sigmas[1], dst=image, sigmaY=sigmas[0], borderType=cv2.BORDER_REFLECT)
    return field / _deviation(field)


def _deviation(field: np.ndarray) -> np.float32:
    return np.float32(cv2.meanStdDev(field.reshape(len(field), -1))[1].item())


def scan(
    hu: np.ndarray, space: HeadSpace, grid: Grid, scanner: Scanner, shade: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the series a scanner makes.

    Parameters
    ----------
    hu
        ``(slices × subslices, rows, columns) float32``, HU of the true head.
    space
        Coordinates of the true head, the same shape.
    shade
        ``(slices, rows, columns) float32``, what `shading` returns.

    Returns
    -------
    numpy.ndarray
        ``(slices, rows, columns) float32``, whole HU in 12 bits.
    """
    profile = ndimage.gaussian_filter1d(np.eye(len(hu), dtype=np.float32), scanner.slice_blur * grid.subslices, axis=0)
    image = np.tensordot(grid.average(profile), hu, axes=1)
    for plane in image:
        _spread(plane, grid, scanner)
    floor, inside = _floor(grid.average(space.z)), grid.average(space.inside_mm) > 0
    image += shade
    image += scanner.noise_hu * (1 + np.float32(0.6) * floor) * _noise(image.shape, grid, scanner, rng)
    if scanner.streaks_hu:
        image += scanner.streaks_hu * floor * inside * _streaks(image.shape, grid, rng)
    image += np.float32(scanner.offset_hu)
    return np.clip(np.round(image, out=image), -1024, 3071, out=image)
