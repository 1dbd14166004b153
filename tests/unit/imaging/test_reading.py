import itertools
import random
import tracemalloc

import ct
import ct_compressed
import ct_objects
import numpy as np
import pytest
from ct_enhanced import enhanced_ct
from ct_series import on_disk
from pydicom import Dataset

from triage_node.errors import UnsuitableSeries
from triage_node.imaging import Policy, Volume, read_volume

AXES = np.vstack([np.eye(3), -np.eye(3)])
ORIENTATIONS = [
    (row, column, way) for row, column in itertools.product(AXES, AXES) if row @ column == 0 for way in (1, -1)
]
AXIAL = [one for one in ORIENTATIONS if abs(np.cross(one[0], one[1])[2]) == 1]


def read(datasets, folder, force: bool = False, **policy) -> Volume:
    return read_volume(on_disk(datasets, folder), Policy(**policy), force)


def refused(datasets, folder, force: bool = False) -> list[str]:
    with pytest.raises(UnsuitableSeries) as refusal:
        read(datasets, folder, force)
    return [reason.code.value for reason in refusal.value.reasons]


def reoriented(row: np.ndarray, column: np.ndarray, way: int) -> list[Dataset]:
    """The same head stored along other axes; `way` -1 stacks the slices against their normal."""
    head = ct.stored(ct.head_ct(lesion="epidural", size=(80, 64)))  # (z, y, x) with 240 mm fields
    spacing = np.array([240 / 64, 240 / 80, 5.0])  # x, y, z
    normal = np.cross(row, column) * way
    order = [2 - int(np.argmax(np.abs(axis))) for axis in (normal, column, row)]
    flips = [axis for axis, unit in enumerate((normal, column, row)) if unit.sum() < 0]
    voxels = np.flip(np.transpose(head, order), flips)
    steps = [np.abs(axis) @ spacing for axis in (normal, column, row)]
    start = sum((axis < 0) * spacing * (np.array(head.shape[::-1]) - 1) for axis in (normal, column, row))
    slices = ct.series_of(voxels, 240.0, steps[0], "reoriented", 1, {"SliceThickness": float(steps[0])})
    for index, ds in enumerate(slices):
        ds.ImageOrientationPatient = [*row, *column]
        ds.PixelSpacing = [steps[1], steps[2]]
        ds.ImagePositionPatient = [*(start + index * steps[0] * normal)]
    return slices


def test_hounsfield_units_survive(tmp_path):
    slices = ct.head_ct(lesion="subdural")
    volume = read(slices, tmp_path)
    np.testing.assert_array_equal(volume.hu, ct.stored(slices))
    assert volume.spacing_mm == (5.0, 1.875, 1.875)
    assert [one.sop_instance_uid for (one,) in volume.sources] == [ds.SOPInstanceUID for ds in slices]
    assert [one.instance_number for (one,) in volume.sources] == list(range(1, 33))


def test_the_order_of_files_does_not_matter(tmp_path):
    slices = ct.head_ct(size=(64, 64))
    expected = ct.stored(slices)
    random.Random(2).shuffle(slices)
    np.testing.assert_array_equal(read(slices, tmp_path).hu, expected)


@pytest.mark.slow
@pytest.mark.parametrize(("row", "column", "way"), AXIAL)
def test_every_axial_orientation_gives_the_same_volume(tmp_path, row, column, way):
    volume = read(reoriented(row, column, way), tmp_path)
    np.testing.assert_array_equal(volume.hu, ct.stored(ct.head_ct(lesion="epidural", size=(80, 64))))
    assert volume.spacing_mm == pytest.approx((5.0, 3.0, 3.75))
    assert volume.tilt_degrees == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("row", "column", "way"), [one for one in ORIENTATIONS if abs(np.cross(one[0], one[1])[2]) == 0]
)
def test_sagittal_and_coronal_stacks_are_not_axial_even_by_force(tmp_path, row, column, way):
    slices = reoriented(row, column, way)
    assert "not_axial" in refused(slices, tmp_path)
    assert refused([], tmp_path, force=True) == ["not_axial"]


