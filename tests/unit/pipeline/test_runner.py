"""The runner with the shipped model: what it writes for each kind of study. No process, no network."""

import io
import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from ct import head_ct
from ct_objects import chest_ct, localizer, mr_head, structured_report
from pydicom import dcmread

from triage_node.config import read_settings
from triage_node.database import StudyState
from triage_node.database.states import DONE
from triage_node.errors import DatabaseRefused, StorageError, StorageFull
from triage_node.findings import Label
from triage_node.imaging import Policy
from triage_node.models.registry import explain_with
from triage_node.pipeline import worker
from triage_node.pipeline.lease import Lease
from triage_node.pipeline.runner import Runner
from triage_node.report import summarize
from triage_node.storage import StoredResult, device_uid
from triage_node.worklist import Channel


def result_of(node, study):
    """A study's latest result."""
    return node.spool.result(study.study_instance_uid, study.outcomes[-1].folder)


def report_of(node, study):
    return dcmread(io.BytesIO(result_of(node, study).report()))


@pytest.mark.slow
def test_a_head_ct_ends_in_a_report(node):
    uid = node.receive(*head_ct(slices=32, size=(128, 128)))
    assert node.run()
    study = node.worklist.study_details.study(uid)
    assert study.state == StudyState.ANALYZED
    assert set(study.outcomes[0].seconds) == {"read", "infer", "report"}
    assert [one.destination for one in study.deliveries] == [str(one) for one in node.settings.destinations]
    summary = summarize(report_of(node, study))
    assert summary.decision == study.decision
    scores = json.loads(result_of(node, study).slice_scores())
    assert len({row["sop_instance_uid"] for row in scores}) == 32
    for label, probability in study.probabilities.items():
        assert summary.of(Label(label)).probability == pytest.approx(probability, abs=0.001)


