"""What the pages work with, put together once by `build_application` and found at ``request.app.state.services``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fastapi import Request

from triage_node.ingest import Ingest
from triage_node.storage import Spool
from triage_node.web.http.event_streams import Streams
from triage_node.web.http.request_bodies import RequestBodies
from triage_node.web.machinery import Fact, Machinery
from triage_node.web.security.services import SecurityServices
from triage_node.web.views.header_cache import HeaderCache
from triage_node.web.views.slices import SliceReader
from triage_node.web.views.system import SystemState, system_state
from triage_node.web.views.templating import Templates


@dataclass(frozen=True)
class Services(SecurityServices):
    """The node's services as the pages see them.

    ``ready`` tells whether the node can do its work now; without ``machinery`` there is no node, only its data.
    """

    spool: Spool
    templates: Templates
    ingest: Ingest | None = None
    ready: Callable[[], Sequence[Fact]] = tuple
    machinery: Machinery | None = None
    slices: SliceReader = field(default_factory=SliceReader)
    headers: HeaderCache = field(default_factory=HeaderCache)
    streams: Streams = field(default_factory=Streams)
    bodies: RequestBodies = field(default_factory=RequestBodies)

    def system_state(self) -> SystemState:
        """Return how the node is now."""
        return system_state(self.settings, self.worklist, self.spool, self.ready, self.machinery)


def services_of(request: Request) -> Services:
    """Return the services."""
    services: Services = request.app.state.services
    return services


def dicomweb_url(request: Request) -> str:
    """Return where clients reach DICOMweb, without a slash at the end: behind a mapped port only a person knows it."""
    public_url = services_of(request).settings.public_url
    return f"{(public_url or str(request.base_url)).rstrip('/')}/dicomweb"


async def the_services(request: Request) -> Services:
    """Return the services, for ``Depends``: FastAPI would have a thread call a plain function."""
    return services_of(request)
