"""What fuzzing has found stays mended: each input that broke a reader once is read again (`tests/fuzz`)."""

import importlib
from pathlib import Path

import pytest

CORPUS = Path(__file__).parents[2] / "fuzz" / "corpus"
FOUND = sorted(path for path in CORPUS.rglob("*") if path.is_file())
TARGETS = ("association", "codestream", "part10")

# The readers of files leave it to the process whether warnings of pydicom are shown; a node shows none.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")


@pytest.mark.parametrize("path", FOUND, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_was_found_is_read_or_refused(path):
    importlib.import_module(f"fuzz_{path.parent.name}").check(path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_what_fuzzing_begins_with_is_read(name):
    target = importlib.import_module(f"fuzz_{name}")
    for content in target.seeds():
        target.check(content)


def test_every_find_has_its_target():
    assert {path.parent.name for path in FOUND} <= set(TARGETS)