@pytest.mark.slow
def test_a_picture_of_where_the_model_looked_lies_beside_the_report_only_when_asked_for(node, model):
    uid = node.receive(*head_ct(slices=32, size=(128, 128), lesion="intraparenchymal"))
    node.run()
    assert result_of(node, node.worklist.study_details.study(uid)).explanation() is None
    node.worklist.reader_actions.requeue(uid, "person")
    explaining = node.runner_with(model, explain=explain_with(model))
    node.run(explaining)
    study = node.worklist.study_details.study(uid)
    picture = result_of(node, study).explanation()
    pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    marked = np.abs(pixels.astype(int).max(axis=2) - pixels.astype(int).min(axis=2)) > 60
    assert marked[:, pixels.shape[1] // 2 :].sum() > 50
    assert not marked[:, : pixels.shape[1] // 2].any()
    assert len(study.deliveries) == 1


class Undrawable:
    """A picture that is there and cannot be written."""

    pixels = sources = label = None

    def png(self) -> bytes:
        raise ValueError("not a picture")


@pytest.mark.slow
def test_a_picture_that_is_sent_is_named_in_the_report_and_names_it(node, model):
    node.settings = node.settings.model_copy(update={"explanation": "send"})
    uid = node.receive(*head_ct(slices=32, size=(128, 128), lesion="intraparenchymal"))
    explaining = node.runner_with(model, explain=explain_with(model))
    for _ in range(2):
        node.run(explaining)
        study = node.worklist.study_details.study(uid)
        report, picture = report_of(node, study), dcmread(io.BytesIO(result_of(node, study).picture()))
        assert summarize(report).picture == picture.SOPInstanceUID
        assert picture.RelatedSeriesSequence[0].SeriesInstanceUID == report.SeriesInstanceUID
        node.worklist.reader_actions.requeue(uid, "person")
    assert len(study.deliveries) == 1, "the same result is the same object, also with a picture"


@pytest.mark.slow
def test_a_picture_that_cannot_be_sent_is_not_named_in_the_report(node, model):
    node.settings = node.settings.model_copy(update={"explanation": "send"})
    uid = node.receive(*head_ct(slices=32, size=(128, 128)))
    node.run(node.runner_with(model, explain=lambda volume, prediction: Undrawable()))
    study = node.worklist.study_details.study(uid)
    assert summarize(report_of(node, study)).picture == ""
    assert result_of(node, study).picture() is None


def refuse(volume, prediction):
    raise RuntimeError("no gradient")


@pytest.mark.slow
@pytest.mark.parametrize("explain", [refuse, lambda volume, prediction: Undrawable()], ids=["drawing", "writing"])
def test_a_picture_that_fails_does_not_hold_back_the_finding(node, model, explain):
    uid = node.receive(*head_ct(slices=32, size=(128, 128)))
    assert node.run(node.runner_with(model, explain=explain))
    study = node.worklist.study_details.study(uid)
    assert study.state == StudyState.ANALYZED
    assert len(study.deliveries) == 1
    assert result_of(node, study).explanation() is None


def test_what_came_of_an_analysis_is_told_with_its_times(node, model):
    told = []
    runner = node.runner_with(model, tell=lambda claim, finished: told.append((claim, finished)))
    uid = node.receive(*head_ct(slices=3, size=(64, 64)))
    node.run(runner)
    [(claim, finished)] = told
    assert claim.study_instance_uid == uid
    assert (finished.status, finished.decision, finished.taken) == ("unsuitable", "", True)
    assert "too_few_slices" in finished.reasons
    assert finished.seconds["receiving"] == 100
    assert finished.seconds["queue"] == 0
    assert finished.seconds["report"] > 0
    assert finished.last_image_seconds > 100


def test_a_study_that_ended_every_worker_is_reported_as_not_analyzed(node):
    uid = node.receive(*head_ct(slices=32, size=(128, 128)))
    node.worklist.claims.claim("test:0")
    node.worklist.claims.release_worker("test:0")
    node.run()
    study = node.worklist.study_details.study(uid)
    assert study.state == StudyState.FAILED
    assert "ended its process" in study.reasons[0].message
    assert summarize(report_of(node, study)).decision is None
    assert len(study.deliveries) == 1


@pytest.mark.slow
def test_the_same_result_is_the_same_object(node):
    uid = node.receive(*head_ct(slices=32, size=(128, 128)))
    node.run()
    before = report_of(node, node.worklist.study_details.study(uid))
    node.worklist.reader_actions.requeue(uid, "person")
    node.run()
    study = node.worklist.study_details.study(uid)
    assert report_of(node, study) == before
    assert len(study.outcomes) == 2
    assert len(study.deliveries) == 1


def test_a_report_is_made_at_the_local_time_of_the_node_by_a_device_of_its_own(node, model, clock):
    uid = node.receive(*head_ct(slices=3, size=(64, 64)))
    settings = node.settings.model_copy(update={"timezone": "America/New_York"})
    clock.now = datetime(2024, 1, 3, 1, 35, tzinfo=UTC).timestamp()
    node.run(Runner("test:1", settings, node.spool, node.worklist, model, Policy(), clock))
    report = report_of(node, node.worklist.study_details.study(uid))
    assert (report.ContentDate, report.ContentTime, report.TimezoneOffsetFromUTC) == ("20240102", "203500", "-0500")
    assert (report.StudyDate, report.StudyTime) == ("20240102", "030405")
    assert report.DeviceSerialNumber == device_uid(settings.data_dir)


@pytest.mark.parametrize(("zone", "is_prior"), [("America/New_York", False), ("UTC", True)])
def test_how_old_a_study_is_counts_in_days_of_the_node(node, model, clock, zone, is_prior):
    uid = node.receive(*head_ct(slices=3, size=(64, 64)))
    clock.now = datetime(2024, 1, 4, 1, 35, tzinfo=UTC).timestamp()
    settings = node.settings.model_copy(update={"timezone": zone})
    node.run(Runner("test:1", settings, node.spool, node.worklist, model, Policy(prior_study_days=1), clock))
    codes = [reason.code for reason in node.worklist.study_details.study(uid).reasons]
    assert ("prior_study" in codes) is is_prior


def test_a_report_that_a_crash_left_in_part_is_completed(node):
    uid = node.receive(*head_ct(slices=3, size=(64, 64)))
    node.run()
    result = result_of(node, node.worklist.study_details.study(uid))
    before = result.reports()
    assert len(before) == 3
    (result.folder / "report-2.dcm").unlink()
    node.worklist.reader_actions.requeue(uid, "person")
    node.run()
    assert result.reports() == before


def test_a_report_that_cannot_be_read_holds_back_no_other(node):
    uid = node.receive(*head_ct(slices=3, size=(64, 64)))
    node.run()
    (result_of(node, node.worklist.study_details.study(uid)).folder / "report-1.dcm").write_bytes(b"damaged")
    node.worklist.reader_actions.requeue(uid, "person")
    node.run()
    assert summarize(report_of(node, node.worklist.study_details.study(uid))).reasons


def test_a_result_that_comes_back_after_another_replaces_that_one(node, model, clock):
    uid = node.receive(*head_ct(slices=3, size=(64, 64)))
    other = node.settings.model_copy(update={"ae_title": "OTHER"})
    reports = []
    for settings in (node.settings, other, node.settings, node.settings):
        node.run(Runner("test:1", settings, node.spool, node.worklist, model, Policy(), clock))
        reports.append(report_of(node, node.worklist.study_details.study(uid)))
        node.worklist.reader_actions.requeue(uid, "person")
    uids = [report.SOPInstanceUID for report in reports]
    assert len(set(uids)) == 3
    assert uids[2] == uids[3]
    assert [summarize(report).replaces for report in reports] == [(), (uids[0],), (uids[1],), (uids[1],)]


@pytest.mark.slow
def test_late_images_make_a_new_report_that_names_the_earlier(node):
    images = head_ct(slices=32, size=(128, 128))
    uid = node.receive(*images[:-1])
    node.run()
    node.receive(images[-1])
    node.run()
    first, second = (one.report_sop_instance_uid for one in node.worklist.study_details.study(uid).outcomes)
    assert first != second
    named = report_of(node, node.worklist.study_details.study(uid)).PredecessorDocumentsSequence[0]
    assert named.ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == first


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: mr_head(), "not_ct"),
        (lambda: chest_ct(), "not_head"),
        (lambda: localizer(), "localizer"),
        (lambda: structured_report(), "no_images"),
        (lambda: head_ct(slices=3, size=(64, 64)), "too_few_slices"),
    ],
)
def test_what_cannot_be_analyzed_ends_in_a_named_reason(node, make, code):
    uid = node.receive(*make())
    assert node.run()
    study = node.worklist.study_details.study(uid)
    assert study.state == StudyState.UNSUITABLE
    assert code in [reason.code for reason in study.reasons]
    has_ct = any(series.modality == "CT" for series in study.series)
    assert len(study.deliveries) == int(has_ct), "only a CT study is worth a report"
    if has_ct:
        assert summarize(report_of(node, study)).decision is None