def test_an_enhanced_instance_reads_like_its_single_slices(tmp_path):
    volume = read(enhanced_ct(lesion="epidural"), tmp_path / "many")
    single = read(ct.head_ct(size=(64, 64), lesion="epidural"), tmp_path / "single")
    np.testing.assert_array_equal(volume.hu, single.hu)
    assert volume.spacing_mm == single.spacing_mm
    assert [one.frame_number for (one,) in volume.sources] == list(range(1, 33))
    assert len({one.sop_instance_uid for (one,) in volume.sources}) == 1


def test_frames_in_reverse_order_are_sorted(tmp_path):
    (ds,) = enhanced_ct()
    positions = [groups.PlanePositionSequence[0].ImagePositionPatient for groups in ds.PerFrameFunctionalGroupsSequence]
    for groups, position in zip(ds.PerFrameFunctionalGroupsSequence, reversed(positions), strict=True):
        groups.PlanePositionSequence[0].ImagePositionPatient = position
    volume = read([ds], tmp_path)
    assert [one.frame_number for (one,) in volume.sources] == list(range(32, 0, -1))


def test_rescale_is_taken_slice_by_slice(tmp_path):
    slices = ct.head_ct(size=(64, 64))
    expected = ct.stored(slices)
    for ds in slices[::2]:
        pixels = np.frombuffer(ds.PixelData, "<u2")
        ds.PixelData, ds.RescaleIntercept = (pixels + 1000).astype("<u2").tobytes(), ct.INTERCEPT - 1000
    np.testing.assert_array_equal(read(slices, tmp_path).hu, expected)


def test_the_12_bit_wrap_is_undone(tmp_path):
    slices = ct.head_ct(size=(64, 64), BitsStored=12, HighBit=11, RescaleIntercept=0)
    expected = np.clip(ct.stored(slices), -1000, 3095)
    for ds, plane in zip(slices, expected, strict=True):
        ds.PixelData = (plane.astype(np.int16) & 0x0FFF).astype("<u2").tobytes()
    np.testing.assert_array_equal(read(slices, tmp_path).hu, expected)


def test_thin_slices_are_averaged_to_slabs(tmp_path):
    slices = ct.head_ct(slices=160, size=(64, 64), thickness_mm=1.0)
    volume = read(slices, tmp_path)
    expected = ct.stored(slices).reshape(32, 5, 64, 64).mean(axis=1)
    np.testing.assert_allclose(volume.hu, expected, atol=0.01)
    assert volume.spacing_mm[0] == pytest.approx(5)
    assert volume.positions_mm == pytest.approx(np.arange(32) * 5 + 2)
    assert [one.instance_number for slab in volume.sources for one in slab] == list(range(1, 161))
    assert {len(slab) for slab in volume.sources} == {5}


def test_uneven_slices_weigh_by_the_space_they_stand_for(tmp_path):
    slices = ct.head_ct(slices=3, size=(64, 64), thickness_mm=1.0)
    slices[2].ImagePositionPatient = [*slices[2].ImagePositionPatient[:2], 3.0]
    volume = read(slices, tmp_path, force=True)
    np.testing.assert_allclose(volume.hu[0], np.average(ct.stored(slices), axis=0, weights=[1, 1.5, 2]), atol=0.01)


@pytest.mark.slow
def test_a_thin_series_needs_the_memory_of_its_slabs(tmp_path):
    series = on_disk(ct.head_ct(slices=160, size=(128, 128), thickness_mm=1.0), tmp_path)
    read_volume(series, Policy())
    tracemalloc.start()
    read_volume(series, Policy())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 160 * 128 * 128 * 4 * 0.6


