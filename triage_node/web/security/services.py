"""What deciding who may see what works with; found at ``request.app.state.services``, where pages find more."""

from dataclasses import dataclass, field

from fastapi import Request

from triage_node.config import Settings
from triage_node.rate_limit import RateLimit
from triage_node.web.security.audit import Auditor
from triage_node.web.security.image_views import ImageViews
from triage_node.web.security.password_checks import Hashing
from triage_node.worklist import Worklist


@dataclass(frozen=True)
class SecurityServices:
    """Who is known, how often they may ask, and where accesses are kept."""

    settings: Settings
    worklist: Worklist
    auditor: Auditor
    sign_in_limit: RateLimit
    request_limit: RateLimit
    image_views: ImageViews = field(default_factory=ImageViews, kw_only=True)
    hashing: Hashing = field(default_factory=Hashing, kw_only=True)


def security_services_of(request: Request) -> SecurityServices:
    """Return the services."""
    services: SecurityServices = request.app.state.services
    return services


async def the_security_services(request: Request) -> SecurityServices:
    """Return the services, for ``Depends``: FastAPI would have a thread call a plain function."""
    return security_services_of(request)