def test_pixels_that_are_cut_off_are_a_reason_not_a_crash(node):
    images = head_ct(slices=20, size=(64, 64))
    for ds in images:
        ds.PixelData = ds.PixelData[:-100]
    uid = node.receive(*images)
    node.run()
    study = node.worklist.study_details.study(uid)
    assert study.state == StudyState.UNSUITABLE
    assert study.reasons[0].code == "unreadable"


def without(*missing: int):
    return [ds for index, ds in enumerate(head_ct(slices=32, size=(128, 128))) if index not in missing]


def cautioned(node, uid: str) -> str:
    """Return what a study that is not whole says, the same in the worklist and in its report."""
    study = node.worklist.study_details.study(uid)
    assert (study.state, study.decision) == (StudyState.ANALYZED, "uncertain")
    reasons = [reason.message for reason in study.reasons if reason.code == "slices_missing"]
    assert reasons
    summary = summarize(report_of(node, study))
    assert summary.decision == "uncertain"
    assert all(reason in summary.sentence for reason in reasons)
    return " ".join(reasons)


@pytest.mark.slow
def test_a_head_with_a_hole_is_uncertain_in_worklist_and_report(node):
    uid = node.receive(*without(*range(8, 12)))
    assert node.run()
    assert "20 mm between image 8 (at 35.0 mm) and image 13 (at 60.0 mm)" in cautioned(node, uid)


