"""Trying the destinations: an echo, a test report, what waits or was given up sent now. Each leaves what came of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from triage_node.delivery import Caller, check_destination, target_of, tell_test
from triage_node.endpoints import Destination
from triage_node.errors import InvalidInput, PeerError, SettingsError
from triage_node.identity import Role
from triage_node.json_object import to_json
from triage_node.report import build_connection_test, report_variants
from triage_node.storage import device_uid
from triage_node.web.dependencies import Services, the_services
from triage_node.web.http.csv_file import csv_file
from triage_node.web.security.authorization import audited, require
from triage_node.web.security.principal import Principal
from triage_node.web.views.destinations import note_try
from triage_node.web.views.system import destination_named

router = APIRouter(include_in_schema=False)

TheServices = Annotated[Services, Depends(the_services)]
Name = Annotated[str, Query(max_length=300)]
HEADS = (
    "destination",
    "waiting",
    "dead",
    "held",
    "waiting_seconds",
    "last_delivered_at",
    "last_error",
    "trouble",
    "next_try_at",
)


@router.post("/admin/echo")
def send_echo(
    principal: Annotated[Principal, Depends(audited("destination_echoed", Role.ADMINISTRATOR))],
    services: TheServices,
    destination: Name,
) -> Response:
    """Try the way to one of the destinations, by a C-ECHO where it speaks DICOM."""
    one = _destination(services, destination)
    return _tried(services, principal, one, lambda: f"It {check_destination(one, Caller.of(services.settings))}.")


@router.post("/admin/test-report")
def send_test_report(
    principal: Annotated[Principal, Depends(audited("test_report_sent", Role.ADMINISTRATOR))],
    services: TheServices,
    destination: Name,
) -> Response:
    """Send a report or a notice about nobody to one of the destinations."""
    one = _destination(services, destination)
    send = _tell_of_nobody if one.is_told else _send_of_nobody
    return _tried(services, principal, one, lambda: send(services, one))


@router.post("/admin/try-now")
def try_now(
    principal: Annotated[Principal, Depends(audited("destination_tried_now", Role.ADMINISTRATOR))],
    services: TheServices,
    destination: Name,
) -> Response:
    """Have what waits for a destination sent at once, whatever pause was made."""
    one = _destination(services, destination)
    services.worklist.outbox.hasten(one.name)
    is_here = services.machinery is not None and services.machinery.try_now(one.name)
    when = "at once" if is_here else "within a minute"
    return _tried(services, principal, one, lambda: f"What waits for it is sent {when}; load this page again.")


@router.post("/admin/send-again")
def send_again(
    principal: Annotated[Principal, Depends(audited("dead_letters_resent", Role.ADMINISTRATOR))],
    services: TheServices,
    destination: Name,
) -> Response:
    """Send the reports once more that were given up."""
    one = _destination(services, destination)
    number = services.worklist.resending.resend_all(one.name, principal.actor)
    return _tried(services, principal, one, lambda: f"{number} that were given up are sent once more.")


@router.get("/admin/destinations.csv", dependencies=[Depends(require(Role.ADMINISTRATOR))])
def destinations_csv(services: TheServices) -> StreamingResponse:
    """Return the destinations as CSV."""
    rows = [to_json(one) for one in services.system_state().destinations]
    return csv_file("triage-node-destinations", HEADS, ([row[head] for head in HEADS] for row in rows))


def _tried(services: Services, principal: Principal, one: Destination, work: Callable[[], str]) -> Response:
    """Do something, keep what came of it, and lead back: nobody does it again by loading the page anew."""
    try:
        answer, is_good = work(), True
    except (PeerError, SettingsError) as error:
        answer, is_good = str(error), False
    note_try(services.worklist, one.name, answer, principal.name, is_good=is_good)
    return RedirectResponse("/admin#destinations", 303)


def _send_of_nobody(services: Services, one: Destination) -> str:
    settings = services.settings
    target = target_of(one, Caller.of(settings))
    now = datetime.fromtimestamp(services.worklist.audit_trail.clock(), settings.zone)
    test = build_connection_test(settings.ae_title.strip(), device_uid(settings.data_dir), now)
    try:
        sent = target.send(report_variants(test))
    finally:
        target.rest()
    return (
        f"It stored the test report as {sent.SOPClassUID.name}, under the patient {sent.PatientName}, "
        f"ID {sent.PatientID}: {sent.SOPInstanceUID}. It may be deleted there."
    )


def _tell_of_nobody(services: Services, one: Destination) -> str:
    now = services.worklist.audit_trail.clock()
    return f"It was told that this is a test: {tell_test(one, Caller.of(services.settings), now)}."


def _destination(services: Services, name: str) -> Destination:
    destination = destination_named(services.settings, name)
    if destination is None:
        raise InvalidInput("That is none of the destinations in the settings.")
    return destination
