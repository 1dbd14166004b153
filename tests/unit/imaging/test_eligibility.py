import ct
import ct_compressed
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


LOSSLESS = "Lossless JPEG compression, selection value 1, point transform 0, compression ratio 2.43"


@pytest.mark.parametrize("compress", [ct_compressed.jpeg_ls, ct_compressed.jpeg_2000, ct_compressed.rle])
@pytest.mark.parametrize("lossy", ["00", None])
def test_what_was_compressed_without_loss_is_as_acquired_though_marked_derived(compress, lossy):
    (ds,) = ct.head_ct(slices=1, ImageType=["DERIVED", "PRIMARY", "AXIAL"], LossyImageCompression=lossy)
    assert not looks_like_head_ct(ds)
    assert looks_like_head_ct(compress(ds))


@pytest.mark.parametrize("description", [LOSSLESS, "lossless recompression", "Verlustfrei komprimiert", "JPEG 2000"])
def test_a_derivation_that_names_compression_only_is_none(description):
    image_type = ["DERIVED", "PRIMARY", "AXIAL", "CT_SOM5 SPI"]
    assert looks_like_head_ct(ct.head_ct(slices=1, ImageType=image_type, DerivationDescription=description)[0])


@pytest.mark.parametrize(
    "elements",
    [
        {"ImageType": ["DERIVED", "SECONDARY", "AXIAL"]},
        {"ImageType": ["DERIVED", "PRIMARY", "MPR"]},
        {"ImageType": ["DERIVED", "PRIMARY", "AXIAL", "MIP"]},
        {"ImageType": ["DERIVED", "PRIMARY", "AXIAL", "CT_SOM5 DUAL", "STD", "DE_MIXED"]},
        {"ImageType": ["DERIVED", "PRIMARY", "REFORMATTED", "AVERAGE"]},
        {"ImageType": ["DERIVED", "PRIMARY", "AXIAL"], "DerivationDescription": "Subtraction, JPEG lossless"},
        {"ImageType": ["DERIVED", "PRIMARY", "AXIAL"], "DerivationDescription": "mean of 3 slices"},
        {
            "ImageType": ["DERIVED", "PRIMARY", "AXIAL"],
            "codes": [("113072", "Multiplanar reformatting")],
        },
        {
            "ImageType": ["DERIVED", "PRIMARY", "AXIAL"],
            "codes": [("113062", "Pixel by pixel subtraction")],
        },
    ],
)
def test_what_was_made_from_other_images_stays_derived_when_compressed(elements):
    elements = dict(elements)
    codes = elements.pop("codes", [])
    (ds,) = ct.head_ct(slices=1, LossyImageCompression="00", **elements)
    ds.DerivationCodeSequence = [Dataset() for _ in codes]
    for item, (value, meaning) in zip(ds.DerivationCodeSequence, codes, strict=True):
        item.CodeValue, item.CodeMeaning = value, meaning
    assert not looks_like_head_ct(ct_compressed.jpeg_ls(ds))
