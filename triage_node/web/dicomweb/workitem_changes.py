"""UPS-RS: workitems that are pushed to the node, changed and canceled (PS3.18 11.4 and 11.6 to 11.8).

The workitems of the studies themselves are the node's: they cannot be written.
"""

import json
import re
from typing import Annotated, NoReturn

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydicom.uid import generate_uid
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from triage_node.errors import InvalidInput, StudyNotFound
from triage_node.identity import Role
from triage_node.imaging import Item, text_of
from triage_node.ingest import is_uid
from triage_node.web.dependencies import Services, dicomweb_url, the_services
from triage_node.web.dicomweb.described import body, named_in_query
from triage_node.web.dicomweb.pushed_workitem import new_workitem, priority_in, stripped, study_of
from triage_node.web.http.media_types import DICOM_JSON, JSON, MediaType
from triage_node.web.security.authorization import require, write_access
from triage_node.web.security.principal import Principal
from triage_node.worklist import PushedWorkitem

router = APIRouter(prefix="/dicomweb/workitems", tags=["UPS-RS"])

TheServices = Annotated[Services, Depends(the_services)]
Writer = Annotated[Principal, Depends(require(Role.SERVICE, Role.ADMINISTRATOR))]
LARGEST_BODY = 256 << 10
READ_ONLY = "The workitem is that of a study, which the node alone writes."
UID_NAMES = ("workitem", "affectedsopinstanceuid", "transaction", "transaction-uid")
"""How a UID in a query has been called in editions of PS3.18; others have it there without a name."""
TAG = re.compile("[0-9A-F]{8}")
STATES = ("IN PROGRESS", "COMPLETED", "CANCELED")


@router.post(
    "",
    summary="Create a workitem",
    response_class=Response,
    status_code=201,
    openapi_extra=body() | named_in_query("workitem", "the UID of the new workitem, if the data set has none"),
    max_body_size=LARGEST_BODY,
)
async def create(request: Request, principal: Writer, services: TheServices) -> Response:
    """Create a workitem, which has its study analyzed and retrieved if it is not here (PS3.18 11.4)."""
    ds = await _data_set_in(request)
    try:
        uid = _uid_of_new(request, ds)
        priority, attributes = new_workitem(ds)
    except InvalidInput as error:
        raise HTTPException(400, str(error)) from error
    if await run_in_threadpool(_is_of_study, services, uid):
        raise HTTPException(409, "There is a workitem with that UID already.")
    pushed = services.worklist.pushed_workitems
    try:
        await run_in_threadpool(pushed.create, uid, principal.name, priority, attributes)
    except InvalidInput as error:
        raise HTTPException(400, str(error)) from error
    await write_access(request, principal, "workitem_created", study_of(attributes))
    address = f"{dicomweb_url(request)}/workitems/{uid}"
    return Response(status_code=201, headers={"Location": address, "Content-Location": address})


@router.post(
    "/{workitem_uid}",
    summary="Update a workitem",
    response_class=Response,
    openapi_extra=body() | named_in_query("transaction", "the Transaction UID, of a workitem that is claimed"),
    max_body_size=LARGEST_BODY,
)
async def update(workitem_uid: str, request: Request, principal: Writer, services: TheServices) -> Response:
    """Update a workitem: its creator until it is claimed, then its performer (PS3.18 11.6)."""
    workitem = await run_in_threadpool(_pushed, services, workitem_uid)
    ds = await _data_set_in(request)
    if text_of(ds, "ProcedureStepState"):
        raise HTTPException(400, "The Procedure Step State is not updated but changed: PUT it to the workitem's state.")
    transaction_uid = _uid_in_query(request) or text_of(ds, "TransactionUID")
    if not transaction_uid:
        _check_creator(workitem, principal)
    try:
        priority = priority_in(ds) if text_of(ds, "ScheduledProcedureStepPriority") else None
        changes = stripped(ds)
        if not study_of({**workitem.attributes, **changes}):
            raise InvalidInput("It would no longer name the one study that is to be analyzed.")
        pushed = services.worklist.pushed_workitems
        await run_in_threadpool(pushed.update, workitem_uid, transaction_uid, changes, priority)
    except InvalidInput as error:
        raise HTTPException(400, str(error)) from error
    await write_access(request, principal, "workitem_updated", study_of(workitem.attributes))
    return Response(status_code=200)


