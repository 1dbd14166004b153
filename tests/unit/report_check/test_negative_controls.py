"""A sound report with one fault: the fault is found, named right, and nothing else is said."""

import copy
from collections.abc import Callable
from dataclasses import replace

import pytest
from content_trees import add, change, code, content_item, double, header, inside, named, position_of, remove, swap
from pydicom import config
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import Comprehensive3DSRStorage, CTImageStorage, EnhancedSRStorage
from report_contents import flagged_content, not_analyzed_content, read_back

from triage_node.report import as_measurement_report, build_report, report_variants
from triage_node.report_check import Kind, check_report

TEXT_VALUE = {"TextValue": "something"}
NOTE = code("121106", "DCM", "Comment")


def text_item(relationship: str = "CONTAINS", name: Dataset = NOTE) -> Dataset:
    return content_item(relationship, "TEXT", name, **TEXT_VALUE)


def coded(value: str, scheme: str = "SCT", meaning: str = "Something") -> list[Dataset]:
    return [code(value, scheme, meaning)]


def image_of_nowhere() -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = CTImageStorage, "1.2.3.4"
    return content_item("INFERRED FROM", "IMAGE", None, ReferencedSOPSequence=[reference])


def stands_for(position: list[int]) -> Callable[[], Dataset]:
    def item() -> Dataset:
        reference = Dataset()
        reference.RelationshipType, reference.ReferencedContentItemIdentifier = "CONTAINS", position
        return reference

    return item


def another_class(report: Dataset) -> None:
    named(report, "121080")[1].ReferencedSOPSequence[0].ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"


def percent(**values: object) -> Callable[[Dataset], None]:
    def tamper(report: Dataset) -> None:
        for keyword, value in values.items():
            setattr(named(report, "111012")[1].MeasuredValueSequence[0], keyword, value)

    return tamper


def code_element(concept: str, keyword: str, **values: object) -> Callable[[Dataset], None]:
    def tamper(report: Dataset) -> None:
        for name, value in values.items():
            setattr(named(report, concept)[1][keyword].value[0], name, value)

    return tamper


def evidence(tamper: Callable[[Dataset], object]) -> Callable[[Dataset], None]:
    return lambda report: tamper(report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0])


def replaces(tamper: Callable[[Dataset], object]) -> Callable[[Dataset], None]:
    def instance(report: Dataset) -> None:
        series = report.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0]
        tamper(series.ReferencedSOPSequence[0])

    return instance


def itself(report: Dataset) -> None:
    replaces(lambda item: setattr(item, "ReferencedSOPInstanceUID", report.SOPInstanceUID))(report)


def no_measured_value(report: Dataset) -> None:
    del named(report, "111012")[1].MeasuredValueSequence


def odd_uid(report: Dataset) -> None:
    named(report, "121012")[1]["UID"] = DataElement("UID", "UI", "1.02.3", validation_mode=config.IGNORE)


def two_codes(report: Dataset) -> None:
    item = named(report, "121058")[1]
    item.ConceptCodeSequence = [*item.ConceptCodeSequence, *coded("1")]


def template(number: str | None, of: str = "") -> Callable[[Dataset], None]:
    def tamper(report: Dataset) -> None:
        item = named(report, of)[1] if of else report
        if number is None:
            del item.ContentTemplateSequence
        else:
            item.ContentTemplateSequence[0].TemplateIdentifier = number

    return tamper


def person(*rows: Dataset) -> Callable[[Dataset], None]:
    """Put a person in the place of the device."""

    def tamper(report: Dataset) -> None:
        remove("121012", "121013", "121014", "121015", "121016")(report)
        named(report, "121005")[1].ConceptCodeSequence = coded("121006", "DCM", "Person")
        report.ContentSequence = [*list(report.ContentSequence)[:2], *rows, *list(report.ContentSequence)[2:]]

    return tamper


SCORE, GROUP, NAME = "Certainty of Finding", "Measurement Group", "Algorithm Name"
NO_SITE = code("272741003", "SCT", "Laterality")

