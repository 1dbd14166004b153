"""UPS-RS: the read side of the Worklist service (PS3.18 11.5 and 11.9): what was pushed, and each study."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from triage_node.errors import InvalidInput
from triage_node.identity import Role
from triage_node.imaging import data_set
from triage_node.search import KEYS
from triage_node.web.dependencies import Services, dicomweb_url, the_services
from triage_node.web.dicomweb.described import data_sets, parameters_of
from triage_node.web.dicomweb.described import found as answers
from triage_node.web.dicomweb.pushed_workitem import is_match, study_of, whole
from triage_node.web.dicomweb.search_query import SearchQuery
from triage_node.web.dicomweb.warning_header import undone, warning
from triage_node.web.dicomweb.workitem_model import summary_of, workitem
from triage_node.web.http.data_sets import chosen_type, data_sets_response
from triage_node.web.security.authorization import audited, require, write_access
from triage_node.web.security.principal import Principal

router = APIRouter(prefix="/dicomweb/workitems", tags=["UPS-RS"])

TheServices = Annotated[Services, Depends(the_services)]
READERS = (Role.READER, Role.SERVICE)
MOST = 1000
SUBSCRIBERS = [Depends(require(*READERS))]


@router.get(
    "",
    summary="Search for workitems",
    responses=answers("workitems"),
    openapi_extra=parameters_of(KEYS.values()),
    dependencies=[Depends(audited("workitems_searched", *READERS))],
)
def search(request: Request, services: TheServices) -> Response:
    """Search for workitems (PS3.18 11.9)."""
    media_type = chosen_type(request)
    try:
        query = SearchQuery.parse(request.query_params.multi_items(), KEYS)
        limit = MOST if query.limit is None else min(query.limit, MOST)
        pushed = [one for one in services.worklist.pushed_workitems.all() if is_match(one, query.keys)]
        rest = limit - len(pushed[query.offset :][:limit])
        offset = max(0, query.offset - len(pushed))
        found = services.worklist.workitems.search(query.keys, rest, offset) if rest else []
    except InvalidInput as error:
        raise HTTPException(400, str(error)) from error
    label = services.settings.ae_title
    shown = [whole(one) for one in pushed[query.offset :][:limit]]
    shown += [data_set(summary_of(one, label)) for one in found]
    headers = warning(dicomweb_url(request), undone(query, knows_rules=False))
    return data_sets_response(shown, media_type, headers) if shown else Response(None, 204, headers)


@router.get("/{workitem_uid}", summary="A workitem", responses={200: data_sets("the workitem")})
async def retrieve(
    workitem_uid: str,
    request: Request,
    principal: Annotated[Principal, Depends(require(*READERS))],
    services: TheServices,
) -> Response:
    """Return a workitem (PS3.18 11.5)."""
    media_type = chosen_type(request)
    if pushed := await run_in_threadpool(services.worklist.pushed_workitems.find, workitem_uid):
        await write_access(request, principal, "workitem_read", study_of(pushed.attributes))
        return data_sets_response([whole(pushed)], media_type)
    study = await run_in_threadpool(services.worklist.workitems.get, workitem_uid)
    await write_access(request, principal, "workitem_read", study.study_instance_uid)
    base_url = dicomweb_url(request)
    content = await run_in_threadpool(workitem, study, services.settings.ae_title, base_url, services.spool)
    return data_sets_response([content], media_type)


@router.post("/{workitem_uid}/subscribers/{ae_title}", include_in_schema=False, dependencies=SUBSCRIBERS)
@router.delete("/{workitem_uid}/subscribers/{ae_title}", include_in_schema=False, dependencies=SUBSCRIBERS)
def subscribe() -> Response:
    """Refuse subscriptions: the node sends no event reports (PS3.18 11.10)."""
    raise HTTPException(405, "Workitems have no subscribers here; ask for them again.", {"Allow": ""})
