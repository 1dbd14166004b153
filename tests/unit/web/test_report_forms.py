"""The report of a study in its forms: over the API, on the study's page, and on the command line of the same node."""

import io
import json

import pytest
from ct import head_ct, save
from fhir.resources.R4B.bundle import Bundle
from made_results import finish
from pydicom import dcmread
from pypdf import PdfReader
from site_instances import keep
from typer.testing import CliRunner

from triage_node.cli import app
from triage_node.identity import Role
from triage_node.report import FILE_KINDS, Form, content_policy

TEXTUAL = [form for form in Form if not FILE_KINDS[form].is_binary]


@pytest.fixture
def paths(tmp_path):
    slices = head_ct(slices=3, size=(32, 24))
    for number, ds in enumerate(slices, start=11):
        ds.InstanceNumber, ds.SeriesNumber, ds.SeriesDescription = number, 4, "Head 5.0"
        ds.PatientName, ds.PatientID, ds.PatientBirthDate = "Doe^Jane", "P1", ""
    return save(slices, tmp_path / "sent")


@pytest.fixture
def report(site, paths, clock):
    """The report of a study with an earlier revision."""
    earlier = analyzed(site, paths[:2], clock)
    return analyzed(site, paths, clock, earlier)


def analyzed(site, paths, clock, predecessor=None):
    keep(site, paths)
    clock.forward(100)
    site.worklist.study_completion.advance()
    return finish(site, paths, predecessor)


@pytest.fixture
def address(report):
    return f"/api/studies/{report.StudyInstanceUID}/report"


@pytest.mark.parametrize("form", Form)
def test_every_form_comes_with_its_media_type_and_a_name_without_the_patient(site, address, form):
    answer = site.program().get(f"{address}?format={form}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == FILE_KINDS[form].media_type
    assert answer.headers["content-disposition"].endswith(f'filename="report{FILE_KINDS[form].suffix}"')


def test_the_forms_are_what_they_are_called_and_name_the_slice(site, report, address):
    program = site.program()
    content = {form: program.get(f"{address}?format={form}").content for form in Form}
    assert "image 12" in content[Form.TEXT].decode()
    assert "series 4, Head 5.0, 3 images" in content[Form.TEXT].decode()
    assert "image 12" in content[Form.HTML].decode()
    assert "image 12" in PdfReader(io.BytesIO(content[Form.PDF])).pages[0].extract_text()
    assert json.loads(content[Form.JSON])["report"]["revision"] == 3
    assert Bundle.model_validate_json(content[Form.FHIR]).entry[0].resource.status == "partial"
    assert dcmread(io.BytesIO(content[Form.DICOM])).SOPInstanceUID == report.SOPInstanceUID


def test_an_earlier_revision_can_be_asked_for(site, report, address):
    program = site.program()
    first = program.get(f"{address}?revision=2").json()
    assert (first["report"]["revision"], first["report"]["replaces"]) == (2, [])
    assert program.get(address).json()["report"]["replaces"] == [first["report"]["sop_instance_uid"]]
    assert program.get(f"{address}?revision=4").json() == {"detail": "There is no report of revision 4."}
    assert program.get(f"{address}?revision=4").status_code == 404


def test_of_several_studies_of_a_patient_each_has_its_own(site, report, clock, tmp_path):
    slices = head_ct(slices=3, size=(32, 24), PatientName="Doe^Jane", PatientID="P1", AccessionNumber="", seed=7)
    other = analyzed(site, save(slices, tmp_path / "other"), clock)
    assert other.StudyInstanceUID != report.StudyInstanceUID
    program = site.program()
    for one in (report, other):
        said = program.get(f"/api/studies/{one.StudyInstanceUID}/report").json()
        assert said["patient"]["patient_id"] == "P1"
        assert said["study"]["study_instance_uid"] == one.StudyInstanceUID
        assert said["report"]["sop_instance_uid"] == one.SOPInstanceUID
        assert said["study"]["accession_number"] == one.AccessionNumber


def test_an_image_that_is_gone_is_named_by_its_uid(site, report, paths, address):
    best = str(dcmread(paths[1]).SOPInstanceUID)
    site.spool.layout.instance(str(report.StudyInstanceUID), best).unlink()
    said = site.program().get(address).json()
    slices = {answer["best_slice"]["sop_instance_uid"] for answer in said["answers"] if answer["best_slice"]}
    assert slices == {best}
    assert [answer["best_slice"]["instance_number"] for answer in said["answers"] if answer["best_slice"]] == [
        None,
        None,
    ]


def test_the_page_in_a_page_runs_nothing(site, address):
    answer = site.signed_in().get(f"{address}?format=html")
    policy = answer.headers["content-security-policy"]
    assert policy == f"{content_policy()}; frame-ancestors 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_who_may_and_what_is_kept_of_it(site, report, address):
    assert site.browser().get(address).status_code == 401
    assert site.program(Role.READER).get(f"{address}?format=pdf").status_code == 200
    latest = site.worklist.audit_trail.latest()[0]
    assert (latest.action, latest.study_instance_uid, latest.query) == (
        "report_viewed", str(report.StudyInstanceUID), "format=pdf",
    )  # fmt: skip


@pytest.mark.parametrize("query", ["format=docx", "revision=0", "revision=x", f"revision={2**40}"])
def test_what_is_not_understood_is_refused(site, address, query):
    assert site.program().get(f"{address}?{query}").status_code == 422


def test_a_study_without_a_report_and_no_study(site, paths, clock):
    keep(site, paths)
    uid = str(dcmread(paths[0]).StudyInstanceUID)
    program = site.program()
    answer = program.get(f"/api/studies/{uid}/report")
    assert (answer.status_code, "There is no report" in answer.json()["detail"]) == (404, True)
    assert program.get("/api/studies/9.9/report").status_code == 404


def test_the_studys_page_leads_to_every_form(site, report):
    browser = site.signed_in()
    page = browser.get(f"/studies/{report.StudyInstanceUID}").text
    for form in Form:
        link = f"/api/studies/{report.StudyInstanceUID}/report?format={form}"
        assert f'href="{link}"' in page
        assert browser.get(link).status_code == 200


@pytest.fixture
def command(site, monkeypatch):
    """The command on the site's data folder; returns what it writes."""
    monkeypatch.setenv("TRIAGE_DATABASE_URL", site.worklist.database.url.render_as_string(hide_password=False))
    monkeypatch.setenv("TRIAGE_DATA_DIR", str(site.settings.data_dir))

    def run(*arguments, code=0):
        answer = CliRunner().invoke(app, ["report", *map(str, arguments)])
        assert answer.exit_code == code, answer.output
        return answer

    return run


@pytest.mark.parametrize("form", Form)
def test_the_command_writes_what_the_api_sends(site, report, address, command, form, tmp_path):
    expected = site.program().get(f"{address}?format={form}").content
    assert command(report.StudyInstanceUID, "--format", form).stdout_bytes == expected
    out = tmp_path / "new" / "report"
    assert command(report.StudyInstanceUID, "--format", form, "--out", out).stdout_bytes == b""
    assert out.read_bytes() == expected
    assert out.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in out.parent.iterdir()] == ["report"]


