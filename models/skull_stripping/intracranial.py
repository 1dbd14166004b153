"""The inside of the skull: what bone encloses in a slice and what hangs together across slices.

Tables, hands, tubes, scalp and face stop mattering behind this mask. It must never cut a lesion that touches the inner
table: everything soft that bone encloses is kept right up to the bone.
"""

import cv2
import numpy as np
from scipy import ndimage

from triage_node.models.skull_stripping.bone_rays import directions_with_bone

# Twelve directions are looked along; two may miss the bone at a suture, a burr hole or a foramen.
ENCLOSED_DIRECTIONS = 10
SOFT_FLOOR_HU = -10.0
OPENING_MM = 3.6
CLOSING_MM = 9.6
FILLED_HOLE_CM2 = 1.0
# Clotted blood stays below this at the network's pixel size; what is denser is bone, calcium or metal, and bone that
# shares a pixel with brain looks like an epidural hematoma.
DENSEST_BLOOD_HU = 100.0
# Below the first slice this small lie foramen magnum and throat, above it a vertex that is mostly partial volume.
SMALLEST_SLICE_CM2 = 16.0
# Below the largest slice, a part of the mask that less bone than this surrounds is muscle, orbit or throat.
SMALLEST_BONE_SHARE = 0.5
# The skull widens upward to its largest slice: what is inside it lies below what is inside it, by this share at least.
SMALLEST_SHARE_BELOW = 0.25
BONE_NEAR_MM = 2.1
ACROSS_SLICES = np.array(
    [
        [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
        [[0, 1, 0], [1, 1, 1], [0, 1, 0]],
        [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    ],
    bool,
)


def disk(radius_mm: float, mm_per_pixel: float) -> np.ndarray:
    """Return a disk-shaped structuring element."""
    radius = max(1, round(radius_mm / mm_per_pixel))
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def _soft(hu: np.ndarray, bone: np.ndarray, mm_per_pixel: float) -> np.ndarray:
    """Return brain, blood and fluid, but neither fat nor bone, as uint8."""
    smooth = cv2.GaussianBlur(np.clip(hu, -100, 100), (0, 0), 1.2 / mm_per_pixel)
    return ((smooth > SOFT_FLOOR_HU) & (bone == 0)).astype(np.uint8)


def _enclosed(soft: np.ndarray, bone: np.ndarray, mm_per_pixel: float) -> np.ndarray:
    """Return the soft pixels that bone surrounds in nearly all directions."""
    closed = cv2.morphologyEx(bone, cv2.MORPH_CLOSE, disk(OPENING_MM, mm_per_pixel))
    surrounded = directions_with_bone(closed) >= ENCLOSED_DIRECTIONS
    return soft & surrounded.astype(np.uint8)


def _largest_component(opened: np.ndarray) -> np.ndarray:
    """Return the largest part of ``(slices, rows, columns)`` that hangs together in three dimensions."""
    labels, count = ndimage.label(opened, ACROSS_SLICES)
    if count == 0:
        return np.zeros(opened.shape, np.uint8)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return (labels == sizes.argmax()).astype(np.uint8)


def _fill_small_holes(mask: np.ndarray, mm_per_pixel: float) -> np.ndarray:
    """Fill holes such as a calcified pineal gland, but not the sella or a petrous bone."""
    limit = FILLED_HOLE_CM2 * 100 / mm_per_pixel**2
    count, labels, stats, _ = cv2.connectedComponentsWithStats(1 - mask, connectivity=4)
    outside = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    small = [i for i in range(1, count) if i not in outside and stats[i, cv2.CC_STAT_AREA] <= limit]
    return mask | np.isin(labels, small).astype(np.uint8)


def _restore_rim(
    core: np.ndarray, enclosed: np.ndarray, soft: np.ndarray, hu: np.ndarray, mm_per_pixel: float
) -> np.ndarray:
    """Grow the opened core back to the inner table and drop what is denser than blood.

    Behind a gap in the bone pixels are not enclosed; closing brings them back as far as they are soft.
    """
    if not core.any():
        return core
    near, restored = _around(core, 2 * OPENING_MM / mm_per_pixel), np.zeros_like(core)
    core, enclosed, soft, hu = core[near], enclosed[near], soft[near], hu[near]
    element = disk(CLOSING_MM, mm_per_pixel)
    width = len(element) // 2
    grown = cv2.dilate(core, disk(1.5 * OPENING_MM, mm_per_pixel)) & enclosed
    padded = np.pad(grown | core, width)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, element)[width:-width, width:-width]
    mask = _fill_small_holes(grown | core | (closed & soft), mm_per_pixel)
    restored[near] = mask & (cv2.GaussianBlur(hu, (0, 0), 0.5) <= DENSEST_BLOOD_HU).astype(np.uint8)
    return restored


def _around(mask: np.ndarray, margin: float) -> tuple[slice, slice]:
    """Return the rectangle that holds a mask with a margin in pixels; what lies outside need not be worked on."""
    column, row, columns, rows = cv2.boundingRect(mask)
    wide = int(np.ceil(margin))
    return slice(max(row - wide, 0), row + rows + wide), slice(max(column - wide, 0), column + columns + wide)


def _without_face(mask: np.ndarray, above: np.ndarray, bone: np.ndarray, mm_per_pixel: float) -> np.ndarray:
    """Drop the parts of a slice's mask whose border hardly lies on bone, or that lie below nothing that is inside.

    The temporal muscle behind the zygoma, orbits and throat see bone in many directions, too; but between them and it
    lies fat or air. A fossa of the skull is lined with bone all around, with whatever bleeds into it.
    """
    near, without_face = cv2.dilate(bone, disk(BONE_NEAR_MM, mm_per_pixel)), mask.copy()
    count, labels = cv2.connectedComponents(mask, connectivity=4)
    edge = mask & (1 - cv2.erode(mask, disk(mm_per_pixel, mm_per_pixel)))
    borders = np.bincount(labels[edge > 0], minlength=count)
    on_bone = np.bincount(labels[(edge & near) > 0], minlength=count)
    areas, below = (np.bincount(found.ravel(), minlength=count) for found in (labels, labels * above))
    for part in range(1, count):
        if on_bone[part] < SMALLEST_BONE_SHARE * borders[part] or below[part] < SMALLEST_SHARE_BELOW * areas[part]:
            without_face[labels == part] = 0
    return without_face


def _span(mask: np.ndarray, mm_per_pixel: float) -> np.ndarray:
    """Blank the slices beyond the first that shows hardly any brain, going both ways from the largest."""
    area_cm2 = mask.sum(axis=(1, 2)) * mm_per_pixel**2 / 100
    sparse = np.flatnonzero(area_cm2 < SMALLEST_SLICE_CM2)
    largest = int(area_cm2.argmax())
    first = max(sparse[sparse < largest], default=-1) + 1
    last = min(sparse[sparse > largest], default=len(mask))
    inside = np.zeros(mask.shape, bool)
    inside[first:last] = mask[first:last]
    return inside


def intracranial_mask(hu: np.ndarray, bone: np.ndarray, mm_per_pixel: float) -> np.ndarray:
    """Return where the inside of the skull is.

    Parameters
    ----------
    hu
        ``(slices, rows, columns) float32``, HU, square pixels.
    bone
        The same shape, uint8: the larger pieces of bone, from `bone_images`.
    mm_per_pixel
        Pixel size in mm.

    Returns
    -------
    numpy.ndarray
        ``(slices, rows, columns) bool``, all false where no bone encloses anything.
    """
    element = disk(OPENING_MM, mm_per_pixel)
    soft = [_soft(image, hard, mm_per_pixel) for image, hard in zip(hu, bone, strict=True)]
    enclosed = np.stack([_enclosed(image, hard, mm_per_pixel) for image, hard in zip(soft, bone, strict=True)])
    opened = np.stack([cv2.morphologyEx(image, cv2.MORPH_OPEN, element) for image in enclosed])
    core = _largest_component(opened)
    restored = [_restore_rim(*parts, mm_per_pixel) for parts in zip(core, enclosed, soft, hu, strict=True)]
    largest = int(np.argmax([mask.sum() for mask in restored]))
    for index in reversed(range(largest)):
        restored[index] = _without_face(restored[index], restored[index + 1], bone[index], mm_per_pixel)
    return _span(np.stack(restored).astype(bool), mm_per_pixel)
