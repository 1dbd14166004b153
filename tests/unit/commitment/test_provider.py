"""The node is asked to commit itself: what it says, over which association, over restarts, to hostile requestors."""

import socket

import pytest
from commitments import committed, failed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage, generate_uid
from pynetdicom.sop_class import StorageCommitmentPushModel
from sqlalchemy import select, update

from triage_node.database import InstanceRow, StudyRow
from triage_node.delivery import RetryPolicy
from triage_node.dimse import STORAGE_COMMITMENT, WELL_KNOWN_INSTANCE, Operation, ServiceResponse, Status
from triage_node.dimse.command_set import Command
from triage_node.dimse.normalized.services import GatheredDataSet, Services, encoded_data_set
from triage_node.dimse.normalized.storage_commitment import Reference, commitment_request, read_commitment_request
from triage_node.endpoints import Peer
from triage_node.ingest import Sender
from triage_node.storage.layout import hashed
from triage_node.worklist.commitment import transactions

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("collect_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]
UNKNOWN = Reference(CTImageStorage, "1.2.3.4")


def test_who_waits_is_told_over_its_own_association(start_site, requestor, stored, wait_for):
    site = start_site()
    references = stored(site.port)
    assoc = requestor.associate(site.port)
    assert requestor.ask_over(assoc, references) == 0
    [(kind, ds)] = wait_for(lambda: requestor.results, "the result")
    wait_for(lambda: site.events("commitment_told"), "its end")
    assoc.release()
    assert (kind, committed(ds), failed(ds)) == (1, {one.sop_instance_uid for one in references}, {})
    assert "2 committed, 0 failed" in site.events("commitment_told")[0]


def test_who_releases_is_told_over_another_one(start_site, requestor, stored, wait_for):
    site = start_site(requestor.listen())
    references = stored(site.port)
    wrong_class = Reference(MRImageStorage, references[1].sop_instance_uid)
    uid = generate_uid()
    assert requestor.ask(site.port, [references[0], wrong_class, UNKNOWN], uid) == 0
    [(kind, ds)] = wait_for(lambda: requestor.results, "the result")
    assert (kind, ds.TransactionUID, committed(ds)) == (2, uid, {references[0].sop_instance_uid})
    assert failed(ds) == {
        wrong_class.sop_instance_uid: Status.CLASS_INSTANCE_CONFLICT,
        UNKNOWN.sop_instance_uid: Status.NO_SUCH_SOP_INSTANCE,
    }


def test_without_an_address_a_result_waits_for_the_next_association(start_site, requestor, stored, wait_for):
    site = start_site()
    references = stored(site.port)
    assert requestor.ask(site.port, references) == 0
    wait_for(lambda: site.worklist.commitment_transactions.find(1).attempts, "a try that fails")
    assert requestor.results == []
    assoc = requestor.associate(site.port)
    wait_for(lambda: requestor.results, "the result")
    wait_for(lambda: site.events("commitment_told"), "its end")
    assoc.release()


def test_a_result_survives_a_restart_and_a_requestor_that_is_down(start_site, requestor, stored, wait_for):
    # Bound and not listening it refuses connections, and nobody else is given the port.
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    peer = Peer("STORER", *reserved.getsockname())
    site = start_site(peer)
    references = stored(site.port)
    assert requestor.ask(site.port, references) == 0
    wait_for(lambda: site.worklist.commitment_transactions.find(1).attempts, "a try that fails")
    site.worklist.commitment_transactions.postpone(1, 0.0)
    site.stop()
    requestor.listen(peer.port)
    reserved.close()
    again = start_site(peer)
    [(kind, _)] = wait_for(lambda: requestor.results, "the result")
    assert kind == 1
    wait_for(lambda: again.events("commitment_told"), "its end")


def test_a_result_that_is_refused_is_told_again(start_site, requestor, stored, wait_for):
    requestor.status = 0x0110
    site = start_site(requestor.listen())
    references = stored(site.port)
    assert requestor.ask(site.port, references) == 0
    wait_for(lambda: site.worklist.commitment_transactions.find(1).attempts > 1, "two tries")
    requestor.status = 0x0000
    wait_for(lambda: requestor.results, "the result")


def test_a_result_nobody_takes_is_given_up_with_an_event(start_site, requestor, stored, wait_for):
    site = start_site(policy=RetryPolicy(0.01, 0.01, 0.1))
    references = stored(site.port)
    assert requestor.ask(site.port, references) == 0
    [event] = wait_for(lambda: site.events("commitment_given_up"), "the event")
    assert "'STORER'" in event
    assert "2 instances" in event
    assert "address is not known" in event


def test_what_waits_for_its_row_is_waited_for(start_site, requestor, images, stored, wait_for):
    site = start_site(requestor.listen())
    study = str(images[0][0].StudyInstanceUID)
    waiting = site.spool.layout.incoming / f"{hashed(study)}-{hashed('1.2.3.4')}-0.dcm"
    waiting.write_bytes(b"it was acknowledged")
    references = stored(site.port)
    assert requestor.ask(site.port, [*references, UNKNOWN]) == 0
    wait_for(lambda: site.worklist.commitment_transactions.find(1) is not None, "the transaction")
    assert site.results.event(site.worklist.commitment_transactions.find(1)) is None
    waiting.rename(site.spool.layout.quarantine / waiting.name)
    [(_, ds)] = wait_for(lambda: requestor.results, "the result")
    assert failed(ds) == {"1.2.3.4": Status.PROCESSING_FAILURE}


def test_a_row_without_its_file_commits_nothing(start_site, requestor, images, stored, wait_for):
    site = start_site(requestor.listen())
    references = stored(site.port)
    study = str(images[0][0].StudyInstanceUID)
    files = wait_for(lambda: len(site.spool.instances(study)) == 2 and site.spool.instances(study), "the files")
    wait_for(lambda: not list(site.spool.layout.incoming.iterdir()), "the rows")
    files[0].unlink()
    assert requestor.ask(site.port, references) == 0
    [(kind, ds)] = wait_for(lambda: requestor.results, "the result")
    assert (kind, len(committed(ds)), list(failed(ds).values())) == (2, 1, [Status.NO_SUCH_SOP_INSTANCE])


@pytest.mark.slow
def test_ten_thousand_instances_are_one_transaction(start_site, requestor, stored, wait_for):
    site = start_site(requestor.listen())
    references = stored(site.port) + [Reference(CTImageStorage, f"1.2.3.{number}") for number in range(10_000)]
    assert requestor.ask(site.port, references) == 0
    [(kind, ds)] = wait_for(lambda: requestor.results, "the result")
    assert (kind, len(committed(ds)), len(failed(ds))) == (2, 2, 10_000)


def test_a_repeated_transaction_is_the_same_one(start_site, requestor, stored, wait_for):
    site = start_site()
    references, uid = stored(site.port), generate_uid()
    assert requestor.ask(site.port, references, uid) == 0
    assert requestor.ask(site.port, references, uid) == 0
    assert requestor.ask(site.port, references[:1], uid) == Status.DUPLICATE_TRANSACTION_UID
    wait_for(lambda: site.worklist.commitment_transactions.find(1).attempts, "the result to wait")
    assoc = requestor.associate(site.port)
    wait_for(lambda: requestor.results, "the result")
    wait_for(lambda: site.events("commitment_told"), "its end")
    assoc.release()
    assert len(requestor.results) == 1


def without(keyword: str, of_item: bool = False) -> Dataset:
    ds = commitment_request("1.2.3", [UNKNOWN])
    delattr(ds.ReferencedSOPSequence[0] if of_item else ds, keyword)
    return ds


@pytest.mark.parametrize(
    "ds",
    [
        without("TransactionUID"),
        without("ReferencedSOPSequence"),
        without("ReferencedSOPClassUID", of_item=True),
        without("ReferencedSOPInstanceUID", of_item=True),
        commitment_request("1.2.3", []),
        commitment_request("../1", [UNKNOWN]),
        commitment_request("1" * 65, [UNKNOWN]),
        commitment_request("1.2.3", [Reference("", "1.2")]),
        commitment_request("1.2.3", [Reference(CTImageStorage, "../../etc/passwd")]),
    ],
)
@pytest.mark.filterwarnings("ignore:.*UI")
def test_what_lacks_an_element_is_refused(start_site, requestor, ds):
    site = start_site()
    assert requestor.ask(site.port, [], ds=ds) == Status.INVALID_ARGUMENT_VALUE
    assert site.worklist.commitment_transactions.find(1) is None


@given(changes=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=8), end=st.integers())
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
def test_damaged_requests_are_answered_and_nothing_else(changes, end):
    """Whatever the bytes are, there is a status, and what is taken has references that name something."""
    taken = []

    class Reader:
        sop_classes = frozenset([STORAGE_COMMITMENT])
        operations = frozenset([Operation.N_ACTION])

        def answer(self, request):
            taken.append(read_commitment_request(request.data_set))
            return ServiceResponse(Status.SUCCESS)

    encoded = bytearray(encoded_data_set(commitment_request("1.2.3", [UNKNOWN] * 3), ExplicitVRLittleEndian))
    for at, value in changes:
        encoded[at % len(encoded)] = value
    gathered = GatheredDataSet()
    gathered.add(memoryview(encoded)[: end % (len(encoded) + 1)])
    command = Command(Operation.N_ACTION, 1, True, STORAGE_COMMITMENT, WELL_KNOWN_INSTANCE, type_id=1)
    response = Services([Reader()]).answer(
        command, STORAGE_COMMITMENT, ExplicitVRLittleEndian, gathered, Sender("STORER", "127.0.0.1")
    )
    assert response.status in (Status.SUCCESS, Status.PROCESSING_FAILURE)
    assert (response.status == Status.SUCCESS) is bool(taken)
    for _, references in taken:
        assert all(one.sop_class_uid and one.sop_instance_uid for one in references)


