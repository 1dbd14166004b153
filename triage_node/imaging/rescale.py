"""Stored values to Hounsfield units, slice by slice."""

import numpy as np
from pydicom import Dataset

from triage_node.imaging.header import whole

LOWEST_HU = -1024.0
HIGHEST_HU = 3071.0
_WRAP = 4096
_WRAP_OFFSET = 1000
_AIR_BELOW_HU = -200.0
_NO_CT_NUMBER_HU = 16000.0
_SIGN = 0x8000
_DENSE_HU, _SMALLEST_SIDE = 1000.0, 16


def hounsfield(values: np.ndarray, header: Dataset, rescale: tuple[float, float]) -> np.ndarray:
    """Return Hounsfield units, clipped to [-1024, 3071]; padding becomes air.

    Parameters
    ----------
    values
        ``(rows, columns)`` integers, stored values.
    header
        Header of the instance, for padding and the 12-bit wrap.
    rescale
        ``(slope, intercept)`` of the slice (PS3.3 C.11.1).

    Returns
    -------
    np.ndarray
        ``(rows, columns) float32``, HU.
    """
    slope, intercept = rescale
    padding = None
    if is_wrapped(header, intercept):
        values, intercept = _unwrapped(values), -float(_WRAP_OFFSET)
    else:
        padding = _padding(values, header, slope, intercept)
        values = _signed(values, slope, intercept)
        if padding is None:
            padding = _dense_border(values, slope, intercept)
    hu = values.astype(np.float32)
    if slope != 1:
        hu *= np.float32(slope)
    if intercept:
        hu += np.float32(intercept)
    if padding is not None:
        hu[padding] = LOWEST_HU
    return np.clip(hu, LOWEST_HU, HIGHEST_HU, out=hu)


def is_wrapped(header: Dataset, intercept: float) -> bool:
    """Say whether negative values were stored modulo 4096 under unsigned 12 bits, as in a part of the RSNA-2019 set."""
    stored, signed = whole(header, "BitsStored"), whole(header, "PixelRepresentation")
    return stored == 12 and signed == 0 and intercept > -100


def _unwrapped(values: np.ndarray) -> np.ndarray:
    """Return values counted from -1000 HU; negative ones were kept as such and are padding."""
    wide = values.astype(np.int32)
    return np.where(wide < 0, wide + _WRAP_OFFSET, (wide + _WRAP_OFFSET) % _WRAP)


def _signed(values: np.ndarray, slope: float, intercept: float) -> np.ndarray:
    """Return 16-bit words as two's complement where unsigned their upper half would be no CT number."""
    if values.dtype.newbyteorder("=") == np.uint16 and slope * _SIGN + intercept > _NO_CT_NUMBER_HU:
        return values.view(values.dtype.str.replace("u", "i"))
    return values


def _padding(values: np.ndarray, header: Dataset, slope: float, intercept: float) -> np.ndarray | None:
    """Return where padding lies (PS3.3 C.7.5.1.1.2); padding that could be tissue is not believed."""
    first, last = whole(header, "PixelPaddingValue"), whole(header, "PixelPaddingRangeLimit")
    if first is None:
        return None
    limits = sorted(_as_stored(limit, values.dtype) for limit in (first, first if last is None else last))
    coldest, hottest = sorted(limit * slope + intercept for limit in limits)
    if hottest > _AIR_BELOW_HU and coldest < HIGHEST_HU:
        return None
    return (values >= limits[0]) & (values <= limits[1])


def _dense_border(values: np.ndarray, slope: float, intercept: float) -> np.ndarray | None:
    """Return where padding lies that the header does not name: one value, as dense as bone, in all four corners."""
    corners = values[[0, 0, -1, -1], [0, -1, 0, -1]]
    if min(values.shape) < _SMALLEST_SIDE or np.any(corners != corners[0]):
        return None
    return values == corners[0] if float(corners[0]) * slope + intercept >= _DENSE_HU else None


def _as_stored(value: int, dtype: np.dtype) -> int:
    """Undo US written for SS and the reverse, which headers confuse."""
    value &= 0xFFFF
    return value - 0x10000 if np.issubdtype(dtype, np.signedinteger) and value > 0x7FFF else value
