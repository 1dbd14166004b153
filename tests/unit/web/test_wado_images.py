"""WADO-RS frames, metadata, bulk data and pictures: what they hold is what the file holds."""

import base64
import io
import json
import struct

import cv2
import numpy as np
import pytest
from ct import head_ct, save
from ct_compressed import jpeg_2000, jpeg_ls, rle
from ct_enhanced import enhanced_ct
from PIL import Image
from pydicom import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEGLSNearLossless,
    SecondaryCaptureImageStorage,
)
from site_instances import keep, parts_of

from triage_node.imaging.pixel_data.frame_bytes import little_endian_frames

OCTETS = 'multipart/related; type="application/octet-stream"'


def address(ds, level="instance"):
    parts = ["/dicomweb/studies", ds.StudyInstanceUID, "series", ds.SeriesInstanceUID, "instances", ds.SOPInstanceUID]
    return "/".join(map(str, parts[: {"study": 2, "series": 4, "instance": 6}[level]]))


@pytest.fixture
def sent(site, tmp_path):
    """Keep data sets; return where they lie in the spool."""
    return lambda *datasets: keep(site, save(datasets, tmp_path / "sent"))


def picture(content):
    found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("compress", "media_type"), [(jpeg_ls, "image/jls"), (jpeg_2000, "image/jp2"), (rle, "image/dicom-rle")]
)
def test_a_compressed_frame_comes_either_way(site, sent, compress, media_type):
    [plain], [ds] = head_ct(slices=1, size=(64, 64)), head_ct(slices=1, size=(64, 64))
    sent(compress(ds))
    program, place = site.program(), f"{address(ds)}/frames/1"
    for accept in ("*/*", OCTETS, f"{OCTETS}; transfer-syntax=*"):
        [(headers, content)] = parts_of(program.get(place, headers={"Accept": accept}))
        assert content == plain.PixelData
        assert headers["content-type"] == "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"
        assert headers["content-location"].endswith(place)
    [(headers, content)] = parts_of(program.get(place, headers={"Accept": f"multipart/related; type={media_type}"}))
    assert headers["content-type"] == f"{media_type}; transfer-syntax={ds.file_meta.TransferSyntaxUID}"
    assert content == next(generate_frames(ds.PixelData, number_of_frames=1))
    alone = program.get(place, headers={"Accept": f"{media_type}, application/octet-stream;q=0.5"})
    assert (alone.headers["content-type"].split(";")[0], alone.content) == (media_type, content)


def test_frames_of_many_and_numbers_that_are_none(site, sent):
    [ds] = enhanced_ct()
    sent(ds)
    program, place = site.program(), f"{address(ds)}/frames"
    frame_bytes = len(ds.PixelData) // ds.NumberOfFrames
    parts = parts_of(program.get(f"{place}/3,1"))
    assert [content for _, content in parts] == [
        ds.PixelData[2 * frame_bytes : 3 * frame_bytes],
        ds.PixelData[:frame_bytes],
    ]
    assert program.get(f"{place}/3,1", headers={"Accept": "application/octet-stream"}).status_code == 406
    for numbers, status in [("0", 400), ("1,", 400), ("a", 400), ("1,1", 400), ("-1", 400), ("1;2", 400)]:
        assert program.get(f"{place}/{numbers}").status_code == status, numbers
    assert program.get(f"{place}/{ds.NumberOfFrames + 1}").status_code == 404
    assert program.get(f"{place}/1", headers={"Accept": "multipart/related; type=image/jls"}).status_code == 406
    looks = [row for row in site.worklist.audit_trail.latest() if row.action == "images_viewed"]
    assert [row.study_instance_uid for row in looks] == [ds.StudyInstanceUID], "many requests, one access"
    assert site.browser().get(f"{place}/1").status_code == 401


def test_lossy_frames_come_as_they_are_stored_and_damaged_ones_are_406(site, sent):
    [lossy] = head_ct(slices=1, size=(64, 64))
    jpeg_ls(lossy).file_meta.TransferSyntaxUID = JPEGLSNearLossless
    [damaged] = head_ct(slices=1, size=(64, 64), seed=1)
    jpeg_ls(damaged)
    damaged.PixelData = damaged.PixelData[:200] + bytes(len(damaged.PixelData) - 200)
    sent(lossy, damaged)
    [(headers, _)] = parts_of(site.program().get(f"{address(lossy)}/frames/1"))
    assert headers["content-type"].startswith("image/jls")
    for way in ("frames/1", "rendered", "bulkdata/7FE00010"):
        answer = site.program().get(f"{address(damaged)}/{way}")
        assert answer.status_code == 406, way
        assert "detail" in answer.json()


