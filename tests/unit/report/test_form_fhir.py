"""FHIR R4: valid by a library nobody here wrote, and true to the report."""

import json
from dataclasses import replace

import hypothesis
import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import strategies as st

from triage_node.findings import FINDING_CODES, LABELS, Code, Decision, FindingCode, Label, Trust
from triage_node.report import SourceNames, build_report, readable
from triage_node.report.forms.fhir import as_fhir

PRESENCES = {Decision.FLAGGED: "415684004", Decision.UNCERTAIN: "373068000"}


def bundle_of(content, revision=1):
    """Return the bundle as a library reads it; what is no R4 raises."""
    read = readable(build_report(content), SourceNames.of(content.sources), revision)
    return Bundle.model_validate_json(as_fhir(read))


def resources(bundle, kind):
    return [entry.resource for entry in bundle.entry if type(entry.resource).__name__ == kind]


def test_it_is_valid_and_says_what_the_report_says(content):
    bundle = bundle_of(content)
    [report] = resources(bundle, "DiagnosticReport")
    observations = resources(bundle, "Observation")
    assert (bundle.type, report.status) == ("collection", "partial")
    assert report.category[0].coding[0].system == "http://loinc.org"
    assert "Notification only, not for diagnosis." in report.conclusion
    assert {one.status for one in observations} == {"preliminary"}
    assert len(observations) == len(report.result) == (6 if content.prediction else 1)
    for label, one in zip(LABELS, observations, strict=False):
        if content.prediction is None:
            assert one.dataAbsentReason.coding[0].code == "not-performed"
            assert "contrast: " in one.dataAbsentReason.text
            continue
        decision = content.decision_for(label)
        assert one.code.coding[0].code == FINDING_CODES[label].finding.value
        if decision is Decision.NOT_FLAGGED:
            assert one.valueCodeableConcept.coding is None
            assert one.valueCodeableConcept.text == "not flagged by the algorithm"
        else:
            assert one.valueCodeableConcept.coding[0].code == PRESENCES[decision]
        figures = {part.code.text: part.valueQuantity for part in one.component if part.valueQuantity}
        score = float(figures["Certainty of Finding"].value)
        assert score == pytest.approx(100 * content.prediction.probabilities[label], abs=0.06)
        assert (float(figures["Uncertain from"].value), float(figures["Suspected above"].value)) == (40.0, 90.0)
        assert {each.code for each in figures.values()} == {"%"}


def test_every_reference_leads_to_a_resource_of_the_bundle(content):
    text = bundle_of(content).model_dump_json()
    addresses = {entry["fullUrl"] for entry in json.loads(text)["entry"]}
    references = set(_references(json.loads(text)))
    assert references <= addresses
    assert len(addresses) == len(json.loads(text)["entry"])


def _references(value):
    if isinstance(value, dict):
        if "reference" in value:
            yield value["reference"]
        for one in value.values():
            yield from _references(one)
    elif isinstance(value, list):
        for one in value:
            yield from _references(one)


def test_it_never_says_absent(content):
    text = as_fhir(readable(build_report(content))).lower()
    assert not any(word in text for word in ("272519000", '"absent"', "without findings", "negative", "no hemorrhage"))


def test_the_same_report_gives_the_same_bundle(content):
    report = build_report(content)
    assert as_fhir(readable(report)) == as_fhir(readable(report))


def test_who_and_what_it_is_about(flagged):
    bundle = bundle_of(flagged)
    [patient], [study], [device] = (resources(bundle, kind) for kind in ("Patient", "ImagingStudy", "Device"))
    assert (patient.identifier[0].value, str(patient.birthDate), patient.gender) == ("PID-7", "1950-02-03", "female")
    assert (patient.name[0].family, patient.name[0].given) == ("Doe", ["Jane"])
    assert [one.value for one in study.identifier] == [f"urn:oid:{flagged.sources[0].StudyInstanceUID}", "A1"]
    [series] = study.series
    assert (series.numberOfInstances, series.instance[0].uid) == (3, flagged.sources[1].SOPInstanceUID)
    assert device.identifier[0].value == "urn:oid:2.25.7777"
    assert {one.value for one in device.version} == {"0.1.0", "1.2.0"}


