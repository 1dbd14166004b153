"""The worklist and the spool are compared: what is missing is told, what can be mended is, and nothing is lost."""

import os
import time
from pathlib import Path

import pytest
from spools import fill_study
from sqlalchemy import delete

from triage_node.database import InstanceRow, StudyRow
from triage_node.ingest import Indexer, rebuild_study, rebuild_worklist
from triage_node.retention import Pace, Reconciled, Reconciliation
from triage_node.retention.leftovers import GRACE_SECONDS
from triage_node.storage import Spool


@pytest.fixture
def spool(tmp_path) -> Spool:
    return Spool(tmp_path / "data/spool")


@pytest.fixture
def compare(worklist, spool):
    """Compare, in two hours from now: everything that lies there is old."""

    def run(later_seconds: float = 2 * GRACE_SECONDS) -> Reconciled:
        taken: list[Path] = []
        job = Reconciliation(
            worklist,
            spool,
            taken.append,
            lambda folder: rebuild_study(spool, worklist, [], folder),
            Pace(),
            lambda: time.time() + later_seconds,
        )
        found = job.run()
        if taken:
            indexer = Indexer(spool, worklist)
            indexer.start()
            indexer.stop()
        return found

    return run


@pytest.fixture
def uid(worklist, spool) -> str:
    """A study of three images that all is well with."""
    uid = fill_study(spool, 1, slices=3)
    rebuild_worklist(spool, worklist, [])
    return uid


def test_where_all_is_well_nothing_is_done(compare, uid):
    assert compare() == Reconciled(studies=1, instances=3)


def test_a_missing_file_is_told_once(compare, uid, spool, worklist):
    spool.instances(uid)[0].unlink()
    for _ in range(2):
        assert compare().missing == 1
    [event] = [one for one in worklist.study_details.study(uid).events if one.code == "files_missing"]
    assert event.message == "1 instances have no file in the spool any more"
    assert worklist.study_details.study(uid).state == "analyzed"


def test_a_file_without_a_row_is_registered(compare, uid, worklist, spool):
    with worklist.database.write() as session:
        first = worklist.stored_instances.find(uid)[0].sop_instance_uid
        session.execute(delete(InstanceRow).where(InstanceRow.sop_instance_uid == first))
    assert compare().registered == 1
    assert first in {one.sop_instance_uid for one in worklist.stored_instances.find(uid)}
    assert not list(spool.layout.incoming.iterdir())
    assert len(spool.instances(uid)) == 3
    assert compare() == Reconciled(studies=1, instances=3)


def test_a_file_that_is_just_coming_in_is_left_alone(compare, uid, worklist):
    with worklist.database.write() as session:
        session.execute(delete(InstanceRow))
    assert compare(later_seconds=0).registered == 0


def test_a_file_that_waits_for_its_row_is_left_alone(worklist, spool, compare, uid):
    path = spool.instances(uid)[0]
    with worklist.database.write() as session:
        session.execute(delete(InstanceRow))
    os.link(path, spool.layout.incoming / "waits-for-its.row")
    found = compare()
    assert found.registered == 2


def test_a_study_without_rows_is_made_anew_and_held(compare, uid, worklist):
    with worklist.database.write() as session:
        session.execute(delete(StudyRow))
    assert compare().rebuilt == 1
    study = worklist.study_details.study(uid)
    assert (study.held, study.state, sum(one.instance_count for one in study.series)) == (True, "analyzed", 3)
    assert compare() == Reconciled(studies=1, instances=3)


def test_half_written_files_go_when_they_are_old(compare, uid, spool):
    folder = spool.layout.study(uid)
    [result] = spool.results(folder)
    places = (spool.layout.incoming, folder, result.folder)
    for place in places:
        (place / "x.1.part").write_bytes(b"half")
    assert compare(later_seconds=0).temporaries == 0
    assert compare().temporaries == len(places)
    assert [*spool.layout.incoming.iterdir()] == []
    assert result.outcome()


def test_a_half_written_result_goes_and_a_whole_one_stays(compare, uid, spool):
    half = spool.layout.results(uid) / "half"
    half.mkdir()
    (half / "report-1.dcm").write_bytes(b"report")
    assert compare(later_seconds=0).results == 0
    assert compare().results == 1
    assert not half.exists()
    assert len(spool.results(spool.layout.study(uid))) == 1


def test_the_result_that_is_being_written_stays(compare, uid, spool, worklist):
    worklist.reader_actions.requeue(uid, "person x")
    assert worklist.claims.claim("w") is not None
    half = spool.layout.results(uid) / "half"
    half.mkdir()
    (half / "report-1.dcm").write_bytes(b"report")
    assert compare().results == 0


def test_an_empty_folder_goes_and_results_of_nobody_stay(compare, spool, uid, worklist):
    (spool.layout.studies / "ab" / ("ab" * 16)).mkdir(parents=True)
    with worklist.database.write() as session:
        session.execute(delete(StudyRow))
    for path in spool.instances(uid):
        path.unlink()
    found = compare()
    assert (found.folders, found.unknown) == (1, 1)
    assert spool.results(spool.layout.study(uid))


def test_an_ended_job_begins_nothing_more(worklist, spool, uid):
    pace = Pace()
    pace.end()
    job = Reconciliation(worklist, spool, lambda _: None, lambda _: False, pace)
    assert job.run().studies == 1
