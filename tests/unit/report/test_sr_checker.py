from collections.abc import Callable, Iterator

import pytest
from pydicom.dataset import Dataset
from sr_checker import check

from triage_node.report import build_report, report_variants


def walk(node: Dataset) -> Iterator[tuple[Dataset, Dataset]]:
    for item in node.get("ContentSequence", []):
        yield node, item
        yield from walk(item)


def named(report: Dataset, code: str) -> tuple[Dataset, Dataset]:
    return next(pair for pair in walk(report) if pair[1].ConceptNameCodeSequence[0].CodeValue == code)


def remove(code: str) -> Callable[[Dataset], None]:
    def tamper(report: Dataset) -> None:
        parent, item = named(report, code)
        parent.ContentSequence.remove(item)

    return tamper


def code_value(code: str, new: str) -> Callable[[Dataset], None]:
    def tamper(report: Dataset) -> None:
        named(report, code)[1].ConceptCodeSequence[0].CodeValue = new

    return tamper


def item_value(code: str, **values: object) -> Callable[[Dataset], None]:
    def tamper(report: Dataset) -> None:
        for keyword, value in values.items():
            setattr(named(report, code)[1], keyword, value)

    return tamper


def absent(report: Dataset) -> None:
    presence = next(item for _, item in walk(report) if _coded(item) == "415684004")
    presence.ConceptCodeSequence[0].CodeValue = "272519000"


def present(report: Dataset) -> None:
    suspected = next(item for _, item in walk(report) if _coded(item) == "415684004")
    suspected.ConceptCodeSequence[0].CodeValue = "52101004"


def no_evidence(report: Dataset) -> None:
    del report.CurrentRequestedProcedureEvidenceSequence


def certainty_beyond(report: Dataset) -> None:
    named(report, "111012")[1].MeasuredValueSequence[0].NumericValue = "101"


def finding_in_a_quiet_group(report: Dataset) -> None:
    quiet = next(group for group, item in walk(report) if item.get("TextValue") == "not flagged by the algorithm")
    quiet.ContentSequence.append(named(report, "121071")[1])


def _coded(item: Dataset) -> str:
    return next((entry.CodeValue for entry in item.get("ConceptCodeSequence", [])), "")


TAMPERED = {
    "language missing": (remove("121049"), "TID 1204"),
    "observer type missing": (remove("121005"), "TID 1002"),
    "device UID missing": (remove("121012"), "TID 1004 row 1"),
    "procedure missing": (remove("121058"), "TID 1500 row 4"),
    "measurements missing": (remove("126010"), "TID 1500 row 6"),
    "evaluations missing": (remove("C0034375"), "TID 1500 row 12"),
    "a group missing": (remove("125007"), "TID 1500 row 9"),
    "algorithm name missing": (remove("111001"), "TID 4019 row 1"),
    "algorithm version missing": (remove("111003"), "TID 4019 row 2"),
    "status missing": (remove("111017"), "CID 6047"),
    "status against the answers": (code_value("111017", "111241"), "CID 6047"),
    "status of a foreign table": (code_value("111017", "999"), "CID 6047"),
    "summary missing": (remove("121111"), "TID 1500 row 14"),
    "disclaimer missing": (item_value("121111", TextValue="Suspected: subdural hemorrhage."), "disclaimer"),
    "tracking identifier missing": (remove("112039"), "TID 1501 row 2"),
    "certainty missing": (remove("111012"), "TID 1501 row 10"),
    "certainty beyond 100": (certainty_beyond, "111012"),
    "finding missing": (remove("121071"), "TID 1501 row 3b"),
    "finding of another label": (code_value("121071", "82999001"), "TID 1501"),
    "finding of a label not flagged": (finding_in_a_quiet_group, "TID 1501 row 3b"),
    "site missing": (remove("363698007"), "TID 1501 row 6"),
    "wrong relationship": (item_value("121012", RelationshipType="CONTAINS"), "no row allows"),
    "wrong value type": (item_value("121013", ValueType="PNAME"), "no row allows"),
    "absent coded": (absent, "Absent"),
    "present coded": (present, "TID 1501 row 11"),
    "no evidence": (no_evidence, "evidence"),
    "no hemorrhage in the summary": (item_value("121111", TextValue="No hemorrhage seen."), "no hemorrhage"),
}


def test_a_report_breaks_no_rule(content):
    for variant in report_variants(build_report(content)):
        assert check(variant) == []


@pytest.mark.parametrize("name", TAMPERED)
def test_a_tampered_report_breaks_the_rule(name, flagged, read_back):
    tamper, clause = TAMPERED[name]
    report = read_back(build_report(flagged))
    tamper(report)
    assert any(clause in problem for problem in check(report))


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("VerificationFlag", "VERIFIED"), ("PreliminaryFlag", "FINAL"), ("CompletionFlag", "PARTIAL"), ("Modality", "CT")],
)
def test_a_tampered_header_breaks_the_rule(keyword, value, flagged, read_back):
    report = read_back(build_report(flagged))
    setattr(report, keyword, value)
    assert any(keyword in problem for problem in check(report))


def test_a_reason_is_needed_when_not_analyzed(not_analyzed, read_back):
    report = read_back(build_report(not_analyzed))
    parent, item = named(report, "NOTANALYZED")
    parent.ContentSequence = [each for each in parent.ContentSequence if _concept(each) != _concept(item)]
    assert any("TID 1500 row 14" in problem for problem in check(report))


def _concept(item: Dataset) -> str:
    return item.ConceptNameCodeSequence[0].CodeValue
