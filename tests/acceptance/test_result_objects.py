"""Summary, key objects and PDF of a flagged study at a PACS that nobody here wrote."""

import io
import json

import pypdf
import pytest
from ct import head_ct, save
from nodes import RunningNode
from pacs import Orthanc
from programs import run
from pydicom import dcmread
from pydicom.uid import (
    Comprehensive3DSRStorage,
    EncapsulatedPDFStorage,
    KeyObjectSelectionDocumentStorage,
    SecondaryCaptureImageStorage,
)

pytestmark = pytest.mark.slow

ALL = ["report", "summary", "key_objects", "pdf"]
CLASSES = {
    Comprehensive3DSRStorage,
    EncapsulatedPDFStorage,
    KeyObjectSelectionDocumentStorage,
    SecondaryCaptureImageStorage,
}


@pytest.fixture
def study(tmp_path):
    images = head_ct(slices=32, size=(256, 256), lesion="intraparenchymal", seed=7)
    return save(images, tmp_path / "study"), str(images[0].StudyInstanceUID)


def test_orthanc_stores_them_with_the_images_and_serves_them(start, study, wait_for, tmp_path):
    files, uid = study
    pacs = start(Orthanc, "pacs", dicomweb_servers={})
    (tmp_path / "share").mkdir()
    node = start(
        RunningNode,
        "node",
        destinations=[
            {"name": "pacs", "url": f"dicom://{pacs.address}", "objects": ALL},
            {"name": "web", "url": f"http://127.0.0.1:{pacs.http_port}/dicom-web/studies", "objects": ALL},
            {"name": "share", "url": f"file://{tmp_path}/share", "objects": ["summary"]},
        ],
    )
    for file in files:
        pacs.upload(file)
    assert node.storescu(*files).returncode == 0
    delivered = lambda: {one.state for one in node.study(uid).deliveries} == {"delivered"}  # noqa: E731
    wait_for(lambda: node.state(uid) == "analyzed" and delivered(), "all deliveries", 240)
    made = {str(ds.SOPClassUID): ds for ds in pacs.reports(uid)}
    assert set(made) == CLASSES
    [shared] = (tmp_path / "share").glob("*.dcm")
    assert dcmread(shared) == made[SecondaryCaptureImageStorage]
    [study_found] = pacs.find("StudyInstanceUID", uid, "/studies")
    assert len(study_found["Series"]) == 5

    for sop_class, ds in made.items():
        path = tmp_path / f"{sop_class}.dcm"
        ds.save_as(path, enforce_file_format=True)
        judged = run("dciodvfy", path)
        assert "Error" not in judged.stdout + judged.stderr
        served = json.loads(pacs.send("GET", f"/dicom-web/instances?SOPInstanceUID={ds.SOPInstanceUID}"))
        assert served[0]["00080016"]["Value"] == [sop_class]
    assert run("dsrdump", tmp_path / f"{KeyObjectSelectionDocumentStorage}.dcm").returncode == 0

    [summary] = pacs.find("SOPInstanceUID", made[SecondaryCaptureImageStorage].SOPInstanceUID, "/instances")
    assert pacs.send("GET", f"/instances/{summary['ID']}/preview").startswith(b"\x89PNG")
    [pdf] = pacs.find("SOPInstanceUID", made[EncapsulatedPDFStorage].SOPInstanceUID, "/instances")
    document = pacs.send("GET", f"/instances/{pdf['ID']}/pdf")
    assert len(pypdf.PdfReader(io.BytesIO(document)).pages) >= 1
    images = {str(dcmread(file, specific_tags=["SOPInstanceUID"]).SOPInstanceUID) for file in files}
    selected = [item for item in made[KeyObjectSelectionDocumentStorage].ContentSequence if item.ValueType == "IMAGE"]
    assert {item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for item in selected} <= images
    assert selected
