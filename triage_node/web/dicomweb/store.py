"""STOW-RS: the Store transaction of the Studies service (PS3.18 10.5)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from triage_node.errors import InvalidInput
from triage_node.identity import Role
from triage_node.ingest import Sender
from triage_node.web.dependencies import Services, dicomweb_url, the_services
from triage_node.web.dicomweb.described import Responses, body, data_set_answer, failed
from triage_node.web.dicomweb.incoming_body import TooSlow, body_of
from triage_node.web.dicomweb.related_parts import PartReader, boundary_of
from triage_node.web.dicomweb.store_response import RETRY_SECONDS, store_response
from triage_node.web.dicomweb.store_transaction import StoreTransaction
from triage_node.web.dicomweb.targets import REFUSALS, STUDY
from triage_node.web.http.data_sets import chosen_type
from triage_node.web.http.media_types import DICOM, MULTIPART, MediaType
from triage_node.web.security.authorization import require, write_access
from triage_node.web.security.principal import Principal

router = APIRouter(tags=["STOW-RS"], responses={400: REFUSALS[400], 406: REFUSALS[406]})

LARGEST_BODY = 64 << 30
"""Bytes of a request; each instance has a bound of its own."""
REGISTERED_SECONDS = 5.0
STORED: Responses = {
    200: data_set_answer("all instances are stored; what is said of them"),
    202: data_set_answer("some are stored, some are not"),
    409: failed("none is stored"),
    503: failed("the disk is full, or too many store at once"),
}

Storing = Annotated[Principal, Depends(require(Role.SERVICE, Role.STORAGE, Role.ADMINISTRATOR))]
TheServices = Annotated[Services, Depends(the_services)]


@router.post(
    "/dicomweb/studies",
    summary="Store instances",
    responses=STORED,
    openapi_extra=body(is_instances=True),
    max_body_size=LARGEST_BODY,
)
async def store(request: Request, principal: Storing, services: TheServices) -> Response:
    """Store the instances of a multipart body; what is answered as stored is on the disk."""
    return await _store(request, principal, services, None)


@router.post(
    f"/dicomweb{STUDY}",
    summary="Store instances of a study",
    responses=STORED,
    openapi_extra=body(is_instances=True),
    max_body_size=LARGEST_BODY,
)
async def store_in_study(
    study_instance_uid: str, request: Request, principal: Storing, services: TheServices
) -> Response:
    """Store the instances of a multipart body; those of another study than the address names are refused."""
    return await _store(request, principal, services, study_instance_uid)


async def _store(
    request: Request, principal: Principal, services: Services, study_instance_uid: str | None
) -> Response:
    media_type = chosen_type(request)
    assert services.ingest is not None, "a node has ingest"
    if services.ingest.is_full:
        raise HTTPException(503, "The disk is full.", {"Retry-After": RETRY_SECONDS, "Connection": "close"})
    reader = PartReader(_boundary(request), services.ingest.maximum_bytes)
    transaction = StoreTransaction(
        services.ingest, Sender(principal.sender_name, principal.address), study_instance_uid
    )
    try:
        with services.bodies.take(principal.name):
            async with transaction:
                await _take(request, reader, transaction, services.settings.association_idle_seconds)
    except InvalidInput as error:
        raise HTTPException(400, str(error)) from error
    except ClientDisconnect as error:
        raise HTTPException(400, "The sender went away.") from error
    except TooSlow as error:
        raise HTTPException(408, "The body did not come in time.", {"Connection": "close"}) from error
    finally:
        for uid in {header.study_instance_uid for header in transaction.answers.stored}:
            await write_access(request, principal, "instances_stored", uid)
    if transaction.answers.stored:
        # The addresses of the answer are to answer.
        await run_in_threadpool(services.ingest.wait_until_registered, REGISTERED_SECONDS)
    return store_response(transaction.answers, dicomweb_url(request), media_type)


def _boundary(request: Request) -> str:
    """Return what stands between the services (PS3.18 8.7.1, 10.5.2)."""
    content_type = MediaType.parse(request.headers.get("content-type", ""))
    if content_type.name != MULTIPART or content_type.root not in (DICOM, "*/*"):
        raise HTTPException(415, f"The node stores {MediaType.multipart(DICOM)} only.")
    if request.headers.get("content-encoding", "identity") != "identity":
        raise HTTPException(415, "The node takes no content coding.")
    try:
        return boundary_of(content_type)
    except InvalidInput as error:
        raise HTTPException(400, str(error)) from error


async def _take(request: Request, reader: PartReader, transaction: StoreTransaction, silence_seconds: float) -> None:
    async for chunk in body_of(request, silence_seconds):
        for part in reader.feed(chunk):
            await transaction.add(part)
        if reader.open is not None:
            await transaction.spill(reader.open)
    if not reader.ended:
        raise InvalidInput("The body ends before its last boundary; what was whole before is stored.")
    if not reader.parts:
        raise InvalidInput("The body has no part.")
