"""`triage-node check-report` as its users run it."""

import json

import pytest
from content_trees import remove
from report_contents import flagged_content, read_back
from typer.testing import CliRunner

from triage_node.cli import app
from triage_node.report import as_measurement_report, build_report


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    report = read_back(as_measurement_report(build_report(flagged_content())))
    report.save_as(folder / "sound.dcm", enforce_file_format=True)
    remove("121012")(report)
    report.save_as(folder / "faulty.dcm", enforce_file_format=True)
    (folder / "text.dcm").write_text("hello")
    return folder


def check(*arguments):
    return CliRunner().invoke(app, ["check-report", *map(str, arguments)])


def test_a_sound_report_is_said_to_be_sound(files):
    answer = check(files / "sound.dcm")
    assert answer.exit_code == 0
    assert answer.stdout.strip().endswith("sound.dcm: no complaints (Comprehensive 3D SR Storage, TID 1500)")


def test_a_fault_is_shown_with_its_clause_and_ends_with_one(files):
    answer = check(files / "faulty.dcm", files / "sound.dcm")
    assert answer.exit_code == 1
    assert "faulty.dcm: 1 error (Comprehensive 3D SR Storage, TID 1500)" in answer.stdout
    assert "PS3.16 TID 1004 row 1" in answer.stdout
    assert "Device Observer UID" in answer.stdout
    assert "sound.dcm: no complaints" in answer.stdout


def test_the_complaints_as_json(files):
    answer = check("--json", files / "faulty.dcm", files / "text.dcm")
    assert answer.exit_code == 1
    faulty, text = json.loads(answer.stdout)
    assert (faulty["errors"], faulty["warnings"], faulty["template"]) == (1, 0, "1500")
    assert faulty["complaints"][0] | {"message": ""} == {
        "severity": "error",
        "kind": "missing",
        "clause": "PS3.16 TID 1004 row 1",
        "path": "1 Imaging Measurement Report",
        "message": "",
    }
    assert text["complaints"][0]["message"] == "The file is no DICOM file."


@pytest.mark.parametrize("arguments", [(), ("nowhere.dcm",), (".",)])
def test_wrong_usage_is_told_from_a_fault(arguments):
    assert check(*arguments).exit_code == 2
