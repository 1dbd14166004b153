"""Who asks: a person by the cookie of a session, a program by its token, or nobody."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from triage_node.identity import Role, Token
from triage_node.web.security.services import SecurityServices, the_security_services

EVENTS = "text/event-stream"
PROGRAM = "token "


@dataclass(frozen=True)
class Principal:
    """Who asks; ``session_id`` is empty for a program, and ``form_token`` then, too."""

    name: str
    role: Role
    address: str
    session_id: str = ""
    must_change_password: bool = False
    is_local: bool = False

    @property
    def sender_name(self) -> str:
        """What stands where the AE title of a DIMSE sender stands: the token's or the user's name."""
        return self.name.removeprefix(PROGRAM)

    @property
    def actor(self) -> str:
        """Who is named in what happened to a study."""
        return f"person {self.name}" if self.session_id else self.name

    @property
    def form_token(self) -> str:
        """What every form of this session must send back."""
        return form_token(self.session_id) if self.session_id else ""


def form_token(secret: str) -> str:
    """Derive the token of a form from a browser's secret cookie; whoever has not the cookie cannot make it."""
    return hmac.new(secret.encode(), b"triage-node form", hashlib.sha256).hexdigest()


def session_cookie(services: SecurityServices) -> str:
    """Return the cookie's name; ``__Host-`` makes browsers refuse it without TLS or from a subdomain."""
    return "__Host-triage" if services.settings.web_is_secure else "triage"


def address_of(request: Request) -> str:
    """Return the client's address; behind a trusted proxy the server has taken it from X-Forwarded-For."""
    return request.client.host if request.client else "unknown"


def principal_of(request: Request, services: SecurityServices) -> Principal | None:
    """Return who asks, or None. A token that is wrong is not overlooked in favor of a cookie."""
    address = address_of(request)
    scheme, secret = _authorization(request)
    if scheme:
        return _program(services.worklist.tokens.check(secret) if scheme == "bearer" else None, address)
    session_id = request.cookies.get(session_cookie(services), "")
    if not session_id or len(session_id) > 100:
        return None
    is_use = request.headers.get("accept") != EVENTS and "x-background" not in request.headers
    user = services.worklist.sessions.user(session_id, is_use=is_use)
    if user is None:
        return None
    return Principal(user.name, user.role, address, session_id, user.must_change_password, user.is_local)


async def current_principal(
    request: Request, services: Annotated[SecurityServices, Depends(the_security_services)]
) -> Principal | None:
    """Return what `principal_of` does; a program that was known a moment ago costs no thread and no query."""
    scheme, secret = _authorization(request)
    known = services.worklist.tokens.known(secret) if scheme == "bearer" else None
    if known:
        return _program(known, address_of(request))
    return await run_in_threadpool(principal_of, request, services)


CurrentPrincipal = Annotated[Principal | None, Depends(current_principal)]


def _authorization(request: Request) -> tuple[str, str]:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return scheme.lower(), secret.strip()


def _program(token: Token | None, address: str) -> Principal | None:
    return Principal(f"{PROGRAM}{token.name}", token.role, address) if token else None
