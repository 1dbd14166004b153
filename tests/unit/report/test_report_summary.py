from dataclasses import replace

import pytest
from pydicom.dataset import Dataset

from triage_node.findings import LABELS, Calibration, Decision, Label
from triage_node.reasons import Reason, ReasonCode
from triage_node.report import build_report, report_variants, summarize


def test_a_summary_says_what_the_content_said(content, read_back):
    for variant in report_variants(build_report(content)):
        summary = summarize(read_back(variant))
        assert summary.decision is content.decision
        assert summary.model == content.model
        assert summary.parameters == ("slab mm=5", "threshold any=0.5")
        assert summary.source_counts == {content.sources[0].SeriesInstanceUID: 3}
        assert summary.study_instance_uid == content.sources[0].StudyInstanceUID


def test_a_summary_holds_every_label(flagged, read_back):
    summary = summarize(read_back(build_report(flagged)))
    assert [each.label for each in summary.labels] == list(LABELS)
    for label in LABELS:
        row = summary.of(label)
        assert row.decision is flagged.decision_for(label)
        assert row.probability == pytest.approx(flagged.prediction.probabilities[label], abs=0.0005)
        raised = row.decision is not Decision.NOT_FLAGGED
        assert row.best_slice == (flagged.best_slices[label] if raised else None)


def test_thresholds_series_and_revision_are_read_back(content, read_back):
    for variant in report_variants(build_report(content)):
        summary = summarize(read_back(variant))
        assert {each.label: each.calibration for each in summary.labels} == (
            content.calibrations if content.prediction else {}
        )
        assert summary.series_analyzed == content.series_analyzed
        assert summary.series_not_analyzed == content.series_not_analyzed
        assert summary.revision == content.revision


def test_a_report_of_before_has_none_of_them(flagged, read_back):
    old = replace(flagged, calibrations={}, series_analyzed="", series_not_analyzed=(), revision=None)
    summary = summarize(read_back(build_report(old)))
    assert {each.calibration for each in summary.labels} == {None}
    assert (summary.series_analyzed, summary.series_not_analyzed, summary.revision) == ("", (), None)


NEAR = ((0.80349, 0.803498), (0.8035, 0.803498), (0.0222, 0.02249), (0.12345678, 0.5), (0.803498, 0.803498))


@pytest.mark.parametrize(("score", "threshold"), NEAR)
@pytest.mark.parametrize("which", ["flag", "uncertain"])
def test_a_score_is_shown_on_its_side_of_a_threshold(score, threshold, which, flagged, read_back):
    calibration = replace(Calibration(1.0, 0.0), **{which: threshold})
    prediction = replace(flagged.prediction, probabilities=dict.fromkeys(LABELS, score))
    content = replace(flagged, prediction=prediction, calibrations=dict.fromkeys(LABELS, calibration))
    shown = summarize(read_back(build_report(content))).of(Label.ANY)
    assert getattr(shown.calibration, which) == pytest.approx(threshold, abs=1e-9)
    assert (shown.probability > shown.calibration.flag) == (score > calibration.flag)
    assert (shown.probability >= shown.calibration.uncertain) == (score >= calibration.uncertain)
    assert shown.probability == pytest.approx(score, abs=0.0005)


def test_cautions_are_said_of_what_is_flagged_and_of_what_is_uncertain(flagged, not_flagged, read_back):
    caution = Reason.of(ReasonCode.SLICES_MISSING, "48 mm between image 8 and image 19.")
    for content, decision in ((flagged, Decision.FLAGGED), (not_flagged, Decision.UNCERTAIN)):
        doubted = replace(content, prediction=content.prediction.doubted(caution))
        report = build_report(doubted)
        summary = summarize(read_back(report))
        assert summary.decision is decision
        assert caution.message in summary.sentence
        assert report.SOPInstanceUID != build_report(content).SOPInstanceUID, "another text is another object"


def test_reasons_are_read_back(not_analyzed, read_back):
    summary = summarize(read_back(build_report(not_analyzed)))
    assert [reason.split(":")[0] for reason in summary.reasons] == ["contrast", "out_of_distribution"]
    assert (summary.decision, summary.labels) == (None, ())
    assert summary.of(Label.ANY) is None


def test_the_earlier_report_is_read_back(flagged, not_analyzed, read_back):
    earlier = build_report(not_analyzed)
    summary = summarize(read_back(build_report(replace(flagged, predecessor=earlier))))
    assert summary.replaces == (earlier.SOPInstanceUID,)


def test_a_group_without_a_tracking_identifier_is_known_by_its_code(flagged, read_back):
    report = read_back(build_report(flagged))
    for group in report.ContentSequence[-2].ContentSequence:
        if group.ValueType == "CONTAINER":
            group.ContentSequence = [
                item
                for item in group.ContentSequence
                if item.get("ValueType") != "TEXT" or (item.TextValue.startswith("not flagged"))
            ]
    assert [each.label for each in summarize(report).labels] == list(LABELS)


def test_a_foreign_or_broken_report_is_read_without_an_error(flagged, read_back):
    empty = summarize(Dataset())
    assert (empty.decision, empty.labels, empty.sentence) == (None, (), "")
    report = read_back(build_report(flagged))
    for item in report.ContentSequence:
        del item.ConceptNameCodeSequence
    assert summarize(report).decision is Decision.FLAGGED
