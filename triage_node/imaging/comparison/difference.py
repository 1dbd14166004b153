"""Is it the same image? Sent by another system, in another encoding, or really another one under the same UID."""

from collections.abc import Iterator
from enum import Enum, auto
from itertools import zip_longest
from pathlib import Path

import numpy as np
from pydicom.encaps import generate_frames
from pydicom.tag import Tag

from triage_node.imaging.comparison.data_set_parts import DataSetParts, read_parts
from triage_node.imaging.comparison.elements import say_the_same
from triage_node.imaging.header import text, texts, whole
from triage_node.imaging.instance import Instance
from triage_node.imaging.pixel_data.codecs import decode
from triage_node.imaging.pixel_data.pixel_format import NATIVE, PixelFormat
from triage_node.imaging.pixel_data.pixels import stored_bits

CHUNK_BYTES = 1 << 20
_PIXEL_DATA = Tag("PixelData")
# What a lossless encoder of pixels may say of itself (PS3.3 C.7.6.1.1.1, C.7.6.1.1.5), or has its own of.
_OF_PIXEL_ENCODING = tuple(
    Tag(keyword)
    for keyword in (
        "DerivationDescription",
        "DerivationCodeSequence",
        "ExtendedOffsetTable",
        "ExtendedOffsetTableLengths",
    )
)
_LOSSY, _IMAGE_TYPE, _FRAMES = Tag("LossyImageCompression"), Tag("ImageType"), Tag("NumberOfFrames")


class Difference(Enum):
    """How two files under one SOP Instance UID differ."""

    NONE = auto()
    """The same elements and pixels; only the file meta information or the encoding differ."""
    HEADER = auto()
    """The same pixels under other elements."""
    PIXELS = auto()
    """Other pixels, or such as cannot be compared."""


def difference(one: Path, other: Path) -> Difference:
    """Compare the data sets of two files, not the files: their meta information says who sent each, and how.

    Pixels of different transfer syntaxes are compared decoded. Memory is bounded by a frame, the header, and what a
    deflated data set inflates to.

    Raises
    ------
    OSError, MemoryError
        A file cannot be read now, for want of descriptors or memory: that says nothing of the images.
    """
    try:
        first, second = read_parts(one), read_parts(other)
        if _same_bytes(first, second):
            return Difference.NONE
        if not _same_pixels(first, second):
            return Difference.PIXELS
        return Difference.NONE if _same_elements(first, second) else Difference.HEADER
    except MemoryError:  # ours, not the files': another time they can be compared
        raise
    except OSError as error:
        if error.errno is not None:  # the system's, as above; pydicom raises OSError for damaged bytes, too
            raise
        return Difference.PIXELS
    except Exception:  # the border to a peer's bytes: what cannot be compared is not the same
        return Difference.PIXELS


def _same_bytes(one: DataSetParts, other: DataSetParts) -> bool:
    if one.transfer_syntax_uid != other.transfer_syntax_uid:
        return False
    return all(a == b for a, b in zip_longest(_chunks(one, one.start, None), _chunks(other, other.start, None)))


def _chunks(parts: DataSetParts, start: int, end: int | None) -> Iterator[bytes]:
    with parts.opened() as file:
        file.seek(start)
        while chunk := file.read(CHUNK_BYTES if end is None else max(0, min(CHUNK_BYTES, end - file.tell()))):
            yield chunk


def _same_elements(one: DataSetParts, other: DataSetParts) -> bool:
    without = [*_OF_PIXEL_ENCODING] if one.transfer_syntax_uid != other.transfer_syntax_uid else []
    first, second = one.before, other.before
    if without and _image_type(one) == _image_type(other):
        without.append(_IMAGE_TYPE)
    if _is_lossy(one) == _is_lossy(other):
        without.append(_LOSSY)
    if (whole(first, "NumberOfFrames") or 1) == (whole(second, "NumberOfFrames") or 1):
        without.append(_FRAMES)
    return say_the_same(first, second, without) and say_the_same(one.behind, other.behind)


