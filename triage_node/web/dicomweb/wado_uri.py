"""WADO-URI (PS3.18 9): one instance by the parameters of an address, for viewers that know nothing else."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from triage_node.errors import TriageError
from triage_node.imaging import (
    MEDIA_TYPES,
    Instance,
    Viewport,
    Window,
    encoded,
    explicit_little_endian,
    rendered,
    whole,
)
from triage_node.web.dependencies import Services, the_services
from triage_node.web.dicomweb.described import media
from triage_node.web.dicomweb.documents import WRITERS, is_document, written
from triage_node.web.dicomweb.frames import existing_frames
from triage_node.web.dicomweb.pictures import LONGEST_SIDE
from triage_node.web.dicomweb.syntaxes import EXPLICIT, Form, form_of
from triage_node.web.dicomweb.targets import REFUSALS, Target, targets_of
from triage_node.web.dicomweb.viewing import VIEWED
from triage_node.web.http.media_types import DICOM, Acceptable, MediaType
from triage_node.web.http.multipart import Part, alone

router = APIRouter(tags=["WADO-URI"], responses=REFUSALS, dependencies=VIEWED)

NUMBER = r"^-?[0-9]{1,6}(\.[0-9]{1,6})?$"


class Parameters(BaseModel):
    """The parameters of a request (PS3.18 9.1.2), under the Standard's names."""

    model_config = ConfigDict(frozen=True)

    request_type: str = Field(alias="requestType", pattern="^WADO$")
    study_uid: str = Field(alias="studyUID", max_length=64)
    series_uid: str = Field(alias="seriesUID", max_length=64)
    object_uid: str = Field(alias="objectUID", max_length=64)
    content_type: str | None = Field(
        None, alias="contentType", max_length=500, description="media types, dearest first"
    )
    transfer_syntax: str = Field("", alias="transferSyntax", max_length=64, description="of application/dicom")
    anonymize: str | None = Field(None, max_length=10, description="not done: refused")
    presentation_uid: str | None = Field(None, alias="presentationUID", max_length=64, description="not done: refused")
    rows: int = Field(LONGEST_SIDE, ge=1, le=LONGEST_SIDE)
    columns: int = Field(LONGEST_SIDE, ge=1, le=LONGEST_SIDE)
    region: str | None = Field(None, max_length=100, description="left,top,right,bottom, each from 0 to 1")
    window_center: str | None = Field(None, alias="windowCenter", pattern=NUMBER)
    window_width: str | None = Field(None, alias="windowWidth", pattern=NUMBER)
    frame_number: int = Field(1, alias="frameNumber", ge=1, le=999_999)
    image_quality: int = Field(90, alias="imageQuality", ge=1, le=100)

    @property
    def window(self) -> Window | None:
        """The window; 400 for half of one."""
        if self.window_center is None and self.window_width is None:
            return None
        if self.window_center is None or self.window_width is None or float(self.window_width) <= 0:
            raise HTTPException(400, "windowCenter and windowWidth belong together, and the width is above 0.")
        return Window(float(self.window_center), float(self.window_width))

    def viewport(self, header: Any) -> Viewport | None:
        """Return the size and the part of an image; 400 for a part that is none."""
        edges = None if self.region is None else _edges(self.region)
        if edges is None and min(self.rows, self.columns) == LONGEST_SIDE:
            return None
        width, height = whole(header, "Columns") or 0, whole(header, "Rows") or 0
        if edges is None:
            return Viewport(self.columns, self.rows)
        left, top, right, bottom = edges
        part = left * width, top * height, (right - left) * width, (bottom - top) * height
        is_sized = min(self.rows, self.columns) < LONGEST_SIDE
        columns, rows = (self.columns, self.rows) if is_sized else (max(1, round(part[2])), max(1, round(part[3])))
        return Viewport(columns, rows, part)


@router.get(
    "/wado",
    summary="One instance, by the parameters of the address",
    response_class=Response,
    responses={200: media("the instance, a picture of it, or its text", DICOM, *MEDIA_TYPES, *WRITERS)},
)
def instance(
    request: Request,
    parameters: Annotated[Parameters, Query()],
    services: Annotated[Services, Depends(the_services)],
) -> Response:
    """Return an image as a picture, a report as a page or text, or the instance itself as `application/dicom`."""
    if parameters.anonymize is not None or parameters.presentation_uid is not None:
        # To send names all the same, or another picture, would be worse than nothing.
        raise HTTPException(406, "The node neither removes identities nor applies presentation states here.")
    [target] = targets_of(services, parameters.study_uid, parameters.series_uid, parameters.object_uid)
    media_type = _chosen(request, parameters, target).name
    try:
        if media_type == DICOM:
            return _file(target, parameters.transfer_syntax)
        if media_type in WRITERS:
            return Response(written(target, media_type), media_type=media_type)
        return _picture(target, parameters, media_type)
    except TriageError as error:
        raise HTTPException(406, f"The instance cannot be sent in this form. {error}") from error


def _chosen(request: Request, parameters: Parameters, target: Target) -> MediaType:
    """Choose by ``contentType`` before the Accept header; without either a picture, or a page of a report."""
    names = [*WRITERS, DICOM] if is_document(target) else [*MEDIA_TYPES, DICOM]
    offers = [MediaType(name) for name in names]
    if parameters.content_type:
        return Acceptable.reading(parameters.content_type, "contentType").choose(*offers).media_type
    return Acceptable.of(request).choose(*offers).media_type


def _file(target: Target, transfer_syntax: str) -> Response:
    stored = target.holding.transfer_syntax_uid
    form = form_of(stored, (transfer_syntax,))
    if form is None:
        raise HTTPException(406, f"The instance can be had in {stored} or {EXPLICIT}.")
    if form is Form.AS_STORED:
        return alone(Part.of_file(MediaType(DICOM), target.path))
    return alone(Part.of_bytes(MediaType(DICOM), explicit_little_endian(target.path)))


def _picture(target: Target, parameters: Parameters, media_type: str) -> Response:
    [number] = existing_frames(target, [parameters.frame_number])
    viewport = parameters.viewport(Instance.read(target.path).header)
    [pixels] = rendered(target.path, [number], parameters.window, viewport)
    return Response(encoded(pixels, media_type, parameters.image_quality), media_type=media_type)


def _edges(region: str) -> list[float]:
    texts = [text.strip() for text in region.split(",")]
    edges = [float(text) for text in texts if re.fullmatch(NUMBER, text)]
    is_within = len(edges) == len(texts) == 4 and all(0 <= edge <= 1 for edge in edges)
    if not is_within or edges[0] >= edges[2] or edges[1] >= edges[3]:
        raise HTTPException(400, "region is left,top,right,bottom, each from 0 to 1.")
    return edges
