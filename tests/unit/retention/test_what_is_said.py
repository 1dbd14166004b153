"""What people and programs are told of a study whose images were deleted: never that there are none."""

from contextlib import closing

import pytest
from aged import DAY, DESTINATION, Ward, by_age

from triage_node.database import day_of
from triage_node.errors import IllegalMove
from triage_node.ingest import rebuild_worklist
from triage_node.search import Level, Question
from triage_node.worklist import Worklist


@pytest.fixture
def without_images(ward, clock) -> str:
    """A flagged study whose images were deleted."""
    uid = ward.done("1.2.3")
    clock.forward(91 * DAY)
    ward.retention(by_age(90)).run()
    return uid


def test_its_answer_and_the_day_of_the_deletion_are_said(ward, clock, without_images):
    study = ward.worklist.study_details.study(without_images)
    assert study.decision == "flagged"
    assert study.deletions == [f"The images were deleted on {day_of(clock())}."]
    assert study.report_deletion == ""


def test_it_is_not_analyzed_again(ward, clock, without_images):
    with pytest.raises(IllegalMove, match=f"deleted on {day_of(clock())}"):
        ward.worklist.reader_actions.requeue(without_images, "person x")
    assert ward.worklist.study_details.study(without_images).state == "analyzed"


def test_its_report_is_sent_again_until_that_is_deleted(ward, clock, without_images):
    ward.worklist.resending.resend_one(without_images, DESTINATION, report_of(ward, without_images), "person x")
    ward.deliver()
    ward.retention(by_age(1, 2)).run()
    with pytest.raises(IllegalMove, match="reports of the study were deleted"):
        ward.worklist.resending.resend_one(without_images, DESTINATION, report_of(ward, without_images), "person x")
    assert "report" in ward.worklist.study_details.study(without_images).report_deletion


def report_of(ward, uid):
    return ward.worklist.study_details.study(uid).outcomes[-1].report_sop_instance_uid


@pytest.mark.parametrize("level", Level)
def test_a_search_finds_it_and_says_that_it_cannot_be_had(ward, without_images, level):
    [*found] = ward.worklist.search.find(Question(level))
    assert {one["InstanceAvailability"] for one in found} == {"UNAVAILABLE"}


def test_nobody_is_promised_it(ward, without_images):
    assert not ward.worklist.kept_instances.find([f"{without_images}.1.{number}" for number in range(3)])


def test_the_same_images_come_again_and_move_nothing(ward, clock, without_images):
    ward.receive(without_images, 0, 1)
    study = ward.worklist.study_details.study(without_images)
    assert (study.state, study.revision, study.has_images) == ("analyzed", 3, True)
    assert study.deletions[0].endswith("others came again, or later.")
    assert len(ward.files(without_images)) == 2
    ward.receive(without_images, 2)
    study = ward.worklist.study_details.study(without_images)
    assert (study.state, study.images_deleted_at, study.deletions) == ("analyzed", None, [])
    [event] = [one for one in study.events if one.code == "images_returned"]
    assert event.message.endswith(": 3")


def test_when_they_are_here_again_it_can_be_analyzed_again(ward, without_images):
    ward.receive(without_images, 0, 1, 2)
    ward.worklist.reader_actions.requeue(without_images, "person x")
    assert ward.worklist.study_details.study(without_images).state == "ready"


def test_what_came_again_is_deleted_again_when_it_is_old(ward, clock, without_images):
    ward.receive(without_images, 0, 1)
    assert ward.retention(by_age(90)).run().is_empty
    clock.forward(91 * DAY)
    assert ward.retention(by_age(90)).run().files == 2
    assert not ward.worklist.study_details.study(without_images).has_images


def test_a_new_image_makes_a_new_revision_and_says_that_the_earlier_are_gone(ward, without_images):
    ward.receive(without_images, 7)
    study = ward.worklist.study_details.study(without_images)
    assert (study.state, study.revision, study.has_images) == ("receiving", 4, True)
    [event] = [one for one in study.events if one.code == "late_images"]
    assert event.message == "the earlier images were deleted"
    ward.close()
    claim = ward.worklist.claims.claim("w")
    assert claim.series_counts == {f"{without_images}.1": 4}, "one of four is there: the answer says that some vanished"


def test_a_query_source_is_asked_for_it_again(ward, without_images):
    assert not ward.worklist.announcements.received(without_images).sop_instance_uids


@pytest.fixture
def made_anew(ward, clock, make_settings, make_worklist):
    """Lose the worklist, and make it anew from the spool."""
    opened = []

    def lose() -> Ward:
        for file in ward.spool.layout.root.parent.glob("worklist.sqlite*"):
            file.unlink()
        worklist = make_worklist(make_settings(), clock)
        opened.append(worklist)
        made = rebuild_worklist(ward.spool, worklist, [DESTINATION])
        assert made.left_out == []
        return Ward(worklist, ward.spool, clock)

    yield lose
    for one in opened:
        one.close()


@pytest.fixture
def database_url():
    """These lose a SQLite file."""
    return


def test_a_rebuilt_worklist_knows_it_as_before(ward, clock, without_images, made_anew):
    before = ward.worklist.study_details.study(without_images)
    after = made_anew().worklist.study_details.study(without_images)
    for name in ("patient_name", "state", "decision", "probabilities", "images_deleted_at", "has_images", "deletions"):
        assert getattr(after, name) == getattr(before, name), name
    assert [one.instance_count for one in after.series] == [3]
    assert not after.held
    assert [one.state for one in after.deliveries] == ["held"]


def test_a_rebuilt_worklist_has_what_came_again(ward, without_images, made_anew, monkeypatch):
    ward.receive(without_images, 1)
    monkeypatch.setattr("triage_node.ingest.rebuild.read_unindexed", lambda path: unindexed(ward, path))
    study = made_anew().worklist.study_details.study(without_images)
    assert (study.has_images, study.held, [one.instance_count for one in study.series]) == (True, True, [3])
    assert study.images_deleted_at is not None


def test_a_rebuilt_worklist_sends_no_report_that_was_deleted(ward, clock, without_images, made_anew):
    ward.retention(by_age(1, 2)).run()
    study = made_anew().worklist.study_details.study(without_images)
    assert (study.decision, study.deliveries) == ("flagged", [])
    assert study.report_deletion


def test_what_lost_its_rows_does_not_come_back(ward, clock, without_images, make_settings, make_worklist):
    ward.retention(by_age(1, 2, 3)).run()
    for file in ward.spool.layout.root.parent.glob("worklist.sqlite*"):
        file.unlink()
    with closing(make_worklist(make_settings(), clock)) as worklist:
        assert isinstance(worklist, Worklist)
        assert rebuild_worklist(ward.spool, worklist, []).studies == 0


def unindexed(ward, path):
    """Stand in for the reader of headers: the files of this ward hold nothing but their UID."""
    from types import SimpleNamespace

    uid = path.read_bytes().strip().decode()
    study, _, number = uid.rsplit(".", 2)
    received = ward.instance(study, int(number))
    header = SimpleNamespace(study_instance_uid=study, sop_instance_uid=uid)
    return SimpleNamespace(header=header, path=path, received=lambda: received)
