"""Summary, key objects and PDF through DICOMweb and on the study's page."""

import io

import pypdf
import pytest
from ct import head_ct, save
from made_results import finish
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import EncapsulatedPDFStorage, KeyObjectSelectionDocumentStorage, SecondaryCaptureImageStorage
from site_instances import keep, parts_of

from triage_node.ingest.rebuild import rebuild_worklist
from triage_node.outcome import ObjectKind

CLASSES = {
    ObjectKind.SUMMARY: SecondaryCaptureImageStorage,
    ObjectKind.KEY_OBJECTS: KeyObjectSelectionDocumentStorage,
    ObjectKind.PDF: EncapsulatedPDFStorage,
}


@pytest.fixture
def report(site, clock, tmp_path):
    paths = save(head_ct(slices=3, size=(32, 24)), tmp_path / "sent")
    keep(site, paths)
    clock.forward(100)
    site.worklist.study_completion.advance()
    return finish(site, paths, objects=tuple(CLASSES))


@pytest.fixture
def study(report):
    return f"/dicomweb/studies/{report.StudyInstanceUID}"


@pytest.fixture
def addresses(site, study):
    """Where each object is, as a search for its class says."""
    program = site.program()

    def address(sop_class: str) -> str:
        [one] = program.get(f"{study}/instances?SOPClassUID={sop_class}").json()
        found = Dataset.from_json(one)
        return f"{study}/series/{found.SeriesInstanceUID}/instances/{found.SOPInstanceUID}"

    return {kind: address(sop_class) for kind, sop_class in CLASSES.items()}


def test_each_is_a_series_of_the_study_and_retrieved_as_it_is_sent(site, study, addresses):
    program = site.program()
    [found] = program.get(f"{study.rpartition('/')[0]}").json()
    assert sorted(Dataset.from_json(found).ModalitiesInStudy) == ["CT", "DOC", "KO", "OT", "SR"]
    assert len(program.get(f"{study}/series").json()) == 5
    for kind, address in addresses.items():
        [(_, content)] = parts_of(program.get(address))
        stored = next(site.spool.layout.root.rglob(f"{kind}.dcm")).read_bytes()
        assert content == stored
        [header] = program.get(f"{address}/metadata").json()
        assert header["0008103E"]["Value"][0].startswith("TRIAGE ")


def test_each_is_rendered_as_what_it_is(site, addresses):
    program = site.program()
    answer = program.get(f"{addresses[ObjectKind.SUMMARY]}/rendered", headers={"Accept": "image/png"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    answer = program.get(f"{addresses[ObjectKind.KEY_OBJECTS]}/rendered", headers={"Accept": "text/plain"})
    assert "Of Interest" in answer.text
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for accept in (browser, {"Accept": "application/pdf"}):
        answer = program.get(f"{addresses[ObjectKind.PDF]}/rendered", headers=accept)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        assert len(pypdf.PdfReader(io.BytesIO(answer.content)).pages) >= 1
    assert program.get(f"{addresses[ObjectKind.PDF]}/rendered", headers={"Accept": "image/png"}).status_code == 406
    assert program.get(f"{addresses[ObjectKind.PDF]}/thumbnail").status_code == 406


def test_what_has_no_picture_is_left_out_of_the_pictures_of_a_study(site, study):
    images = {"Accept": 'multipart/related; type="image/png"'}
    assert len(parts_of(site.program().get(f"{study}/rendered", headers=images))) == 4, "three slices and the summary"
    assert site.program().get(f"{study}/thumbnail").status_code == 200


def test_a_pdf_that_is_cut_off_is_said(site, addresses):
    path = next(site.spool.layout.root.rglob("pdf.dcm"))
    content = path.read_bytes()
    for end in (0, 300, len(content) // 2):
        path.write_bytes(content[:end])
        answer = site.program().get(f"{addresses[ObjectKind.PDF]}/rendered")
        assert answer.status_code == 406
        assert "cannot be read" in answer.json()["detail"]


def test_the_page_of_the_study_shows_them(site, report, addresses):
    reader = site.signed_in()
    page = reader.get(f"/studies/{report.StudyInstanceUID}").text
    assert f'<img src="{addresses[ObjectKind.SUMMARY]}/rendered"' in page
    for kind in (ObjectKind.KEY_OBJECTS, ObjectKind.PDF):
        assert f'<a href="{addresses[kind]}/rendered"' in page
        assert reader.get(f"{addresses[kind]}/rendered").status_code == 200
    assert site.browser().get(f"{addresses[ObjectKind.PDF]}/rendered").status_code == 401


def test_one_that_comes_back_from_a_pacs_moves_nothing(site, report, study, addresses, tmp_path):
    before = site.worklist.study_details.study(report.StudyInstanceUID)
    paths = [next(site.spool.layout.root.rglob(f"{kind}.dcm")) for kind in CLASSES]
    keep(site, save([dcmread(path) for path in paths], tmp_path / "back"))
    after = site.worklist.study_details.study(report.StudyInstanceUID)
    assert (after.state, after.revision) == (before.state, before.revision)
    assert len(site.program().get(f"{study}/instances").json()) == 7


def test_a_rebuilt_worklist_lists_them(site, make_site, study, addresses):
    site.worklist.close()
    (site.settings.data_dir / "worklist.sqlite").unlink()
    again = make_site()
    assert rebuild_worklist(again.spool, again.worklist, []).studies == 1
    assert len(again.program().get(f"{study}/series").json()) == 5
    for address in addresses.values():
        assert again.program().get(address).status_code == 200
