"""A worklist that was lost is made anew, whole, whatever happens in between; what is damaged is left out by name."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from ct import head_ct
from spools import fill, fill_study, keep_outcome

from triage_node.errors import StorageError
from triage_node.findings import Decision
from triage_node.ingest import rebuild_worklist
from triage_node.storage import Spool
from triage_node.worklist import Worklist

STUDIES = 12


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path / "data/spool")


@pytest.fixture
def worklist(make_settings, make_worklist):
    opened = make_worklist(make_settings(), time.time)
    yield opened
    opened.close()


def shown(worklist):
    return {row.study_instance_uid: row for row in worklist.study_details.worklist(1e9)}


def content(worklist):
    """What a worklist says of its studies, but for ids and the times of the rebuilding."""
    return {
        uid: (
            row.state,
            row.decision,
            row.held,
            row.revision,
            row.probabilities,
            [series.instance_count for series in worklist.study_details.study(uid).series],
            [one.state for one in worklist.study_details.study(uid).deliveries],
        )
        for uid, row in shown(worklist).items()
    }


def test_every_study_is_there_with_its_answer_and_held(spool, worklist):
    uids = fill(spool, STUDIES)
    progress = []
    made = rebuild_worklist(spool, worklist, ["PACS@h:1"], lambda *numbers: progress.append(numbers))
    assert (made.studies, made.known, made.left_out) == (STUDIES, 0, [])
    assert progress == [(number, STUDIES) for number in range(1, STUDIES + 1)]
    found = shown(worklist)
    assert set(found) == set(uids)
    assert all(row.held and row.state == "analyzed" for row in found.values())
    assert Counter(row.decision for row in found.values()) == {"flagged": 4, "not_flagged": 8}
    assert not spool.is_being_rebuilt


def test_rebuilding_again_changes_nothing(spool, worklist):
    fill(spool, 3)
    rebuild_worklist(spool, worklist, [])
    before = content(worklist)
    made = rebuild_worklist(spool, worklist, [])
    assert (made.studies, made.known) == (0, 3)
    assert content(worklist) == before


def test_a_database_that_refuses_in_the_middle_loses_no_study(spool, worklist, monkeypatch):
    fill(spool, STUDIES)
    restore, calls = worklist.rebuilding.restore, []

    def refuse_the_fourth(*arguments):
        calls.append(arguments)
        if len(calls) == 4:
            raise StorageError("the database is locked")
        restore(*arguments)

    monkeypatch.setattr(worklist.rebuilding, "restore", refuse_the_fourth)
    with pytest.raises(StorageError):
        rebuild_worklist(spool, worklist, [])
    assert len(shown(worklist)) == 3
    assert spool.is_being_rebuilt, "the next start must go on"
    made = rebuild_worklist(spool, worklist, [])
    assert (made.studies, made.known) == (STUDIES - 3, 3)
    assert len(shown(worklist)) == STUDIES


def test_a_new_node_has_nothing_to_rebuild(spool, worklist):
    assert rebuild_worklist(spool, worklist, []).studies == 0
    assert not spool.is_being_rebuilt


def whole(path):
    return json.loads(path.read_bytes())


DAMAGES = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:20]),
    "empty": lambda path: path.write_bytes(b""),
    "noise": lambda path: path.write_bytes(os.urandom(200)),
    "zeros": lambda path: path.write_bytes(bytes(300)),
    "a list": lambda path: path.write_bytes(b"[]"),
    "a number": lambda path: path.write_bytes(b"7"),
    "deep": lambda path: path.write_bytes(b"[" * 100_000),
    "without a status": lambda path: path.write_text(json.dumps({**whole(path), "status": None})),
    "with a status that is a list": lambda path: path.write_text(json.dumps({**whole(path), "status": []})),
    "without scores": lambda path: path.write_text(json.dumps({**whole(path), "probabilities": None})),
    "with a score that is no number": lambda path: path.write_text(
        json.dumps({**whole(path), "probabilities": {**whole(path)["probabilities"], "any": float("nan")}})
    ),
    "with half of it": lambda path: path.write_text(json.dumps(dict(list(whole(path).items())[:5]))),
    "with an endless time": lambda path: path.write_text(json.dumps({**whole(path), "created_at": float("inf")})),
    "with a revision of text": lambda path: path.write_text(json.dumps({**whole(path), "revision": "1"})),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "a link out of the spool": lambda path: (path.unlink(), path.symlink_to("/etc/passwd")),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_outcome_costs_no_study_and_is_never_a_negative_answer(spool, worklist, damage, caplog):
    uids = fill(spool, 3)
    [path] = (spool.layout.results(uids[1])).glob("*/outcome.json")
    DAMAGES[damage](path)
    made = rebuild_worklist(spool, worklist, ["PACS@h:1"])
    found = shown(worklist)
    assert set(found) == set(uids)
    row = found[uids[1]]
    assert (row.state, row.decision, row.held) == ("failed", None, True)
    assert "damaged" in row.reasons[0].message
    assert len(made.left_out) == 1
    name = str(path.relative_to(spool.layout.root).parent)
    assert name in caplog.text
    [event] = worklist.study_details.events("rebuild_left_out")
    assert name in event.message


def test_an_outcome_of_a_newer_version_is_taken(spool, worklist):
    uid = fill_study(spool, 0)
    [path] = (spool.layout.results(uid)).glob("*/outcome.json")
    path.write_text(json.dumps({**whole(path), "of_a_newer_version": 1}))
    assert rebuild_worklist(spool, worklist, []).left_out == []
    assert shown(worklist)[uid].decision == "flagged"


@pytest.mark.parametrize("first", [Decision.FLAGGED, Decision.UNCERTAIN, Decision.NOT_FLAGGED])
def test_an_older_answer_does_not_stand_for_a_damaged_later_one(spool, worklist, first):
    uid = fill_study(spool, 0)
    shutil.rmtree(spool.layout.results(uid))
    keep_outcome(spool, uid, first, 1_700_000_000.0)
    (keep_outcome(spool, uid, Decision.FLAGGED, 1_700_000_100.0) / "outcome.json").write_bytes(b"{")
    rebuild_worklist(spool, worklist, [])
    row = shown(worklist)[uid]
    assert row.state == "failed"
    assert row.decision == (None if first is Decision.NOT_FLAGGED else first), "priority is never lowered"


def test_the_latest_answer_is_shown_whatever_its_folder_is_called(spool, worklist, seed):
    rng = random.Random(seed)
    uid = fill_study(spool, 0)
    shutil.rmtree(spool.layout.results(uid))
    decisions = [Decision.NOT_FLAGGED, Decision.UNCERTAIN, Decision.FLAGGED] * 3
    rng.shuffle(decisions)
    for number, decision in enumerate(decisions):
        keep_outcome(spool, uid, decision, 1_700_000_000.0 + number)
    rebuild_worklist(spool, worklist, [])
    assert shown(worklist)[uid].decision == decisions[-1]
    found = [outcome.decision for outcome in worklist.study_details.study(uid).outcomes]
    assert found in (decisions, decisions[::-1])


@pytest.mark.parametrize("harm", ["empty", "cut off", "noise", "another instance", "folder", "pipe", "link"])
def test_a_damaged_file_is_left_out_by_name_and_the_others_are_taken(spool, worklist, harm, caplog):
    uids = [fill_study(spool, seed, slices=3) for seed in range(2)]
    odd = spool.instances(uids[0])[1]
    other = spool.instances(uids[1])[0].read_bytes()
    content_before = odd.read_bytes()
    odd.unlink()
    {
        "empty": lambda: odd.touch(),
        "cut off": lambda: odd.write_bytes(content_before[:200]),
        "noise": lambda: odd.write_bytes(os.urandom(3000)),
        "another instance": lambda: odd.write_bytes(other),
        "folder": lambda: odd.mkdir(),
        "pipe": lambda: os.mkfifo(odd),
        "link": lambda: odd.symlink_to("/etc/passwd"),
    }[harm]()
    made = rebuild_worklist(spool, worklist, [])
    counts = {uid: found[5] for uid, found in content(worklist).items()}
    assert counts == {uids[0]: [2], uids[1]: [3]}
    assert [name for name, _ in made.left_out] == [str(odd.relative_to(spool.layout.root))]
    assert odd.name in caplog.text
    [event] = worklist.study_details.study(uids[0]).events[-1:]
    assert (event.code, odd.name in event.message) == ("rebuild_left_out", True)
    assert not spool.is_being_rebuilt, "what is damaged stays damaged: a rebuild ends all the same"


def test_a_study_folder_that_is_none_is_left_out_by_name(spool, worklist):
    fill(spool, 2)
    odd = spool.layout.studies / "ab" / "a file"
    odd.parent.mkdir(exist_ok=True)
    odd.write_text("")
    made = rebuild_worklist(spool, worklist, [])
    assert (made.studies, [name for name, _ in made.left_out]) == (2, ["studies/ab/a file"])


def test_what_the_database_refuses_of_a_study_costs_no_other(spool, worklist):
    uids = fill(spool, 4)
    of_the_second = f"(SELECT study_instance_uid FROM study WHERE id = NEW.study_id) = '{uids[1]}'"
    refuse = "BEGIN SELECT RAISE(ABORT, 'poison'); END"
    with worklist.database.engine.begin() as connection:
        for table, when in (
            ("outcome", f"NEW.folder IS NOT NULL AND {of_the_second}"),
            ("study", f"NEW.study_instance_uid = '{uids[2]}'"),
        ):
            connection.exec_driver_sql(f"CREATE TRIGGER {table}_poison BEFORE INSERT ON {table} WHEN {when} {refuse}")
    made = rebuild_worklist(spool, worklist, [])
    found = shown(worklist)
    assert set(found) == set(uids) - {uids[2]}
    assert found[uids[1]].state == "failed", "kept without its outcome"
    assert made.studies == 3
    assert len(made.left_out) >= 2


def test_an_instance_the_database_refuses_costs_no_other_of_its_study(spool, worklist):
    uid = fill_study(spool, 0, slices=3)
    poison = head_ct(slices=3, size=(8, 8))[1].SOPInstanceUID
    with worklist.database.engine.begin() as connection:
        connection.exec_driver_sql(
            f"CREATE TRIGGER poison BEFORE INSERT ON instance WHEN NEW.sop_instance_uid = '{poison}' "
            "BEGIN SELECT RAISE(ABORT, 'poison'); END"
        )
    made = rebuild_worklist(spool, worklist, [])
    [(state, decision, *_, counts, _)] = content(worklist).values()
    assert (state, decision, counts) == ("analyzed", "flagged", [2])
    assert [name for name, _ in made.left_out] == [
        str(spool.layout.instance(uid, poison).relative_to(spool.layout.root))
    ]


def test_what_was_never_registered_is_left_to_the_indexer(spool, worklist):
    """A node that died before its first commit has an empty worklist, and nothing to hold."""
    [image] = head_ct(slices=1, size=(8, 8))
    uid, sop = str(image.StudyInstanceUID), str(image.SOPInstanceUID)
    path = spool.layout.root / "image.dcm"
    image.save_as(path, enforce_file_format=True)
    spool.file(spool.keep([path.read_bytes()], uid, sop), uid, sop)
    made = rebuild_worklist(spool, worklist, [])
    assert (made.studies, made.left_out) == (0, [])
    assert worklist.study_details.is_empty()


REBUILD = """
import sys
from pathlib import Path
from triage_node.config import read_settings
from triage_node.ingest import rebuild_worklist
from triage_node.storage import Spool
from triage_node.worklist import Worklist
settings = read_settings(data_dir=Path(sys.argv[1]))
worklist = Worklist(settings)
worklist.prepare()
print("begins", flush=True)
rebuild_worklist(Spool(settings.data_dir / "spool"), worklist, ["PACS@h:1"])
"""


@pytest.mark.slow
def test_killed_at_any_moment_the_next_run_makes_it_whole(spool, worklist, make_settings, seed):
    rng = random.Random(seed)
    uids = fill(spool, 40)
    data = spool.layout.root.parent
    rebuild_worklist(spool, worklist, ["PACS@h:1"])
    expected = content(worklist)
    worklist.close()
    for file in data.glob("worklist.sqlite*"):
        file.unlink()
    left = []
    for _ in range(4):
        process = subprocess.Popen([sys.executable, "-P", "-c", REBUILD, str(data)], stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "begins\n"
        time.sleep(rng.uniform(0.0, 0.25))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        left.append(spool.is_being_rebuilt)
    again = Worklist(make_settings())
    again.prepare()
    if len(shown(again)) < len(uids):
        assert spool.is_being_rebuilt, "the next start must go on"
    rebuild_worklist(spool, again, ["PACS@h:1"])
    assert content(again) == expected
    assert any(left), "every kill came too late to prove anything"
    again.close()
