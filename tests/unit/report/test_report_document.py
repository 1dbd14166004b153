from dataclasses import replace
from datetime import datetime

import pytest
from pydicom.uid import ExplicitVRLittleEndian
from sr_checker import evidence_of, name, texts, value, walk

from triage_node.findings import Decision, Label
from triage_node.report import BestSlice, build_report, report_variants

DESCRIPTIONS = {
    "flagged": "TRIAGE: suspected hemorrhage",
    "uncertain": "TRIAGE: uncertain",
    "not_flagged": "TRIAGE: not flagged",
    "not_analyzed": "TRIAGE: not analyzed",
}
STATUS = {"flagged": "111242", "uncertain": "111242", "not_flagged": "111241", "not_analyzed": "111245"}


@pytest.mark.parametrize("kind", DESCRIPTIONS)
def test_the_worklist_sees_what_was_said(kind, request):
    report = build_report(request.getfixturevalue(kind))
    assert report.SeriesDescription == DESCRIPTIONS[kind]
    assert [value(item) for item in walk(report) if name(item) == ("DCM", "111017")] == [("DCM", STATUS[kind])]


def test_nothing_ever_says_that_there_is_no_hemorrhage(content, as_bytes):
    for variant in report_variants(build_report(content)):
        assert "272519000" not in {code for item in walk(variant) if (found := value(item)) for code in found}
        assert b"272519000" not in as_bytes(variant)
        assert not any("no hemorrhage" in text.lower() or "absent" in text.lower() for text in texts(variant))


def test_a_label_that_is_not_flagged_has_no_presence(not_flagged):
    coded = {value(item) for item in walk(build_report(not_flagged))}
    assert not coded & {("SCT", "52101004"), ("SCT", "415684004"), ("SCT", "373068000"), ("SCT", "272519000")}
    texts = [
        item.TextValue for item in walk(build_report(not_flagged)) if item.get("TextValue", "").startswith("not f")
    ]
    assert texts == ["not flagged by the algorithm"] * 6


def test_the_summary_names_the_types(flagged, not_flagged, uncertain):
    end = "Notification only, not for diagnosis. Read the images as always."
    assert _summary(flagged) == (
        f"Suspected: intraventricular hemorrhage, subdural hemorrhage. Uncertain: epidural hemorrhage. {end}"
    )
    assert _summary(uncertain) == f"Uncertain: subdural hemorrhage. {end}"
    assert _summary(not_flagged) == f"Not flagged by the algorithm. {end}"


def test_any_is_said_where_no_type_can_be_named(flagged, make_prediction):
    assert _summary(replace(flagged, prediction=make_prediction((Label.ANY,)))).startswith(
        "Suspected: intracranial hemorrhage. "
    )


def test_the_reasons_carry_their_codes(not_analyzed):
    reasons = [item.TextValue for item in walk(build_report(not_analyzed)) if name(item) == ("99TRIAGE", "NOTANALYZED")]
    assert reasons == [
        "contrast: The series was acquired with contrast.",
        "out_of_distribution: The images are unlike those the model was made for. Distance 3.4.",
    ]


def test_the_best_slice_is_shown_for_what_was_raised(flagged):
    for name_of_reference in (("DCM", "121080"), ("DCM", "121112")):
        assert len(_images(flagged, name_of_reference)) == 4
    for name_of_reference in (("DCM", "121080"), ("DCM", "121112")):
        assert _images(replace(flagged, best_slices={}), name_of_reference) == []


def test_the_best_slice_may_be_a_frame(flagged):
    best = BestSlice(flagged.sources[0].SOPInstanceUID, "1.2.840.10008.5.1.4.1.1.2.1", 7)
    content = replace(flagged, best_slices={Label.SUBDURAL: best})
    items = [*_images(content, ("DCM", "121080")), *_images(content, ("DCM", "121112"))]
    assert [item.ReferencedSOPSequence[0].ReferencedFrameNumber for item in items] == [7, 7]


def test_every_source_is_evidence(content):
    report = build_report(content)
    assert [uid for _, uid in evidence_of(report)] == [source.SOPInstanceUID for source in content.sources]


def test_sources_of_another_study_are_other_evidence(flagged, make_source):
    other = make_source(50, StudyInstanceUID="1.2.9", SeriesInstanceUID="1.2.9.1")
    report = build_report(replace(flagged, sources=(*flagged.sources, other)))
    assert report.PertinentOtherEvidenceSequence[0].StudyInstanceUID == "1.2.9"
    assert len(list(evidence_of(report))) == 4


def test_an_earlier_report_is_named(flagged, not_analyzed):
    earlier = build_report(not_analyzed)
    report = build_report(replace(flagged, predecessor=earlier))
    series = report.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0]
    assert series.SeriesInstanceUID == earlier.SeriesInstanceUID
    assert series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == earlier.SOPInstanceUID


def test_the_time_is_given_in_the_zone_of_the_source(flagged, make_source):
    source = make_source(TimezoneOffsetFromUTC="-0330")
    report = build_report(replace(flagged, sources=(source,), best_slices={}))
    assert (report.ContentDate, report.ContentTime, report.TimezoneOffsetFromUTC) == ("20260301", "065030", "-0330")


def test_a_report_is_ready_to_be_written(flagged):
    assert build_report(flagged).file_meta.TransferSyntaxUID == ExplicitVRLittleEndian


def test_a_report_of_three_hundred_slices_is_small(flagged, make_source, as_bytes):
    sources = tuple(make_source(number) for number in range(300))
    assert len(as_bytes(build_report(replace(flagged, sources=sources)))) < 100_000


REFUSED = (
    {"sources": ()},
    {"prediction": None},
    {"created_at": datetime(2026, 1, 1)},
    {"device_uid": "x"},
    {"finding_codes": {}},
)


@pytest.mark.parametrize("change", REFUSED)
def test_content_that_cannot_be_reported_is_refused(change, flagged):
    with pytest.raises(ValueError):
        replace(flagged, **change)


def test_only_an_analyzed_study_decides(not_analyzed, flagged):
    assert flagged.decision_for(Label.EPIDURAL) is Decision.UNCERTAIN
    with pytest.raises(ValueError):
        not_analyzed.decision_for(Label.ANY)


def test_highdicom_reads_the_report_as_a_measurement_report(flagged, read_back):
    from highdicom.sr import Comprehensive3DSR

    groups = Comprehensive3DSR.from_dataset(read_back(build_report(flagged))).content.get_image_measurement_groups()
    assert {group.tracking_identifier for group in groups} == set(Label)


def _summary(content):
    return next(item.TextValue for item in walk(build_report(content)) if name(item) == ("DCM", "121111"))


def _images(content, concept):
    items = [item for item in walk(build_report(content)) if item.ValueType == "IMAGE"]
    return [item for item in items if name(item) == concept]
