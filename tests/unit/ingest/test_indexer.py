import pytest
from ct import head_ct, save
from intakes import Intake

from triage_node.errors import StorageError
from triage_node.ingest import Indexer, Ingest, Sender, rebuild_worklist
from triage_node.ingest.header import read_header
from triage_node.storage import Spool
from triage_node.worklist import Worklist

pytestmark = pytest.mark.slow

SENDER = Sender("PACS", "127.0.0.1")


@pytest.fixture
def contents(tmp_path):
    return [path.read_bytes() for path in save(head_ct(slices=5, size=(16, 16)), tmp_path / "study")]


def only_study(worklist):
    [row] = worklist.study_details.worklist()
    return worklist.study_details.study(row.study_instance_uid)


def test_what_an_earlier_run_kept_and_did_not_register_is_taken_up(make_settings, contents, wait_for):
    settings = make_settings()
    spool, worklist = Spool(settings.data_dir / "spool"), Worklist(settings)
    worklist.prepare()
    ingest = Ingest(spool, worklist, Indexer(spool, worklist), 1 << 30)
    for content in contents:
        ingest.receive(content, SENDER)
    assert worklist.study_details.is_empty(), "this indexer was never started, as if the node had died"
    worklist.close()
    intake = Intake(settings)
    wait_for(lambda: not list(spool.layout.incoming.iterdir()), "the leftovers to be registered")
    study = only_study(intake.worklist)
    assert [series.instance_count for series in study.series] == [5]
    intake.stop()


def test_what_a_process_kept_that_died_another_that_runs_takes_up_and_one_that_lives_keeps_its_own(
    make_settings, contents, wait_for
):
    settings = make_settings()
    worklist = Worklist(settings)
    worklist.prepare()
    dead, alive, other = (Spool(settings.data_dir / "spool", inbox=name) for name in ("dead", "alive", "other"))
    indexer = Indexer(other, worklist)
    indexer.start()
    for spool, some in ((dead, contents[:3]), (alive, contents[3:])):
        ingest = Ingest(spool, worklist, Indexer(spool, worklist), 1 << 30)
        for content in some:
            ingest.receive(content, SENDER)
    dead.close()  # as the end of its process would: what it kept stays
    indexer.adopt()
    wait_for(lambda: not worklist.study_details.is_empty(), "the rows")
    indexer.stop()
    assert [series.instance_count for series in only_study(worklist).series] == [3]
    assert len(list(alive.incoming.glob("*.dcm"))) == 2
    alive.close()
    other.close()
    worklist.close()


def test_a_crash_before_the_first_rows_of_a_new_node_holds_nothing(make_settings, contents):
    settings = make_settings()
    spool, worklist = Spool(settings.data_dir / "spool"), Worklist(settings)
    worklist.prepare()
    indexer = Indexer(spool, worklist)
    ingest = Ingest(spool, worklist, indexer, 1 << 30)
    for content in contents:
        ingest.receive(content, SENDER)
    for path in spool.unfiled():
        header = read_header(path.read_bytes())
        spool.file(path, header.study_instance_uid, header.sop_instance_uid)  # here the power goes
    assert rebuild_worklist(spool, worklist, []).studies == 0
    indexer.start()
    indexer.stop()
    study = only_study(worklist)
    assert (study.held, [series.instance_count for series in study.series]) == (False, [5])
    worklist.close()


def test_what_a_crash_left_of_a_lost_worklist_is_rebuilt_but_for_the_arrivals(make_settings, contents):
    settings = make_settings()
    spool, worklist = Spool(settings.data_dir / "spool"), Worklist(settings)
    worklist.prepare()
    ingest = Ingest(spool, worklist, Indexer(spool, worklist), 1 << 30)
    for content in contents:
        ingest.receive(content, SENDER)
    for number, path in enumerate(spool.unfiled()):
        header = read_header(path.read_bytes())
        spool.file(path, header.study_instance_uid, header.sop_instance_uid)
        if number < 3:
            spool.forget(path)
    assert rebuild_worklist(spool, worklist, []).studies == 1
    study = only_study(worklist)
    assert (study.held, [series.instance_count for series in study.series]) == (True, [3])
    worklist.close()


def test_a_database_that_fails_for_a_while_loses_nothing(make_settings, contents, wait_for, monkeypatch):
    intake = Intake(make_settings())
    register, failures = intake.worklist.registration.register, []

    def fail_twice(instances):
        if len(failures) < 2:
            failures.append(len(instances))
            raise StorageError("the database is locked")
        return register(instances)

    monkeypatch.setattr(intake.worklist.registration, "register", fail_twice)
    for content in contents:
        intake.ingest.receive(content, SENDER)
    wait_for(lambda: not list(intake.spool.layout.incoming.iterdir()), "the instances to be registered")
    assert len(failures) == 2
    assert [series.instance_count for series in only_study(intake.worklist).series] == [5]
    intake.stop()


def test_a_senders_name_reaches_the_worklist_without_what_a_database_refuses(make_settings, contents, wait_for):
    intake = Intake(make_settings())
    intake.ingest.receive(contents[0], Sender("CT\0\ud8001\x1b", "127.0.0.1"))
    wait_for(lambda: not list(intake.spool.layout.incoming.iterdir()), "the instance to be registered")
    assert only_study(intake.worklist).calling_ae_title == "CT1"
    intake.stop()
