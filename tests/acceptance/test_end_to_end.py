"""A head CT goes in, a Structured Report comes back; every peer is a program nobody here wrote."""

import shutil

import pytest
from ct import head_ct, save
from ct_objects import secondary_capture, structured_report
from nodes import RunningNode
from pacs import Orthanc, Storescp
from programs import run
from pydicom import dcmread
from pydicom.uid import Comprehensive3DSRStorage, ComprehensiveSRStorage, EnhancedSRStorage
from sr_checker import check

from triage_node.report import summarize


def errors_of_validators(path):
    """Errors of both validators: each catches what the other does not."""
    dciodvfy = run("dciodvfy", path)
    errors = [line for line in (dciodvfy.stdout + dciodvfy.stderr).splitlines() if line.startswith("Error")]
    dsrdump = run("dsrdump", path)
    return errors + ([dsrdump.stderr] if dsrdump.returncode else [])


def only(folder, sop_class):
    """The configuration of a storescp that takes a single SOP class."""
    profile = folder / "storescp.cfg"
    profile.write_text(
        "[[TransferSyntaxes]]\n[All]\nTransferSyntax1 = LittleEndianExplicit\n"
        f"[[PresentationContexts]]\n[Old]\nPresentationContext1 = {sop_class}\\All\n"
        "[[Profiles]]\n[Default]\nPresentationContexts = Old\n"
    )
    return profile


@pytest.fixture
def study(tmp_path):
    """A head CT with an SR and a secondary capture among its series, as a PACS has it."""
    images = head_ct(slices=32, size=(256, 256), lesion="epidural", seed=7)
    same = {"StudyInstanceUID": images[0].StudyInstanceUID, "PatientID": images[0].PatientID}
    others = [*secondary_capture(seed=8, **same), *structured_report(seed=9, **same)]
    return save([*images, *others], tmp_path / "study"), str(images[0].StudyInstanceUID)


def test_orthanc_pushes_a_study_and_gets_the_report(start, study, wait_for, tmp_path):
    files, uid = study
    pacs = start(Orthanc, "pacs")
    node = start(RunningNode, "node", destinations=[pacs.address])
    pacs.introduce(node.port)
    for file in files:
        pacs.upload(file)
    account = pacs.push(uid)
    assert (account["InstancesCount"], account["FailedInstancesCount"]) == (len(files), 0)
    [report] = wait_for(lambda: pacs.reports(uid), "the report at the PACS", 120)
    assert report.SOPClassUID == Comprehensive3DSRStorage
    assert check(report) == []
    summary = summarize(report)
    assert summary.study_instance_uid == uid
    path = tmp_path / "back.dcm"
    report.save_as(path, enforce_file_format=True)
    assert errors_of_validators(path) == []
    found = node.study(uid)
    assert found.state == "analyzed"
    assert found.decision == summary.decision
    assert {delivery.state for delivery in found.deliveries} == {"delivered"}


def test_a_pacs_that_forwards_everything_starts_no_loop(start, study, wait_for):
    files, uid = study
    pacs = start(Orthanc, "pacs", forward=True)
    node = start(RunningNode, "node", destinations=[pacs.address])
    pacs.introduce(node.port)
    for file in files:
        pacs.upload(file)
    wait_for(lambda: pacs.reports(uid), "the report at the PACS", 120)
    routed_back = lambda: [one for one in node.study(uid).series if one.modality == "SR"]  # noqa: E731
    wait_for(lambda: len(routed_back()) == 2, "our report routed back to us", 60)
    wait_for(lambda: node.study(uid).closed_at, "the end of the study", 60)
    found = node.study(uid)
    assert found.state == "analyzed"
    assert len(found.outcomes) == 1
    assert len(found.deliveries) == 1
    assert len(pacs.reports(uid)) == 1


def test_a_site_that_turns_it_on_gets_the_picture_after_the_report(start, study, wait_for):
    files, uid = study
    pacs = start(Storescp, "pacs")
    node = start(RunningNode, "node", destinations=[pacs.address], explanation="send")
    assert node.storescu(*files[:32]).returncode == 0
    paths = wait_for(lambda: paths if len(paths := pacs.received()) == 2 else None, "report and picture", 120)
    by_modality = {dcmread(path).Modality: path for path in paths}
    picture = dcmread(by_modality["OT"])
    assert picture.StudyInstanceUID == dcmread(by_modality["SR"]).StudyInstanceUID == uid
    assert picture.pixel_array.std() > 10
    assert {item.ReferencedSOPInstanceUID for item in picture.SourceImageSequence} <= {
        dcmread(file).SOPInstanceUID for file in files
    }
    assert "Error" not in run("dciodvfy", by_modality["OT"]).stderr


