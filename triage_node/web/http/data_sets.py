"""Data sets in an answer: in the DICOM JSON Model, or as parts in the Native DICOM Model (PS3.18 8.7.3)."""

from collections.abc import Mapping, Sequence

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from triage_node.imaging import Item, native_model
from triage_node.web.http.media_types import DICOM_JSON, JSON, Acceptable, MediaType
from triage_node.web.http.multipart import Multipart, Part

DICOM_XML = "application/dicom+xml"
XML_PARTS = MediaType.multipart(DICOM_XML)
OFFERS = (MediaType(DICOM_JSON), MediaType(JSON), XML_PARTS)


def chosen_type(request: Request) -> MediaType:
    """Return in which form a client gets data sets; 406 when it takes none."""
    return Acceptable.of(request).choose(*OFFERS).media_type


def data_sets_response(
    items: Sequence[Item], media_type: MediaType, headers: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    """Answer with data sets in the form of `chosen_type`."""
    if media_type != XML_PARTS:
        return JSONResponse(list(items), status, dict(headers or {}), media_type=str(media_type))
    response = Multipart(DICOM_XML).response([Part.of_bytes(MediaType(DICOM_XML), native_model(one)) for one in items])
    response.headers.update(headers or {})
    response.status_code = status
    return response
