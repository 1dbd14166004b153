"""Performed procedure steps and availability notices over the listener, sent by pynetdicom."""

import pytest
from ct import head_ct, save
from intakes import Intake, store
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE
from pynetdicom.sop_class import InstanceAvailabilityNotification, ModalityPerformedProcedureStep

from triage_node.dimse import Operation, ServiceRequest, Status
from triage_node.ingest import Sender
from triage_node.notifications import AvailabilityService, ProcedureStepService
from triage_node.worklist import Step, Worklist

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("collect_sockets")]
STEP, NOTICE = ModalityPerformedProcedureStep, InstanceAvailabilityNotification


@pytest.fixture
def node(make_settings):
    settings = make_settings(series_quiet_seconds=1000, study_quiet_seconds=2000, study_maximum_seconds=3000)
    worklist = Worklist(settings)
    worklist.prepare()
    intake = Intake(settings, [ProcedureStepService(worklist), AvailabilityService(worklist)])
    yield intake
    intake.stop()
    worklist.close()


@pytest.fixture(scope="module")
def images():
    return head_ct(slices=3, size=(16, 16))


@pytest.fixture
def send(node):
    """Send requests over one association."""
    ae = AE(ae_title="CT1")
    ae.add_requested_context(STEP)
    ae.add_requested_context(NOTICE)
    assoc = ae.associate("127.0.0.1", node.port)
    assert assoc.is_established

    def send(kind: str, ds: Dataset, sop_class: str, uid: str | None) -> int:
        status, _ = getattr(assoc, f"send_n_{kind}")(ds, sop_class, uid)
        return status.Status

    yield send
    assoc.release()


def item(**elements) -> Dataset:
    ds = Dataset()
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


def new_step(*studies: str, state: str = "IN PROGRESS") -> Dataset:
    scheduled = [item(StudyInstanceUID=study) for study in studies]
    return item(PerformedProcedureStepStatus=state, ScheduledStepAttributesSequence=scheduled)


def references(images, **more) -> list[Dataset]:
    return [
        item(ReferencedSOPClassUID=ds.SOPClassUID, ReferencedSOPInstanceUID=ds.SOPInstanceUID, **more) for ds in images
    ]


def ended_step(images, state: str = "COMPLETED") -> Dataset:
    series = item(SeriesInstanceUID=images[0].SeriesInstanceUID, ReferencedImageSequence=references(images))
    return item(PerformedProcedureStepStatus=state, PerformedSeriesSequence=[series])


def notice(images, availability: str = "ONLINE") -> Dataset:
    referenced = references(images, InstanceAvailability=availability, RetrieveAETitle="PACS")
    series = item(SeriesInstanceUID=images[0].SeriesInstanceUID, ReferencedSOPSequence=referenced)
    return item(StudyInstanceUID=images[0].StudyInstanceUID, ReferencedSeriesSequence=[series])


def received(node, images, tmp_path, wait_for) -> str:
    """Send images and return the study, once they are registered."""
    for path in save(images, tmp_path / generate_uid()):
        assert store(node.port, path) == 0
    study = str(images[0].StudyInstanceUID)
    uids = {str(ds.SOPInstanceUID) for ds in images}
    wait_for(lambda: uids <= node.worklist.announcements.received(study).sop_instance_uids, "the registration")
    return study


def closed_by(node, study: str) -> str:
    node.worklist.study_completion.advance()
    shown = node.worklist.study_details.study(study)
    return shown.events[-1].code if shown.closed_at is not None else ""


def test_a_completed_step_closes_the_study_when_its_images_are_here(node, send, images, tmp_path, wait_for):
    study, uid = str(images[0].StudyInstanceUID), generate_uid()
    assert send("create", new_step(study), STEP, uid) == Status.SUCCESS
    received(node, images[:2], tmp_path, wait_for)
    assert closed_by(node, study) == ""
    assert send("set", ended_step(images), STEP, uid) == Status.SUCCESS
    assert closed_by(node, study) == "", "one is not here"
    received(node, images[2:], tmp_path, wait_for)
    assert closed_by(node, study) == "study_complete"
    [event] = node.worklist.study_details.events("study_complete")
    assert event.message == f"3 of 3 instances are here, as procedure step {uid} announced"


def test_a_discontinued_step_completes_nothing(node, send, images, tmp_path, wait_for):
    study, uid = received(node, images, tmp_path, wait_for), generate_uid()
    assert send("create", new_step(study), STEP, uid) == Status.SUCCESS
    assert send("set", ended_step(images, "DISCONTINUED"), STEP, uid) == Status.SUCCESS
    assert closed_by(node, study) == ""


