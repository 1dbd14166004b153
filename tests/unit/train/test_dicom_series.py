import shutil
import subprocess

import numpy as np
import pydicom
import pytest

from triage_node.findings import Label
from triage_node.imaging import Policy, read_volume, scan
from triage_node.train.phantom.dicom_series import generate_demo, write_series

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def series(atlas, tmp_path_factory):
    return write_series(tmp_path_factory.mktemp("series"), 7, (Label.EPIDURAL,), size=128, slice_mm=7.0, atlas=atlas)


def test_the_node_reads_back_what_was_generated(series, atlas):
    volume = read_volume(scan([series[0].parent]).series[0], Policy(), force=True)
    truth = generate_demo(7, (Label.EPIDURAL,), 128, 7.0, atlas).volume
    assert np.array_equal(volume.hu, truth.hu)
    assert volume.spacing_mm == pytest.approx(truth.spacing_mm, abs=1e-3)


def test_uids_are_those_of_the_seed_and_unique(series, atlas, tmp_path):
    headers = [pydicom.dcmread(path, stop_before_pixels=True) for path in series]
    again = write_series(tmp_path, 7, (Label.EPIDURAL,), size=128, slice_mm=7.0, atlas=atlas)
    assert len({header.SOPInstanceUID for header in headers}) == len(headers)
    assert len({header.SeriesInstanceUID for header in headers}) == 1
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in series]


def test_the_files_conform_to_the_standard(series):
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed")
    found = subprocess.run(["dciodvfy", str(series[3])], capture_output=True, text=True, check=False)
    assert "Error" not in found.stdout + found.stderr, found.stderr
