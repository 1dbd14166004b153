"""Summary, key objects and PDF as DICOM objects: valid, true, and always the same of the same result."""

import io
import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta

import highdicom
import numpy as np
import pypdf
import pytest
from pydicom.uid import EncapsulatedPDFStorage, KeyObjectSelectionDocumentStorage, SecondaryCaptureImageStorage

from triage_node.findings import LABELS, Label
from triage_node.imaging import SourceSlice
from triage_node.report import (
    BestSlice,
    ShownSlice,
    build_key_objects,
    build_pdf,
    build_report,
    build_summary,
    report_variants,
)

BUILDERS = (build_summary, build_key_objects, build_pdf)
INCAPABLE = "Check for template constraints not yet supported"
"""What dsrdump says of itself at every Key Object Selection."""


@pytest.fixture
def shown(flagged) -> tuple[ShownSlice, ...]:
    sources = [SourceSlice(str(one.SOPInstanceUID), str(one.SOPClassUID), None, 2, 5.0) for one in flagged.sources[:2]]
    hu = np.random.default_rng(0).integers(-100, 200, (31, 17)).astype(np.float32)
    return (ShownSlice((Label.SUBDURAL,), hu, (1.0, 1.0), tuple(sources)),)


@pytest.mark.slow
@pytest.mark.parametrize("build", BUILDERS)
def test_validators_accept_it_in_every_branch(content, build, complaints_of):
    made = build(build_report(content))
    if made is None:
        assert build is build_key_objects
        assert not content.best_slices or content.decision not in ("flagged", "uncertain")
        return
    own = ["W: ", INCAPABLE]
    errors = [line for line in complaints_of(made) if not all(words in line for words in own)]
    # dsrdump reads documents of content trees only.
    readers = ("dciodvfy", "dsrdump") if build is build_key_objects else ("dciodvfy",)
    assert [line for line in errors if line.startswith(readers)] == []


@pytest.mark.slow
def test_validators_accept_all_that_it_may_refer_to(flagged, shown, make_source, complaints_of):
    enhanced = make_source(9, SOPClassUID="1.2.840.10008.5.1.4.1.1.2.1")
    best = {label: BestSlice(enhanced.SOPInstanceUID, enhanced.SOPClassUID, 7) for label in LABELS}
    frame = SourceSlice(str(enhanced.SOPInstanceUID), str(enhanced.SOPClassUID), 7, None, 5.0)
    content = replace(flagged, sources=(*flagged.sources, enhanced), best_slices=best)
    report = build_report(content)
    pages = [
        build_summary(report, (*shown, replace(shown[0], sources=(frame,))), patient=patient) for patient in (0, 1)
    ]
    for made in (*pages, build_key_objects(report)):
        errors = [line for line in complaints_of(made) if INCAPABLE not in line and "dsrdump: E" not in line]
        assert [line for line in errors if not line.startswith("dsrdump: exit") and "dsrdump: F" not in line] == []
    frames = {
        item.ReferencedSOPSequence[0].ReferencedFrameNumber
        for item in build_key_objects(report).ContentSequence
        if item.ValueType == "IMAGE"
    }
    assert frames == {7}


@pytest.mark.parametrize("build", BUILDERS)
def test_it_is_of_the_patient_the_study_and_the_moment_of_its_report(flagged, build, read_back):
    report = build_report(flagged)
    made = read_back(build(report))
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "AccessionNumber", "ContentTime", "ContentDate"):
        assert made[keyword].value == report[keyword].value
    assert made.SeriesDescription.startswith("TRIAGE ")
    assert made.SeriesDescription.endswith(": suspected hemorrhage")


def test_objects_of_a_report_are_told_apart(flagged):
    report = build_report(flagged)
    made = [build(report) for build in BUILDERS]
    for keyword in ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription"):
        assert len({ds[keyword].value for ds in (report, *made)}) == 4
    classes = [SecondaryCaptureImageStorage, KeyObjectSelectionDocumentStorage, EncapsulatedPDFStorage]
    assert [ds.SOPClassUID for ds in made] == classes


@pytest.mark.parametrize("build", BUILDERS)
def test_the_same_result_is_the_same_object_whichever_variant_and_time_it_is_made_of(flagged, build, as_bytes):
    report = build_report(flagged)
    assert len({as_bytes(build(variant)) for variant in report_variants(report)}) == 1
    later = build_report(replace(flagged, created_at=flagged.created_at + timedelta(days=200)))
    assert build(later).SOPInstanceUID == build(report).SOPInstanceUID
    other = build_report(replace(flagged, station_name="OTHER"))
    assert build(other).SOPInstanceUID != build(report).SOPInstanceUID
    assert build(other).SeriesInstanceUID != build(report).SeriesInstanceUID


