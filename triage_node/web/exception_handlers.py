"""Why a request is not answered, and how that is said: a page to people, JSON to programs."""

import logging
from http import HTTPStatus
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from triage_node.errors import IllegalMove, InvalidInput, ReportNotFound, RowRefused, StudyNotFound, TriageError
from triage_node.logs import origin
from triage_node.web.dependencies import services_of
from triage_node.web.security.errors import NotSignedIn, PasswordIsOld

log = logging.getLogger(__name__)

PROGRAMS = ("/api/", "/dicomweb/", "/health/", "/wado")
STATUSES: dict[type[TriageError], int] = {StudyNotFound: 404, ReportNotFound: 404, IllegalMove: 409, InvalidInput: 422}


def add_exception_handlers(application: FastAPI) -> None:
    """Make every error one sentence, in the form the client asked for."""
    application.add_exception_handler(HTTPException, _http)
    application.add_exception_handler(RequestValidationError, _invalid)
    application.add_exception_handler(TriageError, _triage)


def is_program(request: Request) -> bool:
    """Tell whether JSON is the answer: for the API, and for whoever does not take HTML."""
    if request.url.path.startswith(PROGRAMS) or "authorization" in request.headers:
        return True
    accepted = request.headers.get("accept", "*/*")
    return "text/html" not in accepted and "*/*" not in accepted


def refuse(request: Request, status: int, sentence: str, headers: dict[str, str] | None = None) -> Response:
    """Answer with a status and one sentence."""
    if is_program(request):
        return JSONResponse({"detail": sentence}, status, headers)
    if request.method == "HEAD" or status in (204, 304):
        return Response(status_code=status, headers=headers)
    title = HTTPStatus(status).phrase
    context = {"status": status, "title": title, "sentence": sentence}
    return services_of(request).templates.page(request, "error.html", context, status_code=status, headers=headers)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if not is_program(request):
        if isinstance(error, NotSignedIn):
            return _to(request, f"/sign-in?next={quote(_here(request), safe='')}")
        if isinstance(error, PasswordIsOld):
            return _to(request, "/account/password")
    sentence = "There is no such page." if error.status_code == 404 and error.detail == "Not Found" else error.detail
    return refuse(request, error.status_code, str(sentence), dict(error.headers or {}))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # What was sent is not repeated: it may be a password or a patient's name.
    wrong = "; ".join(f"{'.'.join(str(part) for part in item['loc'][1:])}: {item['msg']}" for item in error.errors())
    # PS3.18 knows no 422.
    status = 400 if request.url.path.startswith(("/dicomweb/", "/wado")) else 422
    return refuse(request, status, f"The request is not understood: {wrong}.")


async def _triage(request: Request, error: Exception) -> Response:
    if isinstance(error, RowRefused):  # not the node's state but what was asked: a NUL on PostgreSQL, half a character
        log.warning("request_refused path=%s error=%s", _route(request), origin(error))
        return refuse(request, 422, "The request holds a character or a number that the worklist cannot hold.")
    status = next((status for kind, status in STATUSES.items() if isinstance(error, kind)), 503)
    if status == 503:
        log.error("request_failed path=%s error=%s", _route(request), origin(error))
    return refuse(request, status, str(error))


def _route(request: Request) -> str:
    """Return the route's pattern; the path itself may hold an identifier."""
    return str(getattr(request.scope.get("route"), "path", "?"))


def _here(request: Request) -> str:
    if request.method not in ("GET", "HEAD"):
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _to(request: Request, address: str) -> Response:
    """Send a browser elsewhere; htmx wants a header for that, or it would put the page into a part of this one."""
    if request.headers.get("hx-request") == "true":
        return Response(status_code=401, headers={"HX-Redirect": address})
    return RedirectResponse(address, 303)


class Unforeseen:
    """Catch what no handler knows inside our own middleware, so that the answer carries the headers of all others."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; what fails is logged by where, not by what."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:
            request = Request(scope)
            log.error("request_failed path=%s error=%s", _route(request), origin(error))
            if started:
                raise
            await _unforeseen(request, error)(scope, receive, send)


def _unforeseen(request: Request, error: Exception) -> Response:
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        return refuse(request, 503, "The node can start no thread now. Try again in a while.", {"Retry-After": "10"})
    return refuse(request, 500, "Something went wrong in the node; its log says where.")
