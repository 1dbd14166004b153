"""Services of normalized objects: requests and responses with pynetdicom on the other side, and by hand."""

import struct
from dataclasses import dataclass, field

import pytest
from intakes import Intake
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, build_context, build_role, evt
from upper_layer import EXPLICIT, RELEASE, VERIFIED, Peer, associate_request, context, data, item

from triage_node.config import read_settings
from triage_node.dimse import Event, Operation, ServiceResponse, Status
from triage_node.dimse.command_set import Field
from triage_node.dimse.normalized.services import LONGEST_DATA_SET_BYTES
from triage_node.errors import StorageError

PRINTER = "1.2.840.10008.5.1.1.16"
STEP = "1.2.840.10008.3.1.2.3.3"
MEETS = {Operation.N_EVENT_REPORT, Operation.N_ACTION}
ABORT, RELEASED = 7, 6

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("collect_sockets")]


@dataclass
class FollowUp:
    """An event that can be told when it was asked for so often."""

    patience: int = 0
    ends: list = field(default_factory=list)

    def event(self):
        self.patience -= 1
        return Event(2, PRINTER, "1.2.3", labeled("event")) if self.patience < 0 else None

    def ended(self, status):
        self.ends.append(status)


class Recorder:
    """A service that notes what it is asked and answers what the test wants."""

    def __init__(self, sop_class_uid, operations):
        self.sop_classes, self.operations = frozenset([sop_class_uid]), frozenset(operations)
        self.asked, self.answers = [], []

    def answer(self, request):
        self.asked.append(request)
        answer = self.answers.pop(0) if self.answers else ServiceResponse(Status.SUCCESS)
        if isinstance(answer, Exception):
            raise answer
        return answer


def labeled(label: str) -> Dataset:
    ds = Dataset()
    ds.FilmSessionLabel = label
    return ds


@pytest.fixture(scope="module")
def services():
    return [Recorder(PRINTER, MEETS), Recorder(STEP, {Operation.N_CREATE, Operation.N_SET})]


@pytest.fixture(scope="module")
def intake(tmp_path_factory, services):
    settings = read_settings(dicom_port=0, data_dir=tmp_path_factory.mktemp("intake"), disk_reserve_mb=1)
    intake = Intake(settings, services)
    yield intake
    intake.stop()


@pytest.fixture
def printer(services):
    services[0].asked.clear()
    return services[0]


@pytest.fixture
def step(services):
    services[1].asked.clear()
    return services[1]


def associated(intake, *contexts, **how):
    ae = AE(ae_title="TESTER")
    ae.dimse_timeout = 10
    return ae.associate("127.0.0.1", intake.port, contexts=list(contexts), **how)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_requests_of_each_kind_come_whole(intake, printer, step, syntax):
    answers = []
    listen = [(evt.EVT_DIMSE_RECV, lambda event: answers.append(event.message.command_set))]
    assoc = associated(intake, build_context(PRINTER, syntax), build_context(STEP, syntax), evt_handlers=listen)
    step.answers = [ServiceResponse(Status.SUCCESS, "1.2.9", labeled("made")), ServiceResponse(Status.SUCCESS)]
    status, made = assoc.send_n_create(labeled("new"), STEP)
    assert (status.Status, answers[0].AffectedSOPInstanceUID, made.FilmSessionLabel) == (0, "1.2.9", "made")
    status, _ = assoc.send_n_set(labeled("changed"), STEP, "1.2.9")
    assert status.Status == 0
    printer.answers = [ServiceResponse(Status.DUPLICATE_TRANSACTION_UID, comment="It is known.")]
    status, _ = assoc.send_n_action(labeled("done"), 7, PRINTER, "1.2.8")
    assert (status.Status, status.ErrorComment) == (0x0131, "It is known.")
    assoc.release()
    create, change = step.asked
    assert (create.operation, create.sop_instance_uid, create.type_id) == (Operation.N_CREATE, "", None)
    assert (change.operation, change.sop_instance_uid) == (Operation.N_SET, "1.2.9")
    assert [one.data_set.FilmSessionLabel for one in (create, change)] == ["new", "changed"]
    [action] = printer.asked
    assert (action.operation, action.sop_class_uid, action.type_id) == (Operation.N_ACTION, PRINTER, 7)
    assert (action.sender.calling_ae_title, action.data_set.FilmSessionLabel) == ("TESTER", "done")


@pytest.mark.parametrize(
    ("proposed", "answered"),
    [((1, 1), (1, 1)), ((0, 1), (0, 1)), ((1, 0), (1, 0))],
)
def test_roles_are_answered_for_a_service_that_takes_both(intake, proposed, answered):
    roles = [build_role(PRINTER, *map(bool, proposed)), build_role(STEP, True, True)]
    assoc = associated(intake, build_context(PRINTER), build_context(STEP), ext_neg=roles)
    answers = {
        one.sop_class_uid: (one.scu_role, one.scp_role)
        for one in assoc.acceptor.user_information
        if hasattr(one, "scu_role")
    }
    assoc.release()
    assert answers == {PRINTER: tuple(map(bool, answered)), STEP: (True, False)}


