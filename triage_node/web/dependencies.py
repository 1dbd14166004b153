"""What the pages work with, put together once by `build_application` and found at ``request.app.state.services``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fastapi import Request

from triage_node.config import Settings
from triage_node.ingest import Ingest
from triage_node.storage import Spool
from triage_node.web.http.event_streams import Streams
from triage_node.web.http.rate_limits import RateLimit
from triage_node.web.http.request_bodies import Bodies
from triage_node.web.machinery import Fact, Machinery
from triage_node.web.security.audit import Auditor
from triage_node.web.security.openings import Openings
from triage_node.web.security.password_checks import Hashing
from triage_node.web.views.slices import SliceReader
from triage_node.web.views.templating import Templates
from triage_node.worklist import Worklist


@dataclass(frozen=True)
class Services:
    """The node's services as the pages see them.

    ``ready`` tells whether the node can do its work now; without ``machinery`` there is no node, only its data.
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
    machinery: Machinery | None = None
    slices: SliceReader = field(default_factory=SliceReader)
    openings: Openings = field(default_factory=Openings)
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
