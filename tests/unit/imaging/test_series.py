import io
import os
import zlib
from pathlib import Path

import ct
import ct_compressed
import ct_objects
import numpy as np
import pydicom.data
import pytest
from ct_series import on_disk
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from triage_node.errors import InvalidInstance, UnsuitableSeries
from triage_node.imaging import Instance, Series, part10, part10_file, pixel_element, scan
from triage_node.imaging.pixel_data.pixels import stored_values


def test_files_are_grouped_by_series(tmp_path):
    ct.save(ct.head_ct(slices=3), tmp_path / "a" / "b")
    ct.save(ct_objects.chest_ct(slices=2), tmp_path / "a")
    found = scan([tmp_path])
    assert sorted(len(series.instances) for series in found.series) == [2, 3]
    assert {series.modality for series in found.series} == {"CT"}
    assert len({series.study_instance_uid for series in found.series}) == 1
    assert found.skipped == ()


def test_a_path_may_be_a_file_and_counts_once(tmp_path):
    paths = ct.save(ct.head_ct(slices=2), tmp_path)
    assert len(scan([paths[0], tmp_path]).series[0].instances) == 2


def test_a_series_describes_itself(tmp_path):
    series = on_disk(ct.head_ct(slices=1, PatientID="42"), tmp_path)
    assert (series.description, series.study_description, series.patient_id) == (
        "HEAD 5mm",
        "CT HEAD WO CONTRAST",
        "42",
    )
    assert series.folder == tmp_path


def test_an_instance_sent_twice_is_one(tmp_path):
    slices = ct.head_ct(slices=2)
    ct.save(slices, tmp_path)
    ct.save(slices[:1], tmp_path)
    assert len(scan([tmp_path]).series[0].instances) == 2


def test_a_series_has_an_instance():
    with pytest.raises(ValueError, match="at least one instance"):
        Series.of([])


def test_what_is_no_instance_is_listed(tmp_path):
    (tmp_path / "note.txt").write_text("no image")
    (tmp_path / "empty.dcm").touch()
    (tmp_path / "nameless.dcm").write_bytes(bytes(128) + b"DICM")
    os.mkfifo(tmp_path / "pipe")
    ct.save(ct.head_ct(slices=1, SeriesInstanceUID=None), tmp_path / "sub")
    found = scan([tmp_path, tmp_path / "missing"])
    assert found.series == ()
    assert len(found.skipped) == 6
    assert any("SeriesInstanceUID" in skipped.why for skipped in found.skipped)


def test_odd_uids_are_tolerated(tmp_path):
    odd = {"StudyInstanceUID": "ID_b81a287ad", "SeriesInstanceUID": "ID_dd37ba3ad", "SOPClassUID": None}
    path = ct.save(ct.head_ct(slices=1), tmp_path)[0]
    ds = part10.read_everything(path)
    for keyword, value in odd.items():
        ds[keyword]._value = value
    del ds.SOPClassUID
    ds.save_as(path)
    series = scan([tmp_path]).series[0]
    assert series.series_instance_uid == "ID_dd37ba3ad"
    assert series.instances[0].sop_class_uid == "1.2.840.10008.5.1.4.1.1.2"


def test_headers_are_read_without_pixels(tmp_path):
    instance = on_disk(ct.head_ct(slices=1), tmp_path).instances[0]
    assert "PixelData" not in instance.header
    assert "PatientName" in instance.header


def test_a_truncated_file_is_read_as_far_as_its_header_goes(tmp_path):
    path = ct.save(ct.head_ct(slices=1), tmp_path)[0]
    path.write_bytes(path.read_bytes()[:4000])
    assert len(scan([path]).series) == 1


def test_a_header_without_end_is_refused(tmp_path):
    ds = ct.head_ct(slices=1)[0]
    ds.add_new("PatientComments", "UT", "x" * (part10_file.LARGEST_HEADER_BYTES + 2))
    path = ct.save([ds], tmp_path)[0]
    with pytest.raises(InvalidInstance, match="header holds more than"):
        Instance.read(path)


def test_a_deep_sequence_is_refused(tmp_path):
    path = ct.save(ct.head_ct(slices=1), tmp_path)[0]
    nested = b"\x08\x00\x40\x11SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 3000
    data = path.read_bytes()
    at = data.index(b"\x08\x00\x60\x00CS")
    path.write_bytes(data[:at] + nested + data[at:])
    with pytest.raises(InvalidInstance):
        Instance.read(path)


def test_deflated_files_are_read(tmp_path):
    ds = ct.head_ct(slices=1)[0]
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    assert on_disk([ds], tmp_path).description == "HEAD 5mm"


