"""Stored pixel values of an instance, frame by frame, bit for bit as they were before encoding."""

from collections.abc import Iterator, Sequence

import numpy as np

from triage_node.errors import InvalidInstance, UnsuitableSeries
from triage_node.imaging.instance import Instance
from triage_node.imaging.pixel_data.codecs import decode
from triage_node.imaging.pixel_data.fragments import Fragments
from triage_node.imaging.pixel_data.pixel_format import PixelFormat
from triage_node.imaging.pixel_element import read_encapsulated, read_pixel_data
from triage_node.reasons import Reason, ReasonCode

_MOST_NEGATIVE = 4096


def stored_values(instance: Instance, numbers: Sequence[int]) -> Iterator[np.ndarray]:
    """Yield frames of one instance; the file is read once.

    Parameters
    ----------
    instance
        A single-frame or multi-frame image.
    numbers
        1-based frame numbers.

    Yields
    ------
    np.ndarray
        ``(rows, columns)`` int16, uint16, int32 or narrower, stored values (PS3.5 Section 8.1.1).

    Raises
    ------
    UnsuitableSeries
        UNSUPPORTED_PIXELS or UNREADABLE, with what is wrong.
    """
    form = PixelFormat.of(instance)
    data = _pixel_data(instance, form)
    try:
        yield from (_native(data, form, numbers) if form.is_native else _encapsulated(data, form, numbers))
    except UnsuitableSeries:
        raise
    except Exception as error:  # the border to the codecs: on damaged bytes they raise anything
        raise _unreadable(f"A frame cannot be decoded ({error}).") from error


def _pixel_data(instance: Instance, form: PixelFormat) -> bytes:
    try:
        data = read_pixel_data(instance.path) if form.is_native else read_encapsulated(instance.path)
    except InvalidInstance as error:
        raise _unreadable(str(error)) from error
    if not data:
        raise _unreadable("A slice has no pixel data.")
    return data


def _native(data: bytes, form: PixelFormat, numbers: Sequence[int]) -> Iterator[np.ndarray]:
    length = form.rows * form.columns * form.bits_allocated // 8
    dtype = np.dtype(f"{form.byte_order}u{form.bits_allocated // 8}")
    for number in numbers:
        if len(data) < length * number:
            raise _unreadable(f"The pixel data have {len(data)} of {length * form.frames} bytes.")
        pixels = np.frombuffer(data, dtype, form.rows * form.columns, (number - 1) * length)
        yield stored_bits(pixels.reshape(form.rows, form.columns), form.bits_stored, form.high_bit, form)


def _encapsulated(data: bytes, form: PixelFormat, numbers: Sequence[int]) -> Iterator[np.ndarray]:
    frames = Fragments.of(data).frames(form.frames)
    for number in numbers:
        if not 1 <= number <= len(frames) or (frame := frames[number - 1]) is None:
            raise _unreadable(f"Frame {number} is missing.")
        pixels, bits = decode(frame, form)
        yield stored_bits(pixels, bits, bits - 1, form)


def stored_bits(pixels: np.ndarray, bits: int, high_bit: int, form: PixelFormat) -> np.ndarray:
    """Keep the stored bits and extend the sign; bits beyond them may hold anything, say overlays."""
    width = 8 * pixels.dtype.itemsize
    native = pixels.astype(f"=u{pixels.dtype.itemsize}", copy=False)
    whole = native.view(f"=i{pixels.dtype.itemsize}")
    values = whole if form.signed else native
    if bits == width:
        return values
    extended = (values << (width - 1 - high_bit)) >> (width - bits)
    if high_bit >= bits:
        return extended
    beyond = _is_beyond(whole, bits, form.padding)
    return np.where(beyond, whole, extended.astype(whole.dtype, copy=False)) if beyond.any() else extended


def _is_beyond(whole: np.ndarray, bits: int, padding: tuple[int, int] | None) -> np.ndarray:
    """Return which words are one number that the stored bits cannot hold: padding, or a negative one of few thousands.

    Of -2000 the low 12 bits are 2096, which would be bone; all bits beyond are set, which overlays hardly ever do.
    """
    negative = (whole < 0) & (whole >= -min(2**bits, _MOST_NEGATIVE))
    if padding is None:
        return negative
    found: np.ndarray = negative | ((whole >= padding[0]) & (whole <= padding[1]))
    return found


def _unreadable(detail: str) -> UnsuitableSeries:
    return UnsuitableSeries(Reason.of(ReasonCode.UNREADABLE, detail))
