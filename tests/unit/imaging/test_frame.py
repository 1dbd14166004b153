import ct
import pytest
from ct_enhanced import enhanced_ct
from ct_series import in_memory

from triage_node.errors import UnsuitableSeries
from triage_node.imaging.frame import Frame, frames_of


def frames(datasets) -> tuple[Frame, ...]:
    return tuple(frame for instance in in_memory(datasets).instances for frame in frames_of(instance))


def test_a_single_frame_instance_is_one_slice():
    (frame,) = frames(ct.head_ct(slices=1))
    assert frame.number is None
    assert frame.position_mm == pytest.approx((-119.0625, -119.0625, 0))
    assert frame.spacing_mm == (1.875, 1.875)
    assert (frame.thickness_mm, frame.rescale, frame.shape) == (5.0, (1.0, -1024.0), (128, 128))


def test_an_enhanced_instance_has_its_slices_in_functional_groups():
    found = frames(enhanced_ct(slices=4))
    assert [frame.number for frame in found] == [1, 2, 3, 4]
    assert [frame.position_mm[2] for frame in found] == [0, 5, 10, 15]
    assert found[0].orientation == (1, 0, 0, 0, 1, 0)
    assert found[0].image_type == ("ORIGINAL", "PRIMARY", "VOLUME", "NONE")
    assert (found[0].rescale, found[0].kernel) == ((1.0, -1024.0), "STANDARD")


def test_rescale_may_be_shared():
    ds = enhanced_ct(slices=2)[0]
    for groups in ds.PerFrameFunctionalGroupsSequence:
        ds.SharedFunctionalGroupsSequence[0].PixelValueTransformationSequence = groups.PixelValueTransformationSequence
        del groups.PixelValueTransformationSequence
    assert [frame.rescale for frame in frames([ds])] == [(1.0, -1024.0)] * 2


@pytest.mark.parametrize("count", [2**31 - 1, 5, 0, -3])
def test_an_absurd_number_of_frames_is_refused(count):
    with pytest.raises(UnsuitableSeries) as refusal:
        frames(enhanced_ct(slices=2, NumberOfFrames=count))
    assert refusal.value.reasons[0].code == "unsupported_pixels"


def test_a_document_has_no_slices():
    assert frames(ct.head_ct(slices=1, Rows=None)) == ()


def test_spacing_comes_from_the_field_of_view_where_it_is_missing():
    (frame,) = frames(ct.head_ct(slices=1, PixelSpacing=None, ReconstructionDiameter=240))
    assert frame.spacing_mm == (1.875, 1.875)


@pytest.mark.parametrize(
    ("overrides", "rescale"),
    [
        ({"RescaleSlope": None}, None),
        ({"RescaleIntercept": None}, None),
        ({"RescaleSlope": 0}, None),
        ({"RescaleSlope": "1e8"}, None),
        ({"RescaleType": "OD"}, None),
        ({"RescaleType": "US"}, (1.0, -1024.0)),
        ({"RescaleType": None}, (1.0, -1024.0)),
    ],
)
def test_rescale(overrides, rescale):
    assert frames(ct.head_ct(slices=1, **overrides))[0].rescale == rescale


@pytest.mark.parametrize("spacing", [[0, 0], [-1, 1], [1e9, 1], [0.5]])
def test_absurd_spacing_is_missing(spacing):
    assert frames(ct.head_ct(slices=1, PixelSpacing=spacing))[0].spacing_mm is None