def test_the_states_of_a_step_are_those_of_the_standard(node, send, images):
    study, uid = str(images[0].StudyInstanceUID), generate_uid()
    assert send("set", ended_step(images), STEP, uid) == Status.NO_SUCH_SOP_INSTANCE
    assert send("create", new_step(study, state="COMPLETED"), STEP, uid) == Status.INVALID_ATTRIBUTE_VALUE
    assert send("create", new_step(study), STEP, uid) == Status.SUCCESS
    assert send("create", new_step(study), STEP, uid) == Status.DUPLICATE_SOP_INSTANCE
    assert send("set", item(PerformedProcedureStepDescription="Head"), STEP, uid) == Status.SUCCESS
    assert send("set", ended_step(images), STEP, uid) == Status.SUCCESS
    assert send("set", ended_step(images), STEP, uid) == Status.PROCESSING_FAILURE
    assert node.worklist.announcements.step_of(f"procedure step {uid}") is Step.COMPLETED


def test_what_a_step_lacks_is_named(node, send, images):
    study = str(images[0].StudyInstanceUID)
    assert send("create", new_step(), STEP, generate_uid()) == Status.MISSING_ATTRIBUTE
    assert send("create", new_step(study, state="DONE"), STEP, generate_uid()) == Status.MISSING_ATTRIBUTE
    assert send("create", new_step(study), STEP, None) == Status.INVALID_SOP_INSTANCE


def test_of_a_step_for_two_studies_nobody_says_which_images_are_whose(node, send, images, tmp_path, wait_for):
    study, uid = received(node, images, tmp_path, wait_for), generate_uid()
    assert send("create", new_step(study, "1.2.3"), STEP, uid) == Status.SUCCESS
    assert send("set", ended_step(images), STEP, uid) == Status.SUCCESS
    assert closed_by(node, study) == ""


def test_a_notice_closes_the_study_when_its_instances_are_here(node, send, images, tmp_path, wait_for):
    assert send("create", notice(images), NOTICE, generate_uid()) == Status.SUCCESS
    study = received(node, images[:2], tmp_path, wait_for)
    assert closed_by(node, study) == ""
    received(node, images[2:], tmp_path, wait_for)
    assert closed_by(node, study) == "study_complete"


def test_what_is_not_available_is_not_awaited(node, send, images, tmp_path, wait_for):
    gone = notice(images)
    gone.ReferencedSeriesSequence[0].ReferencedSOPSequence[0].InstanceAvailability = "UNAVAILABLE"
    assert send("create", gone, NOTICE, None) == Status.SUCCESS
    study = received(node, images[1:], tmp_path, wait_for)
    assert closed_by(node, study) == "study_complete"


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_a_notice_of_nonsense_is_refused(node, send, images):
    odd, nameless = notice(images, "SOMEWHERE"), notice(images)
    del nameless.StudyInstanceUID
    traversing = notice(images)
    traversing.StudyInstanceUID = "../../x"
    for ds in (odd, nameless, traversing):
        assert send("create", ds, NOTICE, generate_uid()) == Status.MISSING_ATTRIBUTE
    with node.worklist.database.read() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM announcement").scalar() == 0


def test_a_sequence_that_is_none_is_refused(node, images):
    service = AvailabilityService(node.worklist)
    ds = item(StudyInstanceUID="1.2.3")
    ds.add_new("ReferencedSeriesSequence", "LO", "text")
    request = ServiceRequest(Operation.N_CREATE, str(NOTICE), "1.2", None, ds, Sender("X", "127.0.0.1"))
    assert service.answer(request).status == Status.MISSING_ATTRIBUTE


def test_so_many_steps_are_known_and_no_more(node, send, images, monkeypatch):
    from triage_node.worklist import announcements as module

    monkeypatch.setattr(module, "MOST_ANNOUNCEMENTS", 5)
    uids = [generate_uid() for _ in range(12)]
    for uid in uids:
        assert send("create", new_step("1.2.3"), STEP, uid) == Status.SUCCESS
    known = [node.worklist.announcements.step_of(f"procedure step {uid}") for uid in uids]
    assert known == [None] * 7 + [Step.IN_PROGRESS] * 5
    assert send("set", ended_step(images), STEP, uids[0]) == Status.NO_SUCH_SOP_INSTANCE
