"""Answers are compressed for who takes it: text and JSON, but no page whose length another site could watch."""

import pytest
from ct import head_ct, save
from multipart import CONTENT_TYPE, body_of_files

GZIP = {"Accept-Encoding": "gzip"}


def test_json_is_compressed_for_a_program_and_the_same_without(site):
    program = site.program()
    compressed = program.get("/api/openapi.json", headers=GZIP)
    plain = program.get("/api/openapi.json", headers={"Accept-Encoding": "identity"})
    assert compressed.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in compressed.headers["vary"]
    assert int(compressed.headers["content-length"]) < len(plain.content) / 5
    assert compressed.json() == plain.json()
    assert "content-encoding" not in plain.headers


def test_a_small_answer_is_sent_as_it_is(site):
    assert "content-encoding" not in site.program().get("/api/worklist", headers=GZIP).headers


@pytest.mark.parametrize(
    ("caused_by", "is_compressed"),
    [("same-origin", True), ("none", True), ("cross-site", False), ("same-site", False), (None, False)],
)
def test_a_page_of_a_session_is_compressed_only_where_no_other_site_made_the_browser_ask(
    site, caused_by, is_compressed
):
    headers = GZIP | ({"Sec-Fetch-Site": caused_by} if caused_by else {})
    page = site.signed_in().get("/api", headers=headers)
    assert page.status_code == 200
    assert ("content-encoding" in page.headers) == is_compressed


def test_images_are_never_compressed_again(site, tmp_path):
    program = site.program()
    [ds] = head_ct(slices=1, size=(64, 64))
    body = body_of_files(save([ds], tmp_path / "ct"))
    answer = program.post("/dicomweb/studies", content=body, headers={"Content-Type": CONTENT_TYPE})
    assert answer.status_code == 200, answer.text
    study = f"/dicomweb/studies/{ds.StudyInstanceUID}"
    for accept in ("multipart/related; type=application/dicom", "multipart/related; type=image/png"):
        path = study if "dicom" in accept else f"{study}/rendered"
        got = program.get(path, headers=GZIP | {"Accept": accept})
        assert got.status_code == 200, got.text
        assert len(got.content) > 1400
        assert "content-encoding" not in got.headers
    assert program.get(f"{study}/metadata", headers=GZIP).headers["content-encoding"] == "gzip"