def test_a_name_in_three_writings(flagged, make_source):
    source = make_source(1, PatientName="Yamada^Tarou=山田^太郎=やまだ^たろう", SpecificCharacterSet="ISO_IR 192")
    [patient] = resources(bundle_of(replace(flagged, sources=(source,))), "Patient")
    assert [name.extension[0].valueCode for name in patient.name] == ["ABC", "IDE", "SYL"]
    assert [(name.family, name.given) for name in patient.name][1:] == [("山田", ["太郎"]), ("やまだ", ["たろう"])]


def test_what_is_missing_is_left_out(flagged, make_source):
    nothing = dict.fromkeys(
        (
            "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber",
            "ReferringPhysicianName",
        ),
        "",
    )  # fmt: skip
    bundle = bundle_of(replace(flagged, sources=(make_source(1, **nothing),)))
    [patient], [study], [report] = (resources(bundle, kind) for kind in ("Patient", "ImagingStudy", "DiagnosticReport"))
    assert (patient.name, patient.identifier, patient.birthDate, patient.gender) == (None, None, None, None)
    assert (len(study.identifier), study.started, report.effectiveDateTime) == (1, None, None)
    assert report.issued is not None


def test_uids_that_are_none_are_told_and_break_nothing(flagged, make_source):
    odd = make_source(1, StudyInstanceUID="ID_abc", SeriesInstanceUID="ID_def", SOPInstanceUID="ID_ghi")
    best = replace(flagged.best_slices[Label.ANY], sop_instance_uid="ID_ghi")
    bundle = bundle_of(replace(flagged, sources=(odd,), best_slices=dict.fromkeys(LABELS, best)))
    [study] = resources(bundle, "ImagingStudy")
    assert study.identifier[0].value == "ID_abc"
    assert study.series is None


def test_a_replaced_report_is_named(flagged, not_analyzed):
    earlier = build_report(not_analyzed)
    [report] = resources(bundle_of(replace(flagged, predecessor=earlier)), "DiagnosticReport")
    assert report.extension[0].valueReference.identifier.value == f"urn:oid:{earlier.SOPInstanceUID}"


def test_the_codes_are_those_in_the_report_also_a_sites_own(flagged):
    own = FindingCode(Code("SDH", "99SITE", "Subdural bleed", trust=Trust.OWN))
    bundle = bundle_of(replace(flagged, finding_codes=FINDING_CODES | {Label.SUBDURAL: own}))
    subdural = resources(bundle, "Observation")[LABELS.index(Label.SUBDURAL)]
    assert subdural.code.coding is None, "a scheme that FHIR has no address of"
    assert subdural.code.text == "subdural hemorrhage"
    ventricle = resources(bundle, "Observation")[LABELS.index(Label.INTRAVENTRICULAR)]
    assert ventricle.bodySite.coding[0].code == "35764002"


def test_whatever_a_header_says_the_bundle_is_valid(flagged, make_source, seed):
    @hypothesis.seed(seed)
    @hypothesis.settings(max_examples=15, deadline=None, database=None)
    @hypothesis.given(name=st.text(max_size=20), text=st.text(max_size=20), digits=st.text("0123456789.-", max_size=14))
    def ask(name, text, digits):
        dates = dict.fromkeys(("PatientBirthDate", "StudyDate", "StudyTime"), digits)
        texts = dict.fromkeys(("StudyDescription", "PatientID", "AccessionNumber", "SeriesDescription"), text)
        source = make_source(1, PatientName=name, SpecificCharacterSet="ISO_IR 192", **dates, **texts)
        read = readable(build_report(replace(flagged, sources=(source,))), SourceNames.of([source]))
        loose = replace(read, study=replace(read.study, description=text, accession_number=text))
        for each in (read, loose):
            Bundle.model_validate_json(as_fhir(each))

    ask()


def test_hostile_text_stays_within_its_field(flagged, make_source):
    source = make_source(1, StudyDescription='</div>"}<script>\x07', PatientName="A\x1b^B")
    bundle = bundle_of(replace(flagged, sources=(source,)))
    [study] = resources(bundle, "ImagingStudy")
    assert study.description == '</div>"}<script>?'
