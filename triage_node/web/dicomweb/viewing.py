"""Who looks at images one by one: many requests, one access (`triage_node.web.api.slices`)."""

from typing import Annotated

from fastapi import Depends, Request

from triage_node.identity import Role
from triage_node.web.api.slices import openings_of
from triage_node.web.dependencies import Services, the_services
from triage_node.web.security.authorization import Guard, require, write_access
from triage_node.web.security.principal import CurrentPrincipal, Principal


def viewed(*roles: Role) -> Guard:
    """Make a dependency like `audited` that keeps the access once for a principal and study in 15 minutes."""
    required = require(*roles)

    async def guard(
        request: Request, principal: CurrentPrincipal, services: Annotated[Services, Depends(the_services)]
    ) -> Principal:
        passed = await required(request, principal, services)
        openings, study = openings_of(request), str(request.path_params["study_instance_uid"])
        if not openings.is_noted(passed, study):
            await write_access(request, passed, "images_viewed", study)
            openings.note(passed, study)
        return passed

    guard.roles = roles  # type: ignore[attr-defined]
    return guard


VIEWED = [Depends(viewed(Role.READER, Role.SERVICE))]