def role(uid: str, user: int, provider: int) -> bytes:
    return item(0x54, struct.pack(">H", len(uid)) + uid.encode() + bytes((user, provider)))


def test_a_context_for_which_no_role_is_left_is_rejected(intake):
    contexts = context(1, STEP.encode(), EXPLICIT) + context(3, PRINTER.encode(), EXPLICIT)
    with Peer.connect(intake.port) as peer:
        peer.associate(associate_request(contexts, user=role(STEP, 0, 1) + role(PRINTER, 0, 0)))
        assert peer.results == {1: 1, 3: 1}


def test_damaged_roles_leave_the_default(intake):
    damaged = [item(0x54, b""), item(0x54, b"\0\xff1.2"), role(STEP, 1, 0)[:-1], item(0x54, b"\0\x02..\1\1")]
    contexts = context(1, STEP.encode(), EXPLICIT)
    for one in damaged:
        with Peer.connect(intake.port) as peer:
            assert peer.associate(associate_request(contexts, user=one)) == 2
            assert peer.results == {1: 0}


def test_an_event_that_is_reported_to_us_is_answered(intake, printer):
    assoc = associated(intake, build_context(PRINTER), ext_neg=[build_role(PRINTER, False, True)])
    printer.answers = [ServiceResponse(Status.SUCCESS, data_set=labeled("reply"))]
    status, reply = assoc.send_n_event_report(labeled("event"), 3, PRINTER, "1.2.8")
    assoc.release()
    assert (status.Status, reply.FilmSessionLabel) == (0, "reply")
    assert (printer.asked[0].operation, printer.asked[0].type_id) == (Operation.N_EVENT_REPORT, 3)


@pytest.mark.parametrize("patience", [0, 1])
def test_who_waits_gets_the_event_on_the_same_association(intake, printer, wait_for, patience):
    events, follow_up = [], FollowUp(patience)
    printer.answers = [ServiceResponse(Status.SUCCESS, follow_up=follow_up)]

    def take(event):
        events.append((event.event_type, event.event_information.FilmSessionLabel))
        return 0x0112, None

    assoc = associated(intake, build_context(PRINTER), evt_handlers=[(evt.EVT_N_EVENT_REPORT, take)])
    assert assoc.send_n_action(labeled("action"), 1, PRINTER, "1.2.8")[0].Status == 0
    wait_for(lambda: follow_up.ends, "the answer to the event")
    assert events == [(2, "event")]
    assert follow_up.ends == [0x0112]
    assert assoc.send_n_action(labeled("action"), 1, PRINTER, "1.2.8")[0].Status == 0, "the association goes on"
    assoc.release()


def test_who_ends_gets_no_event_there(intake, printer, wait_for):
    follow_up = FollowUp()
    printer.answers = [ServiceResponse(Status.SUCCESS, follow_up=follow_up)]
    assoc = associated(intake, build_context(PRINTER))
    assoc.send_n_action(labeled("action"), 1, PRINTER, "1.2.8")
    assoc.release()
    wait_for(lambda: follow_up.ends, "the end")
    assert (follow_up.ends, follow_up.patience) == ([None], 0)


@pytest.mark.parametrize("is_user", [True, False])
def test_what_is_owed_is_reported_to_the_user_of_the_service(intake, printer, wait_for, is_user):
    follow_up = FollowUp()
    printer.owed = lambda sender: [follow_up] if sender.calling_ae_title == "TESTER" else []
    with Peer.connect(intake.port) as peer:
        roles = role(PRINTER, is_user, not is_user)
        peer.associate(associate_request(context(1, PRINTER.encode(), EXPLICIT), user=roles))
        assert peer.results == {1: 0}
        if is_user:
            assert peer.read()[0] == 4, "the event"
        assert peer.send(RELEASE).read()[0] in (4, RELEASED)
    if is_user:
        wait_for(lambda: follow_up.ends == [None], "the end")
    assert follow_up.patience == (-1 if is_user else 0)
    del printer.owed


def test_who_ends_without_answering_the_event_has_not_got_it(intake, printer, wait_for):
    follow_up = FollowUp()
    printer.answers = [ServiceResponse(Status.SUCCESS, follow_up=follow_up)]
    with Peer.connect(intake.port) as peer:
        peer.associate(associate_request(context(1, PRINTER.encode(), EXPLICIT)))
        peer.send(data(1, request(), is_command=True), data(1, b""))
        assert peer.status() == 0
        assert peer.read()[0] == peer.read()[0] == 4, "command and data set of the event"
        assert peer.send(RELEASE).read()[0] == RELEASED
    wait_for(lambda: follow_up.ends, "the end")
    assert follow_up.ends == [None]


