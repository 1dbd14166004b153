"""WADO-RS, Retrieve Metadata (PS3.18 10.4.1.1.2): the headers as JSON or XML."""

import json
from collections.abc import Iterable, Iterator, Sequence

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from triage_node.errors import TriageError
from triage_node.identity import Role
from triage_node.imaging import native_model
from triage_node.web.dependencies import dicomweb_url, services_of
from triage_node.web.dicomweb.described import Responses, data_sets
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
from triage_node.web.dicomweb.warning_header import warning
from triage_node.web.http.data_sets import DICOM_XML, XML_PARTS, chosen_type
from triage_node.web.http.kept_body import kept_whole
from triage_node.web.http.media_types import MediaType
from triage_node.web.http.multipart import Multipart, Part
from triage_node.web.security.authorization import audited
from triage_node.web.views.header_cache import HeaderCache

router = APIRouter(
    prefix="/dicomweb",
    tags=["WADO-RS"],
    responses=REFUSALS,
    dependencies=[Depends(audited("headers_retrieved", Role.READER, Role.SERVICE))],
)
HEADERS: Responses = {200: data_sets("one data set an instance")}


@router.get(f"{STUDY}/metadata", summary="The headers of a study", responses=HEADERS)
def study_metadata(request: Request, targets: StudyTargets) -> Response:
    """Return an array of one object an instance; pixel data and other long values are named by a BulkDataURI."""
    return _answer(request, targets)


@router.get(f"{SERIES}/metadata", summary="The headers of a series", responses=HEADERS)
def series_metadata(request: Request, targets: SeriesTargets) -> Response:
    """Return an array of one object an instance; pixel data and other long values are named by a BulkDataURI."""
    return _answer(request, targets)


@router.get(f"{INSTANCE}/metadata", summary="The header of an instance", responses=HEADERS)
def instance_metadata(request: Request, target: InstanceTarget) -> Response:
    """Return an array of one object; pixel data and other long values are named by a BulkDataURI."""
    return _answer(request, [target])


def _answer(request: Request, targets: Sequence[Target]) -> Response:
    media_type = chosen_type(request)
    base = dicomweb_url(request)
    headers = Headers(targets, base, services_of(request).headers)
    body: Iterator[bytes | memoryview]
    if media_type == XML_PARTS:
        parts = (Part.of_bytes(MediaType(DICOM_XML), native_model(json.loads(one))) for one in headers)
        body, content_type = Multipart(DICOM_XML).body(parts)
    else:
        body, content_type = _array(headers), str(media_type)
    kept = kept_whole(body)
    if headers.unreadable == len(targets):
        kept.close()
        raise HTTPException(406, "The header cannot be read: the file is damaged, or its header is too large.")
    return kept.response(content_type, warning(base, headers.sentences))


class Headers:
    """The headers of instances as JSON, one in memory at a time.

    Attributes
    ----------
    unreadable
        How many have been left out: whoever reads the answer is told, as he would miss them without a word.
    """

    def __init__(self, targets: Sequence[Target], base_url: str, cache: HeaderCache) -> None:
        self._targets = targets
        self._base_url = base_url
        self._cache = cache
        self.unreadable = 0

    def __iter__(self) -> Iterator[bytes]:
        for target in self._targets:
            try:
                yield self._cache.read(target.path, self._bulkdata_url(target))
            except (TriageError, OSError):
                self.unreadable += 1

    @property
    def sentences(self) -> list[str]:
        """What a client has to know."""
        count = f"{self.unreadable} of {len(self._targets)} instances are left out: their headers cannot be read."
        return [count] if self.unreadable else []

    def _bulkdata_url(self, target: Target) -> str:
        one = target.holding
        series = f"{self._base_url}/studies/{one.study_instance_uid}/series/{one.series_instance_uid}"
        return f"{series}/instances/{one.sop_instance_uid}/bulkdata/"


def _array(headers: Iterable[bytes]) -> Iterator[bytes]:
    before = b"["
    for header in headers:
        yield before + header
        before = b","
    yield b"]" if before == b"," else b"[]"
