"""WADO-RS, Retrieve Bulkdata (PS3.18 10.4.1.1.5): the values that metadata name by an address."""

import re
from collections.abc import Iterator

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag
from starlette.exceptions import HTTPException

from triage_node.errors import TriageError
from triage_node.imaging import BINARY, little_endian_frames, read_everything
from triage_node.web.dicomweb.described import media
from triage_node.web.dicomweb.frames import begun
from triage_node.web.dicomweb.syntaxes import EXPLICIT
from triage_node.web.dicomweb.targets import INSTANCE, REFUSALS, InstanceTarget, Target
from triage_node.web.dicomweb.viewing import VIEWED
from triage_node.web.http.media_types import OCTET_STREAM, Acceptable, MediaType
from triage_node.web.http.multipart import Multipart, Part, alone

router = APIRouter(prefix="/dicomweb", tags=["WADO-RS"], responses=REFUSALS)

PARTS = MediaType.multipart(OCTET_STREAM, transfer_syntax=EXPLICIT)
ALONE = MediaType(OCTET_STREAM)
PIXEL_DATA = "7FE00010"


@router.get(
    f"{INSTANCE}/bulkdata/{{tag}}",
    summary="One long value of an instance",
    response_class=Response,
    dependencies=VIEWED,
    responses={200: media("the value's bytes", PARTS, ALONE)},
)
def bulkdata(request: Request, target: InstanceTarget, tag: str) -> Response:
    """Return the value of an element, named by its tag in hexadecimal; pixel data uncompressed, frame after frame."""
    choice = Acceptable.of(request).choose(PARTS, ALONE)
    if not re.fullmatch(r"[0-9A-Fa-f]{8}", tag):
        raise HTTPException(400, "The address holds no tag of eight hexadecimal digits.")
    content = b"".join(begun(_contents(target, tag.upper())))
    part = Part.of_bytes(MediaType(OCTET_STREAM), content, request.url.path)
    return alone(part) if choice.media_type == ALONE else Multipart(OCTET_STREAM).response([part])


def _contents(target: Target, tag: str) -> Iterator[bytes]:
    if tag == PIXEL_DATA:
        yield from little_endian_frames(target.path)
        return
    ds = read_everything(target.path)
    try:
        element = ds.get(Tag(tag))
    except Exception:  # the border to a peer's bytes: values are decoded on access, and may be anything
        element = ds.get_item(Tag(tag))
        if isinstance(element, RawDataElement) and isinstance(element.value, bytes):
            yield element.value
            return
        raise TriageError("The element cannot be read.") from None
    if element is None or element.VR not in BINARY or not isinstance(element.value, bytes):
        raise HTTPException(404, "The instance has no such bulk data.")
    yield element.value
