"""From a volume in HU to what the network sees: one path for training and for serving."""

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from scipy import ndimage

from triage_node.errors import UnsuitableSeries
from triage_node.imaging import Volume
from triage_node.models.skull_stripping.bone_rays import bone_images
from triage_node.models.skull_stripping.completeness import doubts
from triage_node.models.skull_stripping.head_axis import UPPER_SHARE, HeadAxis, find_head_axis, straighten
from triage_node.models.skull_stripping.head_size import magnification
from triage_node.models.skull_stripping.intracranial import disk, intracranial_mask
from triage_node.models.skull_stripping.openings import Openings, find_openings, mend_skull
from triage_node.models.slices import average_slabs, extents_mm, neighbors, resample, slab_of_slice
from triage_node.models.windows import Window, channels
from triage_node.reasons import Reason, ReasonCode

# A largest slice smaller than this is no brain, even at the vertex of a child.
SMALLEST_AREA_CM2 = 25.0
# Share of the brain's border that must lie on bone: ribs around a heart do not close like a skull.
SMALLEST_BONE_BORDER = 0.7
BORDER_MM = 4.8
# Of a mended skull so much must be bone: 120 degrees of it may be missing at every height.
SMALLEST_BONE_BORDER_MENDED = 0.5
BRAIN_MEDIAN_HU = (10.0, 60.0)
# A phantom's skull may hold one material; in every brain fluid and gray matter stand out after smoothing. Least seen:
# 6 % in generated heads, 29 % in heads of patients.
STRUCTURE_MM, STRUCTURE_HU, RIM_MM, SMALLEST_STRUCTURE = 2.5, 4.0, 5.0, 0.01
FILL_HU = -300.0
# No scanner sees more; a wrong pixel spacing would otherwise ask for any amount of memory.
LARGEST_FIELD_MM = 1000.0


@dataclass(frozen=True)
class Geometry:
    """Fixed frame of the network's input.

    Attributes
    ----------
    mm_per_pixel
        Pixel size in mm.
    rows, columns
        Size in pixels.
    max_slices
        Longer series are averaged into slabs.
    neighbor_mm
        Distance of the neighbors that the network sees beside a slice.
    shown_area_cm2
        Intracranial area that the widest slices of every head are brought to; None shows heads as large as they are.
    """

    __pydantic_config__: ClassVar = {"strict": True, "extra": "forbid"}

    mm_per_pixel: float = 1.25
    rows: int = 160
    columns: int = 128
    max_slices: int = 64
    neighbor_mm: float = 5.0
    shown_area_cm2: float | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is not None and not 0 < value < np.inf:
                raise ValueError(f"{name} must be a positive number, got {value}")

    @property
    def frame(self) -> tuple[float, int, int, float]:
        """Return mm per pixel, rows, columns and the shown area, 0 for none: what stored heads must agree in."""
        return self.mm_per_pixel, self.rows, self.columns, self.shown_area_cm2 or 0.0


@dataclass(frozen=True)
class StrippedHead:
    """The inside of the skull in the network's frame.

    Attributes
    ----------
    hu
        ``(slabs, rows, columns) float32``, HU relative to the brain's median.
    mask
        The same shape, bool: inside of the skull.
    neighbors
        ``(slabs, 2) int``: lower and upper neighbor of each slab.
    slab
        ``(slices,) int``: the slab each slice of the volume went into.
    brain_area_cm2
        ``(slabs,) float32``: intracranial area of the head, not of its picture.
    median_hu
        The brain's median that was subtracted.
    axis
        Where the head lay before it was straightened.
    slice_mm
        The height in mm that a slab stands for, as most do.
    magnification
        How much larger than it is the head is shown, see `triage_node.models.skull_stripping.head_size`.
    doubts
        Why the mask may not show the whole brain.
    """

    hu: np.ndarray
    mask: np.ndarray
    neighbors: np.ndarray
    slab: np.ndarray
    brain_area_cm2: np.ndarray
    median_hu: float
    axis: HeadAxis
    slice_mm: float
    magnification: float = 1.0
    doubts: tuple[Reason, ...] = ()

    @property
    def shown_slice_mm(self) -> float:
        """Return the height of a slab in a head that is as large as this one is shown."""
        return self.slice_mm * self.magnification

    def channels(self, windows: tuple[Window, ...]) -> np.ndarray:
        """Return the network's input ``(slabs, rows, columns, channels) float32``."""
        return channels(self.hu, self.mask, self.neighbors, windows)


