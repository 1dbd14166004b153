"""WADO-RS, Retrieve Metadata (PS3.18 10.4.1.1.2): the headers as JSON, one instance in memory at a time."""

import json
from collections.abc import Iterator, Sequence

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse

from triage_node.errors import TriageError
from triage_node.identity import Role
from triage_node.imaging import Item, data_set, header_as_json
from triage_node.web.dicomweb.targets import (
    INSTANCE,
    REFUSALS,
    SERIES,
    STUDY,
    InstanceTarget,
    SeriesTargets,
    StudyTargets,
    Target,
)
from triage_node.web.http.media_types import DICOM_JSON, JSON, Acceptable, MediaType
from triage_node.web.http.multipart import ahead
from triage_node.web.security.authorization import audited

router = APIRouter(
    prefix="/dicomweb",
    tags=["WADO-RS"],
    responses=REFUSALS,
    dependencies=[Depends(audited("headers_retrieved", Role.READER, Role.SERVICE))],
)


@router.get(f"{STUDY}/metadata", summary="The headers of a study", response_class=Response)
def study_metadata(request: Request, targets: StudyTargets) -> Response:
    """Return an array of one object an instance; pixel data and other long values are named by a BulkDataURI."""
    return _answer(request, targets)


@router.get(f"{SERIES}/metadata", summary="The headers of a series", response_class=Response)
def series_metadata(request: Request, targets: SeriesTargets) -> Response:
    """Return an array of one object an instance; pixel data and other long values are named by a BulkDataURI."""
    return _answer(request, targets)


@router.get(f"{INSTANCE}/metadata", summary="The header of an instance", response_class=Response)
def instance_metadata(request: Request, target: InstanceTarget) -> Response:
    """Return an array of one object; pixel data and other long values are named by a BulkDataURI."""
    return _answer(request, [target])


def _answer(request: Request, targets: Sequence[Target]) -> Response:
    choice = Acceptable.of(request).choose(MediaType(DICOM_JSON), MediaType(JSON))
    base = f"{str(request.base_url).rstrip('/')}/dicomweb"
    return StreamingResponse(ahead(_array(targets, base)), media_type=str(choice.media_type))


def _array(targets: Sequence[Target], base: str) -> Iterator[bytes]:
    before = "["
    for target in targets:
        yield f"{before}{_header(target, base)}".encode()
        before = ","
    yield b"]"


def _header(target: Target, base: str) -> str:
    one = target.holding
    place = f"{base}/studies/{one.study_instance_uid}/series/{one.series_instance_uid}/instances/{one.sop_instance_uid}"
    try:
        return header_as_json(target.path, lambda tag: f"{place}/bulkdata/{tag}")
    except (TriageError, OSError):
        return json.dumps(_known(target))


def _known(target: Target) -> Item:
    """Return what the worklist knows of an instance whose file cannot be read."""
    one = target.holding
    return data_set(
        {
            "SOPClassUID": one.sop_class_uid,
            "SOPInstanceUID": one.sop_instance_uid,
            "StudyInstanceUID": one.study_instance_uid,
            "SeriesInstanceUID": one.series_instance_uid,
        }
    )
