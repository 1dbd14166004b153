"""Signing in and out with a name and a password."""

import hashlib
import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from triage_node.errors import SignInRefused, TooManyAttempts
from triage_node.identity import Access, Role, User, network_of
from triage_node.web.dependencies import Services, the_services
from triage_node.web.security.authorization import require
from triage_node.web.security.csrf import check_not_forged
from triage_node.web.security.next_page import safe_next
from triage_node.web.security.principal import CurrentPrincipal, Principal, address_of, form_token, session_cookie

router = APIRouter(include_in_schema=False)

FORM_COOKIE = "triage-form"
LARGEST_FORM = 16 << 10
DEVICE_SECONDS = 365 * 86400


@router.get("/sign-in")
def sign_in_page(
    request: Request, principal: CurrentPrincipal, services: Annotated[Services, Depends(the_services)], next: str = "/"
) -> Response:
    """Show the form; who is signed in already goes on."""
    if principal is not None and principal.session_id:
        return RedirectResponse(safe_next(next), 303)
    return _page(request, services, next)


@router.post("/sign-in", max_body_size=LARGEST_FORM)
async def sign_in(
    request: Request,
    services: Annotated[Services, Depends(the_services)],
    name: Annotated[str, Form(max_length=64)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Open a session with a new id, whatever the browser sent before."""
    await check_not_forged(request, request.cookies.get(FORM_COOKIE, ""))
    address = address_of(request)
    pause = services.sign_in_limit.take(network_of(address))
    if pause:
        raise HTTPException(429, "Too many attempts. Try again in a minute.", {"Retry-After": str(int(pause) + 1)})
    device = request.cookies.get(device_cookie(name), "")
    try:
        user = await services.hashing.run(services.worklist.accounts.check, name, password, address, device)
    except SignInRefused as refusal:
        note_sign_in(services, name, "", address, allowed=False)
        status = 429 if isinstance(refusal, TooManyAttempts) else 401
        headers = {"Retry-After": str(refusal.data["seconds"])} if status == 429 else {}
        return _page(request, services, next, str(refusal), status, name, headers)
    return await signed_in(request, services, user, next)


@router.post("/sign-out")
def sign_out(
    principal: Annotated[Principal, Depends(require(Role.READER, with_old_password=True))],
    services: Annotated[Services, Depends(the_services)],
) -> Response:
    """End the session."""
    services.worklist.sessions.end(principal.session_id)
    note_sign_in(services, principal.name, principal.role, principal.address, action="signed_out")
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(session_cookie(services), path="/", secure=services.settings.web_is_secure, httponly=True)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


async def signed_in(request: Request, services: Services, user: User, next_page: str) -> Response:
    """Open a session and lead on; the session the browser had before ends."""
    before = request.cookies.get(session_cookie(services), "")
    if before:
        await run_in_threadpool(services.worklist.sessions.end, before)
    session_id = await run_in_threadpool(services.worklist.sessions.open, user)
    note_sign_in(services, user.name, user.role, address_of(request))
    response = RedirectResponse(safe_next(next_page), 303)
    response.set_cookie(
        session_cookie(services),
        session_id,
        path="/",
        secure=services.settings.web_is_secure,
        httponly=True,
        samesite="lax",
    )
    response.delete_cookie(FORM_COOKIE, path="/sign-in", secure=services.settings.web_is_secure, httponly=True)
    before = request.cookies.get(device_cookie(user.name), "")
    keep_device(
        response, services, user.name, await run_in_threadpool(services.worklist.accounts.device, user.name, before)
    )
    return response


def device_cookie(name: str) -> str:
    """Return the name of the cookie by which a browser is known as one a person signed in on before."""
    return f"triage-device-{hashlib.sha256(name.lower().encode()).hexdigest()[:12]}"


def keep_device(response: Response, services: Services, name: str, device: str) -> None:
    """Have the browser keep that a person signed in on it, so that strangers' failures do not lock them out here."""
    if device:
        response.set_cookie(
            device_cookie(name),
            device,
            max_age=DEVICE_SECONDS,
            path="/sign-in",
            secure=services.settings.web_is_secure,
            httponly=True,
            samesite="strict",
        )


def note_sign_in(
    services: Services, name: str, role: str, address: str, *, action: str = "signed_in", allowed: bool = True
) -> None:
    """Keep who signed in or out, and who failed to."""
    shown = "".join(character for character in name if character.isprintable())[:64]
    access = Access(services.worklist.audit_trail.clock(), shown, role, address, action, allowed=allowed)
    services.auditor.write(access)


def _page(
    request: Request,
    services: Services,
    next_page: str,
    error: str = "",
    status: int = 200,
    name: str = "",
    headers: dict[str, str] | None = None,
) -> Response:
    secret = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(32)
    context = {
        "next": safe_next(next_page),
        "error": error,
        "name": name,
        "form_token": form_token(secret),
        "openid": services.settings.openid_issuer is not None,
    }
    response = services.templates.page(request, "sign_in.html", context, status, headers)
    response.set_cookie(
        FORM_COOKIE, secret, path="/sign-in", secure=services.settings.web_is_secure, httponly=True, samesite="strict"
    )
    return response