# name of the fault: how it is made, of which kind it is, where the Standard says so, what its path ends with
FAULTS: dict[str, tuple[Callable[[Dataset], object], Kind, str, str]] = {
    "no observer UID": (remove("121012"), Kind.MISSING, "PS3.16 TID 1004 row 1", "Report"),
    "no observer type": (remove("121005"), Kind.MISSING, "PS3.16 TID 1002 row 1", "Report"),
    "no procedure": (remove("121058"), Kind.MISSING, "PS3.16 TID 1500 row 4", "Report"),
    "no algorithm name": (remove("111001"), Kind.MISSING, "PS3.16 TID 4019 row 1", "Imaging Measurements"),
    "no algorithm version": (remove("111003"), Kind.MISSING, "PS3.16 TID 4019 row 2", "Imaging Measurements"),
    "observer type not of CID 270": (
        change("121005", ConceptCodeSequence=coded("121008", "DCM")), Kind.VALUE, "PS3.16 TID 1002 row 1", "Type"),
    "language related wrongly": (
        change("121049", RelationshipType="HAS OBS CONTEXT"),
        Kind.RELATIONSHIP, "PS3.16 TID 1204 row 1", "Descendants"),
    "observer UID related wrongly": (
        change("121012", RelationshipType="CONTAINS"), Kind.RELATIONSHIP, "PS3.16 TID 1004 row 1", "Observer UID"),
    "observer name related wrongly": (
        change("121013", RelationshipType="CONTAINS"), Kind.RELATIONSHIP, "PS3.16 TID 1004 row 2", "Observer Name"),
    "procedure related wrongly": (
        change("121058", RelationshipType="CONTAINS"), Kind.RELATIONSHIP, "PS3.16 TID 1500 row 4", "reported"),
    "algorithm name related wrongly": (
        change("111001", RelationshipType="HAS OBS CONTEXT"), Kind.RELATIONSHIP, "PS3.16 TID 4019 row 1", NAME),
    "tracking identifier related wrongly": (
        inside("125007", change("112039", RelationshipType="HAS CONCEPT MOD")),
        Kind.RELATIONSHIP, "PS3.16 TID 1501 row 2", "Identifier"),
    "finding site related wrongly": (
        change("363698007", RelationshipType="HAS OBS CONTEXT"), Kind.RELATIONSHIP, "PS3.16 TID 1501 row 6", "Site"),
    "observer UID of another type": (
        change("121012", ValueType="TEXT", UID=None, **TEXT_VALUE), Kind.VALUE_TYPE, "PS3.16 TID 1004 row 1", "UID"),
    "algorithm version of another type": (
        change("111003", ValueType="CODE", TextValue=None, ConceptCodeSequence=coded("1")),
        Kind.VALUE_TYPE, "PS3.16 TID 4019 row 2", "Algorithm Version"),
    "tracking identifier of another type": (
        inside("125007", change("112039", ValueType="PNAME", TextValue=None, PersonName="X")),
        Kind.VALUE_TYPE, "PS3.16 TID 1501 row 2", "Tracking Identifier"),
    "two languages": (double("121049"), Kind.TOO_MANY, "PS3.16 TID 1204 row 1", "Descendants"),
    "two observer UIDs": (double("121012"), Kind.TOO_MANY, "PS3.16 TID 1004 row 1", "Observer UID"),
    "two containers of measurements": (double("126010"), Kind.TOO_MANY, "PS3.16 TID 1500 row 6", "Measurements"),
    "two algorithm names": (double("111001"), Kind.TOO_MANY, "PS3.16 TID 4019 row 1", NAME),
    "two tracking identifiers": (
        inside("125007", double("112039")), Kind.TOO_MANY, "PS3.16 TID 1501 row 2", "Tracking Identifier"),
    "two findings in a group": (double("121071"), Kind.TOO_MANY, "PS3.16 TID 1501 row 3b", "Finding"),
    "a modifier where none may be": (
        add("111001", lambda: text_item("HAS CONCEPT MOD")), Kind.UNKNOWN, "PS3.16 TID 4019", "Comment"),
    "something below the language": (
        add("121049", lambda: text_item("HAS CONCEPT MOD")), Kind.UNKNOWN, "PS3.16 TID 1204", "Comment"),
    "a laterality that is none": (
        add("363698007", lambda: content_item("HAS CONCEPT MOD", "CODE", NO_SITE, ConceptCodeSequence=coded("1"))),
        Kind.VALUE, "PS3.16 TID 1501 row 7", "Laterality"),
    "a title of no measurement report": (
        header(ConceptNameCodeSequence=coded("18748-4", "LN", "Diagnostic imaging study")),
        Kind.VALUE, "PS3.16 TID 1500 row 1", "Diagnostic imaging study"),
    "the algorithm in another order": (swap("111001", "111003"), Kind.ORDER, "PS3.16 TID 4019 row 1", NAME),
    "the observer in another order": (swap("121012", "121014"), Kind.ORDER, "PS3.16 TID 1004 row 2", "Observer Name"),
    "the observer before its type": (swap("121005", "121012"), Kind.ORDER, "PS3.16 TID 1002 row 1", "Observer Type"),
    "a group of a template without table": (template("1411", "125007"), Kind.TEMPLATE, "PS3.16 TID 1501 row 1", GROUP),
    "a group of a template that is none": (template("1004", "125007"), Kind.TEMPLATE, "PS3.16 TID 1501 row 1", GROUP),
    "no template named": (template(None), Kind.TEMPLATE, "PS3.3 C.18.8", "Report"),
    "certainty beyond 100": (percent(NumericValue="100.1"), Kind.VALUE, "PS3.16 TID 4104 row 12", SCORE),
    "certainty below 0": (percent(NumericValue="-1"), Kind.VALUE, "PS3.16 TID 4104 row 12", SCORE),
    "certainty in another unit": (
        percent(MeasurementUnitsCodeSequence=[code("1", "UCUM", "no units")]),
        Kind.VALUE, "PS3.16 TID 4104 row 12", SCORE),
    "a number that is none": (percent(NumericValue="1e999"), Kind.ATTRIBUTE, "PS3.3 C.18.1", SCORE),
    "a number without a unit": (percent(MeasurementUnitsCodeSequence=[]), Kind.ATTRIBUTE, "PS3.3 C.18.1", SCORE),
    "a number without a value": (no_measured_value, Kind.ATTRIBUTE, "PS3.3 C.18.1", SCORE),
    "a text without words": (change("121111", TextValue=""), Kind.ATTRIBUTE, "PS3.3 C.18.7", "Summary"),
    "a code without a value": (
        change("121058", ConceptCodeSequence=[]), Kind.ATTRIBUTE, "PS3.3 C.18.2", "Procedure reported"),
    "a name without a scheme": (
        code_element("121111", "ConceptNameCodeSequence", CodingSchemeDesignator=""),
        Kind.ATTRIBUTE, "PS3.3 8.2", "Summary"),
    "a name without a meaning": (
        code_element("121111", "ConceptNameCodeSequence", CodeMeaning=""), Kind.ATTRIBUTE, "PS3.3 8.3", "121111"),
    "two codes in one": (two_codes, Kind.ATTRIBUTE, "PS3.3 8.8", "Procedure reported"),
    "an item without a name": (
        change("121111", ConceptNameCodeSequence=None), Kind.ATTRIBUTE, "PS3.3 C.17.3.2.2", "TEXT"),
    "a container without continuity": (
        change("125007", ContinuityOfContent=None), Kind.ATTRIBUTE, "PS3.3 C.18.8", GROUP),
    "a UID that is none": (odd_uid, Kind.VALUE, "PS3.5 9.1", "Device Observer UID"),
    "a relationship the class has not": (
        add("121111", text_item), Kind.RELATIONSHIP, "PS3.3 A.35.13", "Summary > Comment"),
    "a value type that is none": (
        change("121111", ValueType="SPEECH", TextValue=None), Kind.VALUE_TYPE, "PS3.3 A.35.13", "Summary"),
    "an item without value type": (add("C0034375", Dataset), Kind.ATTRIBUTE, "PS3.3 C.17.3.2.1", "without value type"),
    "an item that stands for nothing": (
        add("C0034375", stands_for([1, 99])), Kind.REFERENCE, "PS3.3 C.17.3.2.5", "reference to 1.99"),
    "coordinates without an image": (
        inside("125007", inside("111012", inside("121112", remove("121112")))),
        Kind.MISSING, "PS3.16 TID 320 row 4", "Source of Measurement"),
    "coordinates that are none": (
        inside("125007", inside("111012", change("121112", GraphicData=None))),
        Kind.ATTRIBUTE, "PS3.3 C.18.6", "Source of Measurement"),
    "an image that is no evidence": (add("111012", image_of_nowhere), Kind.REFERENCE, "PS3.3 C.17.2.3", "IMAGE"),
    "an image of another class": (another_class, Kind.REFERENCE, "PS3.3 C.17.2.3", "Best illustration of finding"),
    "no evidence": (
        header(CurrentRequestedProcedureEvidenceSequence=None), Kind.REFERENCE, "PS3.3 C.17.2.3", "finding"),
    "evidence twice": (
        evidence(lambda series: series.ReferencedSOPSequence.append(series.ReferencedSOPSequence[0])),
        Kind.REFERENCE, "PS3.3 C.17.2.3", "CurrentRequestedProcedureEvidenceSequence"),
    "evidence without a series UID": (
        evidence(lambda series: delattr(series, "SeriesInstanceUID")),
        Kind.REFERENCE, "PS3.3 Table C.17-3a", "CurrentRequestedProcedureEvidenceSequence"),
    "a predecessor that is no report": (
        replaces(lambda item: setattr(item, "ReferencedSOPClassUID", CTImageStorage)),
        Kind.REFERENCE, "PS3.3 C.17.2", "PredecessorDocumentsSequence"),
    "a report that replaces itself": (itself, Kind.REFERENCE, "PS3.3 C.17.2", "PredecessorDocumentsSequence"),
    "a predecessor without a UID": (
        replaces(lambda item: delattr(item, "ReferencedSOPInstanceUID")),
        Kind.REFERENCE, "PS3.3 Table C.17-3a", "PredecessorDocumentsSequence"),
    "another modality": (header(Modality="CT"), Kind.HEADER, "PS3.3 C.17.1", "Modality"),
    "no completion flag": (header(CompletionFlag=None), Kind.HEADER, "PS3.3 C.17.2", "CompletionFlag"),
    "a completion flag that is none": (header(CompletionFlag="DONE"), Kind.HEADER, "PS3.3 C.17.2", "CompletionFlag"),
    "a preliminary flag that is none": (header(PreliminaryFlag="X"), Kind.HEADER, "PS3.3 C.17.2", "PreliminaryFlag"),
    "verified by nobody": (header(VerificationFlag="VERIFIED"), Kind.HEADER, "PS3.3 C.17.2", "VerificationFlag"),
    "no content date": (header(ContentDate=""), Kind.HEADER, "PS3.3 C.17.2", "ContentDate"),
    "no performed procedure": (
        header(PerformedProcedureCodeSequence=None), Kind.HEADER, "PS3.3 C.17.2", "PerformedProcedureCodeSequence"),
    "no series number": (header(SeriesNumber=None), Kind.HEADER, "PS3.3 C.17.1", "SeriesNumber"),
    "another mapping resource": (
        lambda report: setattr(report.ContentTemplateSequence[0], "MappingResource", "99X"),
        Kind.HEADER, "PS3.3 C.18.8", "ContentTemplateSequence"),
    "a private scheme without a word": (
        add("C0034375", lambda: text_item("CONTAINS", code("X", "99OTHER", "Something"))),
        Kind.HEADER, "PS3.3 C.12.1", "Report"),
    "a person without a name": (
        person(text_item("HAS OBS CONTEXT", code("121009", "DCM", "Organization"))),
        Kind.MISSING, "PS3.16 TID 1003 row 1", "Report"),
    "a device that is said to be a person": (
        change("121005", ConceptCodeSequence=coded("121006", "DCM", "Person")), Kind.FORBIDDEN,
        "PS3.16 TID 1002 row 3", "Device Observer UID"),
}  # fmt: skip

