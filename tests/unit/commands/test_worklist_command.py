"""The list on the command line, and how a study of it is named."""

import json
import time

import pytest
from typer.testing import CliRunner

from triage_node import __version__
from triage_node.cli import app
from triage_node.findings import LABELS
from triage_node.storage import ResultContent, Spool
from triage_node.train import cli as train


@pytest.fixture
def triage(analyze, worklist, clock, monkeypatch):
    """Commands on a worklist of three analyzed studies."""
    clock.forward(time.time() - clock() - 300)  # the commands go by the clock of the machine
    for uid, accession in (("1.2.840.1", "A1"), ("1.2.840.22", "A2"), ("1.3.9.7", "1")):
        analyze(uid, accession_number=accession, patient_name=f"Doe^{accession}")
    monkeypatch.setenv("TRIAGE_DATABASE_URL", worklist.database.url.render_as_string(hide_password=False))
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments, code=0):
        answer = CliRunner().invoke(app, [*arguments])
        assert answer.exit_code == code, answer.output
        return answer.output if code == 0 else str(answer.exception)

    return run


def test_the_list_fits_eighty_columns_and_leaves_out_what_was_read(triage, worklist):
    shown = triage("worklist")
    assert max(map(len, shown.splitlines())) <= 80
    assert all(name in shown for name in ("Doe^A1", "Doe^A2", "Doe^1"))
    worklist.reader_actions.acknowledge("1.2.840.1", "reader jane")
    assert "Doe^A1" not in triage("worklist")
    assert "Doe^A1" in triage("worklist", "--all")
    assert "1.2.840.22" in triage("worklist", "--uids")
    assert len(json.loads(triage("worklist", "--json"))) == 3


@pytest.mark.parametrize("reference", ["1.2.840.22", "1.2.840.2", "A2"])
def test_a_study_is_named_by_uid_its_beginning_or_accession_number(triage, reference):
    assert json.loads(triage("show", reference, "--json"))["study_instance_uid"] == "1.2.840.22"
    assert "1.2.840.22 is in the queue again" in triage("requeue", reference)


def test_a_number_is_that_of_the_list_unless_it_is_an_accession_number(triage):
    rows = [line for line in triage("worklist").splitlines() if "Doe^" in line]
    named = {line.split()[1]: next(name for name in ("A1", "A2", "Doe^1 ") if name in line) for line in rows}
    second = json.loads(triage("show", "2", "--json"))
    assert named["2"].strip() in (second["accession_number"], second["patient_name"])
    assert json.loads(triage("show", "1", "--json"))["accession_number"] == "1"


def test_what_names_several_studies_or_none_is_refused(triage):
    assert "may mean several studies: 1.2.840.22, 1.2.840.1. Name the one." in triage("show", "1.2.840", code=1)
    for none in ("9", "1.9.9.9", "1.2", "x%", ""):
        assert "has no study" in triage("show", none, code=1)


@pytest.mark.parametrize("program", [app, train.app])
def test_both_programs_say_their_version_and_help_shortly(program):
    assert __version__ in CliRunner().invoke(program, ["--version"]).output
    assert CliRunner().invoke(program, ["-h"]).exit_code == 0


@pytest.mark.parametrize("arguments", [["worklist"], ["user", "add"], ["token"]])
def test_every_command_takes_the_short_h(arguments):
    assert "Usage" in CliRunner().invoke(app, [*arguments, "-h"]).output


def test_slices_are_named_by_number(triage, worklist, make_settings, monkeypatch):
    settings = make_settings()
    monkeypatch.setenv("TRIAGE_DATA_DIR", str(settings.data_dir))
    folder = worklist.study_details.study("1.2.840.22").latest_outcome.folder
    rows = [
        {"sop_instance_uid": f"1.{at}", "frame_number": None, "probabilities": dict.fromkeys(LABELS, at / 10)}
        for at in (1, 9, 3)
    ]
    scores = json.dumps(rows).encode()
    Spool.of(settings).result("1.2.840.22", folder).keep(ResultContent({}, slice_scores=scores))
    shown = triage("show", "A2")
    assert shown.count("slice 2 of 3") == len(LABELS)
    assert "slice" not in triage("show", "A1"), "of whose slices there are no scores"
