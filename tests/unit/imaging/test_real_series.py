"""Real head CTs, where the machine has them."""

import subprocess
import sys

import numpy as np
import pytest
from ct_series import TODAY

from triage_node.imaging import Policy, read_volume, scan, select_series, suitability_reasons


def test_a_tilted_series_of_uneven_slices(shared_data):
    found = scan([shared_data / "ge_head_ct"])
    (series,) = found.series
    assert [skipped.path.name for skipped in found.skipped] == ["LICENSE"]
    assert suitability_reasons(series, Policy(), TODAY) == ()
    assert select_series([series], Policy(), TODAY).chosen is series
    volume = read_volume(series, Policy())
    assert volume.hu.shape == (28, 512, 512)
    assert volume.tilt_degrees == pytest.approx(18.5, abs=0.01)
    assert np.diff(volume.positions_mm).min() == pytest.approx(1.08, abs=0.01)
    assert np.diff(volume.positions_mm).max() == pytest.approx(7.0, abs=0.01)
    assert [len(sources) for sources in volume.sources] == [1] * 28
    assert (volume.hu.min(), volume.hu[:, 0, 0].max()) == (-1024, -1024)


@pytest.mark.slow
def test_hemorrhages_of_all_types_are_suitable(shared_data, tmp_path):
    converter = shared_data.parent / "tools" / "ctich_to_dicom.py"
    if not (shared_data / "ctich_dev").is_dir() or not converter.is_file():
        pytest.skip(f"the CT-ICH pictures and their converter are not at {shared_data}")
    arguments = [shared_data / "ctich_dev", tmp_path, "50", "51", "52", "76", "80", "94"]
    subprocess.run([sys.executable, converter, *arguments], check=True, capture_output=True)
    for folder in sorted(path for path in tmp_path.iterdir() if path.is_dir()):
        (series,) = scan([folder]).series
        assert suitability_reasons(series, Policy(), TODAY) == ()
        assert read_volume(series, Policy()).hu.shape[1:] == (325, 325)