def test_a_peer_that_takes_no_pictures_has_the_report_all_the_same(start, study, wait_for, tmp_path):
    files, uid = study
    pacs = start(Storescp, "pacs", options=("-xf", str(only(tmp_path, EnhancedSRStorage)), "Default"))
    node = start(RunningNode, "node", destinations=[pacs.address], explanation="send")
    assert node.storescu(*files[:32]).returncode == 0
    wait_for(pacs.received, "the report", 120)
    wait_for(lambda: [one for one in node.study(uid).deliveries if one.state == "delivered"], "the delivery", 30)
    assert len(pacs.received()) == 1
    [message] = [event.message for event in node.study(uid).events if event.code == "delivered"]
    assert "picture not taken" in message


@pytest.mark.parametrize("sop_class", [ComprehensiveSRStorage, EnhancedSRStorage])
def test_a_peer_that_takes_older_classes_gets_the_same_content(start, study, wait_for, tmp_path, sop_class):
    files, uid = study
    pacs = start(Storescp, "pacs", options=("-xf", str(only(tmp_path, sop_class)), "Default"))
    node = start(RunningNode, "node", destinations=[pacs.address])
    assert node.storescu(*files[:32]).returncode == 0
    [path] = wait_for(pacs.received, "the report", 120)
    assert dcmread(path).SOPClassUID == sop_class
    assert errors_of_validators(path) == []
    assert summarize(dcmread(path)).study_instance_uid == uid


def test_the_real_series_goes_through_the_whole_node(start, shared_data, wait_for):
    pacs = start(Storescp, "pacs")
    node = start(RunningNode, "node", destinations=[pacs.address])
    files = sorted((shared_data / "ge_head_ct").glob("*.dcm"))
    sent = run("dcmsend", "-aec", "TRIAGE", "127.0.0.1", node.port, *files)
    assert sent.returncode == 0, sent.stderr
    [path] = wait_for(pacs.received, "the report", 120)
    assert errors_of_validators(path) == []
    report = dcmread(path)
    assert report.PatientID == dcmread(files[0]).PatientID
    found = node.study(str(report.StudyInstanceUID))
    assert found.state == "analyzed"
    stored = sorted(one.read_bytes()[-1000:] for one in (node.folder / "data/spool/studies").glob("*/*/*.dcm"))
    assert stored == sorted(file.read_bytes()[-1000:] for file in files), "pixels are kept as received"


def test_each_destination_gets_the_report_also_when_another_is_down(start, study, wait_for, tmp_path):
    files, uid = study
    there, later = start(Storescp, "there"), start(Storescp, "later")
    later.stop()
    node = start(RunningNode, "node", destinations=[there.address, later.address])
    node.storescu(*files)
    wait_for(there.received, "the report at the PACS that is up", 120)
    states = lambda: {one.destination: one.state for one in node.study(uid).deliveries}  # noqa: E731
    assert states()[later.address] in {"pending", "sending"}
    shutil.rmtree(later.folder)
    again = Storescp(tmp_path / "again", port=later.port)
    try:
        wait_for(again.received, "the report at the PACS that came back", 60)
        wait_for(lambda: set(states().values()) == {"delivered"}, "both deliveries noted")
        assert len(there.received()) == 1, "an outage of one PACS repeats nothing at the other"
    finally:
        again.stop()


def test_a_permanent_refusal_is_dead_at_once_and_resent_on_a_persons_word(start, study, wait_for, tmp_path):
    files, uid = study
    pacs = start(Storescp, "pacs", options=("--refuse",))
    node = start(RunningNode, "node", destinations=[pacs.address])
    node.storescu(*files)
    dead = lambda: [one for one in node.study(uid).deliveries if one.state == "dead"] if node.state(uid) else []  # noqa: E731
    [delivery] = wait_for(dead, "the delivery to be given up", 120)
    assert delivery.attempts == 1
    pacs.stop()
    friendly = Storescp(tmp_path / "friendly", port=pacs.port)
    try:
        answer = node.command("requeue", uid, "--resend")
        assert "1 reports" in answer.stdout
        wait_for(friendly.received, "the report", 60)
    finally:
        friendly.stop()
