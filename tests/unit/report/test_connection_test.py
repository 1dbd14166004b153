"""The test report is a valid object of nobody, in every class a destination may take."""

from datetime import datetime
from zoneinfo import ZoneInfo

from triage_node.report import build_connection_test, report_variants
from triage_node.report.summary import summarize

AT = datetime(2026, 7, 1, 23, 30, tzinfo=ZoneInfo("America/New_York"))


def test_every_variant_is_a_valid_report(complaints_of):
    for variant in report_variants(build_connection_test("TRIAGE", "2.25.7777", AT)):
        assert complaints_of(variant) == []


def test_it_says_what_it_is_and_nothing_of_a_finding():
    test = build_connection_test("TRIAGE", "2.25.7777", AT)
    assert "no patient" in test.SeriesDescription
    assert "Connection test of TRIAGE" in test.ContentSequence[0].TextValue
    summary = summarize(test)
    assert not any(label.probability for label in summary.labels)
    assert not summary.reasons