def _image_type(parts: DataSetParts) -> tuple[str, ...]:
    """Return all but whether it is original: a lossless encoder may call its image derived."""
    return texts(parts.before, "ImageType")[1:]


def _is_lossy(parts: DataSetParts) -> bool:
    return text(parts.before, "LossyImageCompression") not in ("", "00")


def _same_pixels(one: DataSetParts, other: DataSetParts) -> bool:
    if one.pixels is None or other.pixels is None:
        return one.pixels is other.pixels
    if one.pixels.tag != other.pixels.tag or one.pixels.is_encapsulated != (one.transfer_syntax_uid not in NATIVE):
        return False
    if one.transfer_syntax_uid in NATIVE and other.transfer_syntax_uid in NATIVE:
        return _same_native(one, other)
    if one.transfer_syntax_uid == other.transfer_syntax_uid and _same_encoded(one, other):
        return True
    return one.pixels.tag == _PIXEL_DATA and _same_decoded(one, other)


def _same_native(one: DataSetParts, other: DataSetParts) -> bool:
    """Compare words of the same value; a byte of padding may follow the shorter (PS3.5 Section 8.1.1)."""
    for first, second in zip_longest(_native(one), _native(other), fillvalue=b""):
        shorter, longer = sorted((first, second), key=len)
        if longer[: len(shorter)] != shorter or longer[len(shorter) :].strip(b"\0") or len(longer) - len(shorter) > 1:
            return False
    return True


def _native(parts: DataSetParts) -> Iterator[bytes]:
    assert parts.pixels is not None
    word_bytes = max(whole(parts.before, "BitsAllocated") or 8, 16 if parts.pixels.vr == "OW" else 8) // 8
    for chunk in _chunks(parts, parts.pixels.start, parts.pixels.end):
        is_swapped = not parts.is_little_endian and word_bytes > 1 and len(chunk) % word_bytes == 0
        yield np.frombuffer(chunk, f"u{word_bytes}").byteswap().tobytes() if is_swapped else chunk


def _same_encoded(one: DataSetParts, other: DataSetParts) -> bool:
    return all(a == b for a, b in zip_longest(_encoded(one), _encoded(other)))


def _encoded(parts: DataSetParts) -> Iterator[bytes]:
    assert parts.pixels is not None
    with parts.opened() as file:
        file.seek(parts.pixels.start)
        yield from generate_frames(file, number_of_frames=whole(parts.before, "NumberOfFrames") or 1)


def _same_decoded(one: DataSetParts, other: DataSetParts) -> bool:
    frames = zip_longest(_decoded(one), _decoded(other))
    return all(a is not None and b is not None and np.array_equal(a, b) for a, b in frames)


def _decoded(parts: DataSetParts) -> Iterator[np.ndarray]:
    """Yield frames of stored values, ``(rows, columns)``."""
    form = PixelFormat.of(Instance(parts.path, parts.before))
    if not form.is_native:
        for number, encoded in enumerate(_encoded(parts), 1):
            if number > form.frames:
                break  # a fragment of padding
            pixels, bits = decode(encoded, form)
            yield stored_bits(pixels, bits, bits - 1, form).astype(np.int32)
        return
    assert parts.pixels is not None
    length = form.rows * form.columns * form.bits_allocated // 8
    dtype = np.dtype(f"{form.byte_order}u{form.bits_allocated // 8}")
    for number in range(form.frames):
        begin = parts.pixels.start + number * length
        words = np.frombuffer(b"".join(_chunks(parts, begin, min(begin + length, parts.pixels.end))), dtype)
        words = words.reshape(form.rows, form.columns)
        values = stored_bits(words, form.bits_stored, form.high_bit, form)
        if not _is_all(words, values):
            raise ValueError("bits that are not stored hold something, such as an overlay")
        yield values.astype(np.int32)


def _is_all(words: np.ndarray, values: np.ndarray) -> bool:
    """Tell whether values are all that words hold: the bits beyond those stored are zero or repeat the sign."""
    native = words.astype(f"=u{words.dtype.itemsize}", copy=False)
    repeated = values.view(native.dtype)
    return bool(np.all((native == repeated) | ((native & repeated) == native)))
