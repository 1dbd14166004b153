"""`triage-node export` and `triage-node feedback`, run in the test's process over a real worklist and spool."""

import csv
import io
import json
import stat

import pytest
from ct import head_ct
from ct_objects import secondary_capture, structured_report
from judged_nodes import JudgedNode
from programs import run
from pydicom import dcmread

from triage_node.findings import LABELS, Label


@pytest.fixture
def node(tmp_path):
    made = JudgedNode(tmp_path)
    yield made
    made.worklist.close()


def files(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def test_a_study_leaves_as_it_was_received(node, tmp_path):
    images = head_ct(slices=2, size=(8, 8))
    uid = node.receive([*images, *structured_report()])
    answer = node.run("export", uid, "--out", tmp_path / "out")
    assert answer.exit_code == 0, answer.output
    assert "1 of 1 studies, 3 instances written" in answer.output
    assert len(files(tmp_path / "out" / uid)) == 3
    path = tmp_path / "out" / uid / f"{images[0].SOPInstanceUID}.dcm"
    assert path.read_bytes() == node.spool.layout.instance(uid, str(images[0].SOPInstanceUID)).read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "out" / uid).stat().st_mode) == 0o700


def test_two_exports_of_a_study_match_and_a_one_off_does_not(node, tmp_path):
    uid = node.receive(head_ct(slices=2, size=(8, 8)))
    for name, more in (("first", ()), ("second", ()), ("third", ("--one-off",))):
        assert node.run("export", uid, "--deidentify", "--out", tmp_path / name, *more).exit_code == 0
    assert files(tmp_path / "first") == files(tmp_path / "second")
    for path in files(tmp_path / "first"):
        assert (tmp_path / "first" / path).read_bytes() == (tmp_path / "second" / path).read_bytes()
    assert not set(files(tmp_path / "first")) & set(files(tmp_path / "third"))
    assert stat.S_IMODE((node.data / "deidentification-key").stat().st_mode) == 0o600


def test_what_is_refused_is_counted_with_its_reason(node, tmp_path):
    uid = node.receive([*head_ct(slices=2, size=(8, 8)), *structured_report(), *secondary_capture()])
    answer = node.run("export", uid, "--deidentify", "--out", tmp_path / "out")
    assert answer.exit_code == 0
    assert "2 instances were not exported. It is no CT image" in answer.stderr
    assert len(files(tmp_path / "out")) == 2


def test_a_study_of_which_nothing_is_left_fails_and_leaves_no_folder(node, tmp_path):
    uid = node.receive(structured_report())
    answer = node.run("export", uid, "--deidentify", "--out", tmp_path / "out")
    assert answer.exit_code == 1
    assert "None of its instances was exported. 1 times: It is no CT image" in answer.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_a_study_of_several_patients_gets_no_pseudonym(node, tmp_path):
    first = head_ct(slices=1, size=(8, 8))
    second = head_ct(slices=1, size=(8, 8), PatientID="ANOTHER", StudyInstanceUID=first[0].StudyInstanceUID)
    uid = node.receive([*first, *second])
    answer = node.run("export", uid, "--deidentify", "--out", tmp_path / "out")
    assert (answer.exit_code, "several patients" in answer.stderr) == (1, True)


def test_an_export_that_fails_leaves_nothing_under_the_name(node, tmp_path):
    images = head_ct(slices=3, size=(8, 8))
    uid = node.receive(images)
    node.spool.layout.instance(uid, str(images[2].SOPInstanceUID)).unlink()
    answer = node.run("export", uid, "--out", tmp_path / "out")
    assert (answer.exit_code, "Could not read a received file" in answer.stderr) == (1, True)
    assert list((tmp_path / "out").iterdir()) == []


def test_nothing_that_is_printed_quotes_the_patient(node, tmp_path):
    [ds] = head_ct(slices=1, size=(8, 8), PatientName="Featherstonehaugh^Zebedee")
    with pytest.warns(UserWarning):
        ds.PatientSex, ds.StudyTime = "Zebedee", "Featherstonehaugh"
        uid = node.receive([ds])
    answer = run("triage-node", "export", uid, "--deidentify", "--out", tmp_path / "out", "--data-dir", node.data)
    assert answer.returncode == 0, answer.stderr
    assert not [word for word in ("Zebedee", "Featherstonehaugh", "TEST0") if word in answer.stdout + answer.stderr]


def test_one_unknown_study_does_not_hold_up_the_others(node, tmp_path):
    uid = node.receive(head_ct(slices=1, size=(8, 8)))
    answer = node.run("export", "1.2.3", uid, "--deidentify", "--out", tmp_path / "out")
    assert answer.exit_code == 1
    assert "The worklist has no study 1.2.3" in answer.stderr
    assert len(files(tmp_path / "out")) == 1