def test_a_header_that_calls_a_chest_a_head_is_found_out(tmp_path):
    chest = ct_objects.chest_ct(size=(128, 128), BodyPartExamined="HEAD", SeriesDescription="HEAD")
    assert refused(chest, tmp_path) == ["not_head"]


@pytest.mark.parametrize(
    ("build", "codes"),
    [
        (ct_objects.mr_head, ["not_ct"]),
        (ct_objects.localizer, ["localizer"]),
        (lambda: ct.head_ct(slices=3), ["too_few_slices", "short_coverage"]),
        (lambda: ct.head_ct(RescaleSlope=None), ["no_rescale"]),
    ],
)
def test_unsuitable_series_are_refused_with_their_reasons(tmp_path, build, codes):
    assert refused(build(), tmp_path) == codes


@pytest.mark.parametrize(
    "build",
    [
        lambda: ct.head_ct(slices=1, size=(64, 64)),
        lambda: ct.head_ct(slices=3, size=(64, 64)),
        lambda: ct.head_ct(size=(64, 64), ContrastBolusAgent="IOPAMIDOL"),
        lambda: ct.head_ct(size=(64, 64), ImageType=["DERIVED", "SECONDARY", "MPR"]),
        lambda: ct.head_ct(size=(64, 64), Modality="OT"),
        lambda: ct_objects.chest_ct(),
    ],
)
def test_force_reads_what_is_only_unsuitable(tmp_path, build):
    slices = build()
    refused(slices, tmp_path)
    np.testing.assert_array_equal(read([], tmp_path, force=True).hu, ct.stored(slices))


@pytest.mark.parametrize(
    ("build", "codes"),
    [
        (lambda: ct.head_ct(slices=12, RescaleSlope=None), ["no_rescale"]),
        (lambda: ct.head_ct(slices=12, ImagePositionPatient=None), ["no_positions"]),
        (lambda: ct.head_ct(slices=11) + ct.head_ct(slices=1, seed=4, SeriesInstanceUID=None), ["mixed_patient"]),
        (ct_objects.structured_report, ["no_images"]),
        (ct_objects.mr_head, ["no_rescale"]),
        (lambda: ct.head_ct(slices=12, Columns=60000), ["unsupported_pixels"]),
        (lambda: ct.head_ct(slices=12, PixelData=bytes(10)), ["unreadable"]),
    ],
)
def test_force_does_not_read_what_is_impossible(tmp_path, build, codes):
    slices = build()
    for ds in slices:
        ds.SeriesInstanceUID, ds.StudyInstanceUID = slices[0].SeriesInstanceUID, slices[0].StudyInstanceUID
    assert refused(slices, tmp_path, force=True) == codes


def test_forced_mixed_orientations_still_need_a_rescale(tmp_path):
    slices = ct.head_ct(slices=12, RescaleSlope=None)
    for ds in slices[:5]:
        ds.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    assert refused(slices, tmp_path, force=True) == ["no_rescale"]


def test_a_volume_that_would_not_fit_is_refused(tmp_path):
    slices = ct.head_ct(slices=40, Rows=2048, Columns=2048, PixelSpacing=[0.1, 0.1])
    assert refused(slices, tmp_path) == ["unsupported_pixels"]


def test_damaged_slices_are_unreadable(tmp_path):
    slices = ct.head_ct(size=(64, 64))
    for ds in slices[:7]:  # fewer are left out, with a caution
        ct_compressed.jpeg_ls(ds)
        ds.PixelData = ds.PixelData[:200] + bytes(50)
    assert refused(slices, tmp_path) == ["unreadable"]


def test_mixed_transfer_syntaxes_in_one_series(tmp_path):
    slices = ct.head_ct(size=(64, 64))
    expected = ct.stored(slices)
    for encoder, ds in zip((ct_compressed.jpeg_ls, ct_compressed.jpeg_2000, ct_compressed.rle), slices, strict=False):
        encoder(ds)
    np.testing.assert_array_equal(read(slices, tmp_path).hu, expected)
