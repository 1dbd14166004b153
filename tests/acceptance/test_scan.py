"""`triage-node scan` under Ray, as processes: killed and started again, and what it says against `analyze`."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest
from archives import scatter
from programs import WITHOUT_EXTRAS, Program, need, run
from pydicom import dcmread
from pydicom.uid import generate_uid

from triage_node.demo.studies import unpack
from triage_node.findings import LABELS

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(900)]

COPIES = 6
INTERRUPTED = 130
SUPPORT = Path(__file__).parents[1] / "support"


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    """The studies of the demonstration and copies of one, scattered over folders beside what is damaged."""
    folder = tmp_path_factory.mktemp("archive")
    unpacked = tmp_path_factory.mktemp("unpacked")
    for study in unpack(unpacked):
        instances = [dcmread(path) for path in study.files]
        scatter(folder / study.study_instance_uid[-6:], *instances)
    for number in range(COPIES):
        uids = generate_uid(), generate_uid()
        for ds in (copies := [dcmread(path) for path in sorted((unpacked / "plain").rglob("*.dcm"))]):
            ds.StudyInstanceUID, ds.SeriesInstanceUID = uids
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        scatter(folder / f"copy {number}", *copies)
    (folder / "notes.txt").write_text("no DICOM")
    return folder


def rows_of(out: Path, table: str = "series") -> list[dict]:
    paths = sorted((out / table).glob("*.parquet"))
    return [row for path in paths for row in pq.ParquetFile(path).read().to_pylist()]


def journal(out: Path) -> list[dict]:
    """The studies that were answered since the last part; a line that is not whole is none."""
    lines = [line for path in out.glob("open-*") for line in path.read_text().splitlines(keepends=True)]
    return [json.loads(line) for line in lines if line.endswith("\n")]


def analyzing(program: Program) -> list[psutil.Process]:
    """The processes that analyze; Ray calls them by the class of their actor."""
    return [
        one
        for one in psutil.Process(program.process.pid).children(recursive=True)
        if one.name().startswith("ray::LoadedAna")
    ]


def is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_a_scan_killed_half_way_and_one_whose_process_died_repeat_nothing(archive, tmp_path, wait_for):
    out = tmp_path / "out"
    command = [need("triage-node"), "scan", archive, "--out", out, "--workers", "2"]
    first = Program(command, tmp_path / "first.log")
    wait_for(lambda: len(journal(out)) >= 2, "two answers", 200)
    left = Path((out / "ray-folder").read_text())
    analyzers = analyzing(first)
    assert len(analyzers) == 2
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait()
    wait_for(lambda: not any(map(is_alive, analyzers)), "the end of its analyzers", 60)
    answered = journal(out)
    assert left.is_dir()

    second = Program(command, tmp_path / "second.log")
    wait_for(lambda: len(journal(out)) > len(answered), "another answer", 200)
    if alive := analyzing(second):
        alive[0].kill()
    assert second.process.wait(200) == 0, second.printed
    assert not left.exists()
    rows = rows_of(out)
    series = [row["series_instance_uid"] for row in rows]
    assert len(series) == len(set(series)) == 4 + COPIES
    kept = {one["series_instance_uid"]: one for study in answered for one in study["series"]}
    for row in rows:
        was = kept.get(row["series_instance_uid"])
        assert was is None or was.get("infer_seconds") == row["infer_seconds"], "it was analyzed again"
    assert "failed" not in {row["status"] for row in rows}
    assert [(row["path"], row["why"]) for row in rows_of(out, "skipped")] == [
        ("notes.txt", "The file is no DICOM file.")
    ]
    _says_what_analyze_says(archive, rows)


def _says_what_analyze_says(archive: Path, rows: list[dict]) -> None:
    answer = run("triage-node", "analyze", "--json", archive, timeout_seconds=200)
    assert answer.returncode == 0, answer.stderr
    expected = {one["series_instance_uid"]: one for one in json.loads(answer.stdout)}
    assert set(expected) == {row["series_instance_uid"] for row in rows}
    for row in rows:
        one = expected[row["series_instance_uid"]]
        assert (row["status"], row["decision"]) == (one["status"], one["decision"])
        assert (row["flagged"] or [], row["uncertain"] or []) == (one["flagged"], one["uncertain"])
        assert [reason["code"] for reason in row["reasons"]] == [reason["code"] for reason in one["reasons"]]
        assert row["model_sha256"] == one["model"]["sha256"]
        if one["probabilities"]:
            found = {label: row[f"p_{label}"] for label in LABELS}
            assert found == pytest.approx(one["probabilities"], abs=1e-3)
    assert {row["decision"] for row in rows} == {"flagged", "not_flagged", None}


def test_a_study_that_ends_its_process_is_given_up_and_no_other(tmp_path):
    command = [sys.executable, "-P", SUPPORT / "deadly_studies.py"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=200, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout.splitlines()[-1])
    assert found["given_up"] == [3]
    assert sorted(found["answered"]) == [number for number in range(12) if number != 3]


def test_without_ray_the_command_says_what_to_install(archive, tmp_path):
    environment = {**os.environ, **WITHOUT_EXTRAS}
    command = [need("triage-node"), "scan", str(archive), "--out", str(tmp_path / "out")]
    answer = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert answer.returncode == 2
    assert "pip install 'triage-node[ray]'" in answer.stderr
    assert not (tmp_path / "out").exists()


def test_ctrl_c_ends_a_scan_in_order_and_loses_no_answer(archive, tmp_path, wait_for):
    out = tmp_path / "out"
    command = [need("triage-node"), "scan", archive, "--out", out, "--workers", "1"]
    # A terminal sends the signal to all processes of the command; who runs tests in the background ignores it.
    heard = [need("env"), "--default-signal=INT", *command]
    scan = Program(heard, tmp_path / "scan.log", is_own_group=True)
    answered = wait_for(lambda: journal(out), "an answer", 200)
    analyzers, folder = analyzing(scan), Path((out / "ray-folder").read_text())
    os.killpg(scan.process.pid, signal.SIGINT)
    assert scan.process.wait(60) == INTERRUPTED, scan.printed
    assert "Traceback" not in scan.printed
    wait_for(lambda: not any(map(is_alive, analyzers)), "the end of its analyzers", 60)
    assert not folder.exists()
    assert journal(out)[: len(answered)] == answered
