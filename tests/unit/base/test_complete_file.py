"""Files appear under their name when they are complete, and only then."""

from pathlib import Path

import pytest

from triage_node.complete_file import complete_file
from triage_node.errors import StorageError, StorageFull


def test_a_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "deep" / "table"
    with complete_file(path) as partial:
        partial.write_text("rows")
        assert not path.exists()
    assert path.read_text() == "rows"
    assert list(path.parent.iterdir()) == [path]


def test_what_fails_leaves_the_file_before_as_it_was(tmp_path):
    path = tmp_path / "table"
    path.write_text("before")
    with pytest.raises(ZeroDivisionError), complete_file(path) as partial:
        partial.write_text(str(1 // 0))
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_said(tmp_path):
    path = tmp_path / "table"
    with pytest.raises(StorageFull, match="table cannot be written: the disk is full"), complete_file(path):
        Path("/dev/full").write_text("rows")


def test_a_folder_that_is_none_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be written"), complete_file(tmp_path / "file" / "table"):
        pass
