import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import SecondaryCaptureImageStorage

from triage_node.findings import Label
from triage_node.report import VisualExplanation, build_picture, build_report, codes, report_variants, summarize
from triage_node.report.content_items import children, descendants, named

PIXELS = np.random.default_rng(0).integers(0, 256, (31, 17, 3), np.uint8)  # an odd number of bytes


def test_the_picture_belongs_to_the_patient_and_study_of_its_report(flagged, read_back):
    report = build_report(flagged)
    picture = read_back(build_picture(report, PIXELS))
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "AccessionNumber"):
        assert picture[keyword].value == report[keyword].value
    assert picture.SOPClassUID == SecondaryCaptureImageStorage
    assert picture.SeriesInstanceUID != report.SeriesInstanceUID
    assert "not for diagnosis" in picture.SeriesDescription
    np.testing.assert_array_equal(picture.pixel_array, PIXELS)


def test_every_variant_of_a_report_has_the_same_picture(flagged, as_bytes):
    pictures = {as_bytes(build_picture(variant, PIXELS)) for variant in report_variants(build_report(flagged))}
    assert len(pictures) == 1


def test_another_picture_is_another_object_and_the_same_one_is_not(flagged):
    report = build_report(flagged)
    later = build_report(replace(flagged, created_at=flagged.created_at + timedelta(days=200)))
    other = build_report(replace(flagged, station_name="OTHER"))
    first = build_picture(report, PIXELS)
    assert build_picture(later, PIXELS).SOPInstanceUID == first.SOPInstanceUID
    source = [(flagged.sources[0].SOPClassUID, flagged.sources[0].SOPInstanceUID)]
    for picture in (
        build_picture(report, PIXELS // 2),
        build_picture(report, PIXELS, source),
        build_picture(other, PIXELS),
    ):
        assert picture.SOPInstanceUID != first.SOPInstanceUID
        assert picture.SeriesInstanceUID != first.SeriesInstanceUID


def test_the_slices_it_shows_are_named(flagged, make_source):
    sources = [(source.SOPClassUID, source.SOPInstanceUID) for source in flagged.sources[:2]]
    picture = build_picture(build_report(flagged), PIXELS, sources)
    assert [item.ReferencedSOPInstanceUID for item in picture.SourceImageSequence] == [uid for _, uid in sources]


@pytest.fixture
def explained(flagged):
    sources = tuple((source.SOPClassUID, source.SOPInstanceUID) for source in flagged.sources[:2])
    return replace(flagged, explanation=VisualExplanation(Label.SUBDURAL, PIXELS, sources))


def picture_of(content):
    explanation = content.explanation
    return build_picture(build_report(content), explanation.pixels, explanation.sources)


@pytest.mark.slow
def test_report_and_picture_name_each_other(explained, read_back, complaints_of):
    picture = read_back(picture_of(explained))
    for variant in report_variants(build_report(explained)):
        assert complaints_of(variant) == []
        report = read_back(variant)
        [group] = [one for one in named(descendants(report), codes.MEASUREMENT_GROUP) if "subdural" in str(one)]
        [item] = named(children(group), codes.VISUAL_EXPLANATION)
        [reference] = item.ReferencedSOPSequence
        assert reference.ReferencedSOPInstanceUID == picture.SOPInstanceUID
        assert reference.ReferencedSOPClassUID == picture.SOPClassUID
        [evidence] = report.CurrentRequestedProcedureEvidenceSequence
        assert picture.SeriesInstanceUID in [one.SeriesInstanceUID for one in evidence.ReferencedSeriesSequence]
        assert picture.RelatedSeriesSequence[0].SeriesInstanceUID == report.SeriesInstanceUID
        summary = summarize(report)
        assert summary.picture == picture.SOPInstanceUID
        assert summary.source_counts == {explained.sources[0].SeriesInstanceUID: 3}
    assert picture.DerivationCodeSequence[0].CodeValue == "130403"


def test_the_same_report_and_picture_are_the_same_objects(explained, as_bytes):
    assert as_bytes(picture_of(explained)) == as_bytes(picture_of(explained))
    assert as_bytes(build_report(explained)) == as_bytes(build_report(explained))


def test_another_picture_is_another_report_and_another_report_another_picture(explained):
    other_pixels = replace(explained, explanation=replace(explained.explanation, pixels=PIXELS // 2))
    other_report = replace(explained, station_name="OTHER")
    without = replace(explained, explanation=None)
    reports = {build_report(one).SOPInstanceUID for one in (explained, other_pixels, other_report, without)}
    assert len(reports) == 4
    assert len({picture_of(one).SOPInstanceUID for one in (explained, other_pixels, other_report)}) == 3


def test_a_picture_explains_an_answer_only(not_analyzed):
    with pytest.raises(ValueError, match="no answer"):
        replace(not_analyzed, explanation=VisualExplanation(Label.ANY, PIXELS))


def test_dciodvfy_accepts_it(flagged, make_source, tmp_path):
    command = shutil.which("dciodvfy", path=str(Path(sys.executable).parent)) or shutil.which("dciodvfy")
    if command is None:
        pytest.skip("dciodvfy is not installed")
    sources = [(source.SOPClassUID, source.SOPInstanceUID) for source in flagged.sources]
    build_picture(build_report(flagged), PIXELS, sources).save_as(tmp_path / "picture.dcm", enforce_file_format=True)
    judged = subprocess.run([command, tmp_path / "picture.dcm"], capture_output=True, text=True)
    assert "SCImage" in judged.stdout + judged.stderr
    assert "Error" not in judged.stdout + judged.stderr
