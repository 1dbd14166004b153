import ct
import ct_objects
import pytest
from ct_enhanced import enhanced_ct
from ct_series import codes, in_memory
from pydicom.uid import MPEG2MPML


def judged(datasets, **policy) -> list[str]:
    return codes(in_memory(datasets), **policy)


def test_a_head_ct_is_suitable():
    assert judged(ct.head_ct()) == []
    assert judged(enhanced_ct()) == []


def test_what_deidentified_files_lack_is_not_held_against_them():
    lacking = dict.fromkeys(
        ("ImageType", "SliceThickness", "ConvolutionKernel", "Manufacturer", "BodyPartExamined", "StudyDate",
         "SeriesDescription", "StudyDescription", "PatientBirthDate", "AcquisitionNumber", "SOPClassUID", "RescaleType")
    )  # fmt: skip
    assert judged(ct.head_ct(**lacking), prior_study_days=1, minimum_age_years=18) == []


def axial(degrees: float) -> list[float]:
    import math

    return [1, 0, 0, 0, math.cos(math.radians(degrees)), -math.sin(math.radians(degrees))]


@pytest.mark.parametrize(
    ("datasets", "expected"),
    [
        (lambda: ct_objects.mr_head(), ["not_ct"]),
        (lambda: ct_objects.structured_report(), ["not_ct"]),
        (lambda: ct_objects.secondary_capture(), ["not_ct"]),
        (lambda: ct_objects.localizer(), ["localizer"]),
        (lambda: ct.head_ct(ImageType=["DERIVED", "SECONDARY", "MPR"]), ["derived"]),
        (lambda: ct_objects.chest_ct(), ["not_head"]),
        (lambda: ct.head_ct(slices=3), ["too_few_slices", "short_coverage"]),
        (lambda: ct.head_ct(slices=12, thickness_mm=5.0), ["short_coverage"]),
        (lambda: ct.head_ct(slices=12, thickness_mm=12.0), ["slice_thickness"]),
        (lambda: ct.head_ct(SliceThickness=0.2), ["slice_thickness"]),
        (lambda: ct.head_ct(ContrastBolusAgent="IOPAMIDOL"), ["contrast"]),
        (lambda: ct.head_ct(SeriesDescription="HEAD POST CONTRAST"), ["contrast"]),
        (lambda: ct.head_ct(ImageOrientationPatient=axial(40)), ["not_axial"]),
        (lambda: ct.head_ct(ImageOrientationPatient=axial(25)), []),
        (lambda: ct.head_ct(ImagePositionPatient=None), ["no_positions"]),
        (lambda: ct.head_ct(RescaleSlope=None), ["no_rescale"]),
        (lambda: ct.head_ct(Rows=65535), ["unsupported_pixels"]),
        (lambda: ct.head_ct(SamplesPerPixel=3, PhotometricInterpretation="RGB"), ["unsupported_pixels"]),
        (lambda: ct.head_ct(BitsAllocated=12), ["unsupported_pixels"]),
        (lambda: ct.head_ct(BitsStored=17), ["unsupported_pixels"]),
        (lambda: ct.head_ct(PhotometricInterpretation="MONOCHROME1"), []),
        (lambda: enhanced_ct(NumberOfFrames=99999), ["unsupported_pixels"]),
    ],
)
def test_every_rule_has_its_reason(datasets, expected):
    assert judged(datasets()) == expected


def test_an_unknown_transfer_syntax_is_unsupported():
    slices = ct.head_ct()
    for ds in slices[:7]:  # fewer are left out, with a caution
        ds.file_meta.TransferSyntaxUID = MPEG2MPML
    assert judged(slices) == ["unsupported_pixels"]


def test_mixed_patients():
    slices = ct.head_ct()
    slices[5].PatientID = "SOMEONE ELSE"
    assert judged(slices) == ["mixed_patient"]


def test_priors_and_children():
    assert judged(ct.head_ct(StudyDate="20230101"), prior_study_days=30) == ["prior_study"]
    assert judged(ct.head_ct(StudyDate="20230101")) == []
    assert judged(ct.head_ct(PatientAge="010Y"), minimum_age_years=18) == ["pediatric"]


def test_a_site_may_accept_contrast():
    assert judged(ct.head_ct(ContrastBolusAgent="IOPAMIDOL"), accept_contrast=True) == []


def test_a_hidden_screen_shot_does_not_spoil_a_series():
    slices = ct.head_ct()
    assert judged(slices + ct.head_ct(slices=1, seed=4, ImageType=["DERIVED", "SECONDARY"], PatientID="TEST0")) == []
    assert judged(slices + ct_objects.secondary_capture()) == []


def test_thickness_is_measured_where_it_is_missing():
    assert judged(ct.head_ct(slices=12, thickness_mm=12.0, SliceThickness=None)) == ["slice_thickness"]


def test_lossy_compression_does_not_make_a_series_derived():
    assert judged(ct.head_ct(ImageType=["DERIVED", "PRIMARY", "AXIAL"], LossyImageCompression="01")) == []


def test_messages_say_what_was_measured():
    from ct_series import TODAY

    from triage_node.imaging import Policy, suitability_reasons

    (reason, _) = suitability_reasons(in_memory(ct.head_ct(slices=3)), Policy(), TODAY)
    assert reason.message == "The series has fewer than 10 slices. Counted: 3."
