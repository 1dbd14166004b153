"""Slices that one by one cannot be used: left out by name while they are few, the series refused when they are many."""

from pathlib import Path

import ct
import ct_compressed
import ct_objects
import numpy as np
import pytest
from ct_enhanced import enhanced_ct
from ct_series import TODAY, codes, on_disk
from pydicom.uid import MPEG2MPML

from triage_node.errors import UnsuitableSeries
from triage_node.imaging import Policy, read_volume, select_series
from triage_node.imaging.completeness.loss import loss_caution
from triage_node.reasons import ReasonCode


def read(datasets, folder: Path):
    return read_volume(on_disk(datasets, folder), Policy())


def cut(ds) -> None:
    ds.PixelData = ds.PixelData[:-10]


def damage(ds) -> None:
    ct_compressed.jpeg_ls(ds)
    ds.PixelData = ds.PixelData[:200] + bytes(50)


def without(keyword: str):
    def change(ds) -> None:
        delattr(ds, keyword)

    return change


def unknown_syntax(ds) -> None:
    ct_compressed.rle(ds)
    ds.file_meta.TransferSyntaxUID = MPEG2MPML


TROUBLES = {
    "cut off": (cut, ReasonCode.UNREADABLE),
    "damaged": (damage, ReasonCode.UNREADABLE),
    "no pixels": (without("PixelData"), ReasonCode.UNREADABLE),
    "no rescale": (without("RescaleSlope"), ReasonCode.NO_RESCALE),
    "no position": (without("ImagePositionPatient"), ReasonCode.NO_POSITIONS),
    "no orientation": (without("ImageOrientationPatient"), ReasonCode.NO_POSITIONS),
    "no rows": (without("Rows"), ReasonCode.UNSUPPORTED_PIXELS),
    "many frames": (lambda ds: setattr(ds, "NumberOfFrames", 3), ReasonCode.UNSUPPORTED_PIXELS),
    "12 bits allocated": (lambda ds: setattr(ds, "BitsAllocated", 12), ReasonCode.UNSUPPORTED_PIXELS),
    "unknown syntax": (unknown_syntax, ReasonCode.UNSUPPORTED_PIXELS),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_one_slice_that_cannot_be_used_is_left_out_by_name(tmp_path, trouble):
    change, code = TROUBLES[trouble]
    slices = ct.head_ct(size=(64, 64))
    expected = np.delete(ct.stored(slices), 12, axis=0)
    change(slices[12])
    volume = read(slices, tmp_path)
    np.testing.assert_array_equal(volume.hu, expected)
    (loss,) = volume.losses
    assert (loss.reason.code, loss.instance.path.name) == (code, "0013.dcm")
    assert "1 of 32 cannot be used: image 13" in loss_caution(volume.losses, volume.received).message


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_series_of_which_many_slices_cannot_be_used_is_refused_with_the_first_of_them(tmp_path, trouble):
    change, code = TROUBLES[trouble]
    slices = ct.head_ct(size=(64, 64))
    for ds in slices[5:15]:
        change(ds)
    with pytest.raises(UnsuitableSeries) as refusal:
        read(slices, tmp_path)
    assert code in [reason.code for reason in refusal.value.reasons]


def test_many_unreadable_slices_are_counted_and_the_first_are_named(tmp_path):
    slices = ct.head_ct(size=(64, 64))
    for ds in slices[5:15]:
        cut(ds)
    with pytest.raises(UnsuitableSeries, match=r"10 of 32 slices: image 6 at 25.0 mm, image 7 .*and 7 more") as refusal:
        read(slices, tmp_path)
    assert [reason.code for reason in refusal.value.reasons] == ["unreadable"]


def test_a_loss_leaves_a_gap_in_the_stack(tmp_path):
    slices = ct.head_ct(size=(64, 64))
    for ds in slices[10:14]:
        cut(ds)
    volume = read(slices, tmp_path)
    assert [(gap.wide, round(gap.missing_mm)) for gap in volume.gaps] == [(True, 20)]


def test_another_slice_of_the_same_position_takes_the_place_of_an_unreadable_one(tmp_path):
    slices = ct.head_ct(size=(64, 64))
    expected = ct.stored(slices)
    again = ct.head_ct(size=(64, 64))[12]
    again.SOPInstanceUID, again.InstanceNumber = "1.2.3.4", 90
    again.file_meta.MediaStorageSOPInstanceUID = again.SOPInstanceUID
    cut(slices[12])
    volume = read([*slices, again], tmp_path)
    np.testing.assert_array_equal(volume.hu, expected)
    assert (volume.losses, volume.gaps) == ((), ())


def test_frames_of_an_enhanced_instance_are_left_out_one_by_one(tmp_path):
    (ds,) = enhanced_ct(slices=32)
    expected = ct.stored(ct.head_ct(slices=32, size=(64, 64)))
    for frame in (4, 20):
        del ds.PerFrameFunctionalGroupsSequence[frame].PixelValueTransformationSequence
    volume = read([ds], tmp_path)
    np.testing.assert_array_equal(volume.hu, np.delete(expected, [4, 20], axis=0))
    assert [loss.name for loss in volume.losses] == ["frame 5 at 20.0 mm", "frame 21 at 100.0 mm"]


@pytest.mark.parametrize("lost", [1, 4])
def test_of_an_enhanced_instance_that_was_cut_off_the_frames_before_the_cut_are_read(tmp_path, lost):
    (ds,) = enhanced_ct(slices=32)
    expected = ct.stored(ct.head_ct(slices=32, size=(64, 64)))
    ds.PixelData = ds.PixelData[: -lost * 64 * 64 * 2]
    volume = read([ds], tmp_path)
    np.testing.assert_array_equal(volume.hu, expected[:-lost])
    assert len(volume.losses) == lost


def test_a_damaged_frame_of_a_compressed_enhanced_instance_does_not_end_the_others(tmp_path):
    (ds,) = enhanced_ct(slices=32)
    expected = ct.stored(ct.head_ct(slices=32, size=(64, 64)))
    ct_compressed.jpeg_ls(ds)
    series = on_disk([ds], tmp_path)
    path = series.instances[0].path
    content = bytearray(path.read_bytes())
    start = -1
    for _ in range(10):
        start = content.index(b"\xff\xd8\xff", start + 1)
    content[start : start + 2] = bytes(2)
    path.write_bytes(content)
    volume = read_volume(series, Policy())
    np.testing.assert_array_equal(volume.hu, np.delete(expected, 9, axis=0))
    assert [loss.frame.number for loss in volume.losses] == [10]


def test_what_is_left_of_a_series_must_still_be_one(tmp_path):
    slices = ct.head_ct(slices=11, size=(64, 64), thickness_mm=10)
    for ds in slices[-2:]:
        cut(ds)
    with pytest.raises(UnsuitableSeries) as refusal:
        read(slices, tmp_path)
    assert "too_few_slices" in [reason.code for reason in refusal.value.reasons]


def test_a_hidden_localizer_that_cannot_be_used_is_no_loss(tmp_path):
    scout = ct_objects.localizer(RescaleSlope=None, ImagePositionPatient=None)[0]
    slices = ct.head_ct(size=(64, 64))
    scout.SeriesInstanceUID, scout.StudyInstanceUID = slices[0].SeriesInstanceUID, slices[0].StudyInstanceUID
    scout.PatientID, scout.PatientName = slices[0].PatientID, slices[0].PatientName
    volume = read([scout, *slices], tmp_path)
    assert (len(volume.hu), volume.losses) == (32, ())


def test_a_whole_series_comes_before_one_with_a_hole(tmp_path):
    holed = [ds for index, ds in enumerate(ct.head_ct(size=(64, 64))) if not 8 <= index < 18]
    whole = ct.head_ct(size=(64, 64), thickness_mm=2.5, slices=64, SeriesNumber=9)
    selection = select_series([on_disk(holed, tmp_path / "holed"), on_disk(whole, tmp_path / "whole")], Policy(), TODAY)
    assert selection.chosen is selection.assessments[1][0]


def test_a_judged_series_with_one_useless_slice_is_suitable(tmp_path):
    slices = ct.head_ct(size=(64, 64))
    del slices[3].RescaleSlope
    assert codes(on_disk(slices, tmp_path)) == []
