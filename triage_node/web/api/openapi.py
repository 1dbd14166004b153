"""The description of the API for programs."""

from typing import Any

from fastapi import APIRouter, Depends, Request

from triage_node.web.access import require
from triage_node.worklist import Role

router = APIRouter(include_in_schema=False)


@router.get("/api/openapi.json", dependencies=[Depends(require(Role.READER, Role.SERVICE))])
def openapi(request: Request) -> dict[str, Any]:
    """Return the OpenAPI description."""
    description: dict[str, Any] = request.app.openapi()
    return description