FOLLOWS = {
    "a device that is said to be a person": {"PS3.16 TID 1003 row 1"},
    "observer type not of CID 270": {"PS3.16 TID 1002 row 3"},
}
"""What else is said of a fault, because it follows from it."""


@pytest.fixture(scope="module")
def sound() -> Dataset:
    content = replace(flagged_content(), predecessor=build_report(not_analyzed_content()))
    return read_back(as_measurement_report(build_report(content)))


def test_the_report_that_is_tampered_with_is_sound(sound):
    assert check_report(sound) == ((), "1500")


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_named_right(name, sound):
    tamper, kind, clause, path = FAULTS[name]
    report = copy.deepcopy(sound)
    tamper(report)
    complaints, _ = check_report(report)
    assert any(
        (each.kind, each.clause) == (kind, clause) and each.path.lower().endswith(path.lower()) for each in complaints
    ), complaints
    assert {each.clause for each in complaints} - FOLLOWS.get(name, set()) == {clause}, complaints


def test_a_report_without_any_result_lacks_each_of_three_containers(sound):
    report = copy.deepcopy(sound)
    remove("126010", "C0034375")(report)
    missing = {each.clause for each in check_report(report)[0] if each.kind is Kind.MISSING}
    assert missing == {f"PS3.16 TID 1500 row {row}" for row in (6, 10, 12)}