@pytest.mark.parametrize("compress", [rle, lambda ds: ds])
def test_an_absurd_number_of_frames_costs_nothing(site, sent, compress):
    [ds] = head_ct(slices=1, size=(64, 64))
    compress(ds).NumberOfFrames = 900_000_000
    sent(ds)
    program = site.program()
    for way in ("frames/1", "rendered", "bulkdata/7FE00010", "frames/1/rendered"):
        answer = program.get(f"{address(ds)}/{way}", headers={"Accept": "*/*"})
        assert answer.status_code == 406 or way == "rendered", way
    assert program.get(f"{address(ds)}/rendered", headers={"Accept": "multipart/related"}).status_code == 406
    [(_, content)] = parts_of(program.get(address(ds)))
    assert len(content) > 0


def test_metadata_are_the_header_and_bulk_data_the_values(site, sent):
    datasets = head_ct(slices=2, size=(32, 24), PatientName="Käse^Jürgen")
    for ds in datasets:
        item = Dataset()
        item.CodeMeaning = "Kopf-Schädel"
        ds.ProcedureCodeSequence = [item]
        ds.add_new(0x00091001, "OB", bytes(range(200)) * 10)
        ds.add_new(0x00091002, "OB", b"short!")
    sent(*datasets)
    program = site.program()
    for level, count in [("study", 2), ("series", 2), ("instance", 1)]:
        answer = program.get(f"{address(datasets[0], level)}/metadata")
        assert answer.headers["content-type"] == "application/dicom+json"
        assert len(answer.json()) == count
    [found] = answer.json()
    assert found["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "Käse^Jürgen"}]}
    assert found["00081032"]["Value"][0]["00080104"]["Value"] == ["Kopf-Schädel"]
    assert found["00080005"]["Value"] == ["ISO_IR 192"]
    assert found["00280010"] == {"vr": "US", "Value": [32]}
    assert found["00083002"]["Value"] == [datasets[0].file_meta.TransferSyntaxUID]
    assert "InlineBinary" in found["00091002"]
    assert not any(tag.startswith("0002") for tag in found)
    for tag, value in [("7FE00010", datasets[0].PixelData), ("00091001", bytes(range(200)) * 10)]:
        place = found[tag]["BulkDataURI"]
        assert place.startswith("http://")
        [(_, content)] = parts_of(program.get(place))
        assert content == value
        assert program.get(place, headers={"Accept": "application/octet-stream"}).content == value


def test_metadata_that_cannot_be_sent_so(site, sent):
    [ds] = head_ct(slices=1, size=(32, 24))
    [path] = sent(ds)
    program = site.program()
    accept = 'multipart/related; type="application/dicom"'
    assert program.get(f"{address(ds)}/metadata", headers={"Accept": accept}).status_code == 406
    assert program.get(f"{address(ds)}/bulkdata/00100010").status_code == 404
    assert program.get(f"{address(ds)}/bulkdata/00090001").status_code == 404
    assert program.get(f"{address(ds)}/bulkdata/PixelData").status_code == 400
    path.write_bytes(b"no longer a DICOM file")
    answer = program.get(f"{address(ds, 'study')}/metadata")
    assert (answer.status_code, "cannot be read" in answer.json()["detail"]) == (406, True)


@pytest.mark.parametrize("accept", ["application/dicom+json", 'multipart/related; type="application/dicom+xml"'])
def test_a_header_that_cannot_be_read_is_left_out_with_a_word(site, sent, accept):
    datasets = head_ct(slices=3, size=(32, 24))
    paths, where = sent(*datasets), address(datasets[0], "study")
    whole = site.program().get(f"{where}/metadata", headers={"Accept": accept})
    assert "warning" not in whole.headers
    paths[1].write_bytes(b"no longer a DICOM file")
    answer = site.program().get(f"{where}/metadata", headers={"Accept": accept})
    assert answer.status_code == 200
    assert "1 of 3 instances are left out" in answer.headers["warning"]
    assert 0.6 < len(answer.content) / len(whole.content) < 0.75


def test_large_headers_are_complete(site, sent):
    [ds] = head_ct(slices=1, size=(32, 24))
    ds.add_new(0x00091001, "OB", b"x" * 3000)
    ds.ReferencedImageSequence = [Dataset() for _ in range(3000)]
    for number, item in enumerate(ds.ReferencedImageSequence):
        item.ReferencedSOPInstanceUID = f"1.2.3.{number}"
    ds.ImageComments = "word " * 2000
    sent(ds)
    [found] = site.program().get(f"{address(ds)}/metadata").json()
    assert [one["00081155"]["Value"][0] for one in found["00081140"]["Value"]][-1] == "1.2.3.2999"
    assert found["00204000"]["Value"] == [ds.ImageComments.rstrip()]
    expected = {f"{tag:08X}" for tag in ds.keys()} | {"00083002"}  # noqa: SIM118 - not decoded
    assert set(found) == expected


def test_hostile_values_do_not_break_metadata(site, sent):
    [ds] = head_ct(slices=1, size=(32, 24))
    ds.add_new(0x00189073, "FD", float("nan"))
    ds.SeriesDescription = '"}],<script>'
    sent(ds)
    [found] = json.loads(site.program().get(f"{address(ds)}/metadata").content)
    assert found["0008103E"]["Value"] == ['"}],<script>']
    nan = found["00189073"]
    assert (nan["vr"], base64.b64decode(nan["InlineBinary"])) == ("UN", struct.pack("<d", float("nan")))


def test_a_picture_shows_the_window_that_is_asked_for(site, sent):
    [ds] = head_ct(slices=1, size=(64, 48), WindowCenter=40, WindowWidth=80)
    sent(ds)
    program, place = site.program(), f"{address(ds)}/rendered"
    hu = np.frombuffer(ds.PixelData, "<u2").reshape(64, 48).astype(float) - 1024
    for window, expected in [
        ("40,80,linear-exact", (hu - 40) / 80 + 0.5),
        ("40,80,linear", (hu - 39.5) / 79 + 0.5),
        ("0,2000,sigmoid", 1 / (1 + np.exp(-4 * hu / 2000))),
        (None, (hu - 39.5) / 79 + 0.5),
    ]:
        params = {"window": window} if window else {}
        answer = program.get(place, params=params, headers={"Accept": "image/png"})
        assert answer.headers["content-type"] == "image/png"
        difference = picture(answer.content).astype(int) - np.clip(expected, 0, 1) * 255
        assert np.abs(difference).max() < 1
    default = program.get(place)
    assert default.headers["content-type"] == "image/jpeg"
    small = program.get(place, params={"quality": 5})
    assert len(small.content) < len(default.content)
    for params in (
        {"window": "40"}, {"window": "40,0"}, {"window": "40,80,log"}, {"window": "nan,80"}, {"quality": "0"},
        {"quality": "x"}, {"viewport": "0,0"}, {"viewport": "10"}, {"viewport": "99999,1"}, {"viewport": "8,8,1"},
    ):  # fmt: skip
        answer = program.get(place, params=params)
        assert answer.status_code == 400, params
        assert next(iter(params)) in answer.json()["detail"]
    assert program.get(place, headers={"Accept": "image/bmp"}).status_code == 406


def test_the_size_and_part_of_a_picture(site, sent):
    datasets = head_ct(slices=3, size=(64, 48))
    sent(*datasets)
    program, accept = site.program(), {"Accept": "image/png"}
    place = f"{address(datasets[1])}/rendered"
    full = picture(program.get(place, headers=accept).content)
    assert full.shape == (64, 48)
    assert picture(program.get(place, params={"viewport": "96,96"}, headers=accept).content).shape == (96, 72)
    part = program.get(place, params={"viewport": "10,20,5,7,10,20"}, headers=accept).content
    np.testing.assert_array_equal(picture(part), full[7:27, 5:15])
    edge = program.get(place, params={"viewport": "10,20,,,10,20"}, headers=accept).content
    corner = program.get(place, params={"viewport": "10,20,0,0,10,20"}, headers=accept).content
    assert edge == corner
    mirrored = program.get(place, params={"viewport": "10,20,5,7,-10,20"}, headers=accept).content
    np.testing.assert_array_equal(picture(mirrored), full[7:27, 14:4:-1])
    for level in ("study", "series", "instance"):
        small = program.get(f"{address(datasets[1], level)}/thumbnail")
        assert small.headers["content-type"] == "image/jpeg"
        assert picture(small.content).shape == (128, 96)
        assert len(
            parts_of(program.get(f"{address(datasets[0], level)}/rendered", headers={"Accept": "multipart/related"}))
        ) == (1 if level == "instance" else 3)
    assert program.get(f"{address(datasets[0], 'study')}/rendered", headers={"Accept": "image/jpeg"}).status_code == 406
    assert program.get(f"{address(datasets[1])}/frames/1/thumbnail").status_code == 200
    assert program.get(f"{address(datasets[1])}/frames/1,2/thumbnail").status_code == 404


def test_pictures_of_frames_of_color_and_of_none(site, sent):
    [many] = enhanced_ct()
    [color] = head_ct(slices=1, size=(16, 8), seed=1, SOPClassUID=SecondaryCaptureImageStorage, Modality="OT")
    pixels = np.random.default_rng(0).integers(0, 255, (16, 8, 3), np.uint8)
    color.SamplesPerPixel, color.PhotometricInterpretation, color.PlanarConfiguration = 3, "RGB", 0
    color.BitsAllocated = color.BitsStored = 8
    color.HighBit, color.PixelData = 7, pixels.tobytes()
    [inverse] = head_ct(slices=1, size=(16, 8), seed=2, PhotometricInterpretation="MONOCHROME1")
    [report] = head_ct(slices=1, size=(16, 8), seed=3, Modality="SR", Rows=None, Columns=None, PixelData=None)
    sent(many, color, inverse, report)
    program, accept = site.program(), {"Accept": "image/png"}
    one = picture(program.get(f"{address(many)}/frames/2/rendered", headers=accept).content)
    assert one.shape == (many.Rows, many.Columns)
    assert len(parts_of(program.get(f"{address(many)}/frames/1,2/rendered"))) == 2
    found = picture(program.get(f"{address(color)}/rendered", headers=accept).content)
    np.testing.assert_array_equal(found[..., ::-1], pixels)
    dark = picture(program.get(f"{address(inverse)}/rendered", headers=accept).content)
    assert dark[0, 0] == 255, "air is white"
    for level in ("instance", "study"):
        answer = program.get(f"{address(report, level)}/rendered")
        assert answer.status_code == 406
        assert "no image" in answer.json()["detail"]
    assert program.get(f"{address(report)}/frames/1").status_code == 404
    assert "7FE00010" not in program.get(f"{address(report)}/metadata").json()[0]


@pytest.mark.parametrize("stored", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_frames_are_little_endian_wherever_they_lie(tmp_path, stored):
    [ds] = enhanced_ct()
    pixels, size = ds.PixelData, len(ds.PixelData) // ds.NumberOfFrames
    ds.file_meta.TransferSyntaxUID = stored
    if stored == ExplicitVRBigEndian:
        ds.PixelData = np.frombuffer(pixels, "<u2").byteswap().tobytes()
    path = tmp_path / "one.dcm"
    form = {"implicit_vr": stored.is_implicit_VR, "little_endian": stored.is_little_endian}
    ds.save_as(path, enforce_file_format=True, **form)
    assert list(little_endian_frames(path, [2])) == [pixels[size : 2 * size]]
    assert b"".join(little_endian_frames(path)) == pixels


def test_a_gif_has_all_the_grays(site, sent):
    [ds] = head_ct(slices=1, size=(64, 48), WindowCenter=40, WindowWidth=80)
    sent(ds)
    program, place = site.program(), f"{address(ds)}/rendered"
    gif = program.get(place, headers={"Accept": "image/gif"})
    assert gif.headers["content-type"] == "image/gif"
    png = program.get(place, headers={"Accept": "image/png"})
    shown = np.array(Image.open(io.BytesIO(gif.content)).convert("L"))
    np.testing.assert_array_equal(shown, picture(png.content))


def test_annotations_are_not_written_and_that_is_said(site, sent):
    [ds] = head_ct(slices=1, size=(64, 48))
    sent(ds)
    program, place = site.program(), f"{address(ds)}/rendered"
    answer = program.get(place, params={"annotation": "patient,technique"})
    assert "annotation values are not supported: patient, technique." in answer.headers["warning"]
    assert answer.content == program.get(place).content
    assert "warning" not in program.get(place).headers
