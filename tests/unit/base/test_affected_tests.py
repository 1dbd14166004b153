"""Which unit tests `make check` runs after a change."""

import affected_tests
import pytest
from affected_tests import affected, importers, room_of, support_users
from grimp import ImportGraph


@pytest.fixture
def graph() -> ImportGraph:
    """web and node import worklist, which imports database; everybody imports errors."""
    graph = ImportGraph()
    imports = {
        "web.pages.study": ("worklist", "errors"),
        "node.node": ("worklist.claims", "errors"),
        "worklist.claims": ("database", "errors"),
        "worklist": ("worklist.claims",),
        "database": ("errors",),
    }
    for importer, names in imports.items():
        for name in names:
            graph.add_import(importer=f"triage_node.{importer}", imported=f"triage_node.{name}")
    return graph


@pytest.mark.parametrize(
    ("path", "room"),
    [
        ("triage_node/web/pages/study.py", "web"),
        ("triage_node/web/templates/study.html", "web"),
        ("triage_node/errors.py", "errors"),
        ("models/registry.py", "models"),
        ("train/fit/fit.py", "train"),
        ("docs/settings.md", None),
        ("tests/unit/web/test_pages.py", None),
    ],
)
def test_the_room_of_a_file(path, room):
    assert room_of(path) == room


def test_who_imports_a_room_and_not_who_imports_those(graph):
    assert importers({"database"}, graph) == {"worklist"}
    assert importers({"worklist"}, graph) == {"web", "node"}
    assert importers({"web"}, graph) == set()


def test_a_room_is_tested_with_those_that_import_it(graph):
    assert affected(["triage_node/worklist/claims.py"], graph) == {"worklist", "web", "node", "base"}


def test_a_changed_test_runs_with_its_folder_only(graph):
    assert affected(["tests/unit/dimse/test_pdu.py"], graph) == {"dimse", "base"}


def test_what_all_tests_stand_on_has_all_run(graph):
    assert affected(["tests/unit/dimse/test_pdu.py", "setup.cfg"], graph) is None


def test_a_document_has_the_tests_of_the_documents_run(graph):
    assert affected(["docs/settings.md"], graph) == {"base"}


def test_a_module_of_one_file_is_tested_in_base(graph):
    assert affected(["triage_node/errors.py"], graph) == {"base", "database", "worklist", "web", "node"}


def test_who_uses_a_support_module_by_way_of_another_is_found(tmp_path, monkeypatch):
    for name, content in {
        "support/ct.py": "",
        "support/phantom.py": "from ct import head",
        "unit/web/test_a.py": "import phantom",
        "unit/dimse/test_b.py": "import json",
    }.items():
        path = tmp_path / "tests" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    monkeypatch.setattr(affected_tests, "ROOT", tmp_path)
    assert support_users({"ct"}) == {"web"}