def test_nobody_observed(sound):
    report = copy.deepcopy(sound)
    remove("121005", "121012", "121013", "121014", "121015", "121016")(report)
    assert [each.clause for each in check_report(report)[0]] == ["PS3.16 TID 1001 row 1"]


def test_an_author_in_the_header_is_an_observer(sound):
    report = copy.deepcopy(sound)
    remove("121005", "121012", "121013", "121014", "121015", "121016")(report)
    report.AuthorObserverSequence = [Dataset()]
    assert check_report(report)[0] == ()


def test_another_root_template_is_said_to_have_no_table(sound):
    report = copy.deepcopy(sound)
    report.ContentTemplateSequence[0].TemplateIdentifier = "10011"
    complaints, checked_against = check_report(report)
    assert [(each.kind, checked_against) for each in complaints] == [(Kind.TEMPLATE, "")]
    assert "10011" in complaints[0].message


def test_references_within_a_report_are_for_the_classes_that_have_them(sound):
    for variant in map(read_back, report_variants(sound)):
        add("C0034375", stands_for(position_of(variant, "111017")))(variant)
        expected = ["PS3.3 A.35.2"] if variant.SOPClassUID == EnhancedSRStorage else []
        assert [each.clause for each in check_report(variant)[0]] == expected, variant.SOPClassUID


def test_coordinates_in_space_are_for_the_class_that_has_them(sound):
    values = {"GraphicType": "POINT", "GraphicData": [1.0, 2.0, 3.0], "ReferencedFrameOfReferenceUID": "1.2.3"}
    for variant in map(read_back, report_variants(sound)):
        add("C0034375", lambda: content_item("CONTAINS", "SCOORD3D", None, **values))(variant)
        in_space = variant.SOPClassUID == Comprehensive3DSRStorage
        assert [each.kind for each in check_report(variant)[0]] == ([] if in_space else [Kind.VALUE_TYPE])


def test_an_item_cannot_stand_for_what_holds_it(sound):
    report = copy.deepcopy(sound)
    add("C0034375", stands_for(position_of(report, "C0034375")))(report)
    assert "PS3.3 C.17.3.2.5" in {each.clause for each in check_report(report)[0]}
