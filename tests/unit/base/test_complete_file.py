"""Files appear under their name when they are complete, and only then."""

import ast
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


WRITES = frozenset({"write_text", "write_bytes", "save_as", "save", "savez", "savez_compressed", "imwrite", "copyfile"})
ROOT = Path(__file__).parents[3]
TEMPORARY = frozenset({"demo_studies.py", "images.py"})
"""They write beside into a temporary folder, whose files nobody else sees."""


def plain_writes(path: Path) -> list[str]:
    """Return the calls of a module that write a file and stand in no `with complete_file(...)`."""
    tree = ast.parse(path.read_text())
    complete = {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.With) and any("complete_file(" in ast.unparse(item) for item in outer.items)
        for inner in ast.walk(outer)
    }
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and id(node) not in complete]
    return [ast.unparse(call) for call in calls if getattr(call.func, "attr", "") in WRITES]


@pytest.mark.parametrize("folder", ["models", "train"])
def test_what_is_trained_appears_only_when_complete(folder):
    modules = [path for path in (ROOT / folder).rglob("*.py") if path.name not in TEMPORARY]
    assert modules
    assert {str(path): plain_writes(path) for path in modules if plain_writes(path)} == {}
