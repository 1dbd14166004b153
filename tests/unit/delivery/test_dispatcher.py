"""Reports on their way to real peers on loopback: up, down, silent, busy, and up again."""

import io
import logging
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydicom import Dataset, dcmread
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.sop_class import (
    Comprehensive3DSRStorage,
    ComprehensiveSRStorage,
    SecondaryCaptureImageStorage,
    Verification,
)
from sqlalchemy import select

from triage_node.database import DeliveryRow, DeliveryState
from triage_node.delivery import Caller, Dispatcher, RetryPolicy, sender_of
from triage_node.endpoints import Destination
from triage_node.errors import StorageError
from triage_node.findings import LABELS, Decision, Label, ModelIdentity
from triage_node.instrumentation import DeliveryResult, Instruments, OpenTelemetryTraces, trace_id_of
from triage_node.outcome import Outcome, Status
from triage_node.report import build_connection_test, build_picture, report_variants
from triage_node.storage import ResultContent, Spool
from triage_node.worklist import ReceivedInstance

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("collect_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

POLICY = RetryPolicy(first_seconds=5, longest_seconds=600, give_up_seconds=72 * 3600)


def encoded(ds: Dataset) -> bytes:
    file = io.BytesIO()
    ds.save_as(file, enforce_file_format=True)
    return file.getvalue()


class Peer:
    """A PACS that can be switched on and off and keeps its port."""

    def __init__(self) -> None:
        # Bound and not listening it refuses connections, and nobody else is given the port.
        self.reserved = socket.socket()
        self.reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.reserved.bind(("127.0.0.1", 0))
        self.port = self.reserved.getsockname()[1]
        self.destination = Destination.parse(f"PACS@127.0.0.1:{self.port}")
        self.stored: list[str] = []
        self.answer: Callable[[], int] = lambda: 0x0000
        self.before: Callable[[evt.Event], None] = lambda _event: None
        self.classes = [ComprehensiveSRStorage]
        self.server = None

    def on(self) -> None:
        ae = AE(ae_title="PACS")
        for sop_class in self.classes:
            ae.add_supported_context(sop_class)
        handlers = [(evt.EVT_C_STORE, self._store)]
        self.server = ae.start_server(("127.0.0.1", self.port), block=False, evt_handlers=handlers)

    def _store(self, event: evt.Event) -> int:
        self.before(event)
        status = self.answer()
        if status == 0x0000:
            self.stored.append(str(event.request.AffectedSOPInstanceUID))
        return status

    def off(self) -> None:
        if self.server is not None:
            self.server.shutdown()
            self.server = None


@pytest.fixture
def peer():
    peer = Peer()
    yield peer
    peer.off()
    peer.reserved.close()


@pytest.fixture
def worklist(make_settings, make_worklist, clock):
    opened = make_worklist(make_settings(series_quiet_seconds=20, study_quiet_seconds=60), clock)
    yield opened
    opened.close()


@pytest.fixture
def spool(tmp_path) -> Spool:
    return Spool(tmp_path / "data" / "spool")


@pytest.fixture
def report(worklist, spool, clock) -> Callable[..., str]:
    """Put a report of a study into the outbox and return its UID."""

    def report(number: int, *destinations: Destination, instance: int = 1) -> str:
        study = f"1.2.{number}"
        uids = study, f"{study}.1", f"{study}.1.{instance}"
        received = ReceivedInstance(*uids, "1.2", "1.2.840.10008.1.2.1", 9, clock(), True)
        worklist.registration.register([received])
        clock.forward(61)
        worklist.study_completion.advance()
        result = spool.result(study, str(number) if instance == 1 else f"{number}-{instance}")
        variants = report_variants(build_connection_test("TRIAGE", "2.25.7", datetime.fromtimestamp(clock(), UTC)))
        result.keep(ResultContent({}, {place: encoded(ds) for place, ds in enumerate(variants, start=1)}))
        outcome = Outcome(
            Status.ANALYZED,
            ModelIdentity("net", "1", "ab"),
            series_instance_uid=f"{study}.1",
            decision=Decision.FLAGGED,
            probabilities=dict.fromkeys(LABELS, 0.9),
            flagged=(Label.ANY,),
            report_sop_instance_uid=str(variants[0].SOPInstanceUID),
            folder=result.name,
        )
        claim = replace(worklist.claims.claim("w"))
        assert worklist.claims.finish(claim, outcome, [str(one) for one in destinations])
        return study

    return report


@pytest.fixture
def dispatcher(worklist, spool, clock) -> Iterator[Callable[..., Dispatcher]]:
    senders = []

    def dispatcher(
        peer: Destination,
        policy=POLICY,
        timeout_seconds=2.0,
        answer_seconds=2.0,
        steady=None,
        commitment_seconds=None,
        **watched,
    ) -> Dispatcher:
        sender = sender_of(peer, Caller("TRIAGE", timeout_seconds, answer_seconds), spool)
        senders.append(sender)
        clocks = clock, steady or clock
        how = policy, 2 * timeout_seconds, *clocks, commitment_seconds
        return Dispatcher(peer.name, sender, worklist, *how, **watched)

    yield dispatcher
    for sender in senders:
        sender.rest()


def deliveries(worklist, study):
    return worklist.study_details.study(study).deliveries


def events(worklist, study, code):
    return [event.message for event in worklist.study_details.study(study).events if event.code == code]


def test_a_destination_that_is_down_is_called_once_a_pause_and_everything_goes_when_it_is_up(
    worklist, report, dispatcher, peer, clock, caplog
):
    caplog.set_level(logging.INFO, "triage_node.delivery")
    studies = [report(number, peer.destination) for number in range(4)]
    way = dispatcher(peer.destination)
    calls = 0
    for _ in range(25 * 60):
        calls += way.deliver_next()
        clock.forward(1)
    assert 24 <= calls <= 34, "5 s, doubled up to a minute, are some 28 calls in 25 minutes, however many reports wait"
    assert [deliveries(worklist, study)[0].state for study in studies] == [DeliveryState.PENDING] * 4
    assert all(len(events(worklist, study, "delivery_postponed")) <= 1 for study in studies)
    lines = [record.getMessage().split()[0] for record in caplog.records]
    assert lines.count("destination_down") == 1
    assert 1 <= lines.count("destination_still_down") <= 2
    assert len(lines) <= 3
    assert (way.reach.answers, way.reach.tries) == (False, calls)
    peer.on()
    while not way.deliver_next():
        clock.forward(1)
    assert [way.deliver_next() for _ in range(3)] == [True] * 3, "the others go at once, without the clock"
    assert not way.deliver_next()
    assert len(peer.stored) == len(set(peer.stored)) == 4
    assert {deliveries(worklist, study)[0].state for study in studies} == {DeliveryState.DELIVERED}
    assert way.reach.answers
    assert [one.getMessage().split()[0] for one in caplog.records].count("destination_up") == 1


def test_an_error_between_two_reports_holds_up_none(worklist, report, dispatcher, peer, wait_for, monkeypatch):
    """An association that is let go raised one once in a thousand, and no report was sent until the next start."""
    monkeypatch.setattr("triage_node.lasting_thread.PAUSE_SECONDS", 0.01)
    peer.on()
    way, rested = dispatcher(peer.destination), []

    def fail_once():
        rested.append(1)
        if len(rested) == 1:
            raise RuntimeError("release unlocked lock")

    monkeypatch.setattr(way._sender, "rest", fail_once)
    way.start()
    wait_for(lambda: rested, "the first rest")
    study = report(1, peer.destination)
    wait_for(lambda: deliveries(worklist, study)[0].state == DeliveryState.DELIVERED, "the report")
    way.stop()
    assert len(rested) > 1
    assert not way.is_alive


def test_a_destination_that_is_silent_does_not_slow_another(worklist, report, dispatcher, peer, wait_for):
    peer.on()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        nowhere = Destination.parse(f"X@127.0.0.1:{silent.getsockname()[1]}")
        steady = time.monotonic
        ways = [dispatcher(nowhere, timeout_seconds=30, steady=steady), dispatcher(peer.destination, steady=steady)]
        report(1, nowhere, peer.destination)
        for way in ways:
            way.start()
        wait_for(lambda: len(peer.stored) == 1, "the report at the one that answers", 20)
        [first, _] = deliveries(worklist, "1.2.1")
        assert first.state == DeliveryState.SENDING, "the other is still being waited for"
        for way in ways:
            way.end()
        silent.close()
        for way in ways:
            way._thread.join(60)


def test_reports_that_follow_one_another_share_an_association(worklist, report, dispatcher, peer):
    studies = [report(number, peer.destination) for number in range(3)]
    associations = []
    peer.before = lambda event: associations.append(event.assoc)
    peer.on()
    way = dispatcher(peer.destination)
    while way.deliver_next():
        pass
    assert {deliveries(worklist, study)[0].state for study in studies} == {DeliveryState.DELIVERED}
    assert len(associations) == 3
    assert len(set(map(id, associations))) == 1


def test_an_association_that_the_peer_let_go_between_two_reports_costs_no_try(worklist, report, dispatcher, peer):
    first, second = report(1, peer.destination), report(2, peer.destination)
    associations = []
    peer.before = lambda event: associations.append(event.assoc)
    peer.on()
    way = dispatcher(peer.destination)
    assert way.deliver_next()
    associations[0].abort()
    assert way.deliver_next()
    assert [deliveries(worklist, study)[0].attempts for study in (first, second)] == [1, 1]
    assert len(peer.stored) == 2


def test_a_report_the_peer_cannot_take_does_not_hold_up_the_others(worklist, report, dispatcher, peer, clock):
    peer.on()
    answers = iter([0xA700, 0x0000, 0x0000])
    peer.answer = lambda: next(answers)
    bad, good = report(1, peer.destination), report(2, peer.destination)
    way = dispatcher(peer.destination)
    assert [way.deliver_next(), way.deliver_next(), way.deliver_next()] == [True, True, False]
    assert deliveries(worklist, bad)[0].state == DeliveryState.PENDING
    assert deliveries(worklist, good)[0].state == DeliveryState.DELIVERED
    clock.forward(6)
    assert way.deliver_next()
    assert deliveries(worklist, bad)[0].state == DeliveryState.DELIVERED


def test_tries_are_counted_by_what_came_of_them_and_traced(worklist, report, dispatcher, peer, clock):
    instruments, exporter = Instruments(), InMemorySpanExporter()
    traces = OpenTelemetryTraces(exporter, "triage-node", "n1")
    way, name = dispatcher(peer.destination, instruments=instruments, traces=traces), peer.destination.name
    study = report(1, peer.destination)
    clock.forward(30)
    assert way.deliver_next()
    peer.on()
    answers = iter([0xC000, 0x0000])
    peer.answer = lambda: next(answers)
    clock.forward(100)
    assert way.deliver_next()
    report(2, peer.destination)
    assert way.deliver_next()
    traces.close()
    counted = {
        result: instruments.registry.get_sample_value(
            "triage_delivery_attempts_total", {"destination": name, "result": result}
        )
        for result in DeliveryResult
    }
    assert counted == {"delivered": 1, "no_answer": 1, "refused": 1, "failed": 0}
    value = lambda series: instruments.registry.get_sample_value(series, {"destination": name})  # noqa: E731
    assert value("triage_delivery_attempt_duration_seconds_count") == 3
    assert value("triage_report_to_delivery_seconds_count") == 1
    spans = [span for span in exporter.get_finished_spans() if span.context.trace_id == trace_id_of(study)]
    assert [span.attributes["result"] for span in spans] == ["no_answer", "refused"]


def test_reports_of_a_study_arrive_in_their_order_and_hold_up_no_other_study(worklist, report, dispatcher, peer, clock):
    peer.classes = [Comprehensive3DSRStorage]
    peer.on()
    statuses = iter([0xA700, 0x0000, 0x0000, 0x0000])
    peer.answer = lambda: next(statuses)
    revised = report(1, peer.destination)
    report(1, peer.destination, instance=2)
    other = report(2, peer.destination)
    way = dispatcher(peer.destination)
    while way.deliver_next():
        pass
    assert [one.state for one in deliveries(worklist, revised)] == [DeliveryState.PENDING] * 2
    assert deliveries(worklist, other)[0].state == DeliveryState.DELIVERED
    clock.forward(6)
    while way.deliver_next():
        pass
    assert peer.stored[1:] == [one.sop_instance_uid for one in deliveries(worklist, revised)], "the first one first"


class Steady:
    """The steady clock beside `clock`, which is set."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("jump", [-30 * 86400.0, -3600.0, 3600.0, 100 * 3600.0, 365 * 86400.0])
def test_a_clock_that_is_set_neither_gives_a_delivery_up_nor_stops_its_tries(
    worklist, report, dispatcher, peer, clock, jump
):
    steady = Steady()
    study = report(1, peer.destination)
    way = dispatcher(peer.destination, steady=steady)
    assert way.deliver_next()
    clock.forward(jump)
    assert not way.deliver_next(), "not before its pause is over"
    steady.now += 6
    assert way.deliver_next()
    assert deliveries(worklist, study)[0].state == DeliveryState.PENDING
    peer.on()
    steady.now += 12
    assert way.deliver_next()
    assert deliveries(worklist, study)[0].state == DeliveryState.DELIVERED


def test_a_delivery_is_given_up_when_it_was_tried_for_long_enough(worklist, report, dispatcher, peer, clock):
    study, other = report(1, peer.destination), report(2, peer.destination)
    way = dispatcher(peer.destination, policy=RetryPolicy(10, 100, 1000))
    start = clock()
    while deliveries(worklist, study)[0].state != DeliveryState.DEAD:
        way.deliver_next()
        clock.forward(1)
    assert 900 < clock() - start < 1300
    assert deliveries(worklist, other)[0].state == DeliveryState.DEAD
    assert len(events(worklist, study, "delivery_dead")) == 1


def test_what_was_delivered_is_noted_when_the_database_takes_it_again(worklist, report, dispatcher, peer, monkeypatch):
    study = report(1, peer.destination)
    peer.on()
    note, failures = worklist.outbox.delivered, []

    def refuse_twice(*arguments):
        if len(failures) < 2:
            failures.append(1)
            raise StorageError("the database is locked")
        note(*arguments)

    monkeypatch.setattr(worklist.outbox, "delivered", refuse_twice)
    monkeypatch.setattr("triage_node.delivery.dispatcher.PAUSE_AFTER_ERROR_SECONDS", 0.01)
    way = dispatcher(peer.destination)
    assert way.deliver_next()
    assert deliveries(worklist, study)[0].state == DeliveryState.DELIVERED
    assert len(peer.stored) == 1


@pytest.mark.parametrize("noted", ["path", "relative path", "name"])
def test_a_report_goes_out_of_a_data_folder_that_moved(
    worklist, report, dispatcher, peer, noted, tmp_path, monkeypatch
):
    study = report(1, peer.destination)
    with worklist.database.write() as session:
        row = session.scalars(select(DeliveryRow)).one()
        row.folder = {
            "path": f"/var/lib/gone/spool/studies/ab/abc/results/{row.folder}",
            "relative path": f"triage-data/spool/studies/ab/abc/results/{row.folder}",
            "name": row.folder,
        }[noted]
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    peer.on()
    assert dispatcher(peer.destination).deliver_next()
    assert deliveries(worklist, study)[0].state == DeliveryState.DELIVERED
    assert len(peer.stored) == 1


def test_an_association_that_ends_before_the_report_is_sent_is_lost_and_not_the_report(
    worklist, report, dispatcher, peer, clock, monkeypatch
):
    """It was given up for the RuntimeError that pynetdicom raises then (found by a fault run)."""
    peer.on()
    study, kept = report(1, peer.destination), Association.send_c_store

    def too_late(self, *what, **how):
        self.abort()
        return kept(self, *what, **how)

    with monkeypatch.context() as patched:
        patched.setattr(Association, "send_c_store", too_late)
        way = dispatcher(peer.destination)
        assert way.deliver_next()
    [row] = deliveries(worklist, study)
    assert (row.state, "dropped the association" in row.last_error) == (DeliveryState.PENDING, True)
    clock.forward(10)
    assert way.deliver_next()
    assert deliveries(worklist, study)[0].state == DeliveryState.DELIVERED


@pytest.mark.parametrize("failures", [1, 9])
def test_an_error_nobody_foresaw_is_tried_again_before_the_report_is_given_up(
    worklist, report, dispatcher, peer, clock, monkeypatch, failures
):
    peer.on()
    study, way = report(1, peer.destination), dispatcher(peer.destination)
    send, tries = way._sender.send, []

    def fail(delivery):
        tries.append(1)
        if len(tries) <= failures:
            raise RuntimeError("Doe^Jane")
        return send(delivery)

    monkeypatch.setattr(way._sender, "send", fail)
    for _ in range(9):
        way.deliver_next()
        clock.forward(700)
    [row] = deliveries(worklist, study)
    assert (row.state, len(tries)) == ((DeliveryState.DELIVERED, 2) if failures == 1 else (DeliveryState.DEAD, 5))
    assert "Doe" not in str(row.last_error)


def test_a_report_that_is_missing_is_given_up_and_holds_up_no_other(worklist, spool, report, dispatcher, peer):
    study, other = report(1, peer.destination), report(2, peer.destination)
    shutil.rmtree(spool.result(study, "1").folder)
    peer.on()
    way = dispatcher(peer.destination)
    assert [way.deliver_next(), way.deliver_next(), way.deliver_next()] == [True, True, False]
    [row] = deliveries(worklist, study)
    assert (row.state, deliveries(worklist, other)[0].state) == (DeliveryState.DEAD, DeliveryState.DELIVERED)
    assert "missing" in row.last_error


@pytest.mark.parametrize(
    ("harm", "state", "words"),
    [
        (lambda path: path.write_bytes(b"\0" * 200), DeliveryState.DEAD, "is damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:200]), DeliveryState.DEAD, "is damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:-30]), DeliveryState.DEAD, "is damaged"),
        (lambda path: (path.unlink(), path.mkdir()), DeliveryState.PENDING, "cannot be read: Is a directory"),
    ],
    ids=["zeros", "cut off", "without its end", "a folder"],
)
def test_a_report_that_cannot_be_read_is_told_in_words(worklist, spool, report, dispatcher, peer, harm, state, words):
    study = report(1, peer.destination)
    harm(spool.result(study, "1").folder / "report-1.dcm")
    peer.on()
    assert dispatcher(peer.destination).deliver_next()
    [row] = deliveries(worklist, study)
    assert (row.state, words in row.last_error) == (state, True), row.last_error


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (0xA700, DeliveryState.PENDING),
        (0xA701, DeliveryState.PENDING),
        (0x0110, DeliveryState.PENDING),
        (0xA900, DeliveryState.DEAD),
        (0xC123, DeliveryState.DEAD),
        (0x0122, DeliveryState.DEAD),
        (0x0124, DeliveryState.DEAD),
        (0xB000, DeliveryState.DELIVERED),
        (0xB006, DeliveryState.DELIVERED),
    ],
)
def test_a_status_says_whether_the_report_is_there_is_tried_again_or_given_up(
    worklist, report, dispatcher, peer, status, state
):
    study = report(1, peer.destination)
    peer.answer = lambda: status
    peer.on()
    way = dispatcher(peer.destination)
    assert way.deliver_next()
    assert deliveries(worklist, study)[0].state == state
    assert way.reach.answers, "it has answered"


def test_a_peer_that_takes_none_of_the_classes_refuses_for_good(worklist, report, dispatcher, peer):
    study = report(1, peer.destination)
    peer.classes = [Verification]
    peer.on()
    assert dispatcher(peer.destination).deliver_next()
    [row] = deliveries(worklist, study)
    assert (row.state, "none of the SOP classes" in row.last_error) == (DeliveryState.DEAD, True)


def test_a_peer_that_is_gone_in_the_middle_gets_the_report_again(worklist, report, dispatcher, peer, clock):
    study = report(1, peer.destination)
    peer.on()
    peer.before = lambda event: event.assoc.abort()
    way = dispatcher(peer.destination)
    assert way.deliver_next()
    assert deliveries(worklist, study)[0].state == DeliveryState.PENDING
    peer.before = lambda event: None
    clock.forward(61)
    assert way.deliver_next()
    assert deliveries(worklist, study)[0].state == DeliveryState.DELIVERED


@pytest.mark.parametrize(
    ("classes", "status", "state", "words"),
    [
        ([], 0x0000, DeliveryState.DELIVERED, "picture not taken"),
        ([SecondaryCaptureImageStorage], 0xC000, DeliveryState.DELIVERED, "picture not taken"),
        ([SecondaryCaptureImageStorage], 0xA700, DeliveryState.PENDING, ""),
        ([SecondaryCaptureImageStorage], 0x0000, DeliveryState.DELIVERED, "picture 2.25."),
    ],
)
def test_a_picture_that_is_refused_takes_nothing_from_its_report(
    worklist, spool, report, dispatcher, peer, classes, status, state, words
):
    study = report(1, peer.destination)
    result = spool.result(study, "1")
    drawn = build_picture(dcmread(io.BytesIO(result.report())), np.zeros((8, 6, 3), np.uint8))
    result.keep(ResultContent({}, picture=encoded(drawn)))
    peer.classes = [ComprehensiveSRStorage, *classes]
    answers = iter([0x0000, status])
    peer.answer = lambda: next(answers)
    peer.on()
    assert dispatcher(peer.destination, commitment_seconds=60.0).deliver_next()
    assert deliveries(worklist, study)[0].state == state
    assert words in "".join(events(worklist, study, "delivered"))
    asked = [uid for one in worklist.commitment_requests.due(peer.destination.name, 9) for _, uid in one.references]
    assert asked == (peer.stored if state == DeliveryState.DELIVERED else []), "what was stored shall be committed"
