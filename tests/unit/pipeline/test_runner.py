"""The runner with the shipped model: what it writes for each kind of study. No process, no network."""

import json
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from ct import head_ct, save
from ct_objects import chest_ct, localizer, mr_head, structured_report
from pydicom import dcmread

from triage_node.errors import StorageError
from triage_node.findings import Label
from triage_node.imaging import Policy
from triage_node.intake.header import read_header
from triage_node.intake.registrar import received_instance
from triage_node.models import load_model
from triage_node.models.registry import explain_with
from triage_node.pipeline import worker
from triage_node.pipeline.runner import EXPLANATION, Runner
from triage_node.report import summarize
from triage_node.spool import Spool
from triage_node.spool.layout import SLICE_SCORES
from triage_node.worklist import StudyState, Worklist
from triage_node.worklist.states import DONE

DESTINATION = "PACS@127.0.0.1:1"


@pytest.fixture(scope="session")
def model():
    return load_model("default")


@pytest.fixture
def node(make_settings, model, clock, tmp_path):
    """Spool, worklist and runner; `receive` keeps a study as the intake does."""

    class Parts:
        settings = make_settings(destinations=[DESTINATION], analysis_attempts=1)
        spool = Spool(settings.data_dir / "spool")
        worklist = Worklist(settings, clock)

        def __init__(self) -> None:
            self.worklist.prepare()
            self.clock = clock
            self.runner = self.runner_with(model)

        def runner_with(self, model, explain=None) -> Runner:
            parts = self.settings, self.spool, self.worklist, model, Policy(), time.time
            return Runner("test:1", *parts, explain=explain)

        def receive(self, *datasets) -> str:
            for path in save(datasets, tmp_path / "sent"):
                content = path.read_bytes()
                header = read_header(content)
                kept = self.spool.keep(content, header.study_instance_uid, header.sop_instance_uid)
                self.spool.file(kept, header.study_instance_uid, header.sop_instance_uid)
                self.worklist.registration.register([received_instance(header, len(content), clock())])
                self.spool.forget(kept)
            clock.forward(100)
            self.worklist.assembly.advance()
            return str(datasets[0].StudyInstanceUID)

        def run(self, runner: Runner | None = None) -> bool:
            runner = runner or self.runner
            return runner.run(runner.claim())

    parts = Parts()
    yield parts
    parts.worklist.close()


def report_of(study):
    return dcmread(f"{study['outcomes'][-1]['folder']}/report-1.dcm")


@pytest.mark.slow
def test_a_head_ct_ends_in_a_report(node):
    uid = node.receive(*head_ct(slices=32, size=(128, 128)))
    assert node.run()
    study = node.worklist.views.study(uid)
    assert study["state"] == StudyState.ANALYZED
    assert set(study["outcomes"][0]["seconds"]) == {"read", "infer", "report"}
    assert [one["destination"] for one in study["deliveries"]] == [DESTINATION]
    summary = summarize(report_of(study))
    assert summary.decision == study["decision"]
    scores = json.loads(Path(study["outcomes"][-1]["folder"], SLICE_SCORES).read_bytes())
    assert len({row["sop_instance_uid"] for row in scores}) == 32
    for label, probability in study["probabilities"].items():
        assert summary.of(Label(label)).probability == pytest.approx(probability, abs=0.001)


