"""Who may ask for what: each route names the roles it is for, and each route to patient data what is audited."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from triage_node.identity import Access, Role, network_of
from triage_node.web.http.connection_limits import know
from triage_node.web.security.csrf import SAFE_METHODS, check_not_forged
from triage_node.web.security.errors import Forbidden, NotSignedIn, PasswordIsOld
from triage_node.web.security.principal import CurrentPrincipal, Principal, address_of, principal_of
from triage_node.web.security.services import SecurityServices, security_services_of, the_security_services

TheServices = Annotated[SecurityServices, Depends(the_security_services)]

SHOWN_FILTERS = frozenset(
    [
        "state",
        "decision",
        "label",
        "modality",
        "station",
        "days",
        "destination",
        "hours",
        "since",
        "until",
        "sort",
        "order",
        "page",
        "after",
        "before",
        "limit",
        "offset",
        "includefield",
        "fuzzymatching",
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "SOPInstanceUID",
        "StudyDate",
        "ModalitiesInStudy",
        "Modality",
        "window",
        "quality",
        "viewport",
        "format",
        "revision",
        "hemorrhage",
        "reason",
        "calling_ae_title",
        "acknowledged",
        "urgent",
        "received_from",
        "received_to",
        "since_hours",
        "marker",
        "list",
    ]
)
"""Query parameters whose values say nothing about a patient; of all others the audit keeps the name only."""


class Guard(ABC):
    """A dependency of a route that lets only some roles pass and returns the `Principal`."""

    roles: tuple[Role, ...]

    @abstractmethod
    async def __call__(self, request: Request, principal: CurrentPrincipal, services: TheServices) -> Principal:
        """Let the principal of a request pass, or raise."""


@dataclass(frozen=True)
class Required(Guard):
    """Let roles pass; see `require`."""

    roles: tuple[Role, ...]
    with_old_password: bool = False

    async def __call__(self, request: Request, principal: CurrentPrincipal, services: TheServices) -> Principal:
        """Let the principal of a request pass, or raise."""
        _slow_down(services, principal.name if principal else network_of(address_of(request)))
        if principal is None:
            raise NotSignedIn
        request.state.principal = principal
        know(request.scope)
        if not principal.role.may(*self.roles):
            raise Forbidden
        if principal.must_change_password and not self.with_old_password:
            raise PasswordIsOld
        if principal.session_id and request.method not in SAFE_METHODS:
            await check_not_forged(request, principal.session_id)
        return principal


@dataclass(frozen=True)
class Audited(Guard):
    """Let roles pass and keep the access; see `audited`."""

    action: str
    roles: tuple[Role, ...]
    waits: bool = True

    async def __call__(self, request: Request, principal: CurrentPrincipal, services: TheServices) -> Principal:
        """Let the principal of a request pass and keep the access, or raise."""
        try:
            passed = await Required(self.roles)(request, principal, services)
        except HTTPException as refusal:
            if principal is not None and refusal.status_code == 403:
                await write_access(request, principal, self.action, allowed=False)
            raise
        if self.waits:
            await write_access(request, passed, self.action)
        else:
            request.state.access = services.auditor.write(_access(request, passed, self.action))
        return passed


def require(*roles: Role, with_old_password: bool = False) -> Guard:
    """Make a dependency that lets only these roles pass and returns the `Principal`; an administrator is a reader, too.

    Pages for people are for ``Role.READER`` or ``Role.ADMINISTRATOR``; what programs may use names ``Role.SERVICE``
    beside. A request that changes something and is signed in by cookie must carry the form's token.
    """
    return Required(roles, with_old_password)


def audited(action: str, *roles: Role, waits: bool = True) -> Guard:
    """Make a dependency like `require` that also keeps the access, before any patient data is sent.

    The study is the path's or query's ``study_instance_uid``. An access that the role forbids is kept as such.

    Parameters
    ----------
    action
        A word for what is done, such as ``study_viewed``; at most 32 letters.
    waits
        Whether the route begins when the access is on the disk; else it looks up what it will show meanwhile, and calls
        `await_audit` before it shows it.
    """
    return Audited(action, roles, waits)


def await_audit(request: Request) -> None:
    """Return when the access of a route that did not wait is on the disk.

    Raises
    ------
    StorageError
        It cannot be kept: nothing may be shown.
    """
    request.state.access.result()


async def write_access(
    request: Request, principal: Principal, action: str, study_instance_uid: str = "", *, allowed: bool = True
) -> None:
    """Keep an access; returns when it is on the disk. For routes that learn only on the way whose data they show."""
    access = _access(request, principal, action, study_instance_uid, allowed=allowed)
    await asyncio.wrap_future(security_services_of(request).auditor.write(access))


def _access(
    request: Request, principal: Principal, action: str, study_instance_uid: str = "", *, allowed: bool = True
) -> Access:
    uid = study_instance_uid or study_named(request)
    return Access(
        at=security_services_of(request).worklist.audit_trail.clock(),
        user_name=principal.name,
        role=principal.role,
        address=principal.address,
        action=action,
        study_instance_uid=uid,
        query=_filters(request),
        allowed=allowed,
    )


def study_named(request: Request) -> str:
    """Return the study that an address names, in its path or its query; WADO-URI calls it studyUID."""
    query = request.query_params
    named = request.path_params.get("study_instance_uid") or query.get("study_instance_uid") or query.get("studyUID")
    return str(named or "")


async def signed_in_still(request: Request) -> bool:
    """Tell whether the session or token a stream was opened with is good yet; to be asked now and then."""
    principal = await run_in_threadpool(principal_of, request, security_services_of(request))
    return principal is not None and principal.role == request.state.principal.role


def is_guarded(dependant: Dependant) -> bool:
    """Tell whether a route asks who is there."""
    return any(_guards(dependant))


def roles_of(dependant: Dependant) -> tuple[Role, ...]:
    """Return the roles that a route asks for; none of one that lets everybody in."""
    return next((guard.roles for guard in _guards(dependant)), ())


def _guards(dependant: Dependant) -> Iterator[Guard]:
    for one in dependant.dependencies:
        if isinstance(one.call, Guard):
            yield one.call
        yield from _guards(one)


def _slow_down(services: SecurityServices, key: str) -> None:
    pause = services.request_limit.take(key)
    if pause:
        seconds = int(pause) + 1
        raise HTTPException(429, f"Too many requests. Try again in {seconds} seconds.", {"Retry-After": str(seconds)})


def _filters(request: Request) -> str:
    parameters = request.query_params.multi_items()
    return "&".join(f"{name[:32]}={value[:64] if name in SHOWN_FILTERS else '…'}" for name, value in parameters)