def test_what_a_summary_shows_decides_which_object_it_is(flagged, shown):
    report = build_report(flagged)
    looked = np.zeros((4, 8, 3), np.uint8)
    moved = replace(shown[0], hu=shown[0].hu + 1)
    shows = [(), (shown,), ((moved,),), (shown, looked), (shown, looked + 1), (shown, None, True)]
    uids = [build_summary(report, *what).SOPInstanceUID for what in shows]
    assert len(set(uids)) == len(shows)


def test_burned_in_annotation_says_what_is_there(flagged):
    report = build_report(flagged)
    assert build_summary(report).BurnedInAnnotation == "NO"
    assert build_summary(report, patient=True).BurnedInAnnotation == "YES"
    text = pypdf.PdfReader(io.BytesIO(build_pdf(report).EncapsulatedDocument)).pages[0].extract_text()
    assert "Jane" in text
    assert build_pdf(report).BurnedInAnnotation == "YES"


def test_the_summary_names_its_report_and_the_slices_it_shows(flagged, shown, read_back):
    report = build_report(flagged)
    summary = read_back(build_summary(report_variants(report)[2], shown))
    [source] = summary.SourceInstanceSequence
    assert (source.ReferencedSOPClassUID, source.ReferencedSOPInstanceUID) == (
        report.SOPClassUID,
        report.SOPInstanceUID,
    )
    assert summary.RelatedSeriesSequence[0].SeriesInstanceUID == report.SeriesInstanceUID
    named = [item.ReferencedSOPInstanceUID for item in summary.SourceImageSequence]
    assert named == [one.SOPInstanceUID for one in flagged.sources[:2]]
    assert summary.pixel_array.shape == (summary.Rows, 1024, 3)


def test_key_objects_are_the_best_slices_of_what_is_flagged_or_uncertain(flagged, make_source):
    sources = [BestSlice(str(one.SOPInstanceUID), str(one.SOPClassUID)) for one in flagged.sources]
    best = {Label.EPIDURAL: sources[2], Label.SUBDURAL: sources[0], Label.SUBARACHNOID: sources[1]}
    selection = build_key_objects(build_report(replace(flagged, best_slices=best | {Label.ANY: sources[0]})))
    assert selection.ConceptNameCodeSequence[0].CodeValue == "113000"
    named = [item.ReferencedSOPSequence[0] for item in selection.ContentSequence if item.ValueType == "IMAGE"]
    assert [item.ReferencedSOPInstanceUID for item in named] == [
        sources[2].sop_instance_uid,
        sources[0].sop_instance_uid,
    ]
    [study] = selection.CurrentRequestedProcedureEvidenceSequence
    [series] = study.ReferencedSeriesSequence
    assert study.StudyInstanceUID == selection.StudyInstanceUID
    assert series.SeriesInstanceUID == flagged.sources[0].SeriesInstanceUID
    evidence = {item.ReferencedSOPInstanceUID for item in series.ReferencedSOPSequence}
    assert evidence == {item.ReferencedSOPInstanceUID for item in named}


def test_highdicom_reads_the_key_objects_back(flagged, read_back):
    selection = highdicom.ko.KeyObjectSelectionDocument.from_dataset(
        read_back(build_key_objects(build_report(flagged)))
    )
    [reference] = selection.content.get_references()
    best = flagged.best_slices[Label.SUBDURAL].sop_instance_uid
    assert reference.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == best
    study, series, instance = selection.resolve_reference(best)
    assert (study, series, instance) == (
        flagged.sources[1].StudyInstanceUID,
        flagged.sources[1].SeriesInstanceUID,
        best,
    )
    [observer] = selection.content.get_observer_contexts()
    assert observer.observer_identifying_attributes.uid == flagged.device_uid


def test_there_are_no_key_objects_where_there_is_nothing_to_refer_to(flagged, not_flagged, not_analyzed):
    for content in (replace(flagged, best_slices={}), not_flagged, not_analyzed):
        assert build_key_objects(build_report(content)) is None


def test_a_description_keeps_to_its_64_letters(flagged):
    report = build_report(flagged)
    report.SeriesDescription = "TRIAGE: " + "x" * 56
    for build in BUILDERS:
        assert len(build(report).SeriesDescription) == 64


def test_the_pdf_is_the_readable_report_byte_for_byte(content, read_back):
    from triage_node.report import pdf_document

    report = build_report(content)
    document = read_back(build_pdf(report))
    length = document.EncapsulatedDocumentLength
    assert document.EncapsulatedDocument[:length] == pdf_document(report)
    assert len(document.EncapsulatedDocument) - length in (0, 1)


@pytest.mark.slow
def test_dcmtk_gives_the_pdf_back(flagged, tmp_path):
    command = shutil.which("dcm2pdf", path="/usr/bin") or shutil.which("dcm2pdf")
    if command is None:
        pytest.skip("dcm2pdf is not installed")
    build_pdf(build_report(flagged)).save_as(tmp_path / "pdf.dcm", enforce_file_format=True)
    subprocess.run([command, tmp_path / "pdf.dcm", tmp_path / "report.pdf"], check=True, timeout=60)
    assert len(pypdf.PdfReader(tmp_path / "report.pdf").pages) >= 1
