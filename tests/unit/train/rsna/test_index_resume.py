"""An index that is killed half-way goes on where it was, and ends as if nothing had happened."""

import subprocess
import sys

import psutil
import pytest

from triage_node.train.rsna.dataset.index import plan_indexing
from triage_node.train.rsna.dataset.index_parts import PARTS_FOLDER
from triage_node.train.rsna.dataset.tables import INDEX_FILE

pytestmark = pytest.mark.slow

FILES_PER_PART = 3
# The command with parts so small that there is a half-way.
PROGRAM = f"""
import sys
from triage_node.train.rsna.dataset import index_parts as parts
parts.FILES_PER_PART = {FILES_PER_PART}
if __name__ == "__main__":
    from triage_node.train.cli import main
    sys.exit(main())
"""


def alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_killed_half_way_nothing_is_lost_or_repeated(generated_set, tmp_path, monkeypatch, wait_for):
    monkeypatch.setattr("triage_node.train.rsna.dataset.index_parts.FILES_PER_PART", FILES_PER_PART)
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    out = tmp_path / "killed"
    command = [sys.executable, str(program), "rsna", "index", str(generated_set), "--out", str(out), "--workers", "1"]
    process = psutil.Popen(command, stdout=subprocess.DEVNULL)
    parts = out / PARTS_FOLDER

    def made() -> dict[str, int]:
        return {path.name: path.stat().st_mtime_ns for path in parts.glob("part-*.parquet")}

    try:
        wait_for(lambda: len(made()) >= 2, "two parts", 240)
    finally:
        workers = process.children(recursive=True)
        process.kill()
        process.wait()
    wait_for(lambda: not any(map(alive, workers)), "the end of the processes it started", 240)
    before = made()
    assert not (out / INDEX_FILE).exists()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=240)
    after = made()
    assert {name: after[name] for name in before} == before
    assert set(after) == set(plan_indexing(generated_set, out).plan)
    undisturbed = tmp_path / "undisturbed"
    subprocess.run([*command[:-3], str(undisturbed), *command[-2:]], check=True, stdout=subprocess.DEVNULL, timeout=240)
    assert (out / INDEX_FILE).read_bytes() == (undisturbed / INDEX_FILE).read_bytes()
