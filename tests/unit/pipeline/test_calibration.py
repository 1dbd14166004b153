"""The thresholds in reports are those of the manifest, with where they come from."""

import pytest

from triage_node.findings import LABELS, Label
from triage_node.models import read_manifest
from triage_node.pipeline.calibration import calibrations_of


@pytest.fixture(scope="module")
def manifest():
    return read_manifest("default")


def test_thresholds_are_the_manifests(manifest):
    calibrations = calibrations_of(manifest)
    assert tuple(calibrations) == LABELS
    for label, one in calibrations.items():
        assert (one.flag, one.uncertain) == (manifest.thresholds.flag[label], manifest.thresholds.uncertain[label])


def test_the_basis_counts_the_studies_and_gives_the_scaling(manifest):
    basis = calibrations_of(manifest)[Label.ANY].basis
    record = manifest.decision
    assert f"{record.negatives[Label.ANY]} studies without and {record.positives[Label.ANY]} with it" in basis
    assert f"sigmoid(logit / {manifest.study_scaling.temperature[-1]:.4f} " in basis
    assert record.source in basis
    assert "A type is suspected only in a study that is" not in basis
    assert "A type is suspected only in a study that is" in calibrations_of(manifest)[Label.SUBDURAL].basis
