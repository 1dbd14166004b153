"""What the pages work with, put together once by `build_application` and found at ``request.app.state.services``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request

from triage_node.config import Settings
from triage_node.ingest import Ingest
from triage_node.storage import Spool
from triage_node.web.http.event_streams import Streams
from triage_node.web.http.rate_limits import RateLimit
from triage_node.web.http.request_bodies import Bodies
from triage_node.web.security.audit import Auditor
from triage_node.web.security.password_checks import Hashing
from triage_node.web.views.templating import Templates
from triage_node.worklist import Worklist


@dataclass(frozen=True)
class Fact:
    """One thing the node needs and whether it is there; ``message`` holds no patient data.

    What is not ``is_needed`` leaves the node ready: it only wants somebody to look.
    """

    name: str
    ok: bool
    message: str = ""
    is_needed: bool = True


@dataclass(frozen=True)
class Services:
    """The node's services as the pages see them.

    ``ready`` tells whether the node can do its work now; ``more`` holds what single pages want beside, by name.
    """

    settings: Settings
    worklist: Worklist
    spool: Spool
    auditor: Auditor
    templates: Templates
    sign_in_limit: RateLimit
    request_limit: RateLimit
    ingest: Ingest | None = None
    ready: Callable[[], Sequence[Fact]] = tuple
    more: dict[str, Any] = field(default_factory=dict)
    streams: Streams = field(default_factory=Streams)
    hashing: Hashing = field(default_factory=Hashing)
    bodies: Bodies = field(default_factory=Bodies)


def services_of(request: Request) -> Services:
    """Return the services."""
    services: Services = request.app.state.services
    return services


async def the_services(request: Request) -> Services:
    """Return the services, for ``Depends``: FastAPI would have a thread call a plain function."""
    return services_of(request)
