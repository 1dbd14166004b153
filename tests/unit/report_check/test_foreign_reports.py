"""Reports that others wrote: what the templates allow is allowed, what is extended is left alone, the rest is said."""

import copy

import pytest
from content_trees import add, code, content_item, named
from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    Comprehensive3DSR,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    PersonObserverIdentifyingAttributes,
    QualitativeEvaluation,
    SourceImageForMeasurement,
    TimePointContext,
    TrackingIdentifier,
)
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from report_contents import read_back, source

from triage_node.report_check import Kind, Severity, check_report


def head_ct() -> Dataset:
    ct = source(1, FrameOfReferenceUID="1.2.3", Rows=512, Columns=512, PixelSpacing=[0.5, 0.5], SliceThickness="5")
    ct.ImagePositionPatient, ct.ImageOrientationPatient = [0, 0, 0], [1, 0, 0, 0, 1, 0]
    ct.SeriesNumber, ct.InstanceNumber = 1, 1
    ct.Manufacturer = ""
    return ct


def group(image: Dataset) -> MeasurementsAndQualitativeEvaluations:
    place = FindingSite(codes.SCT.Brain, laterality=codes.SCT.Left)
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(uid="1.2.3.4.5", identifier="lesion 1"),
        finding_type=CodedConcept("35486000", "SCT", "Subdural hemorrhage"),
        finding_category=codes.SCT.MorphologicallyAbnormalStructure,
        finding_sites=[place],
        session="1",
        time_point_context=TimePointContext("baseline", time_point_order=1),
        measurements=[
            Measurement(
                name=codes.SCT.Volume,
                value=12.5,
                unit=codes.UCUM.CubicMillimeter,
                tracking_identifier=TrackingIdentifier(uid="1.2.3.4.6", identifier="volume"),
                finding_sites=[place],
                referenced_images=[SourceImageForMeasurement.from_source_image(image)],
                algorithm_id=AlgorithmIdentification(
                    "volumetry", "1", family=codes.DCM.ArtificialIntelligence, parameters=["x"]
                ),
            )
        ],
        qualitative_evaluations=[QualitativeEvaluation(codes.DCM.LevelOfSignificance, codes.SCT.HighlySignificant)],
    )


@pytest.fixture(scope="module")
def full() -> Dataset:
    """A report with what ours never has: two observers, an image library, a volume, a time point."""
    image = head_ct()
    context = ObservationContext(
        observer_person_context=ObserverContext(codes.DCM.Person, PersonObserverIdentifyingAttributes("Roe^Richard")),
        observer_device_context=ObserverContext(codes.DCM.Device, DeviceObserverIdentifyingAttributes(uid="1.2.3")),
    )
    report = MeasurementReport(
        observation_context=context,
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
        imaging_measurements=[group(image)],
        title=codes.DCM.ImagingMeasurementReport,
        referenced_images=[image],
    )
    document = Comprehensive3DSR(
        evidence=[image],
        content=report,
        series_instance_uid="1.2.9",
        series_number=1,
        sop_instance_uid="1.2.9.1",
        instance_number=1,
        manufacturer="Someone",
    )
    return read_back(document)


def errors(report: Dataset) -> list[object]:
    return [each for each in check_report(report)[0] if each.severity is Severity.ERROR]


def test_a_report_by_another_writer_is_sound(full):
    assert named(full, "111028"), "it has an image library"
    assert named(full, "126200"), "with a group"
    assert errors(full) == []
    assert check_report(full)[1] == "1500"


def test_an_extensible_template_may_have_more(full):
    report = copy.deepcopy(full)
    for parent in ("126200", "125007", "118565006"):
        add(parent, lambda: content_item("HAS CONCEPT MOD", "TEXT", code("X", "99X", "Extension"), TextValue="1"))(
            report
        )
    assert errors(report) == []


def test_the_second_observer_needs_its_name(full):
    report = copy.deepcopy(full)
    parent, name = named(report, "121008")
    parent.ContentSequence = [each for each in parent.ContentSequence if each is not name]
    assert [each.clause for each in errors(report)] == ["PS3.16 TID 1003 row 1"]


LIBRARY_FAULTS = {
    "modality related wrongly": ("121139", {"RelationshipType": "CONTAINS"}, Kind.RELATIONSHIP, "row 1"),
    "rows of another type": (
        "110910", {"ValueType": "TEXT", "TextValue": "512", "MeasuredValueSequence": []}, Kind.VALUE_TYPE, "row 11"),
    "frame of another type": ("112227", {"ValueType": "TEXT", "TextValue": "x"}, Kind.VALUE_TYPE, "row 10"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIBRARY_FAULTS)
def test_a_fault_in_an_image_library_is_found(name, full):
    concept, values, kind, row = LIBRARY_FAULTS[name]
    report = copy.deepcopy(full)
    for keyword, value in values.items():
        setattr(named(report, concept)[1], keyword, value)
    assert (kind, f"PS3.16 TID 1602 {row}") in {(each.kind, each.clause) for each in errors(report)}


def test_what_no_table_can_judge_is_said(full):
    report = copy.deepcopy(full)
    container = code("126011", "DCM", "Derived Imaging Measurements")
    sum_of = content_item("CONTAINS", "CONTAINER", code("X", "99X", "Sums"), ContinuityOfContent="SEPARATE")
    add("", lambda: content_item("CONTAINS", "CONTAINER", container, sum_of, ContinuityOfContent="SEPARATE"))(report)
    told = [each.message for each in check_report(report)[0] if each.kind is Kind.TEMPLATE]
    assert told == ["It may follow TID 1420, without a table here: it is not checked."]


@pytest.mark.parametrize("file", ["test-SR.dcm", "reportsi.dcm"])
def test_real_reports_of_other_templates_are_told_from_ours(file):
    complaints, template = check_report(dcmread(get_testdata_file(file)))
    assert template == ""
    assert {Kind.TEMPLATE, Kind.NO_REPORT} & {each.kind for each in complaints}
