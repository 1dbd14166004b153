"""One's own account: who one is, and another password."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from triage_node.errors import AccountError, SignInRefused
from triage_node.identity import Role
from triage_node.web.dependencies import Parts, the_parts
from triage_node.web.pages.sign_in import keep_device, note_sign_in
from triage_node.web.security.authorization import require
from triage_node.web.security.principal import Visitor

router = APIRouter(include_in_schema=False)

Anyone = Annotated[Visitor, Depends(require(Role.READER, with_old_password=True))]
TheParts = Annotated[Parts, Depends(the_parts)]


@router.get("/account", dependencies=[Depends(require(Role.READER))])
def account_page(request: Request, parts: TheParts) -> Response:
    """Show who is signed in."""
    return parts.templates.page(request, "account.html")


@router.get("/account/password", dependencies=[Depends(require(Role.READER, with_old_password=True))])
def password_page(request: Request, parts: TheParts) -> Response:
    """Show the form."""
    return parts.templates.page(request, "password.html", {"error": ""})


@router.post("/account/password")
async def change_password(
    request: Request,
    visitor: Anyone,
    parts: TheParts,
    old: Annotated[str, Form(max_length=1000)] = "",
    new: Annotated[str, Form(max_length=1000)] = "",
    again: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Change the password; every session of the user ends, this one, too."""
    accounts = parts.worklist.accounts
    # Who is signed in already is no stranger: guesses elsewhere do not count, those of this session do.
    nonce = hashlib.sha256(visitor.session_id.encode()).hexdigest()[:32]
    device = await run_in_threadpool(accounts.device, visitor.name, "", nonce)
    try:
        if new != again:
            raise AccountError("The two new passwords differ.")
        await parts.hashing.run(accounts.check, visitor.name, old, visitor.address, device)
        await parts.hashing.run(accounts.set_password, visitor.name, new)
    except (AccountError, SignInRefused) as error:
        sentence = "The old password is wrong." if type(error) is SignInRefused else str(error)
        return parts.templates.page(request, "password.html", {"error": sentence}, 422)
    note_sign_in(parts, visitor.name, visitor.role, visitor.address, action="password_changed")
    response = RedirectResponse("/sign-in", 303)
    keep_device(response, parts, visitor.name, await run_in_threadpool(accounts.device, visitor.name))
    return response