def test_a_folder_of_an_earlier_export_is_left_alone(node, tmp_path):
    uid = node.receive(head_ct(slices=1, size=(8, 8)))
    assert node.run("export", uid, "--deidentify", "--out", tmp_path / "out").exit_code == 0
    answer = node.run("export", uid, "--deidentify", "--out", tmp_path / "out")
    assert (answer.exit_code, "is there already" in answer.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--out", "{data}/out"), 1, "lies in the data folder"),
        (("--out", "{tmp}/o", "--mapping", "{tmp}/o/map.csv", "--deidentify"), 2, "among what it maps"),
        (("--out", "{tmp}/o", "--mapping", "{tmp}/map.csv"), 2, "want --deidentify"),
        (("--out", "{tmp}/o", "--deidentify", "--keep", "names"), 2, "names cannot be kept"),
        ((), 2, "--out"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_written(arguments, code, sentence, node, tmp_path):
    uid = node.receive(head_ct(slices=1, size=(8, 8)))
    told = [one.format(data=node.data, tmp=tmp_path) for one in arguments]
    answer = run("triage-node", "export", uid, *told, "--data-dir", node.data)
    assert sentence in " ".join(answer.stderr.replace("│", " ").split())
    assert answer.returncode == code
    assert not (tmp_path / "o").exists()
    assert not (node.data / "out").exists()


def test_the_mapping_leads_back_and_is_private(node, tmp_path):
    images = head_ct(slices=2, size=(8, 8))
    uid = node.receive(images)
    mapping = tmp_path / "mapping.csv"
    node.run("export", uid, "--deidentify", "--out", tmp_path / "out", "--mapping", mapping)
    rows = list(csv.DictReader(io.StringIO(mapping.read_text())))
    back = {row["replaced"]: row["original"] for row in rows}
    [first, _] = (dcmread(tmp_path / "out" / path) for path in files(tmp_path / "out"))
    assert back[first.SOPInstanceUID] in {str(ds.SOPInstanceUID) for ds in images}
    assert (back[first.StudyInstanceUID], back[first.PatientID]) == (uid, images[0].PatientID)
    assert back[first.SeriesInstanceUID] == images[0].SeriesInstanceUID
    assert stat.S_IMODE(mapping.stat().st_mode) == 0o600


def test_exports_and_feedback_are_audited(node, tmp_path):
    uid = node.receive(head_ct(slices=1, size=(8, 8)))
    node.run("export", uid, "--deidentify", "--out", tmp_path / "out")
    node.run("feedback", "--csv")
    entries = node.worklist.audit_trail.latest()
    assert [entry.action for entry in entries] == ["feedback_read", "study_exported"]
    assert (entries[1].study_instance_uid, entries[1].query, entries[1].role) == (uid, "de-identified", "command line")


@pytest.fixture
def judged(node):
    """Five studies with an answer each, four of them judged."""
    uids = [node.receive(head_ct(slices=1, size=(8, 8), seed=seed)) for seed in range(5)]
    node.answer(uids[0], flagged=(Label.SUBDURAL, Label.ANY))
    node.answer(uids[1])
    node.answer(uids[2])
    node.answer(uids[3], flagged=(Label.SUBDURAL, Label.ANY), uncertain=(Label.EPIDURAL,))
    node.answer(uids[4])
    node.judge(uids[0], agrees=False)
    node.judge(uids[0], agrees=False, types=["epidural"])
    node.judge(uids[1], agrees=True)
    node.judge(uids[2], agrees=False)
    node.judge(uids[3], agrees=True)
    return uids


def test_feedback_says_what_readers_said_and_nothing_else(judged, node):
    answer = node.run("feedback", "--csv")
    assert answer.exit_code == 0
    rows = list(csv.DictReader(io.StringIO(answer.stdout)))
    said = {row["folder"]: [row[label] for label in LABELS] for row in rows}
    assert said == {
        judged[0]: ["1", "0", "0", "0", "0", "1"],
        judged[1]: ["0", "0", "0", "0", "0", "0"],
        judged[2]: ["", "", "", "", "", "1"],
        judged[3]: ["", "0", "0", "0", "1", "1"],
    }
    assert [row["patient"] for row in rows] == ["TEST0", "TEST1", "TEST2", "TEST3"]
    assert "1 were judged more than once: the last word counts." in answer.stderr
    assert "Of 2 with a hemorrhage not every type was told" in answer.stderr
    assert "2 of 3 not flagged" in answer.stderr
    assert "How often a study was judged depends on the answer" in answer.stderr


def test_what_was_said_before_further_images_came_is_left_out(judged, node):
    node.receive(head_ct(slices=3, size=(8, 8), seed=1)[2:])
    answer = node.run("feedback", "--csv")
    assert judged[1] not in answer.stdout
    assert "1 got further images after the last word on them and are left out." in answer.stderr


def test_feedback_of_today_only(judged, node):
    assert len(node.run("feedback", "--csv", "--since", "2000-01-01").stdout.splitlines()) == 5
    assert len(node.run("feedback", "--csv", "--since", "2999-01-01").stdout.splitlines()) == 1


def test_feedback_as_json_and_as_a_table(judged, node):
    rows = json.loads(node.run("feedback", "--json").stdout)
    assert rows[0]["labels"] == dict.fromkeys(LABELS, False) | {"epidural": True, "any": True}
    assert rows[0]["judged_by"] == "reader ray"
    table = node.run("feedback").stdout
    assert "disagrees" in table
    assert "not told" in table
    assert "reader" not in json.dumps(json.loads(node.run("feedback", "--json", "--deidentified").stdout))


def test_deidentified_feedback_names_what_the_export_wrote(judged, node, tmp_path):
    answer = node.run("export", "--all-judged", "--deidentify", "--out", tmp_path / "out")
    assert answer.exit_code == 0, answer.output
    node.run("feedback", "--csv", "--deidentified", "--out", tmp_path / "labels.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "labels.csv").read_text())))
    assert {row["folder"] for row in rows} == {path.name for path in (tmp_path / "out").iterdir()}
    for row in rows:
        [path] = (tmp_path / "out" / row["folder"]).iterdir()
        assert dcmread(path).PatientID == row["patient"]
    text = (tmp_path / "labels.csv").read_text()
    assert not [uid for uid in judged if uid in text]
    assert "TEST" not in text
