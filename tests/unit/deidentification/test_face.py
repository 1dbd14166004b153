"""What is far from the brain becomes air; what is near it stays bit for bit."""

import os
from pathlib import Path

import numpy as np
import pytest
from ct import head_ct, save, stored
from ct_compressed import jpeg_ls
from ct_enhanced import enhanced_ct
from ct_objects import chest_ct, localizer
from pydicom import dcmread
from scipy import ndimage

from triage_node.deidentification import (
    Deidentification,
    FaceRemoval,
    NotExported,
    Options,
    Pseudonyms,
    deidentified_file,
)
from triage_node.deidentification.face import NEAR_MM
from triage_node.imaging import Policy, read_volume, scan
from triage_node.imaging.orientation import Reorientation

HOW = Deidentification(Pseudonyms(bytes(range(32))), "P1", Options(face_removed=True))
SHARED = Path(os.environ.get("TRIAGE_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))


def exported(datasets, folder):
    """Write and export a series; return what came of it, in the order of the data sets."""
    paths = save(datasets, folder / "original")
    faces = FaceRemoval(paths)
    (folder / "exported").mkdir()
    found = []
    for number, path in enumerate(paths):
        copy = folder / "exported" / f"{number}.dcm"
        copy.write_bytes(deidentified_file(path, HOW, faces)[1])
        found.append(dcmread(copy))
    return found


def test_what_is_near_the_brain_stays_and_what_is_far_is_air(tmp_path):
    original = head_ct(slices=24, size=(128, 128), thickness_mm=6.0)
    before, after = stored(original), stored(exported(original, tmp_path))
    changed = before != after
    assert np.all(after[changed] == -1000)
    bone = ndimage.binary_fill_holes(before[12] > 300)
    assert not changed[12][ndimage.binary_erosion(bone, iterations=4)].any(), "the brain of the middle slice is whole"
    spacing = float(original[0].PixelSpacing[0])
    far = ndimage.distance_transform_edt(~bone) * spacing > NEAR_MM
    assert np.all(after[12][far] <= -1000), "outside of the skull all is air"
    assert changed.any(axis=(1, 2)).sum() >= 5


def test_the_exported_head_is_still_read(tmp_path):
    exported(head_ct(slices=24, size=(128, 128), thickness_mm=6.0), tmp_path)
    [series] = scan([tmp_path / "exported"]).series
    assert len(read_volume(series, Policy()).hu) == 24


@pytest.mark.parametrize(
    "orientation", [[1, 0, 0, 0, 1, 0], [0, 1, 0, 1, 0, 0], [-1, 0, 0, 0, -1, 0], [0, -1, 0, 1, 0, 0]]
)
def test_a_turned_plane_is_turned_back(orientation):
    plane = np.arange(6).reshape(2, 3)
    turn = Reorientation.of(np.array(orientation[:3]), np.array(orientation[3:]))
    assert np.array_equal(turn.undo(turn.apply(plane)), plane)


def test_frames_and_compressed_pixels_are_written_native(tmp_path):
    [enhanced] = exported(enhanced_ct(slices=24, size=(128, 128), thickness_mm=6.0), tmp_path / "enhanced")
    assert enhanced.NumberOfFrames == 24
    assert enhanced.pixel_array.shape == (24, 128, 128)
    series = [jpeg_ls(ds) for ds in head_ct(slices=24, size=(128, 128), thickness_mm=6.0)]
    first = exported(series, tmp_path / "compressed")[0]
    assert first.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert len(first.PixelData) == 128 * 128 * 2


def test_an_instance_without_its_face_has_a_uid_of_its_own(tmp_path, deidentified):
    images = head_ct(slices=24, size=(128, 128), thickness_mm=6.0)
    without, with_face = exported(images, tmp_path)[0], deidentified(images[0])
    assert without.SOPInstanceUID != with_face.SOPInstanceUID
    assert without.StudyInstanceUID == with_face.StudyInstanceUID
    assert "113102" in [item.CodeValue for item in without.DeidentificationMethodCodeSequence]


@pytest.mark.parametrize("make", [localizer, chest_ct])
def test_what_shows_no_head_is_refused(make, tmp_path):
    with pytest.raises(NotExported, match="No head is found in its series"):
        exported(make(), tmp_path)


def test_a_slice_that_has_no_part_in_the_head_is_refused(tmp_path):
    images = head_ct(slices=24, size=(128, 128), thickness_mm=6.0)
    [odd] = head_ct(slices=1, size=(64, 64), SeriesInstanceUID=images[0].SeriesInstanceUID)
    with pytest.raises(NotExported, match="may show the face"):
        exported([*images, odd], tmp_path)


@pytest.mark.slow
def test_of_a_real_head_neither_nose_nor_ears_are_left(tmp_path):
    folder = SHARED / "ge_head_ct"
    if not folder.is_dir():
        pytest.skip(f"no real head CT at {folder}")
    before = sorted(map(dcmread, folder.glob("*.dcm")), key=lambda ds: float(ds.ImagePositionPatient[2]))
    after = exported(before, tmp_path)
    tissue = [np.stack([ds.pixel_array for ds in one]) > -300 for one in (before, after)]
    front = [np.argmax(one.any(axis=2), axis=1) for one in tissue]
    spacing = float(before[0].PixelSpacing[0])
    below = slice(0, 6)
    shown = tissue[1][below].any(axis=(1, 2))
    gone_mm = (front[1][below] - front[0][below])[shown] * spacing
    assert tissue[1][below].sum() < 0.2 * tissue[0][below].sum(), "where the face is, little is left"
    assert np.all(gone_mm > 20), "and nothing of what is in front"
    middle = slice(12, 20)
    assert tissue[1][middle].sum() > 0.8 * tissue[0][middle].sum(), "where the brain is, most stays"
