"""A head CT as other scanners, protocols and positions would show it: what is true of the head stays the same."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import cv2
import numpy as np
from scipy import ndimage

from triage_node.imaging import Volume

AIR_HU, BONE_HU, SCALP_HU = -1000.0, 150.0, 40.0
LOWEST_HU, HIGHEST_HU = -1024.0, 3071.0
NOISE_HU, OFFSET_HU = 4.0, 15.0
SHARPENING, SHARPENED_MM = 0.8, 0.7
SIZE_CHANGE = 0.2
# A hand's breadth of the vault is missing, its middle 40 degrees from the forehead, on the right.
FLAP_DEGREES, FLAP_HALF_DEGREES = 40.0, 35.0
# The border of bone is mixed with what lies beside it: left where the bone is taken out, it would look like blood.
BORDER_MM = 2.0
CROPPED_MM = 15.0

Variant = Callable[[Volume], Volume]


def _with_hu(volume: Volume, hu: np.ndarray) -> Volume:
    return replace(volume, hu=np.clip(hu, LOWEST_HU, HIGHEST_HU).astype(np.float32))


def _blurred(volume: Volume, sigma_mm: float) -> np.ndarray:
    rows, columns = (sigma_mm / spacing for spacing in volume.spacing_mm[1:])
    return np.stack([cv2.GaussianBlur(plane, (0, 0), columns, sigmaY=rows) for plane in volume.hu])


def _blur(sigma_mm: float) -> Variant:
    return lambda volume: _with_hu(volume, _blurred(volume, sigma_mm))


def _sharpen(volume: Volume) -> Volume:
    return _with_hu(volume, volume.hu + SHARPENING * (volume.hu - _blurred(volume, SHARPENED_MM)))


def _offset(hu: float) -> Variant:
    return lambda volume: _with_hu(volume, volume.hu + hu)


def _noise(volume: Volume) -> Volume:
    noise = np.random.default_rng(0).standard_normal(volume.hu.shape, np.float32)
    return _with_hu(volume, volume.hu + NOISE_HU * noise)


def _mirror(volume: Volume) -> Volume:
    return _with_hu(volume, volume.hu[:, :, ::-1])


def _turn(degrees: float) -> Variant:
    """Turn about the long axis; the field grows, so that no corner of the head is cut off."""

    def turned(volume: Volume) -> Volume:
        options = {"axes": (1, 2), "reshape": True, "order": 1, "cval": AIR_HU}
        square = _square_pixels(volume)
        return _with_hu(square, ndimage.rotate(square.hu, degrees, **options))

    return turned


def _square_pixels(volume: Volume) -> Volume:
    """Return a volume that can be turned in the plane without being sheared."""
    _, row_mm, column_mm = volume.spacing_mm
    if np.isclose(row_mm, column_mm):
        return volume
    hu = ndimage.zoom(volume.hu, (1, row_mm / column_mm, 1), order=1, mode="nearest")
    return replace(volume, hu=hu, spacing_mm=(volume.spacing_mm[0], column_mm, column_mm))


def _reslice(degrees: float) -> Variant:
    """Cut the head along planes that are nodded by some degrees; what lies outside of the series is air."""

    def resliced(volume: Volume) -> Volume:
        z_mm, y_mm, _ = volume.spacing_mm
        turn = np.radians(degrees)
        to_index = np.array([[np.cos(turn), np.sin(turn) * y_mm / z_mm], [-np.sin(turn) * z_mm / y_mm, np.cos(turn)]])
        matrix = np.eye(3)
        matrix[:2, :2] = to_index
        middle = (np.array(volume.hu.shape) - 1) / 2
        hu = ndimage.affine_transform(volume.hu, matrix, middle - matrix @ middle, order=1, cval=AIR_HU)
        return _with_hu(volume, hu)

    return resliced


def _thicker(volume: Volume) -> Volume:
    """Average each two slices."""
    pairs = len(volume.hu) // 2 * 2
    hu, positions = ((part[:pairs:2] + part[1:pairs:2]) / 2 for part in (volume.hu, volume.positions_mm))
    return _of_other_slices(volume, hu, positions, 2.0)


def _thinner(volume: Volume) -> Volume:
    """Put a mean of its neighbors between each two slices."""
    hu = np.repeat(volume.hu, 2, axis=0)[:-1]
    positions = np.repeat(volume.positions_mm, 2)[:-1]
    hu[1::2] = (volume.hu[:-1] + volume.hu[1:]) / 2
    positions[1::2] = (volume.positions_mm[:-1] + volume.positions_mm[1:]) / 2
    return _of_other_slices(volume, hu, positions, 0.5)


def _of_other_slices(volume: Volume, hu: np.ndarray, positions_mm: np.ndarray, thicker: float) -> Volume:
    z_mm, y_mm, x_mm = volume.spacing_mm
    return Volume(hu.astype(np.float32), (z_mm * thicker, y_mm, x_mm), positions_mm, volume.tilt_degrees)


def _resize(factor: float) -> Variant:
    def resized(volume: Volume) -> Volume:
        z_mm, y_mm, x_mm = (spacing * factor for spacing in volume.spacing_mm)
        return replace(volume, spacing_mm=(z_mm, y_mm, x_mm), positions_mm=volume.positions_mm * factor)

    return resized


def _head_limits(volume: Volume) -> tuple[np.ndarray, np.ndarray]:
    """Return first and last row and column of the skull."""
    bone = np.argwhere((volume.hu > BONE_HU).any(axis=0))
    if not len(bone):
        return np.zeros(2, int), np.array(volume.hu.shape[1:]) - 1
    return np.asarray(bone.min(axis=0)), np.asarray(bone.max(axis=0))


def _crop(volume: Volume) -> Volume:
    """Cut off one side of the head, as a field of view that is too narrow does."""
    first, _ = _head_limits(volume)
    hu = volume.hu.copy()
    hu[:, :, : first[1] + round(CROPPED_MM / volume.spacing_mm[2])] = AIR_HU
    return _with_hu(volume, hu)


def _with_border(volume: Volume) -> np.ndarray:
    """Return ``(slices, rows, columns) bool``: bone, and pixels so near that they hold a part of it."""
    rows, columns = (2 * max(1, round(BORDER_MM / spacing)) + 1 for spacing in volume.spacing_mm[1:])
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (columns, rows))
    return np.stack([cv2.dilate((plane > BONE_HU).astype(np.uint8), element) > 0 for plane in volume.hu])


def _flap(volume: Volume) -> Volume:
    """Take away the bone of a part of the vault with its border, as after a decompressive craniectomy."""
    first, last = _head_limits(volume)
    middle = (first + last) / 2
    rows, columns = np.mgrid[: volume.hu.shape[1], : volume.hu.shape[2]]
    angle = np.degrees(np.arctan2(middle[1] - columns, middle[0] - rows))
    sector = np.abs(angle - FLAP_DEGREES) < FLAP_HALF_DEGREES
    upper = np.zeros(len(volume.hu), bool)
    upper[len(upper) // 2 : -1] = True
    hu = volume.hu.copy()
    hu[upper[:, None, None] & sector & _with_border(volume) & (hu > SCALP_HU)] = SCALP_HU
    return _with_hu(volume, hu)


VARIANTS: Mapping[str, Variant] = {
    "blur of 0.7 mm": _blur(0.7),
    "blur of 1.0 mm": _blur(1.0),
    "blur of 1.5 mm": _blur(1.5),
    "sharpened": _sharpen,
    "15 HU brighter": _offset(OFFSET_HU),
    "15 HU darker": _offset(-OFFSET_HU),
    f"noise of {NOISE_HU:.0f} HU": _noise,
    "mirrored": _mirror,
    "turned by 10 degrees": _turn(10),
    "turned by 30 degrees": _turn(30),
    "turned by 90 degrees": _turn(90),
    "resliced by 15 degrees": _reslice(15),
    "resliced by -15 degrees": _reslice(-15),
    "twice as thick": _thicker,
    "twice as thin": _thinner,
    "20 % larger": _resize(1 + SIZE_CHANGE),
    "20 % smaller": _resize(1 - SIZE_CHANGE),
    "cropped": _crop,
    "bone flap": _flap,
}
"""What a model is asked again with."""
LESS_SHOWN = ("cropped", "bone flap")
"""Variants that show less of the head or of its skull: an answer may become *uncertain* by them."""
