"""Files whose elements have the VR and the bytes that a test gives them, against all checks of pydicom."""

from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element, write_file_meta_info
from pydicom.tag import Tag

LONG_VRS = ("UN", "SQ", "OB", "OW", "OF", "UT")


def put(ds: Dataset, keyword: str, vr: str, value: bytes, length: int | None = None) -> None:
    """Give a data set an element of any VR, value and length."""
    tag = Tag(keyword)
    ds._dict[tag] = RawDataElement(tag, vr, len(value) if length is None else length, value, 0, False, True)


def file_as_it_is(ds: Dataset) -> bytes:
    """Return a file in explicit VR little endian, with raw elements as they are."""
    out = DicomBytesIO()
    out.is_little_endian, out.is_implicit_VR = True, False
    out.write(bytes(128) + b"DICM")
    write_file_meta_info(out, ds.file_meta)
    for tag in sorted(ds.keys()):
        element = ds.get_item(tag)
        if isinstance(element, RawDataElement):
            out.write(tag.group.to_bytes(2, "little") + tag.elem.to_bytes(2, "little") + element.VR.encode())
            long = element.VR in LONG_VRS
            out.write(b"\0\0" + element.length.to_bytes(4, "little") if long else element.length.to_bytes(2, "little"))
            out.write(element.value)
        else:
            write_data_element(out, element)
    return out.getvalue()
