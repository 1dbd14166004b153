"""Who sends: so that "the CT does not reach us" can be answered on the phone."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse

from triage_node.identity import Role
from triage_node.web.dependencies import Services, the_services
from triage_node.web.http.csv_file import csv_file
from triage_node.web.security.authorization import require
from triage_node.web.views.templating import moment
from triage_node.worklist import Sender, advice_on, matching

router = APIRouter(include_in_schema=False)

TheServices = Annotated[Services, Depends(the_services)]
Who = Annotated[str, Query(max_length=64)]

HEADS = ("ae_title", "address", "counted", "number", "today", "first_at", "last_at", "sentence")


@router.get("/admin/senders", dependencies=[Depends(require(Role.ADMINISTRATOR))])
def senders_page(request: Request, services: TheServices, who: Who = "") -> Response:
    """Show who was seen, the latest first."""
    senders = services.worklist.sender_counts.all()
    context = {
        "who": who.strip(),
        "senders": list(matching(senders, who)),
        "since": min((one.first_at for one in senders), default=None),
        "node": services.system_state().node,
        "advice_on": advice_on,
        "query": request.url.query,
    }
    return services.templates.page(request, "admin/senders.html", context)


@router.get("/admin/senders.csv", dependencies=[Depends(require(Role.ADMINISTRATOR))])
def senders_csv(services: TheServices, who: Who = "") -> StreamingResponse:
    """Return the same as CSV, a line a sender and what is counted of it."""
    senders = list(matching(services.worklist.sender_counts.all(), who))
    return csv_file("triage-node-senders", HEADS, _rows(senders))


def _rows(senders: Sequence[Sender]) -> Iterator[list[object]]:
    for one in senders:
        who = [one.ae_title, one.address]
        last, first = one.last_instance_at, moment(one.first_at)
        yield [*who, "instances", one.instances, one.instances_today, first, moment(last), ""]
        yield [*who, "associations", one.associations, "", first, moment(one.last_association_at), ""]
        for refusal in one.refusals:
            times = moment(refusal.first_at), moment(refusal.last_at)
            yield [*who, f"refused: {refusal.reason}", refusal.number, refusal.today, *times, refusal.sentence]
