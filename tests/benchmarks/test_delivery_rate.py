"""1,000 reports to one destination, and what a second one that is silent costs the first."""

import socket
import statistics
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pacs import Orthanc, Storescp

from triage_node.config import Settings
from triage_node.database import DeliveryState
from triage_node.delivery import Caller, Dispatcher, RetryPolicy, sender_of
from triage_node.findings import LABELS, Decision, Label, ModelIdentity
from triage_node.outcome import Outcome, Status
from triage_node.report import build_connection_test, report_variants
from triage_node.storage import Spool
from triage_node.worklist import ReceivedInstance, StudyDelivery, Worklist

pytestmark = [
    pytest.mark.usefixtures("collect_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]
REPORTS = 1000
SPACED_REPORTS = 150
SPACING_SECONDS = 0.05
BAR = 20


class Sender:
    """A node's worklist, spool and dispatchers, without the rest of it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.worklist = Worklist(settings)
        self.worklist.prepare()
        self.spool = Spool(settings.data_dir / "spool")
        policy = RetryPolicy(5, 600, 3600)
        caller = Caller.of(settings)
        self.dispatchers = [
            Dispatcher(one.name, sender_of(one, caller, self.spool), self.worklist, policy, 1.0)
            for one in settings.destinations
        ]

    def study(self, number: int) -> None:
        """Put a study's report into the outbox for every destination."""
        uid = f"1.2.{number}"
        instance = ReceivedInstance(uid, f"{uid}.1", f"{uid}.1.1", "1.2", "1.2.840.10008.1.2.1", 9, time.time(), True)
        self.worklist.registration.register([instance])
        now = datetime.fromtimestamp(time.time() + number, UTC)
        variants = report_variants(build_connection_test("TRIAGE", "2.25.7", now))
        folder = self.spool.result(uid, "1").folder
        folder.mkdir(parents=True)
        for place, ds in enumerate(variants, start=1):
            ds.save_as(folder / f"report-{place}.dcm", enforce_file_format=True)
        outcome = Outcome(
            Status.ANALYZED,
            ModelIdentity("net", "1", "ab"),
            series_instance_uid=f"{uid}.1",
            decision=Decision.FLAGGED,
            probabilities=dict.fromkeys(LABELS, 0.9),
            flagged=(Label.ANY,),
            report_sop_instance_uid=str(variants[0].SOPInstanceUID),
            folder="1",
        )
        self._finish(uid, outcome)

    def _finish(self, uid: str, outcome: Outcome) -> None:
        names = [one.name for one in self.settings.destinations]
        while (claim := self.worklist.claims.claim("w")) is None:
            self.worklist.study_completion.advance()
        assert self.worklist.claims.finish(replace(claim), outcome, names)

    def start(self) -> None:
        for dispatcher in self.dispatchers:
            dispatcher.start()

    def stop(self) -> None:
        for dispatcher in self.dispatchers:
            dispatcher.end()
        for dispatcher in self.dispatchers:
            dispatcher.stop()
        self.worklist.close()

    def delivered(self, name: str) -> list[StudyDelivery]:
        """Return what has arrived at a destination."""
        return self.worklist.outbox_state.deliveries(DeliveryState.DELIVERED, name, 2 * REPORTS)


@pytest.fixture
def sender(make_settings):
    senders = []

    def make(*destinations: object, name: str = "data") -> Sender:
        set_now = make_settings(destinations=list(destinations))
        quiet = {"series_quiet_seconds": 0.001, "study_quiet_seconds": 0.001}
        settings = set_now.model_copy(update=quiet | {"data_dir": set_now.data_dir / name})
        senders.append(Sender(settings))
        return senders[-1]

    yield make
    for one in senders:
        one.stop()


@pytest.mark.parametrize("kind", ["storescp", "orthanc", "stow", "folder"])
def test_a_thousand_reports(kind, sender, tmp_path, wait_for):
    pacs = Storescp(tmp_path / "pacs") if kind == "storescp" else Orthanc(tmp_path / "pacs", dicomweb_servers={})
    (tmp_path / "out").mkdir()
    address = {
        "stow": f"http://127.0.0.1:{getattr(pacs, 'http_port', 0)}/dicom-web/studies",
        "folder": f"file://{tmp_path}/out",
    }.get(kind, pacs.address)
    one = sender(address)
    try:
        for number in range(REPORTS):
            one.study(number)
        [destination] = one.settings.destinations
        start = time.perf_counter()
        one.start()
        wait_for(lambda: _dead_or_waiting(one, destination.name) == 0, "all reports to arrive", 280)
        seconds = time.perf_counter() - start
        assert len(one.delivered(destination.name)) == REPORTS
    finally:
        pacs.stop()
    print(f"\n{REPORTS} reports to {kind}: {REPORTS / seconds:.0f} a second (the bar is {BAR})")


def _dead_or_waiting(sender: Sender, name: str) -> int:
    time.sleep(0.1)
    [state] = sender.worklist.outbox_state.destinations((name,))
    return state.waiting + state.dead


def test_a_silent_destination_costs_the_other_nothing(sender, tmp_path, wait_for):
    pacs = Storescp(tmp_path / "pacs")
    seconds = {}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        nowhere = f"X@127.0.0.1:{silent.getsockname()[1]}"
        try:
            for turn in range(4):
                name = "alone" if turn % 2 == 0 else "beside a silent one"
                one = sender(pacs.address, *([nowhere] if turn % 2 else []), name=f"turn{turn}")
                one.start()
                for number in range(SPACED_REPORTS):
                    one.study(turn * SPACED_REPORTS + number)
                    time.sleep(SPACING_SECONDS)
                wait_for(lambda at=one: len(at.delivered(pacs.address)) == SPACED_REPORTS, "all reports", 60)
                rows = one.delivered(pacs.address)
                seconds.setdefault(name, []).extend(row.delivered_at - row.created_at for row in rows)
        finally:
            pacs.stop()
    print()
    for name, times in seconds.items():
        p95 = statistics.quantiles(times, n=20)[-1]
        print(f"from outbox to PACS, {name}: median {statistics.median(times):.3f} s, p95 {p95:.3f} s")
