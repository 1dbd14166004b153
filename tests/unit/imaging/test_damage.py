"""Files a scan leaves out: those that were instances count against the series beside them."""

import ct
import pydicom
import pytest

from triage_node.imaging import scan
from triage_node.imaging.completeness.damage import damage_caution, damaged_beside, damaged_instances
from triage_node.imaging.series import Skipped


def beside(folder) -> tuple[Skipped, ...]:
    found = scan([folder])
    (series,) = found.series
    return damaged_beside(series, found.skipped)


@pytest.fixture
def folder(tmp_path):
    ct.save(ct.head_ct(slices=4, size=(32, 32)), tmp_path / "head")
    return tmp_path / "head"


@pytest.mark.parametrize("left", [0, 100, 140, 400])
def test_an_instance_whose_header_was_cut_off_is_damaged(folder, left):
    path = folder / "0002.dcm"
    path.write_bytes(path.read_bytes()[:left])
    assert [one.path.name for one in beside(folder)] == ["0002.dcm"]


def test_a_damaged_instance_is_known_without_its_suffix(folder):
    path = (folder / "0002.dcm").rename(folder / "IM000002")
    path.write_bytes(path.read_bytes()[:300])
    assert [one.path.name for one in beside(folder)] == ["IM000002"]


@pytest.mark.parametrize("name", ["LICENSE", "viewer.exe", "DICOMDIR", "._0001.dcm", "notes.txt"])
def test_what_never_was_an_instance_is_no_damage(folder, name):
    (folder / name).write_bytes(b"nothing" * 100)
    assert beside(folder) == ()


def test_damage_elsewhere_is_not_beside_the_series(folder):
    (folder.parent / "other").mkdir()
    (folder.parent / "other" / "0001.dcm").write_bytes(b"")
    found = scan([folder.parent])
    assert damaged_beside(found.series[0], found.skipped) == ()
    assert len(damaged_instances(found.skipped)) == 1


def test_the_caution_names_the_files(tmp_path):
    damaged = tuple(Skipped(tmp_path / f"{number}.dcm", "It is cut off.") for number in range(1, 6))
    message = damage_caution(damaged).message
    assert "5 files are damaged and may belong to the series: 1.dcm, 2.dcm, 3.dcm and 2 more. It is cut off." in message
    assert "1 file is damaged" in damage_caution(damaged[:1]).message


def test_a_second_file_of_the_same_image_is_no_damage(folder):
    for path in sorted(folder.iterdir()):
        (folder / f"copy of {path.name}").write_bytes(path.read_bytes())
    assert len(scan([folder]).skipped) == 4
    assert beside(folder) == ()


@pytest.mark.parametrize("keyword", ["ImagePositionPatient", "PixelData"])
def test_another_image_under_the_uid_of_the_first_is_missing_from_the_series(folder, keyword):
    first, second = (pydicom.dcmread(folder / name) for name in ("0001.dcm", "0002.dcm"))
    same = "PixelData" if keyword == "ImagePositionPatient" else "ImagePositionPatient"
    setattr(second, same, first[same].value)
    second.SOPInstanceUID = second.file_meta.MediaStorageSOPInstanceUID = first.SOPInstanceUID
    second.save_as(folder / "0002.dcm")
    assert [one.path.name for one in beside(folder)] == ["0002.dcm"]
    assert "1 file is left out and may belong to the series: 0002.dcm." in damage_caution(beside(folder)).message
