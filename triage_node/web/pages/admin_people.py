"""Who may sign in, and which programs have a token."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response, StreamingResponse

from triage_node.errors import AccountError
from triage_node.identity import Access, Role, one_time_password
from triage_node.web.dependencies import Parts, the_parts
from triage_node.web.http.csv_file import csv_file
from triage_node.web.security.authorization import require
from triage_node.web.security.principal import Visitor
from triage_node.web.views.templating import moment

router = APIRouter(include_in_schema=False)

Administrator = Annotated[Visitor, Depends(require(Role.ADMINISTRATOR))]
TheParts = Annotated[Parts, Depends(the_parts)]
Name = Annotated[str, Form(max_length=64)]
OfPerson = Annotated[Literal[Role.READER, Role.ADMINISTRATOR], Form()]
Days = Annotated[int, Form(ge=1, le=3660)]


@router.get("/admin/people", dependencies=[Depends(require(Role.ADMINISTRATOR))])
def people_page(request: Request, parts: TheParts) -> Response:
    """Show people and tokens."""
    return _page(request, parts)


@router.get("/admin/people.csv", dependencies=[Depends(require(Role.ADMINISTRATOR))])
def people_csv(parts: TheParts) -> StreamingResponse:
    """Return people and tokens as CSV, without anything secret."""
    people = [
        ("person", one.name, one.role, one.created_at, one.last_sign_in_at) for one in parts.worklist.accounts.all()
    ]
    tokens = [("token", one.name, one.role, one.created_at, one.last_used_at) for one in parts.worklist.tokens.all()]
    rows = ([*row[:3], *(moment(at) for at in row[3:])] for row in (*people, *tokens))
    return csv_file("triage-node-people", ("kind", "name", "role", "created_at", "last_seen_at"), rows)


@router.post("/admin/people/add")
def add_person(request: Request, parts: TheParts, visitor: Administrator, name: Name, role: OfPerson) -> Response:
    """Add a person with a one-time password, which is shown once."""

    def add() -> str:
        password = one_time_password()
        parts.worklist.accounts.add(name, role, password, must_change_password=True)
        return password

    return _changed(request, parts, visitor, "user_added", name, add, f"{name} is added. The one-time password:")


@router.post("/admin/people/password")
def reset_password(request: Request, parts: TheParts, visitor: Administrator, name: Name) -> Response:
    """Give a person a new one-time password, which is shown once."""

    def reset() -> str:
        password = one_time_password()
        parts.worklist.accounts.set_password(name, password, must_change_password=True)
        return password

    said = f"{name} is signed out everywhere. The one-time password:"
    return _changed(request, parts, visitor, "user_password_reset", name, reset, said)


@router.post("/admin/people/role")
def set_role(request: Request, parts: TheParts, visitor: Administrator, name: Name, role: OfPerson) -> Response:
    """Give a person another role."""

    def change() -> None:
        _not_oneself(visitor, name)
        parts.worklist.accounts.set_role(name, role)

    said = f"{name} has the role {role} and is signed out everywhere."
    return _changed(request, parts, visitor, "user_role_changed", name, change, said)


@router.post("/admin/people/remove")
def remove_person(request: Request, parts: TheParts, visitor: Administrator, name: Name) -> Response:
    """Remove a person."""

    def remove() -> None:
        _not_oneself(visitor, name)
        parts.worklist.accounts.remove(name)

    return _changed(request, parts, visitor, "user_removed", name, remove, f"{name} is removed.")


@router.post("/admin/tokens/add")
def add_token(request: Request, parts: TheParts, visitor: Administrator, name: Name, days: Days) -> Response:
    """Make a token for a program, which is shown once."""
    said = f"The token {name} is made. A program sends it as: Authorization: Bearer"
    return _changed(
        request, parts, visitor, "token_added", name, lambda: parts.worklist.tokens.add(name, days=days), said
    )


@router.post("/admin/tokens/remove")
def remove_token(request: Request, parts: TheParts, visitor: Administrator, name: Name) -> Response:
    """Take a token back."""
    return _changed(
        request,
        parts,
        visitor,
        "token_removed",
        name,
        lambda: parts.worklist.tokens.remove(name),
        f"The token {name} is removed.",
    )


def _changed(
    request: Request,
    parts: Parts,
    visitor: Visitor,
    action: str,
    name: str,
    change: Callable[[], str | None],
    said: str,
) -> Response:
    """Keep who changes what, change it, and show what is secret about it once."""
    at = parts.worklist.audit_trail.clock()
    query = f"name={''.join(letter for letter in name if letter.isprintable())}"
    parts.auditor.write(Access(at, visitor.name, visitor.role, visitor.address, action, query=query)).result()
    try:
        secret = change()
    except AccountError as error:
        return _page(request, parts, error=str(error), status=422)
    return _page(request, parts, said, secret or "")


def _not_oneself(visitor: Visitor, name: str) -> None:
    """Keep at least one administrator: the one who asks."""
    if name.casefold() == visitor.name.casefold():
        raise AccountError("Nobody removes themselves or changes their own role; ask another administrator.")


def _page(
    request: Request, parts: Parts, said: str = "", secret: str = "", *, error: str = "", status: int = 200
) -> Response:
    context = {
        "people": parts.worklist.accounts.all(),
        "tokens": parts.worklist.tokens.all(),
        "said": said,
        "secret": secret,
        "error": error,
        "now": parts.worklist.audit_trail.clock(),
    }
    return parts.templates.page(request, "admin/people.html", context, status)