@router.put(
    "/{workitem_uid}/state",
    summary="Claim or end a workitem",
    response_class=Response,
    openapi_extra=body(),
    max_body_size=LARGEST_BODY,
)
async def change_state(workitem_uid: str, request: Request, principal: Writer, services: TheServices) -> Response:
    """Claim a workitem or end it, as its performer (PS3.18 11.7)."""
    workitem = await run_in_threadpool(_pushed, services, workitem_uid)
    ds = await _data_set_in(request)
    state, transaction_uid = text_of(ds, "ProcedureStepState"), text_of(ds, "TransactionUID")
    if state not in STATES or not is_uid(transaction_uid):
        raise HTTPException(400, f"A change names a Transaction UID and one of the states {', '.join(STATES)}.")
    try:
        pushed = services.worklist.pushed_workitems
        is_new = await run_in_threadpool(pushed.change_state, workitem_uid, transaction_uid, state)
    except InvalidInput as error:
        raise HTTPException(400, str(error)) from error
    await write_access(request, principal, "workitem_state_changed", study_of(workitem.attributes))
    return Response(status_code=200, headers={} if is_new else _already(request, state))


@router.post(
    "/{workitem_uid}/cancelrequest",
    summary="Cancel a workitem",
    response_class=Response,
    status_code=202,
    openapi_extra=body(is_required=False),
    max_body_size=LARGEST_BODY,
)
async def cancel(workitem_uid: str, request: Request, principal: Writer, services: TheServices) -> Response:
    """Cancel a workitem, as its creator; its study stays in the worklist (PS3.18 11.8)."""
    workitem = await run_in_threadpool(_pushed, services, workitem_uid)
    _check_creator(workitem, principal)
    reason = text_of(await _data_set_in(request, is_optional=True), "ReasonForCancellation")
    pushed = services.worklist.pushed_workitems
    is_new = await run_in_threadpool(pushed.request_cancellation, workitem_uid, reason)
    await write_access(request, principal, "workitem_canceled", study_of(workitem.attributes))
    return Response(status_code=202, headers={} if is_new else _already(request, "CANCELED"))


def _pushed(services: Services, workitem_uid: str) -> PushedWorkitem:
    workitem = services.worklist.pushed_workitems.find(workitem_uid)
    if workitem is None and _is_of_study(services, workitem_uid):
        raise HTTPException(405, READ_ONLY, {"Allow": "GET"})
    if workitem is None:
        raise StudyNotFound("The worklist has no such workitem.")
    return workitem


def _is_of_study(services: Services, workitem_uid: str) -> bool:
    try:
        services.worklist.workitems.get(workitem_uid)
    except StudyNotFound:
        return False
    return True


def _check_creator(workitem: PushedWorkitem, principal: Principal) -> None:
    if principal.name != workitem.creator and principal.role is not Role.ADMINISTRATOR:
        raise HTTPException(403, "Another created the workitem.")


async def _data_set_in(request: Request, *, is_optional: bool = False) -> Item:
    body = await request.body()
    if is_optional and not body:
        return {}
    if MediaType.parse(request.headers.get("content-type", "")).name not in (DICOM_JSON, JSON):
        raise HTTPException(415, f"The node reads {DICOM_JSON} only.")
    try:
        content = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "The body is no JSON.") from error
    content = content[0] if isinstance(content, list) and len(content) == 1 else content
    if not _is_data_set(content):
        raise HTTPException(400, "The body is not one data set in the DICOM JSON Model.")
    return dict(content)


def _is_data_set(content: object) -> bool:
    if not isinstance(content, dict):
        return False
    return all(TAG.fullmatch(tag) and isinstance(attribute, dict) for tag, attribute in content.items())


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def _uid_of_new(request: Request, ds: Item) -> str:
    named = {uid for uid in (_uid_in_query(request), text_of(ds, "SOPInstanceUID")) if uid}
    if len(named) > 1:
        raise InvalidInput("The address and the data set name different UIDs.")
    uid = next(iter(named), "") or generate_uid()
    if not is_uid(uid):
        raise InvalidInput("The workitem's UID is none.")
    return uid


def _uid_in_query(request: Request) -> str:
    """Return the UID that a query names, with or without a name of its own."""
    for name, value in request.query_params.multi_items():
        if value and name.lower() in UID_NAMES:
            return value
        if not value and is_uid(name):
            return name
    return ""


def _already(request: Request, state: str) -> dict[str, str]:
    """Return the warning of PS3.18 11.7.3.2 and 11.8.3.2."""
    return {"Warning": f"299 {request.url.hostname}: The UPS is already in the requested state of {state}."}
