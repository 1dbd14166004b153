"""Who looks at images one by one: many requests, one access (`ImageViews`)."""

from dataclasses import dataclass

from fastapi import Depends, Request

from triage_node.identity import Role
from triage_node.web.security.authorization import Guard, Required, TheServices, study_named, write_access
from triage_node.web.security.principal import CurrentPrincipal, Principal


@dataclass(frozen=True)
class Viewed(Guard):
    """Like `audited`, but the access is kept once for a principal and study in 15 minutes."""

    roles: tuple[Role, ...]

    async def __call__(self, request: Request, principal: CurrentPrincipal, services: TheServices) -> Principal:
        """Let the principal of a request pass and keep the access, or raise."""
        passed = await Required(self.roles)(request, principal, services)
        study = study_named(request)
        if not services.image_views.is_noted(passed, study):
            await write_access(request, passed, "images_viewed", study)
            services.image_views.note(passed, study)
        return passed


VIEWED = [Depends(Viewed((Role.READER, Role.SERVICE)))]
