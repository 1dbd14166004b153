"""What makes a head CT incomplete: a field of view that cuts through the skull, and a flap of skull that is missing."""

from dataclasses import replace

import cv2
import numpy as np

from triage_node.imaging.volume import Volume

_AIR, _PADDING, _TISSUE, _BONE, _SKIN_MM = -1000.0, -1024.0, 38.0, 110.0, 6.0


def bone_box(volume: Volume) -> tuple[int, int, int, int]:
    """Return first and last row, first and last column of the bone in the slices of the vault."""
    bone = (volume.hu[_vault(volume)] > 500).sum(axis=0) > 0
    rows, columns = np.flatnonzero(bone.any(axis=1)), np.flatnonzero(bone.any(axis=0))
    return int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])


def _vault(volume: Volume) -> slice:
    return slice(len(volume.hu) // 2, None)


def cropped(volume: Volume, front: float = -99, back: float = -99, right: float = -99, left: float = -99) -> Volume:
    """Cut each side of the field so many mm inside the outer skull; a negative number leaves a margin."""
    first, last, begin, end = bone_box(volume)
    _, y, x = volume.spacing_mm
    rows = slice(max(0, round(first + front / y)), round(last - back / y) + 1)
    columns = slice(max(0, round(begin + right / x)), round(end - left / x) + 1)
    return replace(volume, hu=np.ascontiguousarray(volume.hu[:, rows, columns]))


def round_field(volume: Volume, radius_mm: float, padding: float = _PADDING) -> Volume:
    """Blank what lies outside a round field of reconstruction around the middle of the skull."""
    row, column = _middle(volume)
    y, x = np.mgrid[: volume.hu.shape[1], : volume.hu.shape[2]]
    outside = np.hypot((y - row) * volume.spacing_mm[1], (x - column) * volume.spacing_mm[2]) > radius_mm
    return replace(volume, hu=np.where(outside, np.float32(padding), volume.hu))


def _middle(volume: Volume) -> tuple[float, float]:
    first, last, begin, end = bone_box(volume)
    return (first + last) / 2, (begin + end) / 2


def without_flap(
    volume: Volume,
    toward: float,
    degrees: float,
    slices: tuple[float, float] = (0.0, 1.0),
    bulge_mm: float = 0.0,
    seed: int = 0,
) -> Volume:
    """Replace the bone of a sector by soft tissue.

    Parameters
    ----------
    toward
        Middle of the sector: 0 the patient's left, 90 the back, 180 the right, -90 the front.
    slices
        First and last of the slices concerned, as shares of the stack.
    bulge_mm
        How far the brain swells out of the hole; negative where the skin has sunk in.
    """
    row, column = _middle(volume)
    y, x = np.mgrid[: volume.hu.shape[1], : volume.hu.shape[2]].astype(np.float32)
    up, across = (y - row) * volume.spacing_mm[1], (x - column) * volume.spacing_mm[2]
    off = np.abs((np.degrees(np.arctan2(up, across)) - toward + 180) % 360 - 180)
    sector, radius = off <= degrees / 2, np.hypot(up, across)
    rng, hu = np.random.default_rng(seed), volume.hu.copy()
    first, last = round(slices[0] * len(hu)), round(slices[1] * len(hu))
    for image in hu[first:last]:
        bone = cv2.dilate((image > _BONE).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        gone = bone & sector & (radius > 25) & (image > -200)
        image[gone] = _TISSUE + rng.normal(0, 4, int(gone.sum()))
        if bulge_mm:
            _bulge(image, off, radius, degrees, bulge_mm, (row, column))
    return replace(volume, hu=hu)


def _bulge(image: np.ndarray, off: np.ndarray, radius: np.ndarray, degrees: float, mm: float, middle: tuple) -> None:
    """Move what lies in the sector outward, most in its middle and at its rim."""
    much = mm * np.cos(np.minimum(off / (degrees / 2), 1) * np.pi / 2) ** 2 * np.clip((radius - 20) / 40, 0, 1)
    share = 1 - much / np.maximum(radius, 1)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
    rows = (middle[0] + (y - middle[0]) * share).astype(np.float32)
    columns = (middle[1] + (x - middle[1]) * share).astype(np.float32)
    image[:] = cv2.remap(image, columns, rows, cv2.INTER_LINEAR, borderValue=_AIR)


def turned(volume: Volume, degrees: float) -> Volume:
    """Turn the head in its slices, around the middle of the image."""
    rows, columns = volume.hu.shape[1:]
    turn = cv2.getRotationMatrix2D(((columns - 1) / 2, (rows - 1) / 2), degrees, 1)
    hu = [cv2.warpAffine(image, turn, (columns, rows), borderValue=_AIR) for image in volume.hu]
    return replace(volume, hu=np.stack(hu))