@pytest.mark.slow
def test_a_slice_that_cannot_be_read_is_named_in_worklist_report_and_log(node, caplog):
    images = without()
    images[12].PixelData = images[12].PixelData[:-100]
    uid = node.receive(*images)
    assert node.run()
    assert "1 of 32 cannot be used: image 13 at 60.0 mm" in cautioned(node, uid)
    path = node.spool.layout.instance(uid, images[12].SOPInstanceUID)
    assert f"slice_left_out study_instance_uid={uid} file={path.name}" in caplog.text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:300]), "1 file is damaged"),
        (lambda path: path.unlink(), "1 of 32 received images are not in the spool any more"),
    ],
    ids=["damaged", "gone"],
)
def test_a_file_of_the_spool_that_is_damaged_or_gone_makes_the_study_uncertain(node, harm, words):
    images = without()
    uid = node.receive(*images)
    harm(node.spool.layout.instance(uid, images[12].SOPInstanceUID))
    assert node.run()
    assert words in cautioned(node, uid)


def test_a_study_of_damaged_files_says_so(node):
    images = head_ct(slices=20, size=(64, 64))
    uid = node.receive(*images)
    for ds in images[5:]:
        path = node.spool.layout.instance(uid, ds.SOPInstanceUID)
        path.write_bytes(path.read_bytes()[:300])
    assert node.run()
    study = node.worklist.study_details.study(uid)
    assert study.state == StudyState.UNSUITABLE
    assert "15 files are damaged" in " ".join(reason.message for reason in study.reasons)


def enlarge(path: Path, size_bytes: int) -> None:
    """Let a file's pixel data announce and have so many bytes, without taking them from the disk."""
    content = path.read_bytes()
    element = content.rindex(b"\xe0\x7f\x10\x00OW\0\0") + 8
    with path.open("r+b") as file:
        file.seek(element)
        file.write((size_bytes - element - 4).to_bytes(4, "little"))
        file.truncate(size_bytes)


@pytest.mark.parametrize("size_mb", [513, 1025, 2047])
def test_an_image_that_is_kept_and_too_large_to_be_read_is_a_reason(node, size_mb):
    images = head_ct(slices=20, size=(64, 64))
    uid = node.receive(*images)
    for ds in images:
        enlarge(node.spool.layout.instance(uid, ds.SOPInstanceUID), size_mb << 20)
    assert node.run()
    study = node.worklist.study_details.study(uid)
    assert study.state == StudyState.UNSUITABLE
    assert "more than 512 MB" in " ".join(reason.message for reason in study.reasons)


@pytest.mark.slow
def test_a_large_object_of_another_kind_doubts_no_head(node):
    other = mr_head()[0]
    images = head_ct(slices=32, size=(128, 128))
    other.StudyInstanceUID = images[0].StudyInstanceUID
    uid = node.receive(*images, other)
    enlarge(node.spool.layout.instance(uid, other.SOPInstanceUID), 600 << 20)
    assert node.run()
    reasons = node.worklist.study_details.study(uid).reasons
    assert not [one for one in reasons if "damaged" in one.message or " MB" in one.message]


def test_a_model_that_fails_is_a_named_failure(node, model):
    class Broken:
        identity = model.identity

        def predict(self, volume):
            raise ZeroDivisionError("PATIENT^SECRET")

    uid = node.receive(*head_ct(slices=20, size=(64, 64)))
    node.run(node.runner_with(Broken()))
    study = node.worklist.study_details.study(uid)
    assert study.state == StudyState.FAILED
    assert study.reasons[0].code == "analysis_failed"
    assert "SECRET" not in str(study.events)
    assert [one.state for one in study.deliveries] == ["pending"], "the radiologist is told, too"
    assert summarize(report_of(node, study)).decision is None


