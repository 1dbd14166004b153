"""Does it work? Disk, worker, upkeep, queues and destinations, with an echo and a test report to try those."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse

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
from triage_node.web.views.navigation import Entry
from triage_node.web.views.system import destination_named

router = APIRouter(include_in_schema=False)
NAVIGATION = Entry("Administration", "/admin", Role.ADMINISTRATOR, place=90)

TheServices = Annotated[Services, Depends(the_services)]
Name = Annotated[str, Query(max_length=300)]


@router.get("/admin", dependencies=[Depends(require(Role.ADMINISTRATOR))])
def system_page(request: Request, services: TheServices) -> Response:
    """Show how the node is now."""
    return _page(request, services)


@router.post("/admin/echo", dependencies=[Depends(audited("destination_echoed", Role.ADMINISTRATOR))])
def send_echo(request: Request, services: TheServices, destination: Name) -> Response:
    """Try the way to one of the destinations, by a C-ECHO where it speaks DICOM, and show the answer."""
    one = _destination(services, destination)
    try:
        answer = check_destination(one, Caller.of(services.settings))
    except (PeerError, SettingsError) as error:
        return _page(request, services, destination, str(error), is_good=False)
    return _page(request, services, destination, f"It {answer}.")


@router.post("/admin/test-report", dependencies=[Depends(audited("test_report_sent", Role.ADMINISTRATOR))])
def send_test_report(request: Request, services: TheServices, destination: Name) -> Response:
    """Send a report or a notice about nobody to one of the destinations, and show the answer."""
    one, settings = _destination(services, destination), services.settings
    if one.is_told:
        return _told_of_nobody(request, services, one)
    target = target_of(one, Caller.of(settings))
    now = datetime.fromtimestamp(services.worklist.audit_trail.clock(), settings.zone)
    test = build_connection_test(settings.ae_title.strip(), device_uid(settings.data_dir), now)
    variants = report_variants(test)
    try:
        sent = target.send(variants)
    except PeerError as error:
        return _page(request, services, destination, str(error), is_good=False)
    finally:
        target.rest()
    sentence = (
        f"It stored the test report as {sent.SOPClassUID.name}, under the patient {sent.PatientName}, "
        f"ID {sent.PatientID}: {sent.SOPInstanceUID}. It may be deleted there."
    )
    return _page(request, services, destination, sentence)


@router.get("/admin/destinations.csv", dependencies=[Depends(require(Role.ADMINISTRATOR))])
def destinations_csv(services: TheServices) -> StreamingResponse:
    """Return the destinations as CSV."""
    rows = [to_json(one) for one in services.system_state().destinations]
    heads = ("destination", "waiting", "dead", "held", "waiting_seconds", "last_delivered_at", "last_error")
    return csv_file("triage-node-destinations", heads, ([row[head] for head in heads] for row in rows))


@router.get("/admin/upkeep.csv", dependencies=[Depends(require(Role.ADMINISTRATOR))])
def upkeep_csv(services: TheServices) -> StreamingResponse:
    """Return the jobs of upkeep as CSV."""
    heads = ("name", "ok", "every_seconds", "ran_at", "error")
    rows = [to_json(one) for one in services.system_state().upkeep]
    return csv_file("triage-node-upkeep", heads, ([row[head] for head in heads] for row in rows))


def _told_of_nobody(request: Request, services: Services, destination: Destination) -> Response:
    now = services.worklist.audit_trail.clock()
    try:
        answer = tell_test(destination, Caller.of(services.settings), now)
    except (PeerError, SettingsError) as error:
        return _page(request, services, destination.name, str(error), is_good=False)
    return _page(request, services, destination.name, f"It was told that this is a test: {answer}.")


def _destination(services: Services, name: str) -> Destination:
    destination = destination_named(services.settings, name)
    if destination is None:
        raise InvalidInput("That is none of the destinations in the settings.")
    return destination


def _page(
    request: Request, services: Services, destination: str = "", answer: str = "", *, is_good: bool = True
) -> Response:
    set_now = {str(one) for one in services.settings.destinations}
    context = {
        "system": services.system_state(),
        "set_now": set_now,
        "asked": destination,
        "answer": answer,
        "is_good": is_good,
    }
    return services.templates.page(request, "admin/system.html", context)
