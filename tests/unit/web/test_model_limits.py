"""What a list says of a score: the thresholds of the model that gave it, or none at all."""

from dataclasses import replace

import pytest

from triage_node.findings import Label
from triage_node.models import read_manifest
from triage_node.web.views.model_limits import ModelLimits


@pytest.fixture
def row(site, analyzed):
    """A row of the list, as if the shipped model had scored it."""
    analyzed("1.2.1")
    manifest = read_manifest("default")
    [study] = site.worklist.study_lists.open_studies().studies
    return replace(study, model={"sha256": manifest.sha256}, probabilities={Label.ANY: 0.7})


def test_a_score_stands_beside_the_thresholds_of_its_own_model(row):
    thresholds = read_manifest("default").thresholds
    said = ModelLimits("default").words(row)
    flag, uncertain = (100 * each[Label.ANY] for each in (thresholds.flag, thresholds.uncertain))
    assert said == f"any hemorrhage 70.0 %: uncertain from {uncertain:.1f} %, flagged above {flag:.1f} %"


def test_thresholds_of_another_model_are_not_said(row):
    assert ModelLimits("default").words(replace(row, model={"sha256": "ab"})) == "any hemorrhage 70.0 %"
    assert ModelLimits("default").words(replace(row, probabilities=None)) == ""


def test_a_model_that_cannot_be_read_keeps_no_list_from_anybody(row, tmp_path):
    assert ModelLimits(str(tmp_path)).words(row) == "any hemorrhage 70.0 %"


def test_the_list_says_it(site, analyzed):
    analyzed("1.2.3")
    page = site.signed_in().get("/worklist").text
    assert 'title="any hemorrhage 90.0 %"' in page
    assert '<span class="hidden-text">any hemorrhage 90.0 %</span>' in page
