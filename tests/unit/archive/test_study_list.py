"""Studies whose files lie scattered over an archive, together again."""

import random
from collections import defaultdict

import numpy as np
import pytest

from triage_node.archive import study_list as module
from triage_node.archive.index_rows import IndexRow, as_table
from triage_node.archive.parts import Parts
from triage_node.archive.study_list import StudyList


def index_of(folder, rows, a_part: int) -> Parts:
    index = Parts(folder / "index")
    for number in range(0, len(rows), a_part):
        index.write(number // a_part, as_table(rows[number : number + a_part]))
    return index


@pytest.mark.parametrize("most", [7, 50, 10_000])
def test_every_study_is_listed_once_with_all_its_files(tmp_path, seed, monkeypatch, most):
    monkeypatch.setattr(module, "ROWS_A_BUCKET", most)
    monkeypatch.setattr(module, "FEWEST_ROWS_A_GROUP", most)
    draw = random.Random(seed)
    files = defaultdict(set)
    rows = []
    for number in range(200):
        study = f"1.2.{draw.randrange(40)}"
        files[study].add(f"{number}".encode())
        rows.append(IndexRow(f"{number}".encode(), study, f"{study}.1", f"{study}.1.{draw.randrange(3)}"))
    rows += [IndexRow.left_out(f"no {number}", "No DICOM.") for number in range(20)]
    draw.shuffle(rows)
    studies = StudyList(tmp_path / "studies")
    studies.make(index_of(tmp_path, rows, 30), len(rows))
    listed = list(studies.studies(np.zeros(studies.count, bool)))
    assert {one.study_instance_uid: set(one.names) for one in listed} == files
    assert [one.number for one in listed] == list(range(len(files)))
    assert all(one.received[f"{one.study_instance_uid}.1"] <= 3 for one in listed)
    is_done = np.arange(studies.count) % 3 == 0
    assert [one.number for one in studies.studies(is_done)] == np.flatnonzero(~is_done).tolist()


def test_a_list_that_was_half_made_is_made_anew(tmp_path):
    rows = [IndexRow(b"a", "1.2", "1.2.1", "1.2.1.1")]
    index, studies = index_of(tmp_path, rows, 1), StudyList(tmp_path / "studies")
    (tmp_path / "studies" / "buckets").mkdir(parents=True)
    (tmp_path / "studies" / "part-00000007.parquet").write_bytes(b"nonsense")
    assert not studies.is_made
    studies.make(index, 1)
    assert studies.is_made
    assert [one.names for one in studies.studies(np.zeros(1, bool))] == [(b"a",)]
