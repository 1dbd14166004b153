"""Does it work? Disk, worker, upkeep, queues and destinations."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse

from triage_node.identity import Role
from triage_node.json_object import to_json
from triage_node.web.dependencies import Services, the_services
from triage_node.web.http.csv_file import csv_file
from triage_node.web.security.authorization import require
from triage_node.web.views.destinations import last_tries, trouble_words
from triage_node.web.views.navigation import Entry

router = APIRouter(include_in_schema=False)
NAVIGATION = Entry("Administration", "/admin", Role.ADMINISTRATOR, place=90)

TheServices = Annotated[Services, Depends(the_services)]


@router.get("/admin", dependencies=[Depends(require(Role.ADMINISTRATOR))])
def system_page(request: Request, services: TheServices) -> Response:
    """Show how the node is now."""
    system, set_now = services.system_state(), [str(one) for one in services.settings.destinations]
    context = {
        "system": system,
        "set_now": set_now,
        "tries": last_tries(services.worklist, set_now, system.at),
        "trouble_words": trouble_words,
    }
    return services.templates.page(request, "admin/system.html", context)


@router.get("/admin/upkeep.csv", dependencies=[Depends(require(Role.ADMINISTRATOR))])
def upkeep_csv(services: TheServices) -> StreamingResponse:
    """Return the jobs of upkeep as CSV."""
    heads = ("name", "ok", "every_seconds", "ran_at", "error", "does", "daily_at", "seconds", "outcome", "next_at")
    rows = [to_json(one) for one in services.system_state().upkeep]
    return csv_file("triage-node-upkeep", heads, ([row[head] for head in heads] for row in rows))