def request(changed=None, operation=Operation.N_ACTION) -> bytes:
    uid = PRINTER.encode()
    elements = {
        Field.REQUESTED_SOP_CLASS_UID: uid + b"\0" * (len(uid) % 2),
        Field.COMMAND_FIELD: struct.pack("<H", operation),
        Field.MESSAGE_ID: struct.pack("<H", 5),
        Field.COMMAND_DATA_SET_TYPE: struct.pack("<H", 1),
        Field.REQUESTED_SOP_INSTANCE_UID: b"1.2.",
        Field.ACTION_TYPE_ID: struct.pack("<H", 1),
    } | (changed or {})
    return b"".join(struct.pack("<HHL", 0, one, len(value)) + value for one, value in elements.items())


@pytest.mark.parametrize(
    ("changed", "operation", "data_set", "status"),
    [
        ({}, Operation.N_ACTION, b"", Status.SUCCESS),
        ({Field.ACTION_TYPE_ID: b""}, Operation.N_ACTION, b"", Status.SUCCESS),
        ({Field.REQUESTED_SOP_CLASS_UID: b""}, Operation.N_ACTION, b"", Status.NO_SUCH_SOP_CLASS),
        ({Field.REQUESTED_SOP_CLASS_UID: b"1.22"}, Operation.N_ACTION, b"", Status.NO_SUCH_SOP_CLASS),
        ({}, Operation.N_DELETE, b"", Status.UNRECOGNIZED_OPERATION),
        ({}, Operation.N_GET, b"", Status.UNRECOGNIZED_OPERATION),
        ({}, Operation.C_STORE, b"", Status.NO_SUCH_SOP_CLASS),
        ({Field.AFFECTED_SOP_CLASS_UID: PRINTER.encode()}, Operation.C_STORE, b"", Status.UNRECOGNIZED_OPERATION),
        ({Field.AFFECTED_SOP_CLASS_UID: PRINTER.encode()}, Operation.C_ECHO, b"", Status.UNRECOGNIZED_OPERATION),
        ({}, Operation.N_ACTION, b"\x08\0\x18\0UI\xff\xff1.2", Status.PROCESSING_FAILURE),
        ({}, Operation.N_ACTION, b"\x08\0\x18\0U", Status.PROCESSING_FAILURE),
        ({}, Operation.N_ACTION, b"\x08\0\x99\x11SQ\0\0\xff\xff\xff\xff\xfe\xff", Status.PROCESSING_FAILURE),
    ],
)
def test_requests_that_are_wrong_are_answered_so(intake, printer, changed, operation, data_set, status):
    printer.answers = []
    with Peer.connect(intake.port) as peer:
        peer.associate(associate_request(VERIFIED + context(3, PRINTER.encode(), EXPLICIT)))
        peer.send(data(3, request(changed, operation), is_command=True), data(3, data_set))
        assert (peer.status(), peer.echo()) == (status, 0)


@pytest.mark.parametrize(
    ("error", "status"),
    [(StorageError(), Status.RESOURCE_LIMITATION), (KeyError("1.2.3"), Status.PROCESSING_FAILURE)],
)
def test_a_service_that_fails_costs_its_request_only(intake, printer, error, status, caplog):
    printer.answers = [error]
    assoc = associated(intake, build_context(PRINTER))
    assert assoc.send_n_action(labeled("action"), 1, PRINTER, "1.2.8")[0].Status == status
    assert assoc.send_n_action(labeled("action"), 1, PRINTER, "1.2.8")[0].Status == 0
    assoc.release()
    assert "1.2.3" not in caplog.text


def test_a_data_set_that_is_too_long_ends_the_association(intake, printer):
    with Peer.connect(intake.port) as peer:
        peer.associate(associate_request(context(3, PRINTER.encode(), EXPLICIT)))
        peer.send(data(3, request(), is_command=True))
        part = data(3, bytes(1 << 16), is_last=False)
        peer.send(*[part] * (LONGEST_DATA_SET_BYTES // (1 << 16) + 1))
        assert peer.read()[0] == ABORT
    assert not printer.asked


def test_without_a_service_its_class_is_no_abstract_syntax(tmp_path):
    intake = Intake(read_settings(dicom_port=0, data_dir=tmp_path, disk_reserve_mb=1))
    with Peer.connect(intake.port) as peer:
        peer.associate(associate_request(context(1, PRINTER.encode(), EXPLICIT)))
        assert peer.results == {1: 3}
    intake.stop()
