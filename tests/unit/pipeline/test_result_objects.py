"""What the worker makes beside a report: for whom, of what, and that it never holds the report back."""

import io

import numpy as np
import pytest
from ct import head_ct
from PIL import Image
from pydicom import dcmread

from triage_node.database import StudyState
from triage_node.imaging import Policy, read_volume, scan
from triage_node.models.registry import explain_with
from triage_node.outcome import ObjectKind
from triage_node.pipeline import object_maker
from triage_node.report import summarize
from triage_node.report.objects.shown_slice import MOST_SLICES

ALL = tuple(kind for kind in ObjectKind if kind is not ObjectKind.REPORT)
# Rows of the summary from which it shows slices; the bars above them have colors of their own.
SLICES_FROM = 680
FLAGGED = {"slices": 32, "size": (128, 128), "lesion": "intraparenchymal"}


def study_of(node, uid):
    return node.worklist.study_details.study(uid)


def result_of(node, uid):
    return node.spool.result(uid, study_of(node, uid).outcomes[-1].folder)


def read(content):
    return dcmread(io.BytesIO(content))


@pytest.mark.slow
def test_what_nobody_wants_is_not_made(node):
    uid = node.receive(*head_ct(**FLAGGED))
    node.run()
    assert [kind for kind in ALL if result_of(node, uid).has_object(kind)] == []


@pytest.mark.slow
def test_of_a_flagged_study_all_that_is_wanted_is_made_of_one_report_and_listed(node, model):
    uid = node.receive(*head_ct(**FLAGGED))
    node.run(node.runner_with(model, extra_objects=ALL))
    result = result_of(node, uid)
    report, made = read(result.report()), {kind: read(result.object(kind)) for kind in ALL}
    assert summarize(report).decision in ("flagged", "uncertain")
    best = {each.best_slice.sop_instance_uid for each in summarize(report).labels if each.best_slice}
    named = {item.ReferencedSOPInstanceUID for item in made[ObjectKind.SUMMARY].SourceImageSequence}
    selected = [item for item in made[ObjectKind.KEY_OBJECTS].ContentSequence if item.ValueType == "IMAGE"]
    assert best == {item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for item in selected}
    assert named <= best
    assert len(named) == min(len(best), MOST_SLICES)
    for kind in (ObjectKind.SUMMARY, ObjectKind.PDF):
        assert made[kind].SourceInstanceSequence[0].ReferencedSOPInstanceUID == report.SOPInstanceUID
    listed = {one.sop_instance_uid: one.result_file for one in node.worklist.stored_instances.find(uid)}
    for kind, ds in made.items():
        assert listed[ds.SOPInstanceUID].endswith(f"/{kind}.dcm")


@pytest.mark.slow
def test_the_summary_shows_the_very_slices_that_the_model_saw(node, model):
    """Read again by itself, in the window of the brain (PS3.3 C.11.2.1.2.1), and looked for on the page."""
    uid = node.receive(*head_ct(**FLAGGED))
    node.run(node.runner_with(model, extra_objects=ALL))
    summary = read(result_of(node, uid).object(ObjectKind.SUMMARY))
    volume = read_volume(scan(node.spool.instances(uid)).series[0], Policy())
    indexes = {source.sop_instance_uid: index for index, [source] in enumerate(volume.sources)}
    shown = [indexes[item.ReferencedSOPInstanceUID] for item in summary.SourceImageSequence]
    size, left = {1: (472, 32), 2: (352, 152), 3: (309, 32)}[len(shown)]
    head = np.argwhere((volume.hu[shown] > -300).any(axis=0))
    (top, first), (bottom, last) = np.maximum(head.min(axis=0) - 4, 0), head.max(axis=0) + 5  # 3 % of 128 around
    for number, index in enumerate(shown):
        share = np.clip((volume.hu[index, top:bottom, first:last].astype(np.float64) - 39.5) / 79 + 0.5, 0, 1)
        scaled = tuple(round(length * size / max(share.shape)) for length in share.shape[::-1])
        gray = np.asarray(Image.fromarray(np.rint(share * 255).astype(np.uint8)).resize(scaled), int)
        inset = left + number * (size + 16) + (size - scaled[0]) // 2
        strip = summary.pixel_array[:, inset : inset + scaled[0], 0]
        panels = np.lib.stride_tricks.sliding_window_view(strip, gray.shape)[:, 0]
        assert min(np.abs(panel - gray).max() for panel in panels) <= 1


