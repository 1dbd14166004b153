"""Bone in a slice, and in how many directions a pixel sees it."""

import cv2
import numpy as np

BONE_HU = 140.0
# Pieces of bone smaller than this share of a slice's bone (calcifications, clips, tubes) enclose nothing.
SMALLEST_SHARE = 0.04
# Each rotation looks along four directions, so these make twelve, 30 degrees apart.
ROTATIONS_DEGREES = (0, 30, 60)


def bone_image(hu: np.ndarray, mm_per_pixel: float) -> np.ndarray:
    """Return the larger pieces of bone of a slice ``(rows, columns)`` as uint8."""
    smooth = cv2.GaussianBlur(np.clip(hu, -200, 500), (0, 0), 0.7 / mm_per_pixel)
    bone = (smooth > BONE_HU).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(bone, connectivity=8)
    if count < 2:
        return bone
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    return (areas >= SMALLEST_SHARE * areas.sum())[labels].astype(np.uint8) & bone


def bone_images(hu: np.ndarray, mm_per_pixel: float) -> np.ndarray:
    """Return the larger pieces of bone of each of ``(slices, rows, columns)`` as uint8."""
    return np.stack([bone_image(image, mm_per_pixel) for image in hu])


def _along_rows(bone: np.ndarray) -> np.ndarray:
    """Count along rows, both ways, the directions in which bone lies ahead: from the first, and up to the last."""
    size = bone.shape[1]
    columns, hard = np.arange(size, dtype=np.int16), bone.view(bool)
    found = hard.any(axis=1)
    first = np.where(found, hard.argmax(axis=1), size).astype(np.int16)
    last = np.where(found, size - 1 - cv2.flip(bone, 1).view(bool).argmax(axis=1), -1).astype(np.int16)
    return (columns >= first[:, None]).view(np.uint8) + (columns <= last[:, None])


def _four_directions(bone: np.ndarray) -> np.ndarray:
    """Count along rows and columns, both ways, the directions in which bone lies ahead."""
    return _along_rows(bone) + cv2.transpose(_along_rows(cv2.transpose(bone)))


def directions_with_bone(bone: np.ndarray) -> np.ndarray:
    """Return for each pixel in how many of twelve directions it sees bone.

    Parameters
    ----------
    bone
        ``(rows, columns) uint8``, 1 where bone is.

    Returns
    -------
    numpy.ndarray
        ``(rows, columns) uint8``, 0 to 12.
    """
    rows, columns = bone.shape
    size = int(np.ceil(np.hypot(rows, columns)))
    total = np.zeros(bone.shape, np.uint8)
    for degrees in ROTATIONS_DEGREES:
        if degrees == 0:
            total += _four_directions(bone)
            continue
        turn = cv2.getRotationMatrix2D(((columns - 1) / 2, (rows - 1) / 2), degrees, 1)
        turn[:, 2] += (size - columns) / 2, (size - rows) / 2
        turned = cv2.warpAffine(bone, turn, (size, size), flags=cv2.INTER_NEAREST)
        inverse = cv2.WARP_INVERSE_MAP | cv2.INTER_NEAREST
        total += cv2.warpAffine(_four_directions(turned), turn, (columns, rows), flags=inverse)
    return total
