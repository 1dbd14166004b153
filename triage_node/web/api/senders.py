"""Who sends, as JSON: no patient data."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from triage_node.identity import Role
from triage_node.json_object import to_json
from triage_node.web.dependencies import Services, the_services
from triage_node.web.security.authorization import require
from triage_node.web.views.answers import answer_model
from triage_node.worklist import Sender

router = APIRouter(tags=["system"])


@router.get(
    "/api/senders",
    summary="Who has sent, how much, and what was refused",
    responses={200: {"model": list[answer_model(Sender)], "description": "the senders"}},  # type: ignore[misc]
    dependencies=[Depends(require(Role.ADMINISTRATOR, Role.SERVICE))],
)
def senders(services: Annotated[Services, Depends(the_services)]) -> JSONResponse:
    """Return the senders by AE title and address, who was seen last first; times are seconds since 1970 (UTC).

    `instances` were kept in all and `instances_today` since midnight of the node's time; `refusals` are those by
    reason, the latest first, of instances as of associations (address, calling_ae_title, called_ae_title, rate,
    too_many, no_context, tls, protocol, disk_full …). Counts are written every few seconds. Of strangers only those
    who were seen last are kept.
    """
    return JSONResponse([to_json(one) for one in services.worklist.sender_counts.all()])
