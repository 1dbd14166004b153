"""Readers that share no code with the node get back what went into a report: dcmqi's and highdicom's."""

import json
from dataclasses import replace

import pytest
from highdicom.sr import srread
from programs import run
from pydicom.uid import Comprehensive3DSRStorage
from report_contents import flagged_content, prediction, read_back

from triage_node.findings import FINDING_CODES, LABELS, Decision, Label
from triage_node.report import ReportContent, build_report, report_variants

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

CODED = {Decision.FLAGGED: "415684004", Decision.UNCERTAIN: "373068000"}
CERTAINTY, FINDING, BEST_ILLUSTRATION = "111012", "121071", "121080"


@pytest.fixture(params=["flagged", "uncertain", "not flagged"])
def content(request: pytest.FixtureRequest) -> ReportContent:
    answers = {"uncertain": prediction((), (Label.ANY, Label.SUBDURAL)), "not flagged": prediction()}
    made = flagged_content()
    return replace(made, prediction=answers.get(request.param, made.prediction))


def percents(content: ReportContent) -> dict[str, float]:
    assert content.prediction is not None
    return {label: round(100 * score, 1) for label, score in content.prediction.probabilities.items()}


def coded(content: ReportContent) -> dict[str, str | None]:
    """Return the presence codes that must come back; None is a text."""
    return {label: CODED.get(content.decision_for(label)) for label in LABELS}


def test_dcmqi_reads_back_what_went_in(content, tmp_path):
    for variant in report_variants(build_report(content)):
        read = dcmqi(variant, tmp_path)
        groups = {group["TrackingIdentifier"]: group for group in read["Measurements"]}
        assert {label: score(group) for label, group in groups.items()} == percents(content)
        assert {label: presence(label, group) for label, group in groups.items()} == coded(content)
        assert read["CompletionFlag"] == "COMPLETE"
        assert read["observerContext"]["DeviceObserverUID"] == content.device_uid


def dcmqi(report, folder):
    report.save_as(folder / "report.dcm", enforce_file_format=True)
    answer = run("tid1500reader", "--inputDICOM", folder / "report.dcm", "--outputMetadata", folder / "report.json")
    assert answer.returncode == 0, answer.stderr
    return json.loads((folder / "report.json").read_text())


def score(group):
    [item] = [item for item in group["measurementItems"] if item["quantity"]["CodeValue"] == CERTAINTY]
    assert item["units"]["CodeValue"] == "%"
    return float(item["value"])


def presence(label, group):
    name = FINDING_CODES[Label(label)].finding.value
    [item] = [item for item in group["qualitativeEvaluations"] if item["conceptCode"]["CodeValue"] == name]
    return item["conceptValue"]["CodeValue"] if isinstance(item["conceptValue"], dict) else None


def test_highdicom_reads_back_what_went_in(content, tmp_path):
    for variant in report_variants(build_report(content)):
        if variant.SOPClassUID != Comprehensive3DSRStorage:
            continue  # its measurement reports are of that class only
        variant.save_as(tmp_path / "report.dcm", enforce_file_format=True)
        groups = srread(tmp_path / "report.dcm").content.get_image_measurement_groups()
        assert [group.tracking_identifier for group in groups] == list(LABELS)
        for group in groups:
            assert_group(content, Label(group.tracking_identifier), group)


def assert_group(content, label, group):
    finding = FINDING_CODES[label].finding
    [score] = [each for each in group.get_measurements() if each.name.value == CERTAINTY]
    assert (score.value, score.unit.value) == (percents(content)[label], "%")
    evaluations = {each.name.value: each.value.value for each in group.get_qualitative_evaluations()}
    assert evaluations.get(finding.value) == coded(content)[label]
    flagged = content.decision_for(label) is Decision.FLAGGED
    assert (group.finding_type.value if group.finding_type else None) == (finding.value if flagged else None)


def test_both_read_the_model(content, tmp_path):
    report = read_back(build_report(content))
    [measurements] = [item for item in report.ContentSequence if code(item) == "126010"]
    texts = {code(item): item.TextValue for item in measurements.ContentSequence if item.ValueType == "TEXT"}
    assert (texts["111001"], texts["111003"]) == (content.model.name, content.model.version)


def code(item):
    return item.ConceptNameCodeSequence[0].CodeValue
