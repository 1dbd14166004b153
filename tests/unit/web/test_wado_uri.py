"""WADO-URI and pages of other origins: what viewers that know nothing else get, and what nobody gets."""

import io

import cv2
import numpy as np
import pytest
from ct import head_ct, save
from ct_compressed import jpeg_2000
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian
from site_instances import keep

from triage_node.identity import Role


@pytest.fixture
def image(site, tmp_path):
    [ds] = head_ct(slices=1, size=(64, 48), WindowCenter=40, WindowWidth=80)
    keep(site, save([ds], tmp_path / "sent"))
    return ds


def named(ds, **more):
    uids = {"studyUID": ds.StudyInstanceUID, "seriesUID": ds.SeriesInstanceUID, "objectUID": ds.SOPInstanceUID}
    return {"requestType": "WADO", **{name: str(uid) for name, uid in uids.items()}, **more}


def get(site, ds, **more):
    return site.program().get("/wado", params=named(ds, **more))


def picture(answer):
    assert answer.status_code == 200, answer.text
    return cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)


def test_an_image_is_a_picture_unless_the_file_is_asked_for(site, image):
    assert get(site, image).headers["content-type"] == "image/jpeg"
    assert get(site, image, contentType="image/png").headers["content-type"] == "image/png"
    assert get(site, image, contentType="image/x, image/gif").headers["content-type"] == "image/gif"
    file = get(site, image, contentType="application/dicom")
    assert file.headers["content-type"] == "application/dicom"
    assert dcmread(io.BytesIO(file.content)).SOPInstanceUID == image.SOPInstanceUID
    assert get(site, image, contentType="text/html").status_code == 406


def test_the_picture_is_the_one_of_wado_rs(site, image):
    place = f"/dicomweb/studies/{image.StudyInstanceUID}/series/{image.SeriesInstanceUID}/instances/"
    rs = site.program().get(
        f"{place}{image.SOPInstanceUID}/rendered", params={"window": "30,60,linear"}, headers={"Accept": "image/png"}
    )
    uri = get(site, image, windowCenter="30", windowWidth="60", contentType="image/png")
    np.testing.assert_array_equal(picture(uri), picture(rs))
    png = {"contentType": "image/png"}
    assert picture(get(site, image, rows="32", **png)).shape == (32, 24)
    assert picture(get(site, image, columns="24", rows="64", **png)).shape == (32, 24)
    whole = picture(get(site, image, **png))
    np.testing.assert_array_equal(picture(get(site, image, region="0.5,0.25,1,0.75", **png)), whole[16:48, 24:])


def test_a_file_comes_as_stored_or_uncompressed(site, tmp_path):
    [ds] = head_ct(slices=1, size=(64, 48))
    plain = ds.PixelData
    keep(site, save([jpeg_2000(ds)], tmp_path / "sent"))
    compressed = ds.file_meta.TransferSyntaxUID
    default = dcmread(io.BytesIO(get(site, ds, contentType="application/dicom").content))
    assert (default.file_meta.TransferSyntaxUID, default.PixelData) == (ExplicitVRLittleEndian, plain)
    stored = get(site, ds, contentType="application/dicom", transferSyntax=str(compressed))
    assert dcmread(io.BytesIO(stored.content)).file_meta.TransferSyntaxUID == compressed
    assert get(site, ds, contentType="application/dicom", transferSyntax="1.2.840.10008.1.2.4.80").status_code == 406


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"requestType": "OTHER"}, 400), ({"objectUID": "1.2.3"}, 404), ({"objectUID": "../x"}, 400),
        ({"anonymize": "yes"}, 406), ({"presentationUID": "1.2"}, 406), ({"windowCenter": "40"}, 400),
        ({"region": "0,0,2,1"}, 400), ({"region": "nan,0,1,1"}, 400), ({"rows": "0"}, 400), ({"frameNumber": "2"}, 404),
        ({"contentType": "nonsense"}, 400),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused(site, image, more, status):
    answer = get(site, image, **more)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]


def test_who_looks_is_kept_and_nobody_looks_without_a_token(site, image):
    assert site.browser().get("/wado", params=named(image), headers={"Accept": "image/png"}).status_code == 401
    get(site, image)
    [access] = site.worklist.audit_trail.latest(study_instance_uid=str(image.StudyInstanceUID))
    assert access.action == "images_viewed"


ASKED = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}


def test_pages_of_other_origins_are_let_in_where_the_site_says_so(make_site):
    site = make_site(web_allowed_origins=("https://viewer.example",))
    program = site.program()
    preflight = program.options("/dicomweb/studies", headers={"Origin": "https://viewer.example", **ASKED})
    assert preflight.headers["access-control-allow-origin"] == "https://viewer.example"
    assert "access-control-allow-credentials" not in preflight.headers
    answer = program.get("/dicomweb/studies", headers={"Origin": "https://viewer.example"})
    assert answer.headers["access-control-allow-origin"] == "https://viewer.example"
    other = program.get("/dicomweb/studies", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
    pages = program.get("/api/studies", headers={"Origin": "https://viewer.example"})
    assert "access-control-allow-origin" not in pages.headers


def test_no_page_of_another_origin_is_let_in_by_default(site):
    answer = site.program().options("/dicomweb/studies", headers={"Origin": "https://viewer.example", **ASKED})
    assert "access-control-allow-origin" not in answer.headers


def test_the_addresses_in_answers_are_those_that_others_reach(make_site, tmp_path):
    site = make_site(public_url="https://ct.example:8443/node/")
    [ds] = head_ct(slices=1, size=(16, 16))
    keep(site, save([ds], tmp_path / "sent"))
    program = site.program(Role.SERVICE)
    [study] = program.get("/dicomweb/studies").json()
    base = f"https://ct.example:8443/node/dicomweb/studies/{ds.StudyInstanceUID}"
    assert study["00081190"]["Value"] == [base]
    [header] = program.get(f"/dicomweb/studies/{ds.StudyInstanceUID}/metadata").json()
    assert header["7FE00010"]["BulkDataURI"].startswith(base)
