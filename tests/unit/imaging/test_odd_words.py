"""Words whose bits beyond the stored ones are set: padding is air, overlays are nothing, negative stays negative."""

import ct
import ct_compressed
import numpy as np
import pytest
from ct_series import on_disk
from pydicom import Dataset

from triage_node.imaging.frame import frames_of
from triage_node.imaging.pixel_data.pixels import stored_values
from triage_node.imaging.rescale import hounsfield

AIR = -1024


def words(values: np.ndarray, bits: int, signed: bool, intercept: int, **elements: object) -> Dataset:
    """One slice whose pixels are these 16-bit words; `elements` are words of the header of either sign."""
    numbers = {
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": int(signed),
        "RescaleIntercept": intercept,
    }
    (ds,) = ct.head_ct(slices=1, size=values.shape, **numbers)
    ds.PixelData = (values.astype(np.int64) & 0xFFFF).astype("<u2").tobytes()
    for keyword, value in elements.items():
        ds.add_new(keyword, "US" if value > 0 else "SS", value)
    return ds


def hu_of(ds: Dataset, folder) -> np.ndarray:
    (instance,) = on_disk([ds], folder).instances
    (frame,), (values,) = frames_of(instance), stored_values(instance, [1])
    return hounsfield(values, instance.header, frame.rescale)


def head() -> tuple[np.ndarray, np.ndarray]:
    """HU of a slice, and where there is padding around it."""
    (ds,) = ct.head_ct(slices=1, size=(64, 64))
    rows, columns = np.mgrid[:64, :64] - 31.5
    return ct.stored([ds])[0].astype(int).clip(-1000, 2000), np.hypot(rows, columns) > 32


@pytest.mark.parametrize("tagged", [True, False])
@pytest.mark.parametrize("padding", [-2000, -3024, -1500, -4000])
@pytest.mark.parametrize(
    ("bits", "signed", "intercept"), [(12, False, AIR), (12, True, 0), (13, False, AIR), (16, True, 0)]
)
def test_padding_the_stored_bits_cannot_hold_is_air(tmp_path, padding, bits, signed, intercept, tagged):
    hu, outside = head()
    tags = {"PixelPaddingValue": padding} if tagged else {}
    got = hu_of(words(np.where(outside, padding, hu - intercept), bits, signed, intercept, **tags), tmp_path)
    np.testing.assert_array_equal(got, np.where(outside, AIR, hu))


@pytest.mark.parametrize("padding", [63536, -2000, 32768, -32768, 30000, -10000])
@pytest.mark.parametrize("limit", [0, 5])
def test_padding_named_by_the_header_is_air_whatever_bits_it_needs(tmp_path, padding, limit):
    hu, outside = head()
    tags = {"PixelPaddingValue": padding, **({"PixelPaddingRangeLimit": padding + limit} if limit else {})}
    got = hu_of(words(np.where(outside, padding + limit, hu + 1024), 12, False, AIR, **tags), tmp_path)
    np.testing.assert_array_equal(got, np.where(outside, AIR, hu))


@pytest.mark.parametrize("overlay", [0x1000, 0x8000, 0x5000, 0x7000, 0xE000])
@pytest.mark.parametrize(("signed", "intercept"), [(False, AIR), (True, 0)])
def test_overlays_in_the_bits_beyond_are_left_out(tmp_path, overlay, signed, intercept):
    hu, _ = head()
    plain = (hu - intercept) & 0xFFF
    drawn = np.where(np.indices(hu.shape)[0] % 3 == 0, plain | overlay, plain)
    np.testing.assert_array_equal(hu_of(words(drawn, 12, signed, intercept), tmp_path), hu)


@pytest.mark.parametrize("bits", [12, 13, 14, 15, 16])
@pytest.mark.parametrize("padding", [-1000, -2000, -3024])
def test_twos_complement_under_unsigned_is_negative(tmp_path, bits, padding):
    hu, outside = head()
    got = hu_of(words(np.where(outside, padding, hu), bits, False, 0), tmp_path)
    np.testing.assert_array_equal(got, np.where(outside, max(padding, AIR), hu))


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, -32768.0), (0.1, -1024.0)])
def test_unsigned_words_that_are_ct_numbers_stay_unsigned(slope, intercept):
    ds = Dataset()
    ds.BitsStored, ds.PixelRepresentation = 16, 0
    values = np.array([[32800, 40000]], np.uint16)
    expected = np.clip(values * slope + intercept, -1024, 3071)
    np.testing.assert_allclose(hounsfield(values, ds, (slope, intercept)), expected, atol=1e-2)


def test_a_compressed_slice_keeps_the_padding_its_words_hold(tmp_path):
    hu, outside = head()
    ds = words(np.where(outside, -3024, hu), 16, True, 0, PixelPaddingValue=-3024)
    ct_compressed.jpeg_2000(ds)
    ds.BitsStored, ds.HighBit = 12, 11
    np.testing.assert_array_equal(hu_of(ds, tmp_path), np.where(outside, AIR, hu))
