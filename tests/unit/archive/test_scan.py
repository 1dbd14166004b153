"""What a scan says of an archive: every file is counted, and what has no answer has a reason."""

import json
import os
import shutil
from contextlib import closing

import pytest
from archives import scatter, write
from ct import head_ct
from ct_objects import localizer, mr_head, radiograph, structured_report
from in_process_engine import Ended, InProcessEngine

from triage_node.archive import entries
from triage_node.archive.analyzer import VANISHED
from triage_node.archive.entries import LINK
from triage_node.errors import FolderInUse, SettingsError
from triage_node.storage import hold


@pytest.fixture
def archive(tmp_path):
    """A tree of the worst kind, in which nothing can be analyzed."""
    root = tmp_path / "archive"
    scatter(root, *mr_head(slices=6, seed=1))
    scatter(root / "second", *mr_head(slices=5, seed=2))
    write(root / "2019" / "a", *localizer(seed=3), *radiograph(seed=4), *structured_report(seed=5), names="xyz")
    (root / "2019" / "a" / "notes.txt").write_text("no DICOM")
    (root / "empty.dcm").touch()
    (root / "\udcff.dcm").write_bytes(b"a name that is no text")
    whole = (root / "2019" / "a" / "x").read_bytes()
    (root / "second" / "2019" / "a" / "cut.dcm").write_bytes(whole[:300])
    (root / "link").symlink_to(root / "2019")
    return root


def test_every_file_is_in_a_series_or_left_out_with_a_reason(archive, run_scan):
    found = run_scan(archive)
    files = sum(len(names) for _, _, names in os.walk(archive))
    assert sum(row["files"] for row in found.series.values()) + len(found.skipped) == files + 1  # the link is no file
    assert found.skipped["link"] == LINK
    assert found.skipped["empty.dcm"] == "The file is empty."
    assert found.skipped["\\xff.dcm"] == "The file is no DICOM file."
    assert set(found.skipped) >= {"2019/a/notes.txt", "second/2019/a/cut.dcm"}
    assert sorted(row["files"] for row in found.series.values()) == [1, 1, 2, 5, 6]
    assert {row["status"] for row in found.series.values()} == {"unsuitable"}
    assert all(row["reasons"] for row in found.series.values())
    summary = json.loads((found.folder / "summary.json").read_text())
    assert (summary["studies"], summary["series"]) == (5, 5)
    assert summary["skipped_files"] == len(found.skipped)
    assert sorted(path.name for path in found.folder.iterdir() if path.is_dir()) == ["series", "skipped"]


def test_a_scan_that_ended_anywhere_goes_on_and_repeats_nothing(archive, run_scan, unasked, monkeypatch):
    monkeypatch.setattr(entries, "MOST_NAMES", 3)
    whole = run_scan(archive, out="whole")
    engines = []

    class EndsInIndex(InProcessEngine):
        def index(self, archive, batches):
            for number, indexed in enumerate(super().index(archive, batches)):
                if number == 2:
                    raise Ended
                yield indexed

    for engine in (EndsInIndex(unasked), InProcessEngine(unasked, ends_after=2), InProcessEngine(unasked, 1)):
        engines.append(engine)
        with pytest.raises(Ended):
            run_scan(archive, engine)
    engines.append(InProcessEngine(unasked))
    found = run_scan(archive, engines[-1])
    assert {uid: row["reasons"] for uid, row in found.series.items()} == {
        uid: row["reasons"] for uid, row in whole.series.items()
    }
    assert found.skipped == whole.skipped
    analyzed = [uid for engine in engines for uid in engine.analyzed]
    assert len(analyzed) == len(set(analyzed)) == 5
    assert len(engines[1].indexed) > 0
    assert not engines[2].indexed
    again = InProcessEngine(unasked)
    run_scan(archive, again)
    assert not again.indexed + again.analyzed


def test_a_study_of_two_patients_says_so(tmp_path, run_scan):
    write(tmp_path / "archive" / "a", *head_ct(slices=4, size=(32, 32)))
    write(tmp_path / "archive" / "b", *head_ct(slices=4, size=(32, 32), PatientID="OTHER", PatientName="Other"))
    found = run_scan(tmp_path / "archive")
    assert len(found.series) == 2
    for row in found.series.values():
        assert "mixed_patient" in {reason["code"] for reason in row["reasons"]}


def test_a_study_whose_files_went_is_a_row_that_says_so(archive, run_scan, unasked):
    class Removes(InProcessEngine):
        def analyze(self, options, tasks):
            shutil.rmtree(archive / "second")
            return super().analyze(options, tasks)

    found = run_scan(archive, Removes(unasked))
    gone = [row for row in found.table("series") if row["status"] == "failed"]
    assert len(gone) == 1
    assert VANISHED in gone[0]["reasons"][0]["message"]
    assert gone[0]["series_instance_uid"] is None
    assert sum(path.startswith("second/") for path in found.skipped) == 6


def test_who_the_patient_is_stands_there_only_when_asked(archive, run_scan):
    columns = {"patient_id", "patient_name", "accession_number", "path"}
    without = run_scan(archive, out="without")
    assert not columns & set(without.table("series")[0])
    content = b"".join(path.read_bytes() for path in without.folder.glob("series/*"))
    assert b"TEST1" not in content
    named = run_scan(archive, with_patient=True, out="with")
    rows = [row for row in named.series.values() if row["modality"] == "MR"]
    assert {row["patient_id"] for row in rows} == {"TEST1", "TEST2"}
    assert {row["path"] for row in rows} == {"2019/a/000.dcm", "second/2019/a/000.dcm"}


def test_a_folder_is_for_one_archive_and_one_process(archive, run_scan, tmp_path):
    run_scan(archive)
    with pytest.raises(SettingsError, match="take another folder"):
        run_scan(archive / "2019")
    with pytest.raises(SettingsError, match="patient"):
        run_scan(archive, with_patient=True)
    with closing(hold(tmp_path / "held")), pytest.raises(FolderInUse, match="Another scan"):
        run_scan(archive, out="held")


def test_what_is_no_archive_is_named(run_scan, tmp_path):
    with pytest.raises(SettingsError, match="no folder"):
        run_scan(tmp_path / "none")
    with pytest.raises(SettingsError, match="cannot be read"):
        run_scan("nonsense://bucket")
    with pytest.raises(SettingsError, match="over http"):
        run_scan("pacs", sources=[{"url": "dicom://PACS@127.0.0.1:104", "name": "pacs"}])


def test_a_url_of_fsspec_gives_what_the_folder_gives(archive, run_scan):
    (archive / "\udcff.dcm").unlink()
    (archive / "link").unlink()
    folder, url = run_scan(archive, out="folder"), run_scan(f"file://{archive}", out="url")
    assert url.skipped == folder.skipped
    ignored = {"fetch_seconds", "study_number"}
    assert {uid: {name: row[name] for name in row if name not in ignored} for uid, row in url.series.items()} == {
        uid: {name: row[name] for name in row if name not in ignored} for uid, row in folder.series.items()
    }