@pytest.fixture
def work(node, monkeypatch, wait_for):
    """Let the worker's loop run until a study is done; return the study."""
    parked = threading.Event()
    monkeypatch.setattr(worker, "PAUSE_AFTER_ERROR_SECONDS", 0.01)

    def work(uid: str):
        parts = node.runner, Lease(node.worklist, 60), node.worklist.waiter(Channel.STUDIES)
        threading.Thread(target=worker._work, args=parts, daemon=True).start()
        wait_for(lambda: node.worklist.study_details.study(uid).state in DONE, "the end of the study")
        return node.worklist.study_details.study(uid)

    yield work
    monkeypatch.setattr(node.runner, "claim", lambda: parked.set() or threading.Event().wait())
    wait_for(parked.is_set, "the thread to claim nothing of the next tests")


def test_a_study_whose_result_the_disk_did_not_take_waits_for_room_untried(node, monkeypatch, work):
    uid = node.receive(*localizer())
    keep, takes_files, tries, looks = StoredResult.keep, node.spool.takes_files, [], []

    def full_at_first(result, content):
        tries.append(1)
        if len(tries) == 1:
            raise StorageFull
        keep(result, content)

    def room_later(size_bytes=0):
        looks.append(size_bytes)
        return len(looks) > 3 and takes_files(size_bytes)

    monkeypatch.setattr(StoredResult, "keep", full_at_first)
    monkeypatch.setattr(node.spool, "takes_files", room_later)
    study = work(uid)
    assert (study.state, len(tries)) == (StudyState.UNSUITABLE, 2), "its only try was not used up"
    assert "worklist_failed" in [event.code for event in study.events]
    assert report_of(node, study)
    assert min(looks) > 1_000_000, "room for a result is waited for"


def test_a_study_whose_outcome_the_database_refused_returns_to_the_queue_untried(node, monkeypatch, work):
    uid = node.receive(*localizer())
    claims, refused = node.worklist.claims, []

    def refuse_once(name, real):
        def call(*arguments, **more):
            if name not in refused:
                refused.append(name)
                raise StorageError("the database is locked")
            return real(*arguments, **more)

        return call

    for name in ("finish", "give_back"):
        monkeypatch.setattr(claims, name, refuse_once(name, getattr(claims, name)))
    study = work(uid)
    assert study.state == StudyState.UNSUITABLE, "its only try was not used up"
    assert "worklist_failed" in [event.code for event in study.events]


def test_a_study_during_whose_analysis_the_database_went_away_returns_to_the_queue_untried(node, monkeypatch, work):
    uid = node.receive(*localizer())
    find, asked = node.worklist.stored_instances.find, []

    def away_at_first(study_instance_uid):
        asked.append(study_instance_uid)
        if len(asked) == 1:
            raise DatabaseRefused("the server is starting up")
        return find(study_instance_uid)

    monkeypatch.setattr(node.worklist.stored_instances, "find", away_at_first)
    study = work(uid)
    assert study.state == StudyState.UNSUITABLE, "its only try was not used up"
    assert "worklist_failed" in [event.code for event in study.events]


def test_a_result_goes_to_the_destinations_of_the_moment_by_their_rules(node, model):
    wanted = [{"url": "dicom://NEW@h:1"}, {"url": "dicom://OTHER@h:1", "rules": [{"decision": ["flagged"]}]}]
    latest = [node.settings]
    arguments = node.settings, node.spool, node.worklist, model, Policy()
    runner = Runner("test:1", *arguments, latest_settings=lambda: latest[0])
    uid = node.receive(*head_ct(slices=3, size=(16, 16)))
    claim = runner.claim()
    anew = read_settings(destinations=wanted, data_dir=node.settings.data_dir)
    latest[0] = anew.model_copy(update={"extra_objects": ("summary",)})
    runner.run(claim)
    study = node.worklist.study_details.study(uid)
    assert [one.destination for one in study.deliveries] == ["NEW@h:1"]
    assert [event.message for event in study.events if event.code == "delivery_not_wanted"] == [
        "OTHER@h:1: rule 1 wants another decision"
    ]
