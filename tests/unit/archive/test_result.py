"""A study is in the result whole or not at all, wherever the process that wrote it was killed."""

import shutil

import numpy as np
import pytest

from triage_node.archive import result as module
from triage_node.archive.result import Result
from triage_node.archive.result_rows import StudyRows


def answered(number: int) -> StudyRows:
    uid = f"1.2.{number}"
    series = [
        {"study_number": number, "study_instance_uid": uid, "series_instance_uid": f"{uid}.{one}", "status": "analyzed"}
        for one in range(2)
    ]
    return StudyRows(
        number, series, [{"study_number": number, "path": f"{number}/x", "why": "So.", "is_damaged": True}]
    )


def opened(folder) -> Result:
    result = Result(folder, with_patient=False)
    result.recover()
    return result


def numbers(result: Result) -> list[int]:
    return [number for table in result.series.tables() for number in table["study_number"].to_pylist()]


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch):
    monkeypatch.setattr(module, "STUDIES_A_PART", 3)


def test_parts_are_made_of_so_many_studies_and_of_the_rest(tmp_path):
    result = opened(tmp_path)
    for number in range(7):
        result.add([answered(number)])
    assert result.series.count == 2
    result.close_part()
    assert result.series.count == 3
    assert numbers(result) == [number for number in range(7) for _ in range(2)]
    assert sum(len(table) for table in result.skipped_tables()) == 7
    assert not list(tmp_path.glob("open-*"))


def test_a_journal_cut_off_anywhere_loses_the_last_study_at_most(tmp_path):
    result = opened(tmp_path / "whole")
    result.add([answered(0), answered(1)])
    journal = tmp_path / "whole" / "open-00000000.jsonl"
    content = journal.read_bytes()
    first = content.index(b"\n") + 1
    for end in range(first, len(content) + 1, 7):
        folder = tmp_path / str(end)
        shutil.copytree(tmp_path / "whole", folder)
        (folder / journal.name).write_bytes(content[:end])
        again = opened(folder)
        has_second = end == len(content)
        assert again.done(3).tolist() == [True, has_second, False]
        again.add([answered(2)] if has_second else [answered(1), answered(2)])
        assert sorted(numbers(again)) == [0, 0, 1, 1, 2, 2]


def test_killed_between_a_part_and_the_end_of_its_journal_no_study_is_there_twice(tmp_path):
    result = opened(tmp_path)
    result.add([answered(0), answered(1)])
    journal = tmp_path / "open-00000000.jsonl"
    kept = journal.read_bytes()
    result.close_part()
    journal.write_bytes(kept)
    (tmp_path / "skipped" / "part-00000000.parquet").unlink()
    (tmp_path / "series" / ".part-00000001.parquet.1.part").touch()
    again = opened(tmp_path)
    assert numbers(again) == [0, 0, 1, 1]
    assert sum(len(table) for table in again.skipped_tables()) == 2
    assert np.flatnonzero(again.done(5)).tolist() == [0, 1]
    assert [path.name for path in (tmp_path / "series").iterdir()] == ["part-00000000.parquet"]
    again.add([answered(2)])
    again.close_part()
    assert again.series.count == 2