def test_a_deflate_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(part10_file, "LARGEST_FILE_BYTES", 2**20)
    ds = ct.head_ct(slices=1)[0]
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    path = ct.save([ds], tmp_path)[0]
    whole = path.read_bytes()
    start = 144 + int.from_bytes(whole[140:144], "little")
    deflater = zlib.compressobj(wbits=-15)
    path.write_bytes(whole[:start] + deflater.compress(bytes(2**24)) + deflater.flush())
    with pytest.raises(InvalidInstance, match="inflates to more"):
        Instance.read(path)


def test_of_a_large_file_only_the_header_is_read(tmp_path):
    path = ct.save(ct.head_ct(slices=1), tmp_path)[0]
    with path.open("r+b") as file:
        file.truncate((512 << 20) + 1)
    assert Instance.read(path).header.Modality == "CT"
    for read in (pixel_element.read_pixel_data, pixel_element.read_encapsulated, part10.read_everything):
        with pytest.raises(InvalidInstance, match="more than 512 MB"):
            read(path)


def test_every_odd_file_of_pydicom_is_a_series_or_is_listed():
    found = scan([Path(pydicom.data.__file__).parent / "test_files"])
    assert sum(len(series.instances) for series in found.series) + len(found.skipped) > 60


def without_preamble(content: bytes) -> bytes:
    return content[128:]


def without_prefix(content: bytes) -> bytes:
    return content[132:]


def without_meta(content: bytes) -> bytes:
    return content[144 + int.from_bytes(content[140:144], "little") :]


def without_syntax(content: bytes) -> bytes:
    at = content.index(b"\x02\0\x10\0UI")
    return content[:at] + content[at + 8 + int.from_bytes(content[at + 6 : at + 8], "little") :]


@pytest.mark.parametrize("cut", [without_preamble, without_prefix, without_meta, without_syntax])
@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_a_file_without_preamble_or_meta_information_is_read(tmp_path, cut, syntax):
    ds = ct.head_ct(slices=1)[0]
    values = np.frombuffer(ds.PixelData, "<u2").reshape(128, 128)
    ds.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        ds.PixelData = values.astype(">u2").tobytes()
    (path,) = ct.save([ds], tmp_path)
    path.write_bytes(cut(path.read_bytes()))
    (series,) = scan([tmp_path]).series
    assert series.instances[0].transfer_syntax_uid == syntax
    np.testing.assert_array_equal(next(stored_values(series.instances[0], [1])), values)


def test_compressed_pixels_without_a_transfer_syntax_are_not_guessed_at(tmp_path):
    (path,) = ct.save([ct_compressed.rle(ct.head_ct(slices=1)[0])], tmp_path)
    path.write_bytes(without_meta(path.read_bytes()))
    (series,) = scan([tmp_path]).series
    with pytest.raises(UnsuitableSeries, match="transfer syntax is not named"):
        next(stored_values(series.instances[0], [1]))


def test_what_comes_over_the_network_has_its_meta_information(tmp_path):
    content = without_meta(ct.save(ct.head_ct(slices=1), tmp_path)[0].read_bytes())
    with pytest.raises(InvalidInstance, match="no DICOM file"):
        part10.parse_header(io.BytesIO(content), {})


def test_a_deflated_file_without_preamble_is_not_inflated_without_a_bound(tmp_path):
    ds = ct.head_ct(slices=1)[0]
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    (path,) = ct.save([ds], tmp_path)
    path.write_bytes(without_prefix(path.read_bytes()))
    with pytest.raises(InvalidInstance, match="deflated and has no preamble"):
        Instance.read(path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "The file is empty."),
        (b"no image", "The file is no DICOM file."),
        (bytes(4000), "The file is no DICOM file."),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "The file is no DICOM file."),
    ],
)
def test_what_is_no_dicom_file_is_said_to_be_none(tmp_path, content, why):
    (tmp_path / "note").write_bytes(content)
    assert [skipped.why for skipped in scan([tmp_path]).skipped] == [why]


def test_everything_that_is_left_out_is_listed_with_why(tmp_path):
    slices = ct.head_ct(slices=2)
    ct.save(slices, tmp_path / "a")
    ct.save(slices[:1], tmp_path / "b")
    (tmp_path / "c").symlink_to(tmp_path / "a", target_is_directory=True)
    found = scan([tmp_path])
    assert {(skipped.path, skipped.why) for skipped in found.skipped} == {
        (tmp_path / "b" / "0001.dcm", "Another file of the instance was found before it."),
        (tmp_path / "c", "Links to folders are not followed."),
    }


def test_what_is_left_out_stands_with_the_series_of_its_folder_or_the_nearest(tmp_path):
    ct.save(ct.head_ct(slices=1), tmp_path / "a" / "x")
    ct.save(ct.head_ct(slices=1, seed=1), tmp_path / "b")
    for name in ("a/x/1", "a/2", "b/3", "c/4", "5"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = scan([tmp_path])
    beside = [[skipped.path.name for skipped in found.skipped_beside(series)] for series in found.series]
    assert sorted(map(sorted, beside)) == [["1", "2", "4", "5"], ["3"]]
