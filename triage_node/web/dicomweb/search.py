"""QIDO-RS: the Search transaction of the Studies service (PS3.18 10.6)."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from triage_node.errors import InvalidInput
from triage_node.identity import Role
from triage_node.imaging import Item, data_set
from triage_node.search import ATTRIBUTES, BY_KEYWORD, Attribute, Found, Level, Question
from triage_node.web.dependencies import Services, dicomweb_url, the_services
from triage_node.web.dicomweb.described import found as answers
from triage_node.web.dicomweb.described import search_parameters
from triage_node.web.dicomweb.search_query import MOST_RESULTS, SearchQuery, keys_of
from triage_node.web.dicomweb.targets import REFUSALS, SERIES, STUDY
from triage_node.web.dicomweb.warning_header import remaining, undone, warning
from triage_node.web.http.data_sets import chosen_type, data_sets_response
from triage_node.web.security.authorization import audited, await_audit

router = APIRouter(tags=["QIDO-RS"], responses={400: REFUSALS[400], 406: REFUSALS[406]})

TheServices = Annotated[Services, Depends(the_services)]
READERS = (Role.READER, Role.SERVICE)
PARENTS = ("StudyInstanceUID", "SeriesInstanceUID")


def _audited(action: str) -> list[Any]:
    """Return the dependency of a search, which looks up what it will show while the access is being kept."""
    return [Depends(audited(action, *READERS, waits=False))]


@router.get(
    "/dicomweb/studies",
    summary="Search for studies",
    responses=answers("studies"),
    openapi_extra=search_parameters(Level.STUDY),
    dependencies=_audited("studies_searched"),
)
def studies(request: Request, services: TheServices) -> Response:
    """Search for studies; keys that are not known are ignored, and named in a Warning."""
    return _search(request, services, Level.STUDY)


@router.get(
    "/dicomweb/series",
    summary="Search for series",
    responses=answers("series"),
    openapi_extra=search_parameters(Level.SERIES),
    dependencies=_audited("series_searched"),
)
@router.get(
    f"/dicomweb{STUDY}/series",
    summary="Search for series of a study",
    responses=answers("series"),
    openapi_extra=search_parameters(Level.SERIES, STUDY),
    dependencies=_audited("series_list_read"),
)
def series(request: Request, services: TheServices) -> Response:
    """Search for series, of all studies or of one."""
    return _search(request, services, Level.SERIES)


@router.get(
    "/dicomweb/instances",
    summary="Search for instances",
    responses=answers("instances"),
    openapi_extra=search_parameters(Level.INSTANCE),
    dependencies=_audited("instances_searched"),
)
@router.get(
    f"/dicomweb{STUDY}/instances",
    summary="Search for instances of a study",
    responses=answers("instances"),
    openapi_extra=search_parameters(Level.INSTANCE, STUDY),
    dependencies=_audited("instance_list_read"),
)
@router.get(
    f"/dicomweb{SERIES}/instances",
    summary="Search for instances of a series",
    responses=answers("instances"),
    openapi_extra=search_parameters(Level.INSTANCE, SERIES),
    dependencies=_audited("instance_list_read"),
)
def instances(request: Request, services: TheServices) -> Response:
    """Search for instances, of all studies, of one, or of a series."""
    return _search(request, services, Level.INSTANCE)


def _search(request: Request, services: Services, level: Level) -> Response:
    media_type = chosen_type(request)
    fixed = [
        (BY_KEYWORD[keyword], request.path_params[name])
        for keyword, name in zip(PARENTS, ("study_instance_uid", "series_instance_uid"), strict=True)
        if name in request.path_params
    ]
    try:
        query = SearchQuery.parse(request.query_params.multi_items(), keys_of(level))
        most = MOST_RESULTS[level]
        limit = most if query.limit is None else min(query.limit, most)
        question = Question(level, (*fixed, *query.keys), limit, query.offset, query.rules)
        search = services.worklist.search
        found = search.find(question)
        rest = search.count_after(question) if len(found) == limit else 0
    except InvalidInput as error:
        raise HTTPException(400, str(error)) from error
    base_url = dicomweb_url(request)
    shown = _shown(level, len(fixed), query)
    content = [_result(one, shown, level, base_url) for one in found]
    sentences = undone(query, knows_rules=True) + ([remaining(rest)] if rest else [])
    headers = warning(base_url, sentences)
    await_audit(request)
    if not content:
        return Response(status_code=204, headers=headers)
    return data_sets_response(content, media_type, headers)


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
