"""The objects all tests are built on are what they claim to be: dciodvfy finds no error in them."""

import shutil
import subprocess
import sys
from pathlib import Path

import ct
import ct_objects
import pytest
from ct_enhanced import enhanced_ct
from ct_phantom import LESIONS


@pytest.mark.parametrize(
    "build",
    [
        ct.head_ct,
        ct_objects.chest_ct,
        ct_objects.localizer,
        ct_objects.mr_head,
        ct_objects.secondary_capture,
        ct_objects.radiograph,
        ct_objects.structured_report,
        lambda: ct_objects.key_object(ct.head_ct(slices=1)[0]),
        enhanced_ct,
    ],
)
def test_dciodvfy_finds_no_error(tmp_path, build):
    checker = shutil.which("dciodvfy", path=str(Path(sys.executable).parent)) or shutil.which("dciodvfy")
    if checker is None:
        pytest.skip("dciodvfy of dicom3tools is not installed")
    path = ct.save(build()[:1], tmp_path)[0]
    output = subprocess.run([checker, str(path)], capture_output=True, text=True).stderr
    assert [line for line in output.splitlines() if line.startswith("Error")] == []


def test_equal_arguments_give_equal_objects():
    assert ct.head_ct(slices=2)[1].SOPInstanceUID == ct.head_ct(slices=2)[1].SOPInstanceUID
    assert ct.head_ct(slices=1)[0].SOPInstanceUID != ct.head_ct(slices=1, seed=1)[0].SOPInstanceUID


@pytest.mark.parametrize("lesion", LESIONS)
def test_every_lesion_is_blood_inside_the_skull(lesion):
    plain, bleeding = ct.stored(ct.head_ct(size=(64, 64))), ct.stored(ct.head_ct(size=(64, 64), lesion=lesion))
    changed = bleeding - plain > 20
    assert changed.sum() > 100
    assert bleeding[changed].mean() == pytest.approx(66, abs=3)
