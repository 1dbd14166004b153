"""The web application, put together.

A page is a module in `pages/`, a part of the API one in `api/`, of DICOMweb one in `dicomweb/`. Each has a
``router = APIRouter()``; `registry` finds it. A page may name its link in the main navigation as ``NAVIGATION``::

    router = APIRouter()
    NAVIGATION = Entry("Worklist", "/worklist", Role.READER, place=10)

    @router.get("/worklist")
    def worklist_page(
        request: Request,
        principal: Annotated[Principal, Depends(audited("worklist_viewed", Role.READER))],
        services: Annotated[Services, Depends(the_services)],
    ) -> Response:
        rows = services.worklist.study_details.worklist()
        return services.templates.page(request, "worklist.html", {"rows": rows})

Every route asks for a role: `require` (no patient data) or `audited` (patient data; the access is on the disk before
the answer is). A route without is refused when the application is built. Routes are plain functions where they use the
database, as those run in threads. Errors are exceptions: a `TriageError` becomes a page or JSON with its sentence.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from triage_node import __version__
from triage_node.config import Settings
from triage_node.ingest import Ingest
from triage_node.rate_limit import RateLimit
from triage_node.storage import Spool
from triage_node.web.dependencies import Services
from triage_node.web.exception_handlers import Unforeseen, add_exception_handlers
from triage_node.web.http.allowed_hosts import allowed_hosts
from triage_node.web.http.compression import Compression
from triage_node.web.http.plain_requests import PlainRequests
from triage_node.web.http.security_headers import SecurityHeaders
from triage_node.web.http.shared_resources import SharedResources
from triage_node.web.http.static_files import VersionedFiles
from triage_node.web.machinery import Fact, Machinery
from triage_node.web.registry import navigation, roles, routers
from triage_node.web.security.audit import Auditor
from triage_node.web.views.header_cache import HeaderCache
from triage_node.web.views.model_limits import ModelLimits
from triage_node.web.views.templating import STATIC, Templates
from triage_node.worklist import Worklist

LARGEST_BODY = 1 << 20
"""Bytes of a request, where a route does not allow more with ``max_body_size``."""


def build_application(
    settings: Settings,
    worklist: Worklist,
    spool: Spool,
    auditor: Auditor,
    *,
    ingest: Ingest | None = None,
    ready: Callable[[], Sequence[Fact]] = tuple,
    clock: Callable[[], float] = time.monotonic,
    machinery: Machinery | None = None,
    metrics: Callable[[str], tuple[bytes, str]] | None = None,
    is_alive: Callable[[], bool] = lambda: True,
    headers: HeaderCache | None = None,
) -> FastAPI:
    """Put the application together.

    Parameters
    ----------
    settings, worklist, spool, ingest
        The node's services; without ingest nothing can be stored.
    auditor
        Where accesses are kept; it must run.
    ready
        What the node needs and whether it is there.
    clock
        Seconds for the rate limits.
    machinery
        How the node's parts are.
    metrics
        Return what Prometheus is told and its media type, for what it accepts.
    is_alive
        Whether all threads of the node run.
    headers
        Where headers are kept, perhaps prepared by another thread.
    """
    application = FastAPI(
        title="triage-node",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        max_body_size=LARGEST_BODY,
        middleware=[
            Middleware(SecurityHeaders, is_secure=settings.web_is_secure),
            Middleware(TrustedHostMiddleware, allowed_hosts=allowed_hosts(settings), www_redirect=False),
            Middleware(SharedResources, allow_origins=settings.web_allowed_origins),
            Middleware(PlainRequests),
            Middleware(Compression),
            Middleware(Unforeseen),
        ],
    )
    application.state.services = Services(
        settings=settings,
        worklist=worklist,
        spool=spool,
        auditor=auditor,
        templates=_templates(settings),
        sign_in_limit=RateLimit(settings.web_sign_ins_per_minute, clock),
        request_limit=RateLimit(settings.web_requests_per_minute, clock),
        ingest=ingest,
        ready=ready,
        machinery=machinery,
        metrics=metrics,
        is_alive=is_alive,
        headers=headers or HeaderCache(),
    )
    found = routers()
    application.state.roles = roles(found)
    for router in found:
        application.include_router(router)
    application.mount("/static", VersionedFiles(directory=STATIC))
    add_exception_handlers(application)
    return application


def _templates(settings: Settings) -> Templates:
    templates = Templates(navigation(), settings.ae_title)
    templates.environment.globals["score_words"] = ModelLimits(settings.model).words
    return templates


def use_settings(application: FastAPI, settings: Settings) -> None:
    """Have pages and API go by other settings from the next request on; names and TLS stay as they were built."""
    services: Services = application.state.services
    services.sign_in_limit.use(settings.web_sign_ins_per_minute)
    services.request_limit.use(settings.web_requests_per_minute)
    application.state.services = replace(services, settings=settings)