def _not_head(detail: str) -> UnsuitableSeries:
    return UnsuitableSeries(Reason.of(ReasonCode.NOT_HEAD, detail))


def _upper(mask: np.ndarray) -> np.ndarray:
    area = mask.sum(axis=(1, 2))
    return np.flatnonzero(area >= UPPER_SHARE * area.max())


def _brain_median(hu: np.ndarray, mask: np.ndarray, mm_per_pixel: float) -> float:
    """Return the median HU of the larger slices, away from the rim."""
    element = disk(2.4, mm_per_pixel)
    values = [hu[i][cv2.erode(mask[i].astype(np.uint8), element) > 0] for i in _upper(mask)]
    return float(np.median(np.concatenate(values)))


def _bone_border(bone: np.ndarray, mask: np.ndarray, mm_per_pixel: float) -> float:
    """Return the share of the brain's border in the larger slices that lies on bone."""
    near, border = 0, 0
    for index in _upper(mask):
        inside = mask[index].astype(np.uint8)
        edge = inside & (1 - cv2.erode(inside, disk(mm_per_pixel, mm_per_pixel)))
        beside = cv2.dilate(bone[index], disk(BORDER_MM, mm_per_pixel))
        near, border = near + int((edge & beside).sum()), border + int(edge.sum())
    return near / max(border, 1)


def _structure(hu: np.ndarray, mask: np.ndarray, median: float, mm_per_pixel: float) -> float:
    """Return the share of the larger slices, away from the rim, that is darker or denser than the median."""
    element, found = disk(RIM_MM, mm_per_pixel), []
    for index in _upper(mask):
        smooth = cv2.GaussianBlur(np.clip(hu[index], median - 60, median + 60), (0, 0), STRUCTURE_MM / mm_per_pixel)
        inner = cv2.erode(mask[index].astype(np.uint8), element) > 0
        found.append(np.abs(smooth[inner] - median) > STRUCTURE_HU)
    return float(np.concatenate(found).mean())


def _check_field(volume: Volume) -> None:
    field_mm = max(size * mm for size, mm in zip(volume.hu.shape[1:], volume.spacing_mm[1:], strict=True))
    if field_mm > LARGEST_FIELD_MM:
        raise _not_head(f"The field of view measures {field_mm:.0f} mm.")


def _check_head(hu: np.ndarray, bone: np.ndarray, mask: np.ndarray, least: float, mm_per_pixel: float) -> float:
    """Return the brain's median HU, or say why this is no head; `least` is the share of its border that is bone."""
    area = float(mask.sum(axis=(1, 2)).max()) * mm_per_pixel**2 / 100
    if area < SMALLEST_AREA_CM2:
        raise _not_head(f"The largest space enclosed by bone measures {area:.0f} cm2.")
    if (border := _bone_border(bone, mask, mm_per_pixel)) < least:
        raise _not_head(f"Bone surrounds only {border:.0%} of the enclosed space.")
    median = _brain_median(hu, mask, mm_per_pixel)
    if not BRAIN_MEDIAN_HU[0] <= median <= BRAIN_MEDIAN_HU[1]:
        raise _not_head(f"The enclosed space has a median of {median:.0f} HU, which is not brain.")
    if _structure(hu, mask, median, mm_per_pixel) < SMALLEST_STRUCTURE:
        raise _not_head("The enclosed space shows nothing but one density.")
    return median


def _masked(
    hu: np.ndarray, bone: np.ndarray, extents_mm: np.ndarray, mm_per_pixel: float
) -> tuple[np.ndarray, Openings, bool]:
    """Return the inside of the skull, where that is open, and whether the mask needed a mended skull."""
    mask = intracranial_mask(hu, bone, mm_per_pixel)
    openings = find_openings(hu, bone, mask, extents_mm, mm_per_pixel)
    if not openings.rays:
        return mask, openings, False
    mended = intracranial_mask(hu, mend_skull(hu, bone, openings, mm_per_pixel), mm_per_pixel)
    if mended.sum() <= mask.sum() or _bone_border(bone, mended, mm_per_pixel) < SMALLEST_BONE_BORDER_MENDED:
        return mask, openings, False
    found = find_openings(hu, bone, mended, extents_mm, mm_per_pixel)
    return mended, found if found.rays else openings, True


