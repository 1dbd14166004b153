"""One's own account: who one is, and another password."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from triage_node.errors import AccountError, SignInRefused
from triage_node.identity import Role
from triage_node.web.dependencies import Services, the_services
from triage_node.web.pages.sign_in import keep_device, note_sign_in
from triage_node.web.security.authorization import require
from triage_node.web.security.principal import Principal

router = APIRouter(include_in_schema=False)

Anyone = Annotated[Principal, Depends(require(Role.READER, with_old_password=True))]
TheServices = Annotated[Services, Depends(the_services)]


@router.get("/account", dependencies=[Depends(require(Role.READER))])
def account_page(request: Request, services: TheServices) -> Response:
    """Show who is signed in."""
    return services.templates.page(request, "account.html")


@router.get("/account/password", dependencies=[Depends(require(Role.READER, with_old_password=True))])
def password_page(request: Request, services: TheServices) -> Response:
    """Show the form."""
    return services.templates.page(request, "password.html", {"error": ""})


@router.post("/account/password")
async def change_password(
    request: Request,
    principal: Anyone,
    services: TheServices,
    old: Annotated[str, Form(max_length=1000)] = "",
    new: Annotated[str, Form(max_length=1000)] = "",
    again: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Change the password; every session of the user ends, this one, too."""
    accounts = services.worklist.accounts
    # Who is signed in already is no stranger: guesses elsewhere do not count, those of this session do.
    nonce = hashlib.sha256(principal.session_id.encode()).hexdigest()[:32]
    device = await run_in_threadpool(accounts.device, principal.name, "", nonce)
    try:
        if new != again:
            raise AccountError("The two new passwords differ.")
        await services.hashing.run(accounts.check, principal.name, old, principal.address, device)
        await services.hashing.run(accounts.set_password, principal.name, new)
    except (AccountError, SignInRefused) as error:
        sentence = "The old password is wrong." if type(error) is SignInRefused else str(error)
        return services.templates.page(request, "password.html", {"error": sentence}, 422)
    note_sign_in(services, principal.name, principal.role, principal.address, action="password_changed")
    response = RedirectResponse("/sign-in", 303)
    keep_device(response, services, principal.name, await run_in_threadpool(accounts.device, principal.name))
    return response