def test_another_action_or_instance_is_refused(start_site, requestor):
    site = start_site()
    assoc = requestor.associate(site.port)
    ds = commitment_request("1.2.3", [UNKNOWN])
    for action, instance, status in (
        (2, "1.2.840.10008.1.20.1.1", Status.NO_SUCH_ACTION_TYPE),
        (1, "1.2.3", Status.NO_SUCH_SOP_INSTANCE),
    ):
        answer, _ = assoc.send_n_action(ds, action, StorageCommitmentPushModel, instance)
        assert answer.Status == status
    assoc.release()


@pytest.mark.parametrize("bound", ["MOST_OPEN", "MOST_INSTANCES"])
def test_requestors_cannot_fill_the_worklist(start_site, requestor, monkeypatch, bound):
    monkeypatch.setattr(transactions, bound, 2)
    site = start_site()
    assoc = requestor.associate(site.port)
    assert [requestor.ask_over(assoc, [UNKNOWN]) for _ in range(3)] == [0, 0, Status.RESOURCE_LIMITATION]
    assoc.release()


def test_a_result_of_nothing_we_asked_for_is_refused(start_site, requestor):
    site = start_site()
    assoc = requestor.associate(site.port)
    for kind, ds, status in (
        (1, commitment_request("1.2.3", [UNKNOWN]), Status.NO_SUCH_ARGUMENT),
        (3, commitment_request("1.2.3", [UNKNOWN]), Status.NO_SUCH_EVENT_TYPE),
        (1, without("TransactionUID"), Status.INVALID_ARGUMENT_VALUE),
    ):
        answer, _ = assoc.send_n_event_report(ds, kind, StorageCommitmentPushModel, "1.2.840.10008.1.20.1.1")
        assert answer.Status == status
    assoc.release()


def test_what_was_deleted_is_not_committed_any_more(start_site, requestor, stored, wait_for):
    site = start_site(requestor.listen())
    references = stored(site.port)
    wait_for(lambda: len(site.worklist.kept_instances.find([one.sop_instance_uid for one in references])) == 2, "rows")
    with site.worklist.database.write() as session:
        session.execute(update(InstanceRow).values(deleted_at=1.0))
    assert requestor.ask(site.port, references) == 0
    [(_, ds)] = wait_for(lambda: requestor.results, "the result")
    reasons = {one.sop_instance_uid: Status.NO_SUCH_SOP_INSTANCE for one in references}
    assert (committed(ds), failed(ds)) == (set(), reasons)


def test_what_the_node_has_committed_itself_to_is_kept(start_site, requestor, stored, wait_for):
    site = start_site(requestor.listen())
    assert requestor.ask(site.port, stored(site.port)) == 0
    wait_for(lambda: requestor.results, "the result")
    with site.worklist.database.read() as session:
        assert session.scalar(select(StudyRow.committed_at)) is not None
