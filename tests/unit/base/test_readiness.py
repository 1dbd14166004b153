"""What the node says of its own parts: each is asked, and each that fails is told by its name."""

import socket
import sqlite3
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from certificates import Authority, Issued
from pydicom import dcmwrite

from triage_node.delivery import Caller, Dispatcher, RetryPolicy, sender_of
from triage_node.dimse import Listener
from triage_node.endpoints import Destination, QuerySource
from triage_node.endpoints.workitem_servers import WorkitemServer
from triage_node.errors import StorageError
from triage_node.findings import ModelIdentity
from triage_node.ingest import Indexer, Ingest
from triage_node.maintenance.scheduler import Scheduler
from triage_node.outcome import Outcome, Status
from triage_node.pipeline.supervisor import Supervisor
from triage_node.query_retrieve import Querier, source_of
from triage_node.readiness import Readiness
from triage_node.report import build_connection_test
from triage_node.storage import Disk, Spool, Watermarks
from triage_node.workitems import InputStudies, Performer, Performing, UpsServer
from triage_node.worklist import ReceivedInstance

pytestmark = [
    pytest.mark.usefixtures("collect_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


@pytest.fixture
def nobody() -> Destination:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Destination.parse(f"X@127.0.0.1:{probe.getsockname()[1]}")


@pytest.fixture
def certificate(tmp_path) -> Issued:
    """A certificate that ends soon."""
    issued = Authority(tmp_path / "ca").issue("node", days=9.5)
    issued.key.chmod(0o600)
    return issued


@pytest.fixture
def parts(make_settings, make_worklist, clock, nobody, certificate):
    """The parts of a node without its model, as `node.py` puts them together."""
    tls = {"dicom_tls_certificate": certificate.certificate, "dicom_tls_key": certificate.key}
    tls |= {"dicom_tls_port": 0, "dicom_tls_client_certificates": "off"}
    settings = make_settings(destinations=[str(nobody)], **tls)
    spool, worklist = Spool(settings.data_dir / "spool", Watermarks(reserve_mb=1)), make_worklist(settings, clock)
    indexer = Indexer(spool, worklist)
    ingest = Ingest(spool, worklist, indexer, 1 << 30)
    listener = Listener(settings, ingest)
    scheduler, supervisor = Scheduler(), Supervisor(settings, worklist)
    sender = sender_of(nobody, Caller("TRIAGE", 1.0, 1.0), spool)
    dispatcher = Dispatcher(nobody.name, sender, worklist, RetryPolicy(60, 600, 3600), 2.0, clock=clock)
    scheduler.every(0.05, worklist.study_completion.advance)
    for one in (indexer, listener, scheduler, dispatcher):
        one.start()
    readiness = Readiness(worklist, spool, listener, indexer, supervisor, scheduler, [dispatcher])
    yield SimpleNamespace(**locals())
    if listener.state().accepting:
        listener.stop()
    for one in (dispatcher, scheduler, indexer):
        one.stop()
    worklist.close()


def wrong(parts) -> set[str]:
    return {fact.name for fact in parts.readiness.facts() if not fact.ok} - {"model", "certificate"}


def messages(parts) -> dict[str, str]:
    return {fact.name: fact.message for fact in parts.readiness.facts()}


def test_a_node_whose_parts_run_is_well(parts, wait_for):
    assert wrong(parts) == set()
    needed = [fact.name for fact in parts.readiness.facts() if fact.is_needed]
    assert needed == ["database", "disk", "model", "listener", "indexer", "scheduler", "dispatchers"]
    wait_for(lambda: parts.readiness.jobs()[0].next_at, "the next run to be known")
    assert parts.readiness.intake().accepting


@pytest.mark.parametrize(
    ("part", "name"),
    [("listener", "listener"), ("indexer", "indexer"), ("scheduler", "scheduler"), ("dispatcher", "dispatchers")],
)
def test_a_part_that_ended_is_told(parts, part, name):
    getattr(parts, part).stop()
    assert wrong(parts) == {name}


def test_a_disk_below_its_reserve_is_told(parts):
    mark(parts, reserve_mb=1 << 40)
    assert wrong(parts) == {"disk"}


def test_a_disk_that_is_low_is_a_warning(parts):
    mark(parts, warn_mb=1 << 40)
    assert wrong(parts) == {"space"}
    assert all(fact.ok for fact in parts.readiness.facts() if fact.is_needed and fact.name != "model")
    assert "a warning below" in messages(parts)["space"]


def mark(parts, **marks) -> None:
    parts.spool._disk = Disk(parts.spool.layout.root, Watermarks(**marks))


def test_a_database_that_takes_no_writes_is_told_until_it_does(parts, monkeypatch):
    parts.scheduler.stop()
    holder = sqlite3.connect(parts.settings.data_dir / "worklist.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with parts.worklist.database.engine.connect() as connection:
        connection.connection.execute("PRAGMA busy_timeout = 1")
    with pytest.raises(StorageError):
        parts.worklist.registration.reject("x", "y")
    assert wrong(parts) == {"database", "scheduler"}
    assert "locked" in messages(parts)["database"]
    holder.execute("ROLLBACK")
    holder.close()
    parts.worklist.registration.reject("x", "y")
    assert wrong(parts) == {"scheduler"}


def test_a_job_that_fails_is_a_warning_and_one_that_never_ends_is_not_ready(parts, wait_for, monkeypatch):
    def fail():
        raise OSError("gone")

    parts.scheduler.every(0.05, fail)
    wait_for(lambda: wrong(parts) == {"upkeep"}, "the warning")
    assert "fail" in messages(parts)["upkeep"]
    monkeypatch.setattr("triage_node.web.machinery.SHORTEST_SILENCE_SECONDS", 0.0)
    monkeypatch.setattr("triage_node.web.machinery.MISSED_RUNS", 0)
    assert wrong(parts) == {"upkeep", "scheduler"}


def test_a_destination_that_is_down_and_reports_that_were_given_up_are_warnings(parts, analyze_one, wait_for, nobody):
    analyze_one([str(nobody)])
    wait_for(lambda: wrong(parts) == {"deliveries"}, "the destination to be called")
    assert str(nobody) in messages(parts)["deliveries"]
    [reach] = parts.readiness.reaches()
    assert (reach.answers, reach.tries, reach.destination) == (False, 1, str(nobody))


def test_a_certificate_that_ends_soon_or_cannot_be_renewed_is_a_warning(parts, certificate):
    fact = next(fact for fact in parts.readiness.facts() if fact.name == "certificate")
    assert (fact.ok, fact.is_needed) == (False, False)
    assert fact.message.startswith("it ends in 9 days, on ")
    certificate.key.write_text("none")
    parts.listener.certificate.follow()
    assert messages(parts)["certificate"].startswith("the old one is still shown")


def test_a_source_that_is_down_is_a_warning(parts, nobody, clock, wait_for):
    settings = QuerySource(url=nobody.url, name="archive")
    querier = Querier(settings, source_of(settings, Caller("TRIAGE", 1.0, 1.0)), parts.worklist, parts.ingest)
    ours = (parts.listener, parts.indexer, parts.supervisor, parts.scheduler, [parts.dispatcher], [querier])
    parts.readiness = Readiness(parts.worklist, parts.spool, *ours)
    assert (wrong(parts), messages(parts)["sources"]) == (set(), "1 asked")
    instance = ReceivedInstance("1.2", "1.2.1", "1.2.1.1", "1.2", "1.2.840.10008.1.2.1", 9, clock(), False)
    parts.worklist.registration.register([instance])
    parts.worklist.study_completion.advance()
    clock.forward(0.7)
    wait_for(lambda: parts.worklist.study_completion.doubtful, "the series to fall silent")
    querier.ask_all()
    assert (wrong(parts), messages(parts)["sources"]) == ({"sources"}, "down: archive")


def test_a_server_of_workitems_that_is_down_is_a_warning(parts, wait_for):
    settings = WorkitemServer(url="http://127.0.0.1:9/workitems", name="ris", performs=True, station="TRIAGE")
    caller = Caller("TRIAGE", 1.0, 1.0)
    inputs = InputStudies((), caller, parts.worklist, parts.ingest)
    how = Performing("TRIAGE", 1.0, 60.0, {}, settings)
    performer = Performer(UpsServer(settings, caller), how, parts.worklist, inputs)
    ours = (parts.listener, parts.indexer, parts.supervisor, parts.scheduler, [parts.dispatcher], [], [performer])
    parts.readiness = Readiness(parts.worklist, parts.spool, *ours)
    assert (wrong(parts), messages(parts)["workitem servers"]) == (set(), "1 asked")
    performer.look()
    assert (wrong(parts), messages(parts)["workitem servers"]) == ({"workitem servers"}, "down: ris")


@pytest.fixture
def analyze_one(parts, clock, wait_for):
    """Put a report into the outbox."""

    def analyze_one(destinations):
        instance = ReceivedInstance("1.2", "1.2.1", "1.2.1.1", "1.2", "1.2.840.10008.1.2.1", 9, clock(), False)
        parts.worklist.registration.register([instance])
        clock.forward(61)
        claim = wait_for(lambda: parts.worklist.claims.claim("w"), "the study to be ready")
        report = build_connection_test("TRIAGE", "2.25.7", datetime.fromtimestamp(clock(), UTC))
        folder = parts.spool.result("1.2", "abc").folder
        folder.mkdir(parents=True)
        dcmwrite(folder / "report-1.dcm", report, enforce_file_format=True)
        uid = str(report.SOPInstanceUID)
        model = ModelIdentity("n", "1", "a")
        outcome = Outcome(Status.UNSUITABLE, model, report_sop_instance_uid=uid, folder=folder.name)
        assert parts.worklist.claims.finish(claim, outcome, destinations)

    return analyze_one
