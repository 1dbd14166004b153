"""Destinations are asked to commit themselves: on loopback, pynetdicom plays them."""

import threading
from collections.abc import Iterator

import pytest
from commitments import CALLER, POLICY, Site
from pydicom.dataset import Dataset
from pynetdicom import AE, build_context, build_role, evt
from pynetdicom.sop_class import StorageCommitmentPushModel, Verification

from triage_node.commitment import Answers, Requester
from triage_node.delivery import Caller, target_of
from triage_node.dimse import WELL_KNOWN_INSTANCE
from triage_node.endpoints import Destination
from triage_node.errors import PeerRefused

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("collect_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]
STORED = (("1.2.840.10008.5.1.4.1.1.88.33", "2.25.7"),)
DAY = 86400.0


class Archive:
    """A destination that is asked for commitment; it answers over the association of the request, or another one."""

    def __init__(self) -> None:
        self.asked: list[Dataset] = []
        self.status, self.over_same, self.reason = 0x0000, True, 0
        self.answers: list[int | None] = []
        ae = AE(ae_title="ARCHIVE")
        ae.add_supported_context(Verification)
        ae.add_supported_context(StorageCommitmentPushModel)
        handlers = [(evt.EVT_N_ACTION, self._asked)]
        self.server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
        self.destination = Destination(
            url=f"dicom://ARCHIVE@127.0.0.1:{self.server.server_address[1]}", name="A@h:1", commitment=True
        )

    def stop(self) -> None:
        if self.server is not None:
            self.server.shutdown()
            self.server = None

    def _asked(self, event: evt.Event) -> tuple[int, None]:
        self.asked.append(event.action_information)
        if self.status == 0x0000 and self.over_same:
            threading.Thread(target=self._tell, args=(event.assoc,)).start()
        return self.status, None

    def call(self, port: int) -> None:
        """Answer over an association of its own."""
        context = build_context(StorageCommitmentPushModel)
        role = build_role(StorageCommitmentPushModel, scp_role=True)
        assoc = AE(ae_title="OTHER").associate("127.0.0.1", port, [context], ext_neg=[role])
        self._tell(assoc)
        assoc.release()

    def _tell(self, assoc) -> None:
        ds = Dataset()
        ds.TransactionUID = self.asked[-1].TransactionUID
        items = self.asked[-1].ReferencedSOPSequence
        if self.reason:
            for item in items:
                item.FailureReason = self.reason
            ds.FailedSOPSequence = items
        else:
            ds.ReferencedSOPSequence = items
        kind = 2 if self.reason else 1
        status, _ = assoc.send_n_event_report(ds, kind, StorageCommitmentPushModel, WELL_KNOWN_INSTANCE)
        self.answers.append(status.get("Status"))


@pytest.fixture
def archive() -> Iterator[Archive]:
    archive = Archive()
    yield archive
    archive.stop()


@pytest.fixture
def deliver(worklist, analyze):
    def deliver(number: int = 1):
        analyze(f"1.2.{number}")
        worklist.outbox.delivered(worklist.outbox.claim_next("A@h:1"), "SR", [(STORED[0][0], f"2.25.{number}")], DAY)

    return deliver


@pytest.fixture
def requester(worklist, archive):
    return Requester(archive.destination, worklist, CALLER, POLICY, Answers(worklist).take, wait_seconds=1.0)


def commitment(worklist, number: int = 1) -> tuple[str, str]:
    [delivery] = worklist.study_details.study(f"1.2.{number}").deliveries
    return delivery.state, delivery.commitment


def test_an_answer_over_the_same_association(worklist, archive, deliver, wait_for):
    caller = Caller("TRIAGE", 30.0, 60.0)  # so patient that a busy machine is no failure
    requester = Requester(archive.destination, worklist, caller, POLICY, Answers(worklist).take, wait_seconds=30.0)
    deliver(1)
    deliver(2)
    assert requester.ask_due() == 2
    wait_for(lambda: archive.answers == [0], "the answer to be taken")
    assert commitment(worklist, 1) == commitment(worklist, 2) == ("delivered", "committed")
    assert len(archive.asked) == 1, "one transaction for both"
    assert requester.ask_due() == 0


def test_an_answer_over_another_association(make_settings, database_url, worklist, archive, requester, deliver):
    archive.over_same = False
    deliver()
    assert requester.ask_due() == 1
    assert commitment(worklist) == ("delivered", "requested")
    site = Site(make_settings(database_url=database_url))  # the same database
    archive.call(site.port)
    site.stop()
    assert archive.answers == [0]
    assert commitment(worklist) == ("delivered", "committed")


def test_a_failure_has_the_report_sent_again(worklist, archive, requester, deliver, wait_for):
    archive.reason = 0x0112
    deliver()
    requester.ask_due()
    wait_for(lambda: commitment(worklist) == ("pending", ""), "the report to be sent again")
    [delivery] = worklist.study_details.study("1.2.1").deliveries
    assert delivery.last_error == "not committed: it answers 0x0112"


@pytest.mark.parametrize("trouble", ["refuses", "is down"])
def test_a_request_that_is_not_taken_is_made_again(worklist, archive, requester, deliver, clock, trouble):
    deliver()
    if trouble == "refuses":
        archive.status = 0x0213
    else:
        archive.stop()
    assert requester.ask_due() == 1
    assert commitment(worklist) == ("delivered", "wanted")
    assert requester.ask_due() == 0
    [delivery] = worklist.study_details.study("1.2.1").deliveries
    assert ("0x0213" in delivery.last_error) is (trouble == "refuses")
    clock.forward(DAY)
    assert requester.ask_due() == 0
    assert commitment(worklist) == ("pending", "")


def test_a_check_looks_whether_it_is_offered(archive):
    target = target_of(archive.destination, CALLER)
    assert target.check().endswith("offers storage commitment")
    archive.server.contexts = [one for one in archive.server.contexts if one.abstract_syntax == Verification]
    with pytest.raises(PeerRefused, match="accepts none of the SOP classes"):
        target.check()
