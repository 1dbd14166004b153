"""`triage-node senders`: who sent, what was refused, and the way out."""

import json

import pytest
from typer.testing import CliRunner

from triage_node.cli import app
from triage_node.config import Settings
from triage_node.worklist import INSTANCES, SenderCount, Worklist


@pytest.fixture
def said(tmp_path):
    worklist = Worklist(Settings(data_dir=tmp_path))
    worklist.prepare()
    worklist.sender_counts.add(
        [
            SenderCount("CT1", "10.0.0.1", INSTANCES, 1234, 1_700_000_000.0),
            SenderCount("CT2", "10.0.0.2", "calling_ae_title", 17, 1_700_000_100.0, "It is not on the allow list."),
        ]
    )
    worklist.close()

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["senders", *arguments, "--data-dir", str(tmp_path)])
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def test_who_sent_and_what_was_refused_is_shown_with_the_way_out(said):
    shown = " ".join(said().replace("\u2502", " ").split())
    for words in ("CT1", "1,234", "17 times", "allowed_peers"):
        assert words in shown, words


def test_of_a_sender_that_never_came_that_is_said(said):
    assert "Nothing of CT9 has reached this node" in said("CT9")


def test_json_is_that_of_the_api(said):
    [one] = json.loads(said("ct2", "--json"))
    assert (one["ae_title"], one["refusals"][0]["number"]) == ("CT2", 17)