@pytest.mark.slow
def test_a_picture_of_where_the_model_looked_lies_beside_the_report_only_when_asked_for(node, model):
    uid = node.receive(*head_ct(slices=32, size=(128, 128), lesion="intraparenchymal"))
    node.run()
    assert not Path(node.worklist.views.study(uid)["outcomes"][-1]["folder"], EXPLANATION).exists()
    node.worklist.people.requeue(uid, "person")
    explaining = node.runner_with(model, explain=explain_with(model))
    node.run(explaining)
    study = node.worklist.views.study(uid)
    picture = Path(study["outcomes"][-1]["folder"], EXPLANATION).read_bytes()
    pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    marked = np.abs(pixels.astype(int).max(axis=2) - pixels.astype(int).min(axis=2)) > 60
    assert marked[:, pixels.shape[1] // 2 :].sum() > 50
    assert not marked[:, : pixels.shape[1] // 2].any()
    assert len(study["deliveries"]) == 1


class Undrawable:
    """A picture that is there and cannot be written."""

    pixels = sources = None

    def png(self) -> bytes:
        raise ValueError("not a picture")


def refuse(volume, prediction):
    raise RuntimeError("no gradient")


@pytest.mark.slow
@pytest.mark.parametrize("explain", [refuse, lambda volume, prediction: Undrawable()], ids=["drawing", "writing"])
def test_a_picture_that_fails_does_not_hold_back_the_finding(node, model, explain):
    uid = node.receive(*head_ct(slices=32, size=(128, 128)))
    assert node.run(node.runner_with(model, explain=explain))
    study = node.worklist.views.study(uid)
    assert study["state"] == StudyState.ANALYZED
    assert len(study["deliveries"]) == 1
    assert not Path(study["outcomes"][-1]["folder"], EXPLANATION).exists()


def test_a_study_that_ended_every_worker_is_reported_as_not_analyzed(node):
    uid = node.receive(*head_ct(slices=32, size=(128, 128)))
    node.worklist.claims.claim("test:0")
    node.worklist.claims.release_worker("test:0")
    node.run()
    study = node.worklist.views.study(uid)
    assert study["state"] == StudyState.FAILED
    assert "ended its process" in study["reasons"][0]["message"]
    assert summarize(report_of(study)).decision is None
    assert len(study["deliveries"]) == 1


@pytest.mark.slow
def test_the_same_result_is_the_same_object(node):
    uid = node.receive(*head_ct(slices=32, size=(128, 128)))
    node.run()
    before = report_of(node.worklist.views.study(uid))
    node.worklist.people.requeue(uid, "person")
    node.run()
    study = node.worklist.views.study(uid)
    assert report_of(study) == before
    assert len(study["outcomes"]) == 2
    assert len(study["deliveries"]) == 1


@pytest.mark.slow
def test_late_images_make_a_new_report_that_names_the_earlier(node):
    images = head_ct(slices=32, size=(128, 128))
    uid = node.receive(*images[:-1])
    node.run()
    node.receive(images[-1])
    node.run()
    first, second = (one["report_sop_instance_uid"] for one in node.worklist.views.study(uid)["outcomes"])
    assert first != second
    named = report_of(node.worklist.views.study(uid)).PredecessorDocumentsSequence[0]
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
    study = node.worklist.views.study(uid)
    assert study["state"] == StudyState.UNSUITABLE
    assert code in [reason["code"] for reason in study["reasons"]]
    has_ct = any(series["modality"] == "CT" for series in study["series"])
    assert len(study["deliveries"]) == int(has_ct), "only a CT study is worth a report"
    if has_ct:
        assert summarize(report_of(study)).decision is None


def test_pixels_that_are_cut_off_are_a_reason_not_a_crash(node):
    images = head_ct(slices=20, size=(64, 64))
    for ds in images:
        ds.PixelData = ds.PixelData[:-100]
    uid = node.receive(*images)
    node.run()
    study = node.worklist.views.study(uid)
    assert study["state"] == StudyState.UNSUITABLE
    assert study["reasons"][0]["code"] == "unreadable"


def test_a_model_that_fails_is_a_named_failure(node, model):
    class Broken:
        identity = model.identity

        def predict(self, volume):
            raise ZeroDivisionError("PATIENT^SECRET")

    uid = node.receive(*head_ct(slices=20, size=(64, 64)))
    node.run(node.runner_with(Broken()))
    study = node.worklist.views.study(uid)
    assert study["state"] == StudyState.FAILED
    assert study["reasons"][0]["code"] == "analysis_failed"
    assert "SECRET" not in str(study["events"])
    assert [one["state"] for one in study["deliveries"]] == ["pending"], "the radiologist is told, too"
    assert summarize(report_of(study)).decision is None


def test_a_study_whose_outcome_the_database_refused_returns_to_the_queue_untried(node, monkeypatch, wait_for):
    uid = node.receive(*localizer())
    claims, refused, parked = node.worklist.claims, [], threading.Event()

    def refuse_once(name, real):
        def call(*arguments, **more):
            if name not in refused:
                refused.append(name)
                raise StorageError("the database is locked")
            return real(*arguments, **more)

        return call

    for name in ("finish", "give_back"):
        monkeypatch.setattr(claims, name, refuse_once(name, getattr(claims, name)))
    monkeypatch.setattr(worker, "PAUSE_AFTER_ERROR_SECONDS", 0.01)
    threading.Thread(target=worker._work, args=(node.runner, worker.Lease(node.worklist, 60)), daemon=True).start()
    wait_for(lambda: node.worklist.views.study(uid)["state"] in DONE, "the end of the study")
    study = node.worklist.views.study(uid)
    assert study["state"] == StudyState.UNSUITABLE, "its only try was not used up"
    assert "worklist_failed" in [event["code"] for event in study["events"]]
    monkeypatch.setattr(node.runner, "claim", lambda: parked.set() or threading.Event().wait())
    wait_for(parked.is_set, "the thread to claim nothing of the next tests")
