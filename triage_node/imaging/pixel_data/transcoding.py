"""An instance in Explicit VR Little Endian, whatever it came in (PS3.5 Annex A.2)."""

import io
import warnings
from pathlib import Path

from pydicom import Dataset, dcmwrite
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian

from triage_node.errors import InvalidInstance, TriageError
from triage_node.imaging.part10 import read_everything
from triage_node.imaging.part10_file import LARGEST_FILE_BYTES
from triage_node.imaging.pixel_data.frame_bytes import little_endian_frames, swapped
from triage_node.imaging.pixel_data.pixel_format import NATIVE
from triage_node.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_SUBSAMPLED = ("YBR_FULL_422", "YBR_PARTIAL_422", "YBR_PARTIAL_420")
_OFFSETS_OF_FRAGMENTS = ("ExtendedOffsetTable", "ExtendedOffsetTableLengths")
_WORD_BYTES = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}


def explicit_little_endian(path: Path) -> bytes:
    """Return a file's data set as a file in Explicit VR Little Endian, its pixels decoded.

    Raises
    ------
    InvalidInstance, UnsuitableSeries
        The file is damaged, its pixels cannot be decoded, or they would be too large.
    """
    ds = read_everything(path)
    try:
        if "Rows" in ds:
            _make_pixels_native(ds, path)
        if ds.file_meta.TransferSyntaxUID == ExplicitVRBigEndian:
            _swap(ds)
        return _written(ds)
    except TriageError:
        raise
    except Exception as error:  # the border to a peer's bytes: values are decoded when written, and may be anything
        raise InvalidInstance(f"The data set cannot be written anew ({type(error).__name__}).") from error


def _make_pixels_native(ds: Dataset, path: Path) -> None:
    if ds.file_meta.TransferSyntaxUID not in NATIVE:
        _decode_pixels(ds, path)
        return
    # pydicom takes what is left of a file that was cut off for the whole value.
    samples = int(ds.get("NumberOfFrames") or 1) * ds.Rows * ds.Columns * int(ds.get("SamplesPerPixel") or 1)
    length = sum(len(ds[keyword].value or b"") for keyword in _PIXELS if keyword in ds)
    if length < samples * ds.BitsAllocated // 8 and ds.get("PhotometricInterpretation") not in _SUBSAMPLED:
        raise InvalidInstance("The pixel data are cut off.")


def _decode_pixels(ds: Dataset, path: Path) -> None:
    data = bytearray()
    for frame in little_endian_frames(path):
        data += frame
        if len(data) > LARGEST_FILE_BYTES:
            raise InvalidInstance(f"The decoded pixels have more than {LARGEST_FILE_BYTES} bytes.")
    ds.add_new("PixelData", "OB" if ds.BitsAllocated <= 8 else "OW", bytes(data) + b"\0" * (len(data) % 2))
    ds["PixelData"].is_undefined_length = False
    ds.HighBit = ds.BitsStored - 1  # as the decoded values lie, also where the header said otherwise
    for keyword in _OFFSETS_OF_FRAGMENTS:
        if keyword in ds:
            delattr(ds, keyword)


def _swap(ds: Dataset) -> None:
    """Turn the words of binary elements around; pydicom does so for numbers only."""
    wide = {"PixelData": int(ds.get("BitsAllocated") or 16) // 8}
    for element in ds.iterall():
        word_bytes = _WORD_BYTES.get(element.VR, 1)
        if word_bytes > 1 and element.value:
            element.value = swapped(element.value, max(word_bytes, wide.get(element.keyword, 0)))


def _written(ds: Dataset) -> bytes:
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.preamble = bytes(128)
    # Who writes a file says so, whoever wrote the one it was made of (PS3.10 7.1).
    ds.file_meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    ds.file_meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    out = io.BytesIO()
    with warnings.catch_warnings(action="ignore"):
        dcmwrite(out, ds, implicit_vr=False, little_endian=True, enforce_file_format=True)
    return out.getvalue()
