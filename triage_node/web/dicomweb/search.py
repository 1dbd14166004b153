"""QIDO-RS: the Search transaction of the Studies service (PS3.18 10.6)."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from triage_node.errors import InvalidInput
from triage_node.identity import Role
from triage_node.imaging import Item, data_set
from triage_node.search import ATTRIBUTES, BY_KEYWORD, Attribute, Found, Level, Question
from triage_node.web.dependencies import Services, the_services
from triage_node.web.dicomweb.search_query import MOST_RESULTS, SearchQuery, keys_of
from triage_node.web.http.media_types import DICOM_JSON, JSON, Acceptable, MediaType
from triage_node.web.security.authorization import audited, await_audit

router = APIRouter(include_in_schema=False)

TheServices = Annotated[Services, Depends(the_services)]
READERS = (Role.READER, Role.SERVICE)
PARENTS = ("StudyInstanceUID", "SeriesInstanceUID")
NOT_FUZZY = "The fuzzymatching parameter is not supported. Only literal matching has been performed."
MORE = "The number of results exceeded the maximum supported by the server. Additional results can be requested."


@router.get("/dicomweb/studies", dependencies=[Depends(audited("studies_searched", *READERS, waits=False))])
def studies(request: Request, services: TheServices) -> Response:
    """Search for studies."""
    return _search(request, services, Level.STUDY)


@router.get("/dicomweb/series", dependencies=[Depends(audited("series_searched", *READERS, waits=False))])
@router.get(
    "/dicomweb/studies/{study_instance_uid}/series",
    dependencies=[Depends(audited("series_list_read", *READERS, waits=False))],
)
def series(request: Request, services: TheServices) -> Response:
    """Search for series, of all studies or of one."""
    return _search(request, services, Level.SERIES)


@router.get("/dicomweb/instances", dependencies=[Depends(audited("instances_searched", *READERS, waits=False))])
@router.get(
    "/dicomweb/studies/{study_instance_uid}/instances",
    dependencies=[Depends(audited("instance_list_read", *READERS, waits=False))],
)
@router.get(
    "/dicomweb/studies/{study_instance_uid}/series/{series_instance_uid}/instances",
    dependencies=[Depends(audited("instance_list_read", *READERS, waits=False))],
)
def instances(request: Request, services: TheServices) -> Response:
    """Search for instances, of all studies, of one, or of a series."""
    return _search(request, services, Level.INSTANCE)


def _search(request: Request, services: Services, level: Level) -> Response:
    media_type = Acceptable.of(request).choose(MediaType(DICOM_JSON), MediaType(JSON)).media_type
    fixed = [
        (BY_KEYWORD[keyword], request.path_params[name])
        for keyword, name in zip(PARENTS, ("study_instance_uid", "series_instance_uid"), strict=True)
        if name in request.path_params
    ]
    try:
        query = SearchQuery.parse(request.query_params.multi_items(), keys_of(level))
        most = MOST_RESULTS[level]
        limit = most if query.limit is None else min(query.limit, most)
        question = Question(level, (*fixed, *query.keys), limit + 1, query.offset)
        found = services.worklist.search.find(question)
    except InvalidInput as error:
        raise HTTPException(400, str(error)) from error
    has_more = len(found) > limit and (query.limit is None or query.limit > most)
    base_url = f"{str(request.base_url).rstrip('/')}/dicomweb"
    shown = _shown(level, len(fixed), query)
    content = [_result(one, shown, level, base_url) for one in found[:limit]]
    warnings = [NOT_FUZZY] * query.fuzzy + [MORE] * has_more
    headers = {"Warning": ", ".join(f'299 {base_url}: "{warning}"' for warning in warnings)} if warnings else None
    await_audit(request)
    if not content:
        return Response(status_code=204, headers=headers)
    return JSONResponse(content, 200, headers, media_type=str(media_type))


def _shown(level: Level, fixed: int, query: SearchQuery) -> list[Attribute]:
    """Return the attributes of an answer: of the level, and of those above that the address does not fix."""
    asked = query.included | {attribute.keyword for attribute, _ in query.keys}

    def is_shown(attribute: Attribute) -> bool:
        if attribute.level > level:
            return False
        if attribute.keyword in asked or attribute.keyword in PARENTS or "all" in asked:
            return True
        return attribute.level >= min(fixed, level) and not attribute.is_extra

    return [attribute for attribute in ATTRIBUTES if is_shown(attribute)]


def _result(found: Found, shown: list[Attribute], level: Level, base_url: str) -> Item:
    values = {attribute.keyword: found.get(attribute.keyword) for attribute in shown}
    values["RetrieveURL"] = _ADDRESSES[level](base_url, found)
    if level is not Level.SERIES:
        values["InstanceAvailability"] = found["InstanceAvailability"]
    return data_set(values)


def _study_address(base_url: str, found: Found) -> str:
    return f"{base_url}/studies/{found['StudyInstanceUID']}"


def _series_address(base_url: str, found: Found) -> str:
    return f"{_study_address(base_url, found)}/series/{found['SeriesInstanceUID']}"


def _instance_address(base_url: str, found: Found) -> str:
    return f"{_series_address(base_url, found)}/instances/{found['SOPInstanceUID']}"


_ADDRESSES: dict[Level, Callable[[str, Found], str]] = {
    Level.STUDY: _study_address,
    Level.SERIES: _series_address,
    Level.INSTANCE: _instance_address,
}
