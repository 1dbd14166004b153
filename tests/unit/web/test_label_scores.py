"""Why this badge: the score of each label beside its thresholds, and the rule that decided where they did not."""

from dataclasses import replace

import pytest
from ct import head_ct, save
from reading_room import BEST, finish
from site_instances import keep

from triage_node.findings import Decision, Label
from triage_node.web.views.label_scores import label_scores, latest_slice_scores
from triage_node.web.views.reports import latest_report


@pytest.fixture
def study(site, clock, tmp_path):
    datasets = head_ct(slices=32, size=(16, 16))
    keep(site, save(datasets, tmp_path / "sent"))
    clock.forward(61)
    site.worklist.study_completion.advance()
    finish(site, datasets)
    return site.worklist.study_details.study(str(datasets[0].StudyInstanceUID))


@pytest.fixture
def scores_of(site, study):
    """Return what is shown of each label when the study's row holds something else."""

    def scores_of(**changes):
        changed = replace(study, **changes)
        report = latest_report(changed, site.spool)
        return {one.label: one for one in label_scores(changed, report, latest_slice_scores(changed, site.spool))}

    return scores_of


def test_scores_stand_beside_their_thresholds_and_slices(scores_of):
    scores = scores_of()
    assert next(iter(scores)) is Label.ANY
    subdural = scores[Label.SUBDURAL]
    assert (subdural.percent, subdural.decision) == ("85.0 %", Decision.FLAGGED)
    assert subdural.limits == "uncertain from 45.0 %, flagged above 80.0 %"
    assert str(subdural.best_slice) == f"slice {BEST[Label.SUBDURAL] + 1} of 32"
    assert {one.exception for one in scores.values()} == {""}


@pytest.mark.parametrize(
    ("changes", "label", "exception"),
    [
        ({"flagged": ["any"]}, Label.SUBARACHNOID, ""),
        (
            {"uncertain": ["subdural"], "flagged": [], "withheld": ["subdural"]},
            Label.SUBDURAL,
            "unlike those",
        ),
        ({"uncertain": ["subdural", "any"], "flagged": []}, Label.SUBDURAL, "as any hemorrhage is not"),
        ({"uncertain": ["epidural"]}, Label.EPIDURAL, "the likeliest type of a flagged study"),
        ({"uncertain": [], "flagged": []}, Label.SUBARACHNOID, "any hemorrhage is below its threshold"),
        ({"uncertain": [], "flagged": []}, Label.INTRAPARENCHYMAL, ""),
    ],
)
def test_an_answer_that_the_thresholds_alone_do_not_explain_says_why(scores_of, changes, label, exception):
    said = scores_of(**changes)[label].exception
    assert exception in said
    assert bool(said) == bool(exception)


def test_thresholds_of_another_analysis_are_not_shown(scores_of, study):
    again = replace(study.outcomes[-1], report_sop_instance_uid="2.25.1")
    scores = scores_of(outcomes=[again])
    assert {one.limits for one in scores.values()} == {""}
    assert scores[Label.SUBDURAL].percent == "85.0 %"


def test_the_page_names_slices_by_number_and_uids_for_programs_only(site, study):
    page = site.signed_in().get(f"/studies/{study.study_instance_uid}").text
    shown, identifiers = page.split("Identifiers, for programs")
    assert f"slice {BEST[Label.SUBARACHNOID] + 1} of 32" in shown
    assert f">{study.study_instance_uid}<" not in shown
    assert f">{study.study_instance_uid}<" in identifiers
    best = study.outcomes[-1].report_sop_instance_uid
    assert f">{best}<" not in shown
    assert page.count("<line ") == 12, "two ticks a label"
