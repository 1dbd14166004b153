import ct
import ct_objects
import pytest
from ct_series import TODAY, in_memory

from triage_node.imaging import Policy, SeriesSelection, select_series


def chosen(*series) -> SeriesSelection:
    return select_series([in_memory(datasets) for datasets in series], Policy(), TODAY)


def test_the_head_is_found_among_what_a_pacs_sends():
    head = ct.head_ct()
    selection = chosen(
        ct_objects.localizer(),
        ct_objects.chest_ct(),
        head,
        ct_objects.secondary_capture(),
        ct_objects.structured_report(),
    )
    assert selection.chosen.series_instance_uid == head[0].SeriesInstanceUID
    assert selection.reasons == ()
    assert [[reason.code.value for reason in reasons] for _, reasons in selection.assessments] == [
        ["localizer"],
        ["not_head"],
        [],
        ["not_ct"],
        ["not_ct"],
    ]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"ConvolutionKernel": "STANDARD"}, {"ConvolutionKernel": "BONEPLUS"}),
        ({"ConvolutionKernel": "H31s"}, {"ConvolutionKernel": "H60f"}),
        ({"ConvolutionKernel": "Hr40f"}, {"ConvolutionKernel": "Hr68h"}),
        ({"ConvolutionKernel": ["Hr40f", "2"]}, {"ConvolutionKernel": None, "SeriesDescription": "x"}),
        ({"ConvolutionKernel": "FC21"}, {"ConvolutionKernel": "FC81"}),
        ({"ConvolutionKernel": "UB"}, {"ConvolutionKernel": "YC"}),
        (
            {"ConvolutionKernel": None, "SeriesDescription": "HEAD 5mm"},
            {"ConvolutionKernel": None, "SeriesDescription": "BONE"},
        ),
        ({"thickness_mm": 5.0}, {"thickness_mm": 1.0, "slices": 160, "size": (16, 16)}),
        ({"thickness_mm": 5.0}, {"thickness_mm": 8.0, "slices": 20}),
        ({"slices": 32}, {"slices": 24}),
        ({"SeriesNumber": 2}, {"SeriesNumber": 3}),
    ],
)
def test_preference(better, worse):
    one, other = ct.head_ct(**better), ct.head_ct(**({"SeriesNumber": 4} | worse))
    for order in ((one, other), (other, one)):
        assert chosen(*order).chosen.series_instance_uid == one[0].SeriesInstanceUID


def test_nothing_suitable_says_why_the_nearest_is_not():
    selection = chosen(ct_objects.mr_head(), ct.head_ct(slices=12), ct_objects.localizer())
    assert selection.chosen is None
    assert [reason.code.value for reason in selection.reasons] == ["short_coverage"]


def test_no_series_is_no_images():
    assert [reason.code.value for reason in chosen().reasons] == ["no_images"]


def test_a_study_of_two_patients_has_no_suitable_series():
    selection = chosen(ct.head_ct(), ct_objects.localizer(PatientID="SOMEONE ELSE"))
    assert selection.chosen is None
    assert all("mixed_patient" in [reason.code.value for reason in reasons] for _, reasons in selection.assessments)
