"""The node's own reports and pictures through DICOMweb: found, retrieved, read."""

import io

import pytest
from ct import head_ct, save
from made_results import finish
from pydicom import dcmread
from pydicom.dataset import Dataset
from site_instances import keep, parts_of

from triage_node.database.workitem_uids import workitem_uid
from triage_node.ingest.rebuild import rebuild_worklist

SR, PICTURE = "1.2.840.10008.5.1.4.1.1.88.34", "1.2.840.10008.5.1.4.1.1.7"


@pytest.fixture
def paths(tmp_path):
    return save(head_ct(slices=3, size=(32, 24)), tmp_path / "sent")


@pytest.fixture
def ready(site, paths, clock):
    """A study that waits for its analysis."""
    keep(site, paths)
    clock.forward(100)
    site.worklist.study_completion.advance()


@pytest.fixture
def report(site, paths, ready):
    return finish(site, paths, picture=True)


@pytest.fixture
def study(report):
    return f"/dicomweb/studies/{report.StudyInstanceUID}"


def found(answer):
    assert answer.status_code == 200
    return [Dataset.from_json(one) for one in answer.json()]


def series_of(study, report):
    return f"{study}/series/{report.SeriesInstanceUID}"


def address_of(study, report):
    return f"{series_of(study, report)}/instances/{report.SOPInstanceUID}"


def test_a_search_finds_the_report_and_the_picture_as_series_of_the_study(site, report, study):
    program = site.program()
    [one] = found(program.get("/dicomweb/studies"))
    assert sorted(one.ModalitiesInStudy) == ["CT", "OT", "SR"]
    assert (one.NumberOfStudyRelatedSeries, one.NumberOfStudyRelatedInstances) == (3, 5)
    assert found(program.get("/dicomweb/studies?ModalitiesInStudy=SR"))
    [series] = found(program.get(f"{study}/series?Modality=SR"))
    assert (series.SeriesInstanceUID, series.SeriesNumber) == (report.SeriesInstanceUID, report.SeriesNumber)
    assert series.SeriesDescription == "TRIAGE: suspected hemorrhage"
    assert series.NumberOfSeriesRelatedInstances == 1
    [instance] = found(program.get(f"{series_of(study, report)}/instances"))
    assert (instance.SOPClassUID, instance.SOPInstanceUID) == (SR, report.SOPInstanceUID)
    assert instance.RetrieveURL.endswith(address_of(study, report))
    [picture] = found(program.get(f"/dicomweb/instances?SOPClassUID={PICTURE}"))
    assert (picture.Rows, picture.Columns, picture.BitsAllocated) == (8, 6, 8)


def test_a_report_is_retrieved_as_it_is_sent_and_read_as_metadata(site, report, study):
    program = site.program()
    stored = next(site.spool.layout.root.rglob("report-1.dcm")).read_bytes()
    for address in (address_of(study, report), series_of(study, report)):
        [(_, content)] = parts_of(program.get(address))
        assert content == stored
    every = [dcmread(io.BytesIO(content)) for _, content in parts_of(program.get(study))]
    assert [ds.Modality for ds in every] == ["CT", "CT", "CT", "SR", "OT"]
    assert dcmread(io.BytesIO(stored)) == report
    [header] = found(program.get(f"{address_of(study, report)}/metadata"))
    assert header.ConceptNameCodeSequence == report.ConceptNameCodeSequence
    assert len(program.get(f"{study}/metadata").json()) == 5


