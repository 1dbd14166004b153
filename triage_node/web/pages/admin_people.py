"""Who may sign in, and which programs have a token."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response, StreamingResponse

from triage_node.errors import AccountError
from triage_node.identity import Access, Role, one_time_password
from triage_node.web.dependencies import Services, the_services
from triage_node.web.http.csv_file import csv_file
from triage_node.web.security.authorization import require
from triage_node.web.security.principal import Principal
from triage_node.web.views.templating import moment

router = APIRouter(include_in_schema=False)

Administrator = Annotated[Principal, Depends(require(Role.ADMINISTRATOR))]
TheServices = Annotated[Services, Depends(the_services)]
Name = Annotated[str, Form(max_length=64)]
OfPerson = Annotated[Literal[Role.READER, Role.ADMINISTRATOR], Form()]
OfToken = Annotated[Literal[Role.SERVICE, Role.STORAGE, Role.MONITORING], Form()]
Days = Annotated[int, Form(ge=1, le=3660)]


@router.get("/admin/people", dependencies=[Depends(require(Role.ADMINISTRATOR))])
def people_page(request: Request, services: TheServices) -> Response:
    """Show people and tokens."""
    return _page(request, services)


@router.get("/admin/people.csv", dependencies=[Depends(require(Role.ADMINISTRATOR))])
def people_csv(services: TheServices) -> StreamingResponse:
    """Return people and tokens as CSV, without anything secret."""
    people = [
        ("person", one.name, one.role, one.created_at, one.last_sign_in_at) for one in services.worklist.accounts.all()
    ]
    tokens = [("token", one.name, one.role, one.created_at, one.last_used_at) for one in services.worklist.tokens.all()]
    rows = ([*row[:3], *(moment(at) for at in row[3:])] for row in (*people, *tokens))
    return csv_file("triage-node-people", ("kind", "name", "role", "created_at", "last_seen_at"), rows)


@router.post("/admin/people/add")
def add_person(
    request: Request, services: TheServices, principal: Administrator, name: Name, role: OfPerson
) -> Response:
    """Add a person with a one-time password, which is shown once."""

    def add() -> str:
        password = one_time_password()
        services.worklist.accounts.add(name, role, password, must_change_password=True)
        return password

    return _changed(request, services, principal, "user_added", name, add, f"{name} is added. The one-time password:")


@router.post("/admin/people/password")
def reset_password(request: Request, services: TheServices, principal: Administrator, name: Name) -> Response:
    """Give a person a new one-time password, which is shown once."""

    def reset() -> str:
        password = one_time_password()
        services.worklist.accounts.set_password(name, password, must_change_password=True)
        return password

    sentence = f"{name} is signed out everywhere. The one-time password:"
    return _changed(request, services, principal, "user_password_reset", name, reset, sentence)


@router.post("/admin/people/role")
def set_role(request: Request, services: TheServices, principal: Administrator, name: Name, role: OfPerson) -> Response:
    """Give a person another role."""

    def change() -> None:
        _not_oneself(principal, name)
        services.worklist.accounts.set_role(name, role)

    sentence = f"{name} has the role {role} and is signed out everywhere."
    return _changed(request, services, principal, "user_role_changed", name, change, sentence)


@router.post("/admin/people/remove")
def remove_person(request: Request, services: TheServices, principal: Administrator, name: Name) -> Response:
    """Remove a person."""

    def remove() -> None:
        _not_oneself(principal, name)
        services.worklist.accounts.remove(name)

    return _changed(request, services, principal, "user_removed", name, remove, f"{name} is removed.")


@router.post("/admin/tokens/add")
def add_token(
    request: Request,
    services: TheServices,
    principal: Administrator,
    name: Name,
    days: Days,
    role: OfToken = Role.SERVICE,
) -> Response:
    """Make a token for a program, which is shown once."""
    sentence = f"The token {name} is made, its role is {role}. A program sends it as: Authorization: Bearer"
    return _changed(
        request,
        services,
        principal,
        "token_added",
        name,
        lambda: services.worklist.tokens.add(name, role, days),
        sentence,
    )


@router.post("/admin/tokens/remove")
def remove_token(request: Request, services: TheServices, principal: Administrator, name: Name) -> Response:
    """Take a token back."""
    return _changed(
        request,
        services,
        principal,
        "token_removed",
        name,
        lambda: services.worklist.tokens.remove(name),
        f"The token {name} is removed.",
    )


def _changed(
    request: Request,
    services: Services,
    principal: Principal,
    action: str,
    name: str,
    change: Callable[[], str | None],
    sentence: str,
) -> Response:
    """Keep who changes what, change it, and show what is secret about it once."""
    at = services.worklist.audit_trail.clock()
    query = f"name={''.join(letter for letter in name if letter.isprintable())}"
    services.auditor.write(Access(at, principal.name, principal.role, principal.address, action, query=query)).result()
    try:
        secret = change()
    except AccountError as error:
        return _page(request, services, error=str(error), status=422)
    return _page(request, services, sentence, secret or "")


def _not_oneself(principal: Principal, name: str) -> None:
    """Keep at least one administrator: the one who asks."""
    if name.casefold() == principal.name.casefold():
        raise AccountError("Nobody removes themselves or changes their own role; ask another administrator.")


def _page(
    request: Request, services: Services, sentence: str = "", secret: str = "", *, error: str = "", status: int = 200
) -> Response:
    context = {
        "people": services.worklist.accounts.all(),
        "tokens": services.worklist.tokens.all(),
        "sentence": sentence,
        "secret": secret,
        "error": error,
        "now": services.worklist.audit_trail.clock(),
    }
    return services.templates.page(request, "admin/people.html", context, status)
