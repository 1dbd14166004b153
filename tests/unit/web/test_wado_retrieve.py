"""WADO-RS Retrieve: the files as they were received, or uncompressed; nothing else, and to nobody else."""

import io

import numpy as np
import pytest
from ct import head_ct, save
from ct_compressed import jpeg_2000, jpeg_ls, rle
from pydicom import DataElement, config, dcmread
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSNearLossless,
)
from site_instances import keep, parts_of

ANY = 'multipart/related; type="application/dicom"; transfer-syntax=*'
LITTLE = f'multipart/related; type="application/dicom"; transfer-syntax={ExplicitVRLittleEndian}'


@pytest.fixture
def sent(tmp_path):
    """Files of a small series."""
    return save(head_ct(slices=3, size=(32, 24)), tmp_path / "sent")


def deflated(ds):
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    return ds


def address(path, level="instance"):
    ds = dcmread(path, stop_before_pixels=True)
    parts = ["/dicomweb/studies", ds.StudyInstanceUID, "series", ds.SeriesInstanceUID, "instances", ds.SOPInstanceUID]
    return "/".join(map(str, parts[: {"study": 2, "series": 4, "instance": 6}[level]]))


def syntax(content):
    return dcmread(io.BytesIO(content)).file_meta.TransferSyntaxUID


@pytest.mark.parametrize("level", ["study", "series", "instance"])
def test_what_is_stored_is_sent_byte_for_byte(site, sent, level):
    keep(site, sent)
    answer = site.program().get(address(sent[0], level), headers={"Accept": ANY})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith('multipart/related; type="application/dicom"; boundary=')
    assert int(answer.headers["content-length"]) == len(answer.content)
    parts = parts_of(answer)
    assert [content for _, content in parts] == [path.read_bytes() for path in sent[: len(parts)]]
    assert len(parts) == (1 if level == "instance" else 3)
    assert parts[0][0]["content-type"] == f"application/dicom; transfer-syntax={ExplicitVRLittleEndian}"


def test_an_instance_alone(site, sent):
    keep(site, sent)
    answer = site.program().get(address(sent[1]), headers={"Accept": "application/dicom"})
    assert answer.headers["content-type"].startswith("application/dicom")
    assert answer.content == sent[1].read_bytes()
    assert site.program().get(address(sent[1], "study"), headers={"Accept": "application/dicom"}).status_code == 406


@pytest.mark.slow
def test_a_file_larger_than_a_piece(site, tmp_path):
    [ds] = head_ct(slices=1, size=(32, 32))
    ds.add_new(0x00091001, "OB", bytes(range(256)) * 10000)
    [path] = save([ds], tmp_path / "sent")
    keep(site, [path])
    [(_, content)] = parts_of(site.program().get(address(path), headers={"Accept": ANY}))
    assert content == path.read_bytes()


@pytest.mark.parametrize("compress", [jpeg_ls, jpeg_2000, rle])
def test_lossless_pixels_are_decoded_unless_the_client_takes_them(site, tmp_path, compress):
    [plain], [ds] = head_ct(slices=1, size=(64, 64)), head_ct(slices=1, size=(64, 64))
    [path] = save([compress(ds)], tmp_path / "sent")
    keep(site, [path])
    stored = ds.file_meta.TransferSyntaxUID
    for accept, expected in [("*/*", ExplicitVRLittleEndian), (LITTLE, ExplicitVRLittleEndian), (ANY, stored)]:
        [(headers, content)] = parts_of(site.program().get(address(path), headers={"Accept": accept}))
        assert headers["content-type"].endswith(f"transfer-syntax={expected}")
        assert syntax(content) == expected
        found = dcmread(io.BytesIO(content))
        assert found.PatientName == plain.PatientName
        if expected == ExplicitVRLittleEndian:
            assert found.PixelData == plain.PixelData
        else:
            assert content == path.read_bytes()


