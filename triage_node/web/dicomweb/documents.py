"""Structured Reports and PDFs for the eye: the text category of rendered media types (PS3.18 8.7.4)."""

from pydicom.dataelem import RawDataElement
from pydicom.uid import EncapsulatedPDFStorage

from triage_node.errors import InvalidInstance
from triage_node.imaging import read_everything
from triage_node.report import as_html, as_text
from triage_node.web.dicomweb.targets import Target
from triage_node.web.http.media_types import MediaType

WRITERS = {"text/html": as_html, "text/plain": as_text}
"""The default first."""
ALONE = [MediaType(name) for name in WRITERS]
PARTS = [MediaType.multipart(name) for name in WRITERS]
PDF = MediaType("application/pdf")
UNDEFINED_LENGTH = 0xFFFFFFFF
# All that are made of a content tree lie here (PS3.4 B.5), reports as well as key object selections.
ROOT = "1.2.840.10008.5.1.4.1.1.88."


def is_document(target: Target) -> bool:
    """Tell whether an instance is a Structured Report of any class."""
    return target.holding.sop_class_uid.startswith(ROOT)


def is_pdf(target: Target) -> bool:
    """Tell whether an instance is a PDF with a DICOM header."""
    return target.holding.sop_class_uid == EncapsulatedPDFStorage


def pdf_of(target: Target) -> bytes:
    """Return the PDF in an instance.

    Raises
    ------
    InvalidInstance
        The file cannot be read, or holds no whole PDF.
    """
    ds = read_everything(target.path)
    element = ds.get_item("EncapsulatedDocument") if "EncapsulatedDocument" in ds else None
    if element is None or _is_cut_off(element) or not element.value:
        raise InvalidInstance("It holds no document, or is cut off.")
    length = ds.get("EncapsulatedDocumentLength") or len(element.value)
    return bytes(element.value[:length])


def written(target: Target, media_type: str) -> bytes:
    """Return a report in a media type of `WRITERS`, in UTF-8.

    Raises
    ------
    InvalidInstance
        The file cannot be read, or is not whole.
    """
    ds = read_everything(target.path)
    if "ContentSequence" not in ds or any(_is_cut_off(ds.get_item(tag)) for tag in ds.keys()):  # noqa: SIM118 - as they lie
        raise InvalidInstance("It has no content, or is cut off.")
    return WRITERS[media_type](ds).encode("utf-8", "replace")


def _is_cut_off(element: object) -> bool:
    """Tell whether the file ended within a value, which pydicom takes for the whole; half a report misleads."""
    return isinstance(element, RawDataElement) and 0 <= len(element.value or b"") < element.length < UNDEFINED_LENGTH
