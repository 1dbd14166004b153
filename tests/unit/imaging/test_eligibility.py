import ct
import ct_objects
import pytest
from ct_enhanced import enhanced_ct
from pydicom import Dataset

from triage_node.imaging import looks_like_head_ct


def test_head_slices_are_eligible():
    assert all(map(looks_like_head_ct, ct.head_ct(slices=2)))
    assert looks_like_head_ct(enhanced_ct(slices=2)[0])


def test_what_is_not_known_is_not_refused():
    assert looks_like_head_ct(Dataset())
    bare = ct.head_ct(slices=1, ImageType=None, BodyPartExamined=None, SeriesDescription=None, StudyDescription=None)[0]
    assert looks_like_head_ct(bare)


@pytest.mark.parametrize(
    "build",
    [
        ct_objects.mr_head,
        ct_objects.chest_ct,
        ct_objects.localizer,
        ct_objects.secondary_capture,
        ct_objects.radiograph,
        ct_objects.structured_report,
        lambda: ct_objects.key_object(ct.head_ct(slices=1)[0]),
    ],
)
def test_what_a_pacs_sends_along_is_not_eligible(build):
    assert not any(map(looks_like_head_ct, build()))


@pytest.mark.parametrize(
    ("image_type", "lossy", "eligible"),
    [
        (["ORIGINAL", "PRIMARY", "AXIAL"], "00", True),
        (["DERIVED", "PRIMARY", "AXIAL"], "00", False),
        (["DERIVED", "PRIMARY", "AXIAL"], "01", True),
        (["DERIVED", "PRIMARY", "MPR"], "01", False),
        (["ORIGINAL", "SECONDARY", "AXIAL"], "00", False),
        (["original", "primary", "localizer"], "00", False),
    ],
)
def test_image_type(image_type, lossy, eligible):
    slices = ct.head_ct(slices=1)
    slices[0]._dict.pop(slices[0].data_element("ImageType").tag)
    slices[0].add_new("ImageType", "LO", image_type)
    slices[0].LossyImageCompression = lossy
    assert looks_like_head_ct(slices[0]) is eligible
