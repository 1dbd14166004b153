"""The worklist: what to read next, kept up to date while it is looked at."""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from triage_node.database import StudyState
from triage_node.findings import TYPES, Decision
from triage_node.identity import Role
from triage_node.web.dependencies import Services, the_services
from triage_node.web.security.authorization import audited, signed_in_still
from triage_node.web.security.principal import EVENTS, Principal
from triage_node.web.views.filters import Cursor
from triage_node.web.views.listing import NOT_ANALYZED, Listing, listing, presets
from triage_node.web.views.navigation import Entry
from triage_node.web.views.person_name import person_name
from triage_node.web.views.templating import code_text
from triage_node.worklist import StudyLists

router = APIRouter(include_in_schema=False)
NAVIGATION = Entry("Worklist", "/worklist", Role.READER, place=10)

TheServices = Annotated[Services, Depends(the_services)]
TheListing = Annotated[Listing, Depends(listing)]

ROWS = 50
LOOK_SECONDS = 0.25
RENEW_SECONDS = 10.0
STILL_THERE_SECONDS = 15.0


@router.get("/worklist", dependencies=[Depends(audited("worklist_viewed", Role.READER))])
def worklist_page(
    request: Request,
    services: TheServices,
    shown: TheListing,
    after: Cursor = None,
) -> Response:
    """Show a page of the open studies, or of all studies."""
    context = _rows(services, shown, after) | _choices(services, shown) | {"others": shown.others(_lists(services))}
    return services.templates.page(request, "worklist.html", context)


@router.get("/worklist/live")
async def live(
    request: Request,
    principal: Annotated[Principal, Depends(audited("worklist_watched", Role.READER))],
    services: TheServices,
    shown: TheListing,
) -> StreamingResponse:
    """Send the first page's rows as server-sent events, whenever they are other than before."""
    services.streams.check()
    events = _events(request, services, shown, principal.name)
    return StreamingResponse(events, media_type=EVENTS, headers={"X-Accel-Buffering": "no"})


async def _events(request: Request, services: Services, shown: Listing, name: str) -> AsyncIterator[str]:
    """Yield what changes until the page is closed, its session ends or its person has opened too many others."""
    stream = services.streams.open(name)
    try:
        async for event in _changes(request, services, shown):
            if stream.is_replaced:
                yield _event("replaced", "")
                return
            if event:
                yield event
    finally:
        services.streams.close(stream)


async def _changes(request: Request, services: Services, shown: Listing) -> AsyncIterator[str]:
    """Yield an event for each change, and nothing at each look; a study that only waits longer moves up, too."""
    sent: dict[str, bytes] = {}
    marker, renewed_at, asked_at = -1, 0.0, time.monotonic()
    while True:
        now = time.monotonic()
        if now - asked_at >= STILL_THERE_SECONDS:
            asked_at = now
            if not await signed_in_still(request):
                yield _event("ended", "signed out")
                return
            yield _event("alive", "")
        latest = await run_in_threadpool(services.worklist.study_lists.marker)
        if latest != marker or now - renewed_at >= RENEW_SECONDS:
            marker, renewed_at = latest, now
            for name, text in (await run_in_threadpool(_live, request, services, shown)).items():
                digest = hashlib.sha256(text.encode()).digest()
                if digest != sent.get(name):
                    sent[name] = digest
                    yield _event(name, text)
        yield ""
        await asyncio.sleep(LOOK_SECONDS)


def _live(request: Request, services: Services, shown: Listing) -> dict[str, str]:
    """Return what has changed, perhaps: numbers and the flagged studies as JSON, and the rows as HTML."""
    lists = _lists(services)
    page = services.templates.page(request, "worklist_rows.html", _rows(services, shown, None))
    return {
        "counts": json.dumps(dict(lists.counts().open_by_group)),
        "others": str(shown.others(lists)),
        "flagged": json.dumps(_flagged(services)),
        "rows": bytes(page.body).decode(),
    }


def _flagged(services: Services) -> list[dict[str, str]]:
    """Return the latest flagged studies whatever the list shows; who they are only where the site allows it."""
    names = services.settings.notification_patient_names
    return [
        {"uid": uid} | ({"name": person_name(name)} if names else {})
        for uid, name in _lists(services).flagged().items()
    ]


def _event(name: str, text: str) -> str:
    # Browsers drop an event without a data line, and an empty list is news, too.
    lines = "".join(f"data: {line}\n" for line in text.splitlines() or [""])
    return f"event: {name}\n{lines}\n"


def _lists(services: Services) -> StudyLists:
    return services.worklist.study_lists


def _rows(services: Services, shown: Listing, after: str | None) -> dict[str, object]:
    page = shown.page(_lists(services), after, ROWS)
    limit = services.settings.flagged_limit_minutes * 60
    return {"studies": page.studies, "next": page.next, "listing": shown, "types": TYPES, "flagged_limit": limit}


def _choices(services: Services, shown: Listing) -> dict[str, object]:
    now = services.worklist.audit_trail.clock()
    decisions = [("", "any answer"), *((one.value, code_text(one)) for one in Decision), ("none", "no answer yet")]
    states = [("", "any state"), (NOT_ANALYZED, "not analyzed"), *((one.value, code_text(one)) for one in StudyState)]
    return {
        "filters": shown.filters,
        "presets": presets(datetime.fromtimestamp(now, services.settings.zone).date()),
        "decisions": decisions,
        "states": states,
        "hemorrhages": [("", "any type"), *((one.value, one.value) for one in TYPES)],
        "stations": [("", "any station"), *((one, one) for one in _lists(services).choices()["stations"])],
        "counts": _lists(services).counts(),
        "now": now,
        "maximum_wait": services.settings.maximum_wait_minutes * 60,
        "listens_at": f"{services.settings.ae_title.strip()}, port {' or '.join(services.settings.dicom_ports)}",
    }
