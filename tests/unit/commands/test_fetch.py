"""A study fetched by hand into a listener that runs, by C-MOVE and by C-GET; what goes wrong is one sentence."""

import json

import pytest
from ct import head_ct, save
from intakes import Intake, store
from query_pacs import QueryPacs
from typer.testing import CliRunner

from triage_node.cli import app
from triage_node.config import read_settings
from triage_node.errors import TriageError

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("collect_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def images():
    images = head_ct(slices=3, size=(16, 16))
    for ds in images:
        ds.AccessionNumber = "A1"
    return images


@pytest.fixture
def pacs(images):
    pacs = QueryPacs(images)
    yield pacs
    pacs.stop()


@pytest.fixture
def node(tmp_path, monkeypatch):
    intake = Intake(read_settings(dicom_port=0, data_dir=tmp_path / "data", disk_reserve_mb=1))
    monkeypatch.setenv("TRIAGE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TRIAGE_DICOM_PORT", str(intake.port))
    yield intake
    intake.stop()


@pytest.fixture
def fetch(node, pacs, monkeypatch):
    def fetch(*arguments: str, method: str = "move", code: int = 0, known: bool = True) -> str:
        if known:
            pacs.destinations["TRIAGE"] = ("127.0.0.1", node.port)
        sources = [{"url": pacs.url, "name": "pacs", "method": method}]
        monkeypatch.setenv("TRIAGE_SOURCES", json.dumps(sources))
        answer = CliRunner().invoke(app, ["fetch", *arguments])
        if isinstance(answer.exception, TriageError):
            assert code == 1
            return str(answer.exception)
        assert answer.exit_code == code, answer.output
        return answer.output

    return fetch


@pytest.mark.parametrize("method", ["move", "get"])
@pytest.mark.parametrize("by", ["uid", "accession number"])
def test_a_study_is_fetched_into_the_running_node(node, images, fetch, wait_for, method, by):
    study = str(images[0].StudyInstanceUID)
    output = fetch(*([study] if by == "uid" else ["--accession", "A1", "--from", "pacs"]), method=method)
    assert output == f"3 of 3 instances of {study} retrieved from pacs.\n"
    received = node.worklist.announcements.received
    wait_for(lambda: len(received(study).sop_instance_uids) == 3, "the registration")


def test_only_what_is_not_here_is_fetched(node, pacs, images, fetch, tmp_path, wait_for):
    study = str(images[0].StudyInstanceUID)
    assert store(node.port, save(images[:1], tmp_path / "one")[0]) == 0
    wait_for(lambda: node.worklist.announcements.received(study).sop_instance_uids, "the registration")
    assert fetch(study).startswith("2 of 2 instances")
    wait_for(lambda: len(node.worklist.announcements.received(study).sop_instance_uids) == 3, "the registration")
    assert fetch(study) == f"All instances that pacs has of {study} are here.\n"
    assert len(pacs.sent) == 2


def test_nothing_found(fetch):
    assert fetch("1.2.3", code=1) == "pacs has no study 1.2.3."
    assert fetch("--accession", "A2", code=1) == "pacs has no study with the accession number 'A2'."


def test_a_source_that_counts_more_than_it_lists_is_not_said_to_have_nothing(pacs, images, fetch):
    study = str(images[0].StudyInstanceUID)
    pacs.count = lambda _: 7
    assert fetch(study).splitlines()[0] == "pacs counts 7 instances and lists 3: these are fetched."
    pacs.lists = False
    assert "0xA900: it refuses the query" in fetch(study, code=1)


def test_several_found(pacs, fetch):
    [other] = head_ct(slices=1, size=(16, 16))
    other.StudyInstanceUID, other.AccessionNumber = "1.2.9", "A1"
    pacs.instances.append(other)
    sentence = "pacs has 2 studies with the accession number 'A1': fetch one by its UID."
    assert fetch("--accession", "A1", code=1) == sentence


def test_a_move_destination_that_is_not_known(images, fetch):
    sentence = fetch(str(images[0].StudyInstanceUID), code=1, known=False)
    assert "does not know the move destination TRIAGE (0xA801): add this AE title with its host and port" in sentence


def test_a_node_that_does_not_run(node, pacs, images, fetch):
    node.listener.stop()
    study = str(images[0].StudyInstanceUID)
    assert "cannot be reached" in fetch(study, method="get", code=1, known=False)


def test_what_cannot_be_meant_is_refused(fetch, monkeypatch):
    assert "either" in fetch(code=2)
    assert "either" in fetch("1.2.3", "--accession", "A1", code=2)
    assert "no source" in fetch("1.2.3", "--from", "ris", code=2)
