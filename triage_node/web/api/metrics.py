"""What Prometheus is told, behind a token."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from triage_node.identity import Role
from triage_node.web.dependencies import Services, the_services
from triage_node.web.security.authorization import require

router = APIRouter(include_in_schema=False)


@router.get("/metrics", dependencies=[Depends(require(Role.MONITORING, Role.SERVICE, Role.ADMINISTRATOR))])
def metrics(services: Annotated[Services, Depends(the_services)], accept: Annotated[str, Header()] = "") -> Response:
    """Return the metrics of the node as Prometheus or OpenMetrics text; no patient data."""
    if services.metrics is None:
        raise HTTPException(404)
    content, media_type = services.metrics(accept)
    return Response(content, headers={"content-type": media_type})
