"""The bytes of single frames: as a compressed frame is stored, or little endian and uncompressed (PS3.5 Section 8)."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian

from triage_node.errors import InvalidInstance
from triage_node.imaging.header import whole
from triage_node.imaging.instance import Instance
from triage_node.imaging.pixel_data.fragments import Fragments
from triage_node.imaging.pixel_data.pixel_format import NATIVE, PixelFormat
from triage_node.imaging.pixel_data.pixels import stored_values
from triage_node.imaging.pixel_element import pixel_data_place, read_encapsulated, read_pixel_data

MOST_FRAMES = 100_000


def frame_count(instance: Instance) -> int:
    """Return the number of frames, 0 of what is no image.

    Raises
    ------
    InvalidInstance
        The number is absurd.
    """
    count = (whole(instance.header, "NumberOfFrames") or 1) if whole(instance.header, "Rows") else 0
    if not 0 <= count <= MOST_FRAMES:
        raise InvalidInstance(f"The instance names {count} frames.")
    return count


def compressed_frames(path: Path, numbers: Sequence[int]) -> Iterator[bytes]:
    """Yield frames of an encapsulated image as they are stored (PS3.5 Annex A.4).

    Raises
    ------
    InvalidInstance
        They are not there, or damaged.
    """
    instance = Instance.read(path)
    data = _some(read_encapsulated(path))
    try:
        fragments = Fragments.of(data)
        frames = fragments.frames(frame_count(instance))
    except ValueError as error:
        raise InvalidInstance(f"The frames of the image cannot be told apart: {error}.") from error
    if fragments.is_cut:
        frames[-1] = None
    for number in numbers:
        if not 1 <= number <= len(frames) or (frame := frames[number - 1]) is None:
            raise InvalidInstance(f"Frame {number} is cut off or missing.")
        yield frame


def little_endian_frames(path: Path, numbers: Sequence[int] = ()) -> Iterator[bytes]:
    """Yield frames as Explicit VR Little Endian holds them, decoded where they are compressed; all without `numbers`.

    Raises
    ------
    InvalidInstance, UnsuitableSeries
        They are damaged or in a form that is not decoded.
    """
    instance = Instance.read(path)
    wanted = numbers or range(1, frame_count(instance) + 1)
    if instance.transfer_syntax_uid in NATIVE:
        yield from _native(instance, wanted)
        return
    form = PixelFormat.of(instance)
    dtype = np.dtype(f"<{'i' if form.signed else 'u'}{form.bits_allocated // 8}")
    for values in stored_values(instance, wanted):
        yield values.astype(dtype).tobytes()


def swapped(data: bytes, word_bytes: int) -> bytes:
    """Return bytes with the order within each word reversed."""
    words = np.frombuffer(data[: len(data) // word_bytes * word_bytes], f"u{word_bytes}")
    return words.byteswap().tobytes()


def _native(instance: Instance, numbers: Sequence[int]) -> Iterator[bytes]:
    rows, columns, bits = (whole(instance.header, key) or 0 for key in ("Rows", "Columns", "BitsAllocated"))
    length, rest = divmod(rows * columns * bits * (whole(instance.header, "SamplesPerPixel") or 1), 8)
    if rest or not length:
        raise InvalidInstance("The frames of the image do not end on a byte.")
    for number, frame in zip(numbers, _parts(instance, numbers, length), strict=True):
        if len(frame) < length:
            raise InvalidInstance(f"Frame {number} is cut off.")
        is_big = instance.transfer_syntax_uid == ExplicitVRBigEndian and bits > 8
        yield swapped(frame, bits // 8) if is_big else frame


def _parts(instance: Instance, numbers: Sequence[int], length: int) -> Iterator[bytes]:
    """Yield frames from where they lie in the file; a deflated file has to be read as a whole."""
    if instance.transfer_syntax_uid == DeflatedExplicitVRLittleEndian:
        data = _some(read_pixel_data(instance.path))
        yield from (data[(number - 1) * length : number * length] for number in numbers)
        return
    start, end = pixel_data_place(instance.path)
    with instance.path.open("rb") as file:
        for number in numbers:
            file.seek(start + (number - 1) * length)
            yield file.read(max(0, min(length, end - file.tell())))


def _some(data: bytes) -> bytes:
    if not data:
        raise InvalidInstance("The instance has no pixel data.")
    return data
