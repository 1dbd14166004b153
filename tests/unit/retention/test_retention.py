"""What goes by age, in which order, and what people are told of it."""

import pytest
from aged import DAY, DESTINATION, by_age
from sqlalchemy import select

from triage_node.database import DailyRow
from triage_node.errors import StudyNotFound
from triage_node.findings import Decision


def test_the_images_of_an_old_study_go_and_its_answer_stays(ward, clock):
    uid = ward.done("1.2.3")
    clock.forward(91 * DAY)
    tally = ward.retention(by_age(90)).run()
    assert (tally.studies["images"], tally.files, tally.size_bytes) == (1, 3, 3000)
    assert ward.files(uid) == set()
    study = ward.worklist.study_details.study(uid)
    assert (study.state, study.decision, study.images_deleted_at, study.has_images) == (
        "analyzed", "flagged", clock(), False,
    )  # fmt: skip
    assert ward.spool.result(uid, study.outcomes[-1].folder).report() == b"report"
    [event] = [one for one in study.events if one.code == "images_deleted"]
    assert event.message == "3 files, 2.9 KiB: older than 90 days"


def test_a_younger_study_stays(ward, clock):
    uid = ward.done("1.2.3")
    clock.forward(89 * DAY)
    assert ward.retention(by_age(90)).run().is_empty
    assert len(ward.files(uid)) == 3


def test_a_second_run_finds_nothing_to_do(ward, clock):
    ward.done("1.2.3")
    clock.forward(91 * DAY)
    job = ward.retention(by_age(90))
    job.run()
    assert job.run().is_empty


def test_results_go_later_than_images_and_rows_last(ward, clock):
    uid = ward.done("1.2.3")
    job = ward.retention(by_age(10, 20, 30))
    clock.forward(11 * DAY)
    job.run()
    folder = ward.worklist.study_details.study(uid).outcomes[-1].folder
    assert ward.spool.result(uid, folder).has_report(1)
    clock.forward(10 * DAY)
    job.run()
    assert not ward.spool.result(uid, folder).has_report(1)
    study = ward.worklist.study_details.study(uid)
    assert (study.decision, study.probabilities["any"], study.results_deleted_at) == ("flagged", 0.5, clock())
    clock.forward(10 * DAY)
    job.run()
    with pytest.raises(StudyNotFound):
        ward.worklist.study_details.study(uid)
    assert not ward.spool.layout.study(uid).exists()


def test_everything_due_goes_in_one_run(ward, clock):
    ward.done("1.2.3")
    clock.forward(400 * DAY)
    tally = ward.retention(by_age(10, 20, 30)).run()
    assert dict(tally.studies) == {"images": 1, "results": 1, "rows": 1}


def test_statistics_and_the_audit_trail_outlive_the_rows(ward, clock):
    ward.done("1.2.3")
    ward.done("1.2.4", decision=Decision.NOT_FLAGGED)
    before = daily(ward)
    clock.forward(400 * DAY)
    ward.retention(by_age(10, 20, 30)).run()
    after = daily(ward)
    assert {key: number for key, number in after.items() if key[0]} == {
        key: number for key, number in before.items() if key[0]
    }
    assert ward.worklist.study_details.studies_by_state() == {}
    actions = [one.action for one in ward.worklist.audit_trail.latest(study_instance_uid="1.2.3")]
    assert actions == ["study_deleted", "results_deleted", "images_deleted"]


def daily(ward):
    with ward.worklist.database.read() as session:
        return {(row.day, row.measure, row.value): row.number for row in session.scalars(select(DailyRow))}


def test_what_is_not_delivered_keeps_everything(ward, clock):
    ward.receive("1.2.3", 1, 2)
    ward.close()
    ward.analyze(destinations=(DESTINATION,))
    clock.forward(400 * DAY)
    assert ward.retention(by_age(10, 20, 30)).run().is_empty
    ward.deliver()
    assert ward.retention(by_age(10, 20, 30)).run().studies.total() == 3


def test_a_judged_study_stays_unless_it_may_go(ward, clock):
    uid = ward.done("1.2.3")
    ward.worklist.reader_actions.give_verdict(uid, True, [], "person x")
    clock.forward(400 * DAY)
    assert ward.retention(by_age(10)).run().is_empty
    assert ward.retention(by_age(10, keep_judged=False)).run().studies["images"] == 1


def test_what_is_received_of_other_kinds_goes_with_the_images(ward, clock):
    uid = ward.done("1.2.3")
    ward.receive(uid, 1, series="9", eligible=False)
    clock.forward(91 * DAY)
    assert ward.retention(by_age(90)).run().files == 4


def test_a_variant_goes_with_its_instance(ward, clock):
    uid = ward.done("1.2.3")
    incoming = ward.spool.keep([b"another"], uid, f"{uid}.1.1")
    ward.spool.keep_variant(incoming, uid, f"{uid}.1.1")
    ward.spool.forget(incoming)
    clock.forward(91 * DAY)
    assert ward.retention(by_age(90)).run().files == 4
    assert not list(ward.spool.layout.study(uid).glob("*.variant"))
