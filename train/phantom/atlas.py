"""Average anatomy: the MNI152 tissue maps that the `nilearn` package carries.

Source: Fonov et al., Unbiased nonlinear average age-appropriate brain templates (2009), 1 mm, symmetric.
"""

from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
from scipy import ndimage

from triage_node.train.phantom.sampling import sample

SOURCES = ("gm", "wm", "t1")
FILE = "datasets/data/mni_icbm152_{}_tal_nlin_sym_09a_converted.nii.gz"
# Index of the MNI origin in the files, and the y of the head's middle, about which heads are turned.
ORIGIN = (98, 134, 72)
MIDDLE_Y_MM = -18
# Rounding alone is no content of a map.
NOTHING = 1e-3
COARSE_MM = 2
COARSE_PAD_MM = 60
# Radius of the ball that closes the hull, near the floor and, from this height on, under the vault.
FLOOR_CLOSING_MM, VAULT_CLOSING_MM, VAULT_FROM_MM = 6.0, 30.0, 12.0
# Below this height, and behind the petrous ridges, a slice of the posterior fossa is convex; in front of the brain stem
# it is this much wider.
FOSSA_TO_MM, PREPONTINE_MM = -26.0, 6.0
# The petrous ridges in a slice: their y at the clivus, how far from the midline they turn back, and how steeply.
RIDGE_Y_MM, RIDGE_FROM_MM, RIDGE_SLOPE = 2.0, 12.0, 0.55
# Half the width of the brain stem, and of the clivus that it faces.
STEM_MM, CLIVUS_MM = 8, 11
# The cistern above the sella, between frontal lobes, temporal lobes and midbrain: middle and radii ``(z, y, x)`` in mm.
SUPRASELLAR_MM = (-11.0, -13.0, 0.0), (14.0, 19.0, 16.0)
# Deeper than this below the hull, cerebrospinal fluid is a ventricle or a cistern and not a sulcus.
VENTRICLE_DEPTH_MM = 22
# Further from a ventricle than this no hydrocephalus reaches.
VENTRICLE_REACH_MM = 12.0
# A place ``(z, y, x)`` in each ventricle: lateral ones, third, fourth. Deep fluid that hangs together with none of them
# is a fissure.
VENTRICLES = ((8, 27, 24), (8, 27, -24), (5, 5, 0), (-26, 26, 0))

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Map:
    """A scalar map in head space: z to the head, y to the back, x to the patient's left; mm from the middle.

    Attributes
    ----------
    values
        ``(z, y, x)``, float32; or uint8, which the processor's cache holds more of.
    origin
        Index of the head's middle.
    step_mm
        Distance of the samples.
    outside
        Value beyond the edges; None repeats the edge.
    unit
        What a value of 1 stands for.
    """

    values: np.ndarray
    origin: tuple[float, float, float]
    step_mm: float = 1.0
    outside: float | None = 0.0
    unit: float = 1.0

    def at(self, z: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Return linearly interpolated values at positions in mm."""
        deep, high, wide = (np.ascontiguousarray(axis, np.float32).ravel() for axis in (z, y, x))
        first_z, first_y, first_x = self.origin
        origin = np.float32(first_z), np.float32(first_y), np.float32(first_x)
        scale, repeat_edge = np.float32(1 / self.step_mm), self.outside is None
        found: np.ndarray = sample(self.values, deep, high, wide, origin, scale, repeat_edge, self.outside or 0.0)
        if self.unit != 1:
            found *= np.float32(self.unit)
        return found.reshape(np.shape(z))

    @cached_property
    def corners(self) -> tuple[Point, Point]:
        """Return the corners ``(z, y, x)`` in mm of a box beyond which everything is `outside`."""
        filled = np.abs(self.values - (self.outside or 0.0)) > NOTHING
        spans = [np.flatnonzero(filled.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1))]
        z, y, x = (
            ((span[0] - 1 - start) * self.step_mm, (span[-1] + 1 - start) * self.step_mm)
            for span, start in zip(spans, self.origin, strict=True)
        )
        return (z[0], y[0], x[0]), (z[1], y[1], x[1])

    @cached_property
    def slopes(self) -> "tuple[Map, Map, Map]":
        """Return the rise of the values along z, y and x, each a mm."""
        slopes = np.gradient(self.values.astype(np.float32), self.step_mm)
        z, y, x = (Map(np.ascontiguousarray(slope), self.origin, self.step_mm, None) for slope in slopes)
        return z, y, x


@dataclass(frozen=True)
class Atlas:
    """Tissue fractions and distances of a head.

    Attributes
    ----------
    gray, white, fluid
        Fractions in [0, 1].
    ventricles
        Distance in mm to the wall of the ventricles, positive inside, up to `VENTRICLE_REACH_MM`.
    vault
        Distance in mm to a smooth hull of the brain, positive inside: the inner table of the vault.
    floor
        The same to a tight hull that follows temporal lobes and cerebellum: the floor of the skull.
    outside
        HU of all that lies outside the skull's inner table; None where it is to be drawn, and sulci with it, since
        an average of many heads has neither.
    """

    gray: Map
    white: Map
    fluid: Map
    ventricles: Map
    vault: Map
    floor: Map
    outside: Map | None = None


def atlas_file(name: str) -> Path:
    """Return where the package keeps one of `SOURCES`."""
    return Path(str(files("nilearn").joinpath(FILE.format(name))))


def _read(name: str) -> np.ndarray:
    """Return a map as ``(z, y to the back, x to the left) float32``."""
    import nibabel

    image = nibabel.load(atlas_file(name))
    return np.ascontiguousarray(image.get_fdata(dtype=np.float32).transpose(2, 1, 0)[:, ::-1, ::-1])


def _signed_distance(inside: np.ndarray) -> np.ndarray:
    depth = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
    return (depth * COARSE_MM).astype(np.float32)


def _coarse_hull(tissue: np.ndarray, closing_mm: float) -> np.ndarray:
    """Return a hull, closed with a ball and filled, at the coarse step, padded all around."""
    coarse = np.pad(tissue[::COARSE_MM, ::COARSE_MM, ::COARSE_MM], COARSE_PAD_MM // COARSE_MM)
    radius = closing_mm / COARSE_MM
    grown = ndimage.distance_transform_edt(~coarse) <= radius
    return ndimage.binary_fill_holes(ndimage.distance_transform_edt(grown) > radius)


def _vault_hull(head: np.ndarray, middle: float) -> np.ndarray:
    """Return the hull of the brain under the vault: round at the top, where the brain has a furrow in the midline."""
    hull = _coarse_hull(head, FLOOR_CLOSING_MM)
    first = round((middle + COARSE_PAD_MM + VAULT_FROM_MM) / COARSE_MM)
    hull[first:] |= _coarse_hull(head, VAULT_CLOSING_MM)[first:]
    return hull


def _fossa(brain: np.ndarray, origin: tuple[float, float, float]) -> np.ndarray:
    """Return the posterior fossa: the brain there, and the cisterns that its hull encloses."""
    z, y, x = (np.arange(size) - start for size, start in zip(brain.shape, origin, strict=True))
    behind = y[:, None] > RIDGE_Y_MM + RIDGE_SLOPE * np.clip(np.abs(x) - RIDGE_FROM_MM, 0, None)
    fossa = np.zeros_like(brain)
    for level in np.flatnonzero(z < FOSSA_TO_MM):
        part = brain[level] & behind
        if part.any():
            stem = np.argwhere(part & (np.abs(x) < STEM_MM))
            corners = np.argwhere(part)
            if len(stem):
                front = stem[:, 0].min() - PREPONTINE_MM
                corners = np.vstack([corners, [[front, origin[2] - CLIVUS_MM], [front, origin[2] + CLIVUS_MM]]])
            hull = cv2.convexHull(corners[:, ::-1].astype(np.int32))
            fossa[level] = cv2.fillConvexPoly(np.zeros(part.shape, np.uint8), hull, 1) > 0
    return fossa & (behind | (np.abs(x) < RIDGE_FROM_MM))


def _suprasellar(z: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return where the cistern above the sella is; the average brain is open there, so no hull of it holds fluid."""
    middle, radii = SUPRASELLAR_MM
    deep, long, wide = ((axis - start) / radius for axis, start, radius in zip((z, y, x), middle, radii, strict=True))
    inside: np.ndarray = deep**2 + long**2 + wide**2 < 1
    return inside


def _coarse(origin: tuple[float, float, float]) -> tuple[float, float, float]:
    z, y, x = ((index + COARSE_PAD_MM) / COARSE_MM for index in origin)
    return z, y, x


def _cisterns(z: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return where fluid is around the midbrain, above vermis and sella: as deep as a ventricle but subarachnoid."""
    around_midbrain = (z > -16) & (z < 3) & (np.abs(x) < 24) & (y > 5)
    above_vermis = (z >= 3) & (z < 15) & (np.abs(x) < 10) & (y > 9)
    return around_midbrain | above_vermis | _suprasellar(z, y, x)


def _ventricles(deep: np.ndarray, origin: tuple[float, float, float]) -> np.ndarray:
    """Return the parts of the deep fluid that hang together with a ventricle."""
    parts, _ = ndimage.label(deep, np.ones((3, 3, 3)))
    found: set[int] = set()
    for place in VENTRICLES:
        z, y, x = (round(at + start) for at, start in zip(place, origin, strict=True))
        found |= set(np.unique(parts[z - 2 : z + 3, y - 2 : y + 3, x - 2 : x + 3]).tolist())
    return np.isin(parts, list(found - {0}))


def _wall_distance(inside: np.ndarray) -> np.ndarray:
    """Return the smoothed distance in mm to the border of a mask of 1 mm voxels, positive inside."""
    distance = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
    distance = np.clip(distance - 0.5 * np.sign(distance), -VENTRICLE_REACH_MM, VENTRICLE_REACH_MM)
    return np.asarray(ndimage.gaussian_filter(distance.astype(np.float32), 0.7))


def _in_bytes(fraction: np.ndarray, origin: Point) -> Map:
    """Return a map of a fraction, which the files give in steps of 1/255."""
    return Map(np.rint(fraction * 255).astype(np.uint8), origin, unit=1 / 255)


def make_atlas() -> Atlas:
    """Return the atlas from the package's files: takes ten seconds and more, see `atlas_cache`."""
    gray, white, head = (_read(name) for name in SOURCES)
    gray, white = gray / 255, white / 255
    origin = (
        float(ORIGIN[2]),
        float(gray.shape[1] - 1 - ORIGIN[1] - MIDDLE_Y_MM),
        float(gray.shape[2] - 1 - ORIGIN[0]),
    )
    return atlas_of(gray, white, head > 0, origin)


def atlas_of(gray: np.ndarray, white: np.ndarray, head: np.ndarray, origin: Point) -> Atlas:
    """Return the atlas of a head from its tissue.

    Parameters
    ----------
    gray, white
        ``(z, y, x) float32``, fractions in voxels of 1 mm.
    head
        The same shape, bool: the brain with the fluid about it.
    origin
        Index of the head's middle.
    """
    coarse_origin = _coarse(origin)
    brain = ndimage.gaussian_filter(gray + white, 0.7) > 0.35
    grid = np.indices(gray.shape, np.float32) - np.array(origin, np.float32)[:, None, None, None]
    cisterns = _fossa(brain, origin) | _suprasellar(*grid)
    vault = ndimage.gaussian_filter(_signed_distance(_vault_hull(head | cisterns, origin[0])), 1.0)
    floor = _signed_distance(_coarse_hull(brain | cisterns, 2))
    vault_map = Map(vault, coarse_origin, COARSE_MM, None)
    closed = ndimage.binary_fill_holes(ndimage.binary_closing(head, iterations=6))
    hull = closed | cisterns | (vault_map.at(*grid) > -1)
    fluid = np.clip(1 - gray - white, 0, 1) * hull
    deep = (fluid > 0.45) & (vault_map.at(*grid) > VENTRICLE_DEPTH_MM) & ~_cisterns(*grid)
    return Atlas(
        gray=_in_bytes(gray, origin),
        white=_in_bytes(white, origin),
        fluid=_in_bytes(fluid, origin),
        ventricles=Map(_wall_distance(_ventricles(deep, origin)), origin, outside=-VENTRICLE_REACH_MM),
        vault=vault_map,
        floor=Map(floor, coarse_origin, COARSE_MM, None),
    )