@pytest.mark.parametrize("kind", ALL)
def test_of_a_study_that_was_not_analyzed_page_and_pdf_are_made(node, model, kind):
    uid = node.receive(*head_ct(slices=3, size=(64, 64)))
    node.run(node.runner_with(model, extra_objects=(kind,)))
    assert study_of(node, uid).state == StudyState.UNSUITABLE
    assert result_of(node, uid).has_object(kind) == (kind is not ObjectKind.KEY_OBJECTS)


def test_what_is_wanted_later_is_made_when_the_study_is_analyzed_again_and_what_is_there_stays(node, model, clock):
    uid = node.receive(*head_ct(slices=3, size=(64, 64)))
    node.run(node.runner_with(model, extra_objects=(ObjectKind.SUMMARY,)))
    first = result_of(node, uid)
    before = first.object(ObjectKind.SUMMARY), first.report()
    node.worklist.reader_actions.requeue(uid, "person")
    node.run(node.runner_with(model, extra_objects=(ObjectKind.SUMMARY, ObjectKind.PDF)))
    again = result_of(node, uid)
    assert again.folder == first.folder
    assert (again.object(ObjectKind.SUMMARY), again.report()) == before
    made = read(again.object(ObjectKind.PDF))
    assert made.ContentTime == read(before[1]).ContentTime, "it is of the report that is stored"


class Panic(BaseException):
    """As PyO3 raises it for a panic in Rust."""


@pytest.mark.parametrize("kind_of_error", [RuntimeError, Panic])
@pytest.mark.parametrize("broken", ["build_summary", "build_pdf", "build_key_objects"])
def test_what_cannot_be_made_holds_back_neither_report_nor_the_others(
    node, model, monkeypatch, caplog, broken, kind_of_error
):
    def fail(*_):
        raise kind_of_error("no letters")

    monkeypatch.setattr(object_maker, broken, fail)
    uid = node.receive(*head_ct(slices=3, size=(64, 64)))
    assert node.run(node.runner_with(model, extra_objects=ALL))
    result = result_of(node, uid)
    assert result.report() is not None
    assert len(study_of(node, uid).deliveries) == 1
    missing = {"build_summary": ObjectKind.SUMMARY, "build_pdf": ObjectKind.PDF}.get(broken)
    assert {kind for kind in ALL if result.has_object(kind)} == {ObjectKind.SUMMARY, ObjectKind.PDF} - {missing}
    assert "object_failed kind=" in caplog.text
    assert kind_of_error.__name__ in caplog.text


@pytest.mark.slow
def test_the_summary_shows_where_the_model_looked_only_where_a_site_wants_it(node, model):
    uid = node.receive(*head_ct(**FLAGGED))
    colors = []
    for localized in (False, True):
        runner = node.runner_with(
            model, explain_with(model), extra_objects=(ObjectKind.SUMMARY,), summary_localization=localized
        )
        node.run(runner)
        path = result_of(node, uid).folder / "summary.dcm"
        page = read(path.read_bytes()).pixel_array.astype(int)
        colors.append(((page.max(axis=2) - page.min(axis=2)) > 60)[SLICES_FROM:].sum())
        path.unlink()
        node.worklist.reader_actions.requeue(uid, "person")
    assert colors[0] == 0
    assert colors[1] > 500


@pytest.mark.slow
def test_a_later_revision_has_objects_of_its_own_that_say_what_they_replace(node, model):
    images = head_ct(**FLAGGED)
    uid = node.receive(*images[:-1])
    node.run(node.runner_with(model, extra_objects=ALL))
    first = result_of(node, uid)
    node.receive(images[-1])
    node.run(node.runner_with(model, extra_objects=ALL))
    second = result_of(node, uid)
    assert first.folder != second.folder
    for kind in ALL:
        one, other = read(first.object(kind)), read(second.object(kind))
        assert one.SOPInstanceUID != other.SOPInstanceUID
        assert one.SeriesInstanceUID != other.SeriesInstanceUID
        assert one.StudyInstanceUID == other.StudyInstanceUID
    page = read(second.object(ObjectKind.SUMMARY))
    assert page.SourceInstanceSequence[0].ReferencedSOPInstanceUID == read(second.report()).SOPInstanceUID
