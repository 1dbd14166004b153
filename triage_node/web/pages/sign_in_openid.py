"""Signing in by the hospital's OpenID provider: there, and back."""

import secrets
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from triage_node.errors import AccountError
from triage_node.identity import network_of
from triage_node.web.dependencies import Services, the_services
from triage_node.web.pages.sign_in import note_sign_in, signed_in
from triage_node.web.security.errors import Forbidden
from triage_node.web.security.next_page import safe_next
from triage_node.web.security.openid import Attempt, OpenIDProvider, OpenIDRefused
from triage_node.web.security.principal import address_of

router = APIRouter(include_in_schema=False)

COOKIE = "triage-openid"
CALLBACK = "/sign-in/openid/callback"
LONGEST_SECONDS = 600

# Good for this run of the node: a sign-in begun before a restart is begun again.
_signer = URLSafeTimedSerializer(secrets.token_hex(32), salt="openid")


@router.get("/sign-in/openid")
def begin(request: Request, services: Annotated[Services, Depends(the_services)], next: str = "/") -> Response:
    """Lead to the provider."""
    pause = services.sign_in_limit.take(network_of(address_of(request)))
    if pause:
        raise HTTPException(429, "Too many attempts. Try again in a minute.", {"Retry-After": str(int(pause) + 1)})
    try:
        address, attempt = _provider(services).begin(_callback(request), safe_next(next))
    except OpenIDRefused as refusal:
        raise HTTPException(502, str(refusal)) from refusal
    response = RedirectResponse(address, 303)
    # Lax: the provider's answer is a navigation from another site.
    response.set_cookie(
        COOKIE,
        _signer.dumps(asdict(attempt)),
        max_age=LONGEST_SECONDS,
        path="/sign-in/openid",
        secure=services.settings.web_is_secure,
        httponly=True,
        samesite="lax",
    )
    return response


@router.get("/sign-in/openid/callback")
async def finish(
    request: Request, services: Annotated[Services, Depends(the_services)], code: str = "", state: str = ""
) -> Response:
    """Take the provider's answer, if it is to what this browser began, and open a session."""
    attempt = _attempt(request.cookies.get(COOKIE, ""))
    if attempt is None or not secrets.compare_digest(state.encode(), attempt.state.encode()) or not code:
        raise Forbidden("That sign-in was not begun here, or was refused. Begin again.")
    try:
        name, role = await run_in_threadpool(_provider(services).finish, code, attempt, _callback(request))
        user = await run_in_threadpool(services.worklist.accounts.openid_user, name, role)
    except (OpenIDRefused, AccountError) as refusal:
        note_sign_in(services, "", "", address_of(request), allowed=False)
        raise Forbidden(str(refusal)) from refusal
    response = await signed_in(request, services, user, attempt.next_page)
    response.delete_cookie(COOKIE, path="/sign-in/openid", secure=services.settings.web_is_secure, httponly=True)
    return response


def _provider(services: Services) -> OpenIDProvider:
    if services.settings.openid_issuer is None:
        raise HTTPException(404, "No OpenID provider is set.")
    return OpenIDProvider(services.settings)


def _callback(request: Request) -> str:
    return str(request.url.replace(path=CALLBACK, query="", fragment=""))


def _attempt(cookie: str) -> Attempt | None:
    try:
        return Attempt(**_signer.loads(cookie, max_age=LONGEST_SECONDS))
    except (BadData, TypeError):
        return None