@dataclass(frozen=True)
class _Inside:
    """The inside of the skull before it is straightened; arrays are ``(slabs, rows, columns)``, square pixels."""

    hu: np.ndarray
    bone: np.ndarray
    mask: np.ndarray
    openings: Openings
    slab: np.ndarray
    positions_mm: np.ndarray
    extents_mm: np.ndarray
    median_hu: float
    axis: HeadAxis
    doubts: tuple[Reason, ...]


def _find_inside(volume: Volume, geometry: Geometry) -> _Inside:
    """Find it; HU are averaged to the pixel size first and windowed last: the two do not commute."""
    _check_field(volume)
    mm_per_pixel = geometry.mm_per_pixel
    slab = slab_of_slice(len(volume.hu), geometry.max_slices)
    positions = average_slabs(np.asarray(volume.positions_mm, np.float64), slab)
    extents = extents_mm(positions, volume.spacing_mm[0])
    hu = average_slabs(resample(volume.hu, volume.spacing_mm[1:], mm_per_pixel), slab)
    bone = bone_images(hu, mm_per_pixel)
    mask, openings, mended = _masked(hu, bone, extents, mm_per_pixel)
    least = SMALLEST_BONE_BORDER_MENDED if mended else SMALLEST_BONE_BORDER
    median = _check_head(hu, bone, mask, least, mm_per_pixel)
    axis = find_head_axis(hu, mask, positions, mm_per_pixel)
    doubted = doubts(mask, bone, openings, axis, extents, mm_per_pixel)
    return _Inside(hu, bone, mask, openings, slab, positions, extents, median, axis, doubted)


def strip_head(volume: Volume, geometry: Geometry) -> StrippedHead:
    """Return the inside of the skull in the network's frame.

    Raises
    ------
    UnsuitableSeries
        When no intracranial space is found.
    """
    found = _find_inside(volume, geometry)
    shape = (geometry.rows, geometry.columns)
    area = found.mask.sum(axis=(1, 2)) * geometry.mm_per_pixel**2 / 100
    larger = magnification(area, found.extents_mm, geometry.shown_area_cm2)
    inside = straighten(found.mask.astype(np.uint8), found.axis, shape, 0, larger, nearest=True) > 0
    return StrippedHead(
        hu=straighten(found.hu, found.axis, shape, FILL_HU, larger) - np.float32(found.median_hu),
        mask=inside,
        neighbors=neighbors(found.positions_mm, geometry.neighbor_mm),
        slab=found.slab,
        brain_area_cm2=inside.sum(axis=(1, 2)).astype(np.float32) * (geometry.mm_per_pixel / larger) ** 2 / 100,
        median_hu=found.median_hu,
        axis=found.axis,
        slice_mm=float(np.median(found.extents_mm)),
        magnification=larger,
        doubts=found.doubts,
    )


def near_brain(volume: Volume, within_mm: float) -> np.ndarray:
    """Return ``(slices, rows, columns) bool`` in the volume's own pixels: what lies so near to the inside of the skull.

    Raises
    ------
    UnsuitableSeries
        When no intracranial space is found, or it is doubtful whether all of it is.
    """
    geometry = Geometry()
    found = _find_inside(volume, geometry)
    if found.doubts:
        raise UnsuitableSeries(*found.doubts)
    mm = (float(np.median(found.extents_mm)), geometry.mm_per_pixel, geometry.mm_per_pixel)
    near = (ndimage.distance_transform_edt(~found.mask, sampling=mm) <= within_mm).astype(np.uint8)
    rows, columns = volume.hu.shape[1:]
    planes = [cv2.resize(plane, (columns, rows), interpolation=cv2.INTER_NEAREST) for plane in near]
    return np.stack(planes)[found.slab] > 0
