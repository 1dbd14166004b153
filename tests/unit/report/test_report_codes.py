"""Codes mean what we say with them, as far as a dictionary at hand tells; and nobody reads them as a diagnosis."""

import re
from dataclasses import replace

import pytest
from highdicom.sr.templates import DEFAULT_LANGUAGE
from pydicom.sr._concepts_dict import concepts

from triage_node.findings import FINDING_CODES, LABELS, Code, Decision, FindingCode, Label, Trust
from triage_node.report import build_report, codes, report_variants, summarize
from triage_node.report.content_items import coded, descendants, same_code

KNOWN = {(DEFAULT_LANGUAGE.scheme_designator, DEFAULT_LANGUAGE.value): {DEFAULT_LANGUAGE.meaning.casefold()}}
for scheme, names in concepts.items():
    for values in names.values():
        for value, (meaning, _) in values.items():
            plain = re.sub(r" \([a-z ]+\)$", "", meaning).replace("Computed tomography", "CT")
            KNOWN.setdefault((scheme, value), set()).add(plain.casefold())


@pytest.mark.parametrize("code", codes.TABLE, ids=str)
def test_trust_says_whether_the_dictionaries_know_a_code(code):
    known = code.meaning.casefold() in KNOWN.get((code.scheme, code.value), ())
    trust = Trust.OWN if code.scheme == codes.PRIVATE_SCHEME else Trust.CHECKED if known else Trust.REMEMBERED
    assert code.trust is trust
    assert code.asked_by
    assert len(code.value) <= 16, "a Code Value (SH) holds no more"


def test_every_code_of_a_report_is_in_the_table(content):
    table = {(code.value, code.scheme) for code in codes.TABLE}
    report = build_report(content)
    units = (each for item in descendants(report) for each in item.get("MeasuredValueSequence", []))
    held = [coded(item, "ConceptNameCodeSequence") for item in (report, *descendants(report))]
    held += [coded(item, "ConceptCodeSequence") for item in descendants(report)]
    held += [coded(each, "MeasurementUnitsCodeSequence") for each in units]
    assert {(code.value, code.scheme) for code in held if code} <= table


def test_what_is_flagged_is_coded_as_suspected_and_never_as_present(flagged):
    values = [coded(item, "ConceptCodeSequence") for item in descendants(build_report(flagged))]
    assert sum(same_code(value, codes.SUSPECTED) for value in values) == 3
    assert not any(same_code(value, codes.PRESENT) for value in values)


def test_reports_of_before_are_read_as_flagged(flagged, read_back):
    report = read_back(build_report(flagged))
    for item in descendants(report):
        if same_code(coded(item, "ConceptCodeSequence"), codes.SUSPECTED):
            item.ConceptCodeSequence[0].CodeValue = codes.PRESENT.value
    summary = summarize(report)
    assert summary.decision is Decision.FLAGGED
    assert [each.decision for each in summary.labels] == [flagged.decision_for(label) for label in LABELS]


@pytest.mark.slow
def test_a_site_may_set_other_codes(flagged, complaints_of):
    own = FindingCode(Code("SDH", "99SITE", "Subdural bleed"), Code("1101003", "SCT", "Intracranial"))
    content = replace(flagged, finding_codes={**FINDING_CODES, Label.SUBDURAL: own})
    for variant in report_variants(build_report(content)):
        assert complaints_of(variant) == []
        found = [coded(item, "ConceptCodeSequence") for item in descendants(variant)]
        assert sum(same_code(code, own.finding) for code in found) == 1
        assert [item.CodingSchemeDesignator for item in variant.CodingSchemeIdentificationSequence][1:] == ["99SITE"]
        assert summarize(variant).of(Label.SUBDURAL).decision is Decision.FLAGGED
