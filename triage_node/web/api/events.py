"""Changes of studies as they happen, for programs: Server-Sent Events (HTML Standard 9.2) that go on where they ended.

An event's ID is the marker of `/api/changes`, which only grows: whoever lost the connection sends the last one back
as Last-Event-ID and misses nothing. What changed twice meanwhile is sent once, as it is now. Of studies that are sent
together the last one has the ID: a connection that is lost between them has them sent again.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from triage_node.identity import Role
from triage_node.json_object import to_json
from triage_node.web.dependencies import Services, the_services
from triage_node.web.security.authorization import audited, signed_in_still
from triage_node.web.security.principal import EVENTS, Principal

router = APIRouter(tags=["events"])

LOOK_SECONDS = 0.25
ALIVE_SECONDS = 15.0
LONGEST_SECONDS = 3600
AT_ONCE = 50
RETRY = "retry: 2000\n\n"
# What one event of the stream holds: OpenAPI has no word for a stream of them before 3.2.
EVENT = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "enum": ["study", "reset"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
        "id": {"type": "string"},
        "retry": {"type": "integer"},
    },
}
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "`study` events, whose data are the study in JSON; a `reset` event says that the worklist went "
        "back to an earlier state, as after a restore: ask for the lists anew",
        "content": {EVENTS: {"schema": EVENT}},
    }
}


@dataclass(frozen=True)
class Position:
    """How far a stream is, and whether its reader is behind a marker that there never was."""

    marker: int
    is_reset: bool = False


@router.get(
    "/api/events",
    summary="Changes of studies as they happen, as Server-Sent Events",
    response_class=StreamingResponse,
    responses=STREAM,
)
async def events(
    request: Request,
    principal: Annotated[Principal, Depends(audited("worklist_watched", Role.READER, Role.SERVICE))],
    services: Annotated[Services, Depends(the_services)],
    last_event_id: Annotated[
        str, Header(pattern=r"^[0-9]{0,16}$", description="the last event that came; goes before `marker`")
    ] = "",
    marker: Annotated[
        int | None, Query(ge=0, le=2**53, description="as `/api/changes` has it; from now on without")
    ] = None,
    seconds: Annotated[
        int,
        Query(
            ge=0, le=LONGEST_SECONDS, description="when the stream ends by itself; at once after what there is for 0"
        ),
    ] = LONGEST_SECONDS,
) -> StreamingResponse:
    """Send each study that changed, as `/api/changes` does, within half a second; a client reconnects by itself.

    A stream ends after an hour, when the token or session is no longer good, and when its owner has opened four newer
    ones. A comment comes every 15 seconds, so that a connection that is gone is noticed.
    """
    services.streams.check()
    wanted = int(last_event_id) if last_event_id else marker
    position = await run_in_threadpool(_start, services, wanted)
    content = _bounded(request, services, principal.name, position, seconds)
    return StreamingResponse(content, media_type=EVENTS, headers={"X-Accel-Buffering": "no"})


def _start(services: Services, wanted: int | None) -> Position:
    latest = services.worklist.study_lists.marker()
    if wanted is None:
        return Position(latest)
    return Position(wanted) if wanted <= latest else Position(latest, is_reset=True)


async def _bounded(
    request: Request, services: Services, name: str, position: Position, seconds: float
) -> AsyncIterator[str]:
    """Yield events until the stream's time is over or it has given way to newer ones."""
    ends_at = time.monotonic() + seconds
    stream = services.streams.open(name)
    try:
        yield RETRY
        if position.is_reset:
            yield _event("reset", {"marker": position.marker}, position.marker)
        async for event in _changes(request, services, position.marker):
            if event:
                yield event
            elif stream.is_replaced or time.monotonic() >= ends_at:
                return
    finally:
        services.streams.close(stream)


async def _changes(request: Request, services: Services, marker: int) -> AsyncIterator[str]:
    """Yield an event for each study that changed, and "" when there is no more; end when nobody is signed in."""
    lists, alive_at = services.worklist.study_lists, time.monotonic()
    while True:
        if time.monotonic() - alive_at >= ALIVE_SECONDS:
            alive_at = time.monotonic()
            if not await signed_in_still(request):
                return
            yield ": alive\n\n"
        if await run_in_threadpool(lists.marker) > marker:
            found = await run_in_threadpool(lists.changes_since, marker, AT_ONCE)
            for study in found.studies[:-1]:
                yield _event("study", to_json(study))
            for study in found.studies[-1:]:
                yield _event("study", to_json(study), found.marker)
            marker = found.marker
            if found.more:
                continue
        yield ""
        await asyncio.sleep(LOOK_SECONDS)


def _event(name: str, data: object, marker: int | None = None) -> str:
    identifier = "" if marker is None else f"id: {marker}\n"
    return f"{identifier}event: {name}\ndata: {json.dumps(data)}\n\n"