def test_a_report_is_rendered_as_html_and_as_text(site, report, study):
    program, address = site.program(), f"{address_of(study, report)}/rendered"
    for accept, media_type in (("*/*", "text/html"), ("text/html", "text/html"), ("text/plain", "text/plain")):
        answer = program.get(address, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (200, f"{media_type}; charset=utf-8")
        for words in ("Notification only, not for diagnosis.", "Triage notification", "UNVERIFIED", "90"):
            assert words in answer.text
    assert program.get(address, headers={"Accept": "image/png"}).status_code == 406
    for place in (study, series_of(study, report), address_of(study, report)):
        answer = program.get(f"{place}/rendered", headers={"Accept": 'multipart/related; type="text/plain"'})
        [(headers, content)] = parts_of(answer)
        assert headers["content-type"].startswith("text/plain")
        assert b"Notification only" in content
    for place in (study, series_of(study, report)):
        answer = program.get(f"{place}/rendered", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert len(parts_of(program.get(f"{study}/rendered", headers={"Accept": "*/*"}))) == 4, "the images"
    assert program.get(f"{study}/thumbnail").status_code == 200
    assert program.get(f"{address_of(study, report)}/thumbnail").status_code == 406


def test_a_workitem_names_an_address_at_which_the_report_is(site, report, study):
    program = site.program()
    [item] = found(program.get(f"/dicomweb/workitems/{workitem_uid(report.StudyInstanceUID)}"))
    [given] = item.InputInformationSequence
    assert len(given.ReferencedSOPSequence) == 3
    [output] = item.UnifiedProcedureStepPerformedProcedureSequence[0].OutputInformationSequence
    [(_, content)] = parts_of(program.get(output.WADORSRetrievalSequence[0].RetrieveURL))
    ds = dcmread(io.BytesIO(content))
    assert ds.SOPInstanceUID == output.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == report.SOPInstanceUID


def test_a_replaced_report_stays_and_is_named_by_the_one_after_it(site, paths, report, study):
    site.worklist.reader_actions.requeue(report.StudyInstanceUID, "person")
    later = finish(site, paths, report)
    program = site.program()
    [answer] = [dcmread(io.BytesIO(content)) for _, content in parts_of(program.get(address_of(study, later)))]
    [replaced] = answer.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence
    assert replaced.ReferencedSOPInstanceUID == report.SOPInstanceUID
    assert program.get(address_of(study, report)).status_code == 200
    assert len(found(program.get(f"{study}/series?Modality=SR"))) == 2


def test_the_same_result_again_is_listed_once(site, paths, report, study):
    site.worklist.reader_actions.requeue(report.StudyInstanceUID, "person")
    finish(site, paths)
    assert len(found(site.program().get(f"{study}/series?Modality=SR"))) == 1


def test_a_report_is_no_series_that_was_received(site, report):
    shown = site.worklist.study_details.study(report.StudyInstanceUID).series
    assert [one.modality for one in shown] == ["CT"]


def test_a_report_that_comes_back_moves_nothing_and_is_listed_once(site, report, study, tmp_path):
    report.save_as(tmp_path / "back.dcm", enforce_file_format=True)
    before = site.worklist.study_details.study(report.StudyInstanceUID)
    keep(site, [tmp_path / "back.dcm"])
    after = site.worklist.study_details.study(report.StudyInstanceUID)
    assert (after.state, after.revision) == (before.state, before.revision)
    assert [one.modality for one in after.series] == ["CT", "SR"], "it was received, too"
    assert len(found(site.program().get(f"{series_of(study, report)}/instances"))) == 1


def test_a_report_is_read_by_whom_images_are_and_leaves_the_same_trace(site, report, study):
    assert site.browser().get(address_of(study, report)).status_code == 401
    assert site.browser().get(f"{address_of(study, report)}/rendered").status_code == 401
    assert site.signed_in().get(address_of(study, report)).status_code == 200
    actions = [row.action for row in site.worklist.audit_trail.latest(study_instance_uid=report.StudyInstanceUID)]
    assert "images_retrieved" in actions


def test_a_rebuilt_worklist_lists_what_was_made(site, make_site, report, study):
    site.worklist.close()
    (site.settings.data_dir / "worklist.sqlite").unlink()
    again = make_site()
    assert rebuild_worklist(again.spool, again.worklist, []).studies == 1
    program = again.program()
    assert len(found(program.get(f"{study}/series"))) == 3
    assert program.get(address_of(study, report)).status_code == 200


def test_a_report_that_is_damaged_or_gone_is_said(site, report, study):
    path = next(site.spool.layout.root.rglob("report-1.dcm"))
    content, program = path.read_bytes(), site.program()
    for end in (0, 200, 400, len(content) // 2, len(content) - 8):
        path.write_bytes(content[:end])
        answer = program.get(f"{address_of(study, report)}/rendered", headers={"Accept": "text/html"})
        assert answer.status_code == 406
        assert "cannot be rendered" in answer.json()["detail"]
    path.unlink()
    assert program.get(address_of(study, report)).status_code == 410
