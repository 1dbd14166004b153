"""How the node is, and trying its destinations against a real peer."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote, urlencode

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.sop_class import ComprehensiveSRStorage, Verification
from receivers import Receivers
from sites import ADMINISTRATOR

from triage_node.web.machinery import Echoed, Fact, Intake, Job, Machinery, Reach, Worker
from triage_node.worklist import ReceivedInstance

# As a sender pynetdicom drops the socket of a failed connection without closing it.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

DEAD_PEER = "GONE@127.0.0.1:1"


def asked(browser, path: str, destination: str):
    """Press the button beside a destination, and follow to the page that shows what came of it."""
    answer = browser.submit(f"{path}?{urlencode({'destination': destination})}")
    return browser.get(answer.headers["location"]) if answer.status_code == 303 else answer


@pytest.fixture
def received() -> list[Dataset]:
    return []


@pytest.fixture
def peer(received, collect_sockets) -> Iterator[str]:
    """A PACS that takes C-ECHO and Comprehensive SR."""

    def store(event: evt.Event) -> int:
        received.append(event.dataset)
        return 0x0000

    ae = AE(ae_title="PACS")
    ae.add_supported_context(Verification)
    ae.add_supported_context(ComprehensiveSRStorage)
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, store)])
    yield f"PACS@127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.fixture
def site(make_site, clock, peer):
    worker = Worker(4711, True, "CPU of nine cores", "lesion-map-lite0", "0.5.0", "")
    jobs = lambda: [Job("Fine.job", 1, clock(), ""), Job("Late.job", 1, clock() - 100, ""), Job("Bad.job", 30, 1, "X")]  # noqa: E731
    machinery = Machinery(lambda: worker, jobs)
    facts = [Fact("database", True), Fact("model", False, "no weights")]
    return make_site({"machinery": machinery, "ready": lambda: facts}, destinations=(peer, DEAD_PEER))


def test_the_page_says_how_the_node_is(site, analyzed, peer):
    analyzed("1.2.1")
    page = site.signed_in(ADMINISTRATOR).get("/admin").text
    for shown in ("CPU of nine cores", "model loaded", "no weights", "are kept free", "Late.job", peer, DEAD_PEER):
        assert shown in page, shown
    assert page.count('<span class="badge badge-ill">failing</span>') == 2


def test_the_api_says_the_same_to_monitoring(site, peer):
    state = site.program().get("/api/system").json()
    assert state["worker"]["ready"]
    assert state["problems"] == ["Late.job is failing.", "Bad.job is failing."]
    assert {job["name"]: job["ok"] for job in state["upkeep"]} == {
        "Fine.job": True,
        "Late.job": False,
        "Bad.job": False,
    }
    assert state["disk"]["reserve_bytes"] == site.settings.disk_reserve_mb << 20
    assert [one["destination"] for one in state["destinations"]] == [peer, DEAD_PEER]


def test_a_disk_that_is_low_is_a_problem_and_is_shown(make_site):
    site = make_site(disk_warn_mb=1_000_000_000)
    state = site.program().get("/api/system").json()
    assert (state["disk"]["state"], state["disk"]["warn_bytes"]) == ("low", 1_000_000_000 << 20)
    assert "The disk is low." in state["problems"]
    assert "badge-warn" in site.signed_in(ADMINISTRATOR).get("/admin").text


def test_an_echo_shows_the_answer(site, peer):
    browser = site.signed_in(ADMINISTRATOR)
    assert "It answers C-ECHO in" in asked(browser, "/admin/echo", peer).text
    answer = asked(browser, "/admin/echo", DEAD_PEER).text
    assert f"{DEAD_PEER} cannot be reached, or does not answer." in answer
    entries = site.worklist.audit_trail.latest(2)
    assert [(one.action, one.query) for one in entries] == [
        ("destination_echoed", f"destination={name}") for name in (DEAD_PEER, peer)
    ]
    assert f'action="/admin/echo?destination={quote(peer)}"' in browser.get("/admin").text


def test_a_test_report_is_stored_and_is_nobodys(site, peer, received, clock):
    browser = site.signed_in(ADMINISTRATOR)
    page = asked(browser, "/admin/test-report", peer).text
    assert "It stored the test report as Comprehensive SR Storage" in page
    clock.forward(1)
    asked(browser, "/admin/test-report", peer)
    first, second = received
    assert (first.PatientName, first.PatientID) == ("TEST^CONNECTION", "TRIAGE-NODE-TEST")
    assert "no patient" in first.StudyDescription
    assert first.StudyInstanceUID == second.StudyInstanceUID
    assert first.SOPInstanceUID != second.SOPInstanceUID, "a PACS may refuse what it has"
    assert "cannot be reached" in asked(browser, "/admin/test-report", DEAD_PEER).text


@pytest.mark.parametrize("path", ["/admin/echo", "/admin/test-report"])
def test_only_destinations_of_the_settings_are_called(site, path):
    browser = site.signed_in(ADMINISTRATOR)
    assert asked(browser, path, "PACS@169.254.169.254:80").status_code == 422


def test_each_destination_has_its_own_state(site, clock):
    from triage_node.database.engine import Database
    from triage_node.database.tables.schema import DeliveryRow, OutcomeRow, StudyRow

    def rows(database: Database) -> None:
        times = dict.fromkeys(("first_received_at", "last_received_at", "opened_at", "changed_at"), clock())
        with database.write() as session:
            session.add(StudyRow(id=1, study_instance_uid="1", state="analyzed", **times))
            session.flush()
            empty = {"reasons": [], "flagged": [], "uncertain": [], "model": {}, "seconds": {}}
            session.add(OutcomeRow(id=1, study_id=1, revision=1, status="analyzed", created_at=clock(), **empty))
            session.flush()
            for number, (name, state, error) in enumerate(
                [("OLD@h:1", "dead", "=refused"), (DEAD_PEER, "pending", "down"), (DEAD_PEER, "delivered", "")]
            ):
                session.add(
                    DeliveryRow(
                        study_id=1, outcome_id=1, destination=name, sop_instance_uid=f"1.{number}", folder="f",
                        state=state, created_at=clock() - 90, next_attempt_at=clock() - number, last_error=error,
                        delivered_at=clock() - 5 if state == "delivered" else None,
                    )
                )  # fmt: skip

    rows(site.worklist.database)
    _, gone, old = site.worklist.outbox_state.destinations(tuple(str(one) for one in site.settings.destinations))
    assert (gone.waiting, gone.dead, gone.waiting_seconds, gone.last_error) == (1, 0, 90, "down")
    assert gone.last_delivered_at == clock() - 5
    assert (old.destination, old.dead, old.last_error) == ("OLD@h:1", 1, "=refused")
    browser = site.signed_in(ADMINISTRATOR)
    page = browser.get("/admin").text
    assert "1 given up" in page
    assert "1 reports for OLD@h:1 were given up." in page
    assert f"{DEAD_PEER} did not take the last report; it is tried again." in page
    assert "no longer in the settings" in page
    lines = list(csv.DictReader(io.StringIO(browser.get("/admin/destinations.csv").text)))
    assert lines[-1]["last_error"] == "'=refused"


def test_intake_schedule_and_destinations_are_told_by_page_and_api(make_site, clock):
    worker = Worker(1, True, "CPU", "m", "1", "")
    intake = Intake(False, 3, 7, "too many open files", True, 12, 90.0, 2)
    reach = Reach(DEAD_PEER, False, clock() - 600, 28, clock() - 30, 24.0, "it does not answer")
    jobs = [Job("On.time", 1, clock(), "", clock() + 1, 0.5), Job("Stuck.job", 1, clock(), "", None, 90.0)]
    machinery = Machinery(lambda: worker, lambda: jobs, lambda: intake, lambda: [reach])
    facts = [
        Fact("listener", False, "too many open files"),
        Fact("deliveries", False, "5 on their way", is_needed=False),
    ]
    site = make_site({"machinery": machinery, "ready": lambda: facts}, destinations=(DEAD_PEER,))
    state = site.program().get("/api/system").json()
    assert not state["ready"]
    assert (state["intake"]["backlog"], state["intake"]["set_aside"]) == (12, 2)
    assert [(job["name"], job["ok"]) for job in state["upkeep"]] == [("On.time", True), ("Stuck.job", False)]
    [destination] = state["destinations"]
    assert (destination["answers"], destination["tries"], destination["ok"]) == (False, 28, False)
    assert state["problems"] == [
        "The listener wants a look: too many open files.",
        "Stuck.job is failing.",
        f"{DEAD_PEER} does not answer; it is called again.",
    ]
    page = site.signed_in(ADMINISTRATOR).get("/admin").text
    for shown in ("not listening", "too many open files", "12 instances wait", "does not answer", "tried 28 times"):
        assert shown in page, shown


def test_a_destination_that_is_told_of_results_is_tried_and_told_of_nobody(make_site, tmp_path):
    receivers = Receivers(tmp_path)
    receivers.on()
    browser = make_site(destinations=receivers.tables()).signed_in(ADMINISTRATOR)
    words = {"hook": "It answers OPTIONS", "ris": "It takes connections", "people": "It answers EHLO"}
    for name, sentence in words.items():
        assert sentence in asked(browser, "/admin/echo", name).text
    assert receivers.studies() == [[], [], []]
    for name in words:
        assert "It was told that this is a test" in asked(browser, "/admin/test-report", name).text
    assert [len(told) for told in receivers.studies()] == [1, 1, 1]
    assert "TEST^CONNECTION" in receivers.messages[0]
    receivers.close()
    assert "people cannot be reached" in asked(browser, "/admin/test-report", "people").text


def test_a_daily_job_shows_its_time_what_came_of_it_and_what_wants_a_look(make_site, clock):
    does = "Copies the database."
    backup = Job(
        "database backup", 86_400, clock() - 60, "", clock() + 80_000, 60.0, does, "01:30", 42.0, "b1 is whole"
    )
    found = Job(
        "drift", 86_400, clock(), "", None, 1.0, "Compares.", "06:00", 0.1, "scores large drift", wants_look=True
    )
    running = Job("database care", 86_400, None, "", None, 1.0, "Cares.", "03:00-05:00", running_seconds=75.0)
    echoed = Echoed(DEAD_PEER, False, clock() - 30, "it does not answer")
    machinery = Machinery(
        lambda: Worker(1, True, "CPU", "m", "1", ""), lambda: [backup, found, running], echoes=lambda: [echoed]
    )
    site = make_site({"machinery": machinery, "ready": list}, destinations=(DEAD_PEER,))
    state = site.program().get("/api/system").json()
    assert state["problems"] == ["Drift: scores large drift"]
    shown = {job["name"]: job for job in state["upkeep"]}
    assert (shown["database backup"]["outcome"], shown["database backup"]["seconds"]) == ("b1 is whole", 42.0)
    assert (state["destinations"][0]["echo_answers"], state["destinations"][0]["echo"]) == (False, echoed.words)
    browser = site.signed_in(ADMINISTRATOR)
    page = browser.get("/admin").text
    for words in (does, "daily 01:30", "b1 is whole", "42 s", "look at it", "running for 1 min", "no echo"):
        assert words in page, words
    [row, *_] = csv.DictReader(io.StringIO(browser.get("/admin/upkeep.csv").text))
    assert (row["daily_at"], row["outcome"]) == ("01:30", "b1 is whole")
    assert "Drift: scores large drift." in browser.get("/statistics").text


def test_a_daily_job_is_late_after_days_only_and_leaves_the_node_ready(clock):
    job = Job("database backup", 86_400, clock(), "", None, 2 * 86_400.0)
    assert (job.is_late, job.is_vital) == (False, False)
    assert replace(job, silent_seconds=4 * 86_400.0).is_late


def test_what_keeps_a_report_is_told_in_words_with_the_next_try(make_site, clock):
    words = {
        "ae_title_unknown": "does not know our AE title",
        "not_reached": "not reached: address, port or firewall",
        "no_answer": "no answer",
        "denied": "does not let us in",
    }
    reaches = []
    machinery = Machinery(lambda: None, list, reaches=lambda: reaches)
    site = make_site({"machinery": machinery, "ready": list}, destinations=(DEAD_PEER,))
    browser = site.signed_in(ADMINISTRATOR)
    for trouble, shown in words.items():
        reaches[:] = [Reach(DEAD_PEER, False, clock() - 60, 3, clock() - 5, 20.0, "sentence", trouble)]
        assert f'<span class="badge badge-ill">{shown}</span>' in browser.get("/admin").text
        [one] = site.program().get("/api/system").json()["destinations"]
        assert (one["trouble"], one["next_try_at"]) == (trouble, None), "nothing waits, so nothing is tried"
    [problem] = site.program().get("/api/system").json()["problems"]
    assert problem == f"{DEAD_PEER} does not let us in; it is called again."


def dead_and_waiting(site, clock):
    from triage_node.database.tables.schema import DeliveryRow, OutcomeRow, StudyRow

    times = dict.fromkeys(("first_received_at", "last_received_at", "opened_at", "changed_at"), clock())
    with site.worklist.database.write() as session:
        session.add(StudyRow(id=1, study_instance_uid="1", state="analyzed", **times))
        session.flush()
        empty = {"reasons": [], "flagged": [], "uncertain": [], "model": {}, "seconds": {}}
        session.add(OutcomeRow(id=1, study_id=1, revision=1, status="analyzed", created_at=clock(), **empty))
        session.flush()
        for number, state in enumerate(["dead", "pending"]):
            session.add(
                DeliveryRow(
                    study_id=1, outcome_id=1, destination=DEAD_PEER, sop_instance_uid=f"1.{number}", folder="f",
                    state=state, created_at=clock() - 90, next_attempt_at=clock() + 600, last_error="down",
                )
            )  # fmt: skip


def test_what_waits_is_tried_now_and_what_was_given_up_is_sent_again(make_site, clock):
    called = []
    machinery = Machinery(lambda: None, list, try_now=lambda name: not called.append(name))
    site = make_site({"machinery": machinery, "ready": list}, destinations=(DEAD_PEER,))
    dead_and_waiting(site, clock)
    [one] = site.program().get("/api/system").json()["destinations"]
    assert one["next_try_at"] == clock() + 600
    browser = site.signed_in(ADMINISTRATOR)
    assert "is sent at once" in asked(browser, "/admin/try-now", DEAD_PEER).text
    assert called == [DEAD_PEER]
    [one] = site.worklist.outbox_state.destinations((DEAD_PEER,))
    assert one.next_attempt_at <= clock()
    page = asked(browser, "/admin/send-again", DEAD_PEER).text
    assert "1 that were given up are sent once more" in page
    [one] = site.worklist.outbox_state.destinations((DEAD_PEER,))
    assert (one.dead, one.waiting) == (0, 2)


def test_loading_the_page_again_tries_nothing_again(site, peer, received):
    browser = site.signed_in(ADMINISTRATOR)
    answer = browser.submit(f"/admin/test-report?{urlencode({'destination': peer})}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin#destinations")
    for _ in range(2):
        assert "It stored the test report" in browser.get("/admin").text
    assert len(received) == 1


def test_the_disk_is_told_of_in_one_place_in_units_that_say_what_they_are(make_site):
    facts = [Fact("disk", True, "93 GiB free"), Fact("space", True), Fact("database", True)]
    page = make_site({"ready": lambda: facts}, disk_reserve_mb=2048).signed_in(ADMINISTRATOR).get("/admin").text
    assert "2.0 GiB are kept free" in page
    assert "93 GiB free" not in page
    assert " GB " not in page


def test_several_processes_of_one_database_are_listed(site, clock):
    browser = site.signed_in(ADMINISTRATOR)
    site.worklist.leases.note("TRIAGE@a/1", ["listener", "upkeep"], "1.0")
    assert "Processes" not in browser.get("/admin").text, "one process is the node"
    site.worklist.leases.take("upkeep", "TRIAGE@a/1", 15)
    clock.forward(120)
    site.worklist.leases.note("TRIAGE@b/2", ["worker"], "1.0")
    page = browser.get("/admin").text
    assert "TRIAGE@a/1" in page
    assert "ended" in page
    first, second = browser.get("/api/system").json()["processes"]
    assert (first["name"], first["host"], first["roles"], first["alive"]) == ("TRIAGE@b/2", "b", ["worker"], True)
    assert (second["alive"], second["seen_seconds"], second["duties"]) == (False, 120, [])


def test_what_a_process_has_in_hand_is_counted(site, clock):
    received = ReceivedInstance("1.2.7", "1.2.7.1", "1.2.7.1.1", "1.2.840.10008.5.1.4.1.1.2", "1.2", 1, clock(), True)
    site.worklist.registration.register([received])
    for _ in range(2):
        site.worklist.study_completion.advance()
        clock.forward(1000)
    site.worklist.study_completion.advance()
    site.worklist.leases.note("TRIAGE@b/2", ["worker"], "1.0")
    assert site.worklist.claims.claim("TRIAGE@b/2:4711") is not None
    [process] = site.signed_in(ADMINISTRATOR).get("/api/system").json()["processes"]
    assert (process["analyzing"], process["sending"]) == (1, 0)


def test_processes_of_two_versions_want_a_look(site):
    site.worklist.leases.note("TRIAGE@a/1", ["listener"], "1.0")
    site.worklist.leases.note("TRIAGE@b/2", ["worker"], "1.1")
    assert "versions 1.0 and 1.1 work on one database" in site.signed_in(ADMINISTRATOR).get("/admin").text