def test_the_command_takes_a_file_and_a_revision(report, command, tmp_path):
    path = tmp_path / "report.dcm"
    path.write_bytes(command(report.StudyInstanceUID, "--format", "dicom", "--revision", 2).stdout_bytes)
    said = json.loads(command(path, "--format", "json").stdout)
    assert said["report"]["replaces"] == []
    assert said["answers"][-1]["decision"] == "flagged"
    assert command(path, "--format", "dicom").stdout_bytes == path.read_bytes()


def test_the_command_says_in_a_sentence_what_is_wrong(site, report, paths, command, tmp_path):
    assert "text, html, pdf, json, fhir, dicom" in command(report.StudyInstanceUID, "--format", "docx", code=2).output
    for arguments, sentence in (
        ([report.StudyInstanceUID, "--revision", 7], "There is no report of revision 7."),
        (["9" * 300], "no study"),
        ([paths[0]], f"{paths[0]}: It is no report of a triage node"),
    ):
        error = command(*arguments, code=1).exception
        assert sentence in str(error)


def test_a_terminal_is_spared_binary_forms(report, command, monkeypatch):
    import triage_node.commands.report as module

    class Terminal(io.TextIOWrapper):
        def isatty(self):
            return True

    monkeypatch.setattr(module.sys, "stdout", Terminal(io.BytesIO()))
    assert "PDF is nothing for a terminal: name a file by --out" in _refused(module, b"%PDF", Form.PDF)


def _refused(module, content, form):
    import typer

    with pytest.raises(typer.BadParameter) as refused:
        module._put(content, form, None)
    return str(refused.value)
