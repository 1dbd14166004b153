"""A file of PS3.10 as it leaves the house: data set, pixels and file meta information without the patient."""

import io
import warnings
from pathlib import Path

from pydicom import DataElement, Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from triage_node.deidentification.data_set import Deidentification
from triage_node.deidentification.face import FaceRemoval
from triage_node.deidentification.refusals import NotExported, check
from triage_node.errors import TriageError
from triage_node.imaging import (
    JPEG,
    JPEG_2000,
    JPEG_LS,
    NATIVE,
    RLE,
    Instance,
    compressed_frames,
    frame_count,
    read_everything,
    without_texts,
)
from triage_node.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

WITH_TEXTS = JPEG | JPEG_LS | JPEG_2000


def deidentified_file(path: Path, how: Deidentification, faces: FaceRemoval | None = None) -> tuple[str, bytes]:
    """Return the new SOP Instance UID of a file, and its new content.

    It is in the transfer syntax it had, without its face in Explicit VR Little Endian.

    Parameters
    ----------
    faces
        The heads of the study where the options say that faces are removed.

    Raises
    ------
    NotExported
        The instance may show or hold text that nothing would find, or is damaged.
    """
    if how.options.face_removed != (faces is not None):
        raise ValueError("the options and the pixels do not agree on whether the face is removed")
    instance = Instance.read(path)
    ds = read_everything(path)
    try:
        check(instance, ds)
        clean = how.data_set(ds)
        if faces is None:
            clean.add(_pixels(instance, ds))
            return str(clean.SOPInstanceUID), written(clean, UID(instance.transfer_syntax_uid))
        if instance.transfer_syntax_uid == ExplicitVRBigEndian and any(
            one.keyword == "LUTData" for one in ds.iterall()
        ):
            raise NotExported("It is big endian with a table of gray values, which nothing here turns around.")
        _set_native(clean, faces.pixels(instance))
        return str(clean.SOPInstanceUID), written(clean, ExplicitVRLittleEndian)
    except TriageError:
        raise
    except Exception as error:  # the border to a peer's bytes: values are encoded when written, and may be anything
        raise NotExported(f"Its data set cannot be written anew ({type(error).__name__}).") from error


def _pixels(instance: Instance, ds: Dataset) -> DataElement:
    """Return the pixel data with nothing between, behind or around the frames."""
    syntax, count = instance.transfer_syntax_uid, frame_count(instance)
    if syntax in NATIVE:
        size = count * int(ds.Rows) * int(ds.Columns) * int(ds.BitsAllocated) // 8
        if len(ds.PixelData) < size:
            raise NotExported("Its pixels are cut off.")
        return DataElement("PixelData", "OB" if ds.BitsAllocated <= 8 else "OW", ds.PixelData[: size + size % 2])
    if syntax not in WITH_TEXTS | RLE:
        raise NotExported("Its pixels are compressed in a way that nobody has looked into for texts.")
    frames = list(compressed_frames(instance.path, range(1, count + 1)))
    try:
        clean = [without_texts(frame) if syntax in WITH_TEXTS else frame for frame in frames]
    except ValueError as error:
        raise NotExported(f"A frame is damaged: {error}.") from error
    element = DataElement("PixelData", "OB", encapsulate(clean))
    element.is_undefined_length = True
    return element


def _set_native(ds: Dataset, pixels: bytes) -> None:
    ds.add_new("PixelData", "OB" if ds.BitsAllocated <= 8 else "OW", pixels + b"\0" * (len(pixels) % 2))
    ds.HighBit = ds.BitsStored - 1
    for keyword in ("SmallestImagePixelValue", "LargestImagePixelValue"):
        if keyword in ds:
            delattr(ds, keyword)


def written(ds: Dataset, transfer_syntax_uid: UID) -> bytes:
    """Return a data set as a file: an empty preamble, and file meta information of ours."""
    for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        if keyword in ds:
            delattr(ds, keyword)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = transfer_syntax_uid
    ds.file_meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    ds.file_meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    ds.preamble = bytes(128)
    out = io.BytesIO()
    with warnings.catch_warnings(action="ignore"):
        dcmwrite(
            out,
            ds,
            implicit_vr=transfer_syntax_uid == ImplicitVRLittleEndian,
            little_endian=transfer_syntax_uid != ExplicitVRBigEndian,
            enforce_file_format=True,
        )
    return out.getvalue()
