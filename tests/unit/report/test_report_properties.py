"""Whatever a model answers and a header holds: no checker complains of the report, and others read what went in."""

from collections import Counter
from collections.abc import Iterator

import bare_reader
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from programs import need
from pydicom.dataset import Dataset
from report_contents import contents, read_back
from sr_validators import complaints_of_files

from triage_node.findings import LABELS, Decision
from triage_node.report import ReportContent, as_measurement_report, build_report, report_variants
from triage_node.report_check import Severity, check_report

QUIET = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
STATUS = {
    Decision.FLAGGED: "111242",
    Decision.UNCERTAIN: "111242",
    Decision.NOT_FLAGGED: "111241",
    None: "111245",
}
DECISIONS = {Decision.FLAGGED: "flagged", Decision.UNCERTAIN: "uncertain", Decision.NOT_FLAGGED: ""}
MANY = 510


def assert_reads_back(content: ReportContent, report: Dataset) -> None:
    """A reader that shares no code gets the findings, scores, best slices and the model that went in."""
    assert bare_reader.status(report) == [STATUS[content.decision]]
    assert bare_reader.texts(report, "111003") == [content.model.version]
    assert f"manifest sha256={content.model.sha256}" in bare_reader.texts(report, "111002")
    reasons = bare_reader.texts(report, "NOTANALYZED")
    assert reasons == [f"{reason.code}: {reason.message}" for reason in content.reasons]
    answers = bare_reader.answers(report)
    assert set(answers) == (set(LABELS) if content.prediction else set())
    for label, answer in answers.items():
        decision = content.decision_for(label)
        assert answer.decision == DECISIONS[decision]
        assert answer.percent == pytest.approx(100 * content.prediction.probabilities[label], abs=0.0501)
        best = content.best_slices.get(label) if decision is not Decision.NOT_FLAGGED else None
        expected = (best.sop_instance_uid, best.frame_number) if best else (None, None)
        assert (answer.instance, answer.frame) == expected


def errors(complaints):
    return [each for each in complaints if each.severity is Severity.ERROR]


def kinds(content: ReportContent, report: Dataset) -> Iterator[str]:
    """Name what is to be seen often among random reports."""
    yield content.decision or "not analyzed"
    yield str(report.get("SpecificCharacterSet", "ASCII"))
    yield "replaces another" if content.predecessor else "replaces none"
    yield "thresholds" if content.calibrations else "no thresholds"
    yield "several patients" if content.several_patients else "one patient"


KINDS = (
    *Decision,
    "not analyzed",
    "ASCII",
    "ISO_IR 100",
    "ISO_IR 192",
    "GB18030",
    "['', 'ISO 2022 IR 87']",
    "['', 'ISO 2022 IR 149']",
    "replaces another",
    "thresholds",
    "several patients",
)


def test_some_reports_are_sound_and_say_what_went_in(seed):
    @seeded(seed)
    @settings(QUIET, max_examples=12)
    @given(contents())
    def check(content: ReportContent) -> None:
        report = read_back(build_report(content))
        assert_reads_back(content, report)
        for styled in (report, as_measurement_report(report)):
            assert errors(check_report(styled)[0]) == []

    check()


@pytest.mark.slow
@pytest.mark.acceptance
@pytest.mark.timeout(1800)
def test_hundreds_of_reports_in_three_classes_are_sound_by_three_checkers(seed, tmp_path):
    for validator in ("dciodvfy", "dsrdump"):
        need(validator)
    seen: Counter[str] = Counter()

    @seeded(seed)
    @settings(QUIET, max_examples=MANY)
    @given(contents())
    def write(content: ReportContent) -> None:
        report = read_back(build_report(content))
        assert_reads_back(content, report)
        for variant in (*report_variants(report), as_measurement_report(report)):
            path = tmp_path / f"{seen['reports']}-{variant.SOPInstanceUID}.dcm"
            variant.save_as(path, enforce_file_format=True)
            assert errors(check_report(variant)[0]) == []
        seen.update(["reports", *kinds(content, report)])

    write()
    assert complaints_of_files(sorted(tmp_path.iterdir())) == []
    assert seen["reports"] >= 500
    assert min(seen[kind] for kind in KINDS) >= 5, seen