@pytest.mark.parametrize("stored", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_syntaxes_that_are_not_for_the_web_become_explicit(site, tmp_path, stored):
    [ds], [plain] = head_ct(slices=1, size=(32, 24)), head_ct(slices=1, size=(32, 24))
    ds.file_meta.TransferSyntaxUID = stored
    if stored == ExplicitVRBigEndian:
        ds.PixelData = np.frombuffer(ds.PixelData, "<u2").byteswap().tobytes()
    path = tmp_path / "sent.dcm"
    form = {"implicit_vr": stored.is_implicit_VR, "little_endian": stored.is_little_endian}
    ds.save_as(path, enforce_file_format=True, **form)
    keep(site, [path])
    [(headers, content)] = parts_of(site.program().get(address(path), headers={"Accept": "*/*"}))
    assert headers["content-type"].endswith(ExplicitVRLittleEndian)
    found = dcmread(io.BytesIO(content))
    assert found.PixelData == plain.PixelData
    assert (found.Rows, found.PatientID) == (plain.Rows, plain.PatientID)
    [(headers, _)] = parts_of(site.program().get(address(path), headers={"Accept": ANY}))
    kept = stored == DeflatedExplicitVRLittleEndian
    assert headers["content-type"].endswith(stored if kept else ExplicitVRLittleEndian)


def test_what_cannot_be_made_is_406_and_says_what_there_is(site, sent, tmp_path):
    keep(site, sent)
    program = site.program()
    for accept in (
        "image/png",
        "application/dicom+json",
        'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.70',
    ):
        answer = program.get(address(sent[0], "study"), headers={"Accept": accept})
        assert answer.status_code == 406
        assert "application/dicom" in answer.json()["detail"]
    assert program.get(address(sent[0]), headers={"Accept": "a"}).status_code == 400
    answer = program.get(address(sent[0]), params={"accept": "application/dicom"}, headers={"Accept": "text/html"})
    assert answer.content == sent[0].read_bytes()


@pytest.mark.parametrize("damage", [jpeg_ls, deflated])
def test_damaged_pixels_go_as_they_are_stored_and_say_so(site, tmp_path, damage):
    [ds] = head_ct(slices=1, size=(32, 24))
    [path] = save([damage(ds)], tmp_path / "sent")
    instance, study = address(path), address(path, "study")
    path.write_bytes(path.read_bytes()[:-40])
    keep(site, [path])
    program = site.program()
    for where, accept in [(instance, "*/*"), (study, "*/*"), (study, LITTLE)]:
        [(headers, content)] = parts_of(program.get(where, headers={"Accept": accept}))
        assert headers["content-type"].endswith(ds.file_meta.TransferSyntaxUID)
        assert content == path.read_bytes()
    answer = program.get(instance, headers={"Accept": LITTLE})
    assert answer.status_code == 406
    assert "cannot be sent uncompressed" in answer.json()["detail"]


def test_lossy_pixels_are_not_decoded_unless_asked(site, tmp_path):
    [ds] = head_ct(slices=1, size=(32, 24))
    jpeg_ls(ds).file_meta.TransferSyntaxUID = JPEGLSNearLossless
    [path] = save([ds], tmp_path / "sent")
    keep(site, [path])
    [(headers, _)] = parts_of(site.program().get(address(path)))
    assert headers["content-type"].endswith(JPEGLSNearLossless)
    [(headers, _)] = parts_of(site.program().get(address(path), headers={"Accept": LITTLE}))
    assert headers["content-type"].endswith(ExplicitVRLittleEndian)


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
def test_uids_with_letters_are_uids_here(site, tmp_path):
    uids = {"StudyInstanceUID": "ID_a1b2", "SeriesInstanceUID": "ID_s", "SOPInstanceUID": "ID_000012eaf"}
    [ds] = head_ct(slices=1, size=(32, 24))
    for keyword, uid in uids.items():
        ds[keyword] = DataElement(keyword, "UI", uid, validation_mode=config.IGNORE)
    del ds.file_meta.MediaStorageSOPInstanceUID
    [path] = save([ds], tmp_path / "sent")
    keep(site, [path])
    answer = site.program().get("/dicomweb/studies/ID_a1b2/series/ID_s/instances/ID_000012eaf")
    assert [content for _, content in parts_of(answer)] == [path.read_bytes()]


def test_no_way_leads_out_of_the_spool_or_into_another_study(site, sent, tmp_path):
    keep(site, sent)
    [other] = save(head_ct(slices=1, size=(32, 24), seed=7), tmp_path / "other")
    keep(site, [other])
    program = site.program()
    study, foreign = address(sent[0], "study"), address(other).partition("/series/")[2]
    assert program.get(f"{study}/series/{foreign}").status_code == 404
    assert program.get(f"{study}/series/1.2.3").status_code == 404
    assert program.get("/dicomweb/studies/1.2.3").json()["detail"] == "The node has no such study."
    for uid in ("...", "..%2f..%2fetc%2fpasswd", "%2e%2e", "a%00b", "1" * 65, "1.2%0d%0a", "a%20b", "%C3%A9"):
        for way in (f"/dicomweb/studies/{uid}", f"{study}/series/{uid}", f"{study}/series/1.2/instances/{uid}"):
            answer = program.get(way)
            assert answer.status_code in (400, 404), way
            assert "detail" in answer.json()


def test_a_variant_is_never_sent(site, sent):
    [kept] = keep(site, sent[:1])
    variant = kept.with_name(f"{kept.stem}-0123456789abcdef.variant")
    variant.write_bytes(b"another content")
    answer = site.program().get(address(sent[0], "study"), headers={"Accept": ANY})
    assert [content for _, content in parts_of(answer)] == [sent[0].read_bytes()]


def test_images_that_are_gone_are_410(site, sent):
    kept = keep(site, sent)
    kept[0].unlink()
    program = site.program()
    assert program.get(address(sent[0])).status_code == 410
    assert len(parts_of(program.get(address(sent[0], "study"), headers={"Accept": ANY}))) == 2


def test_it_asks_for_a_role_and_every_retrieve_is_kept(site, sent):
    keep(site, sent)
    for level in ("study", "series", "instance"):
        assert site.browser().get(address(sent[0], level)).status_code == 401
        assert site.signed_in().get(address(sent[0], level)).status_code == 200
    rows = [row for row in site.worklist.audit_trail.latest() if row.action == "images_retrieved"]
    assert len(rows) == 3
    assert {row.study_instance_uid for row in rows} == {address(sent[0], "study").rpartition("/")[2]}
