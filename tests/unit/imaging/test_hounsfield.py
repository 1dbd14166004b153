import numpy as np
import pytest
from pydicom import Dataset

from triage_node.imaging.rescale import hounsfield


def header(**elements: object) -> Dataset:
    ds = Dataset()
    ds.BitsStored, ds.PixelRepresentation = 16, 1
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


def test_slope_and_intercept():
    hu = hounsfield(np.array([[0, 10]], np.uint16), header(), (2.0, -100.0))
    assert hu.dtype == np.float32
    assert hu.tolist() == [[-100, -80]]


def test_a_fractional_slope_stays_fractional():
    assert hounsfield(np.array([[3]], np.int16), header(), (0.5, 0.0))[0, 0] == 1.5


def test_values_are_clipped():
    assert hounsfield(np.array([[-5000, 30000]], np.int16), header(), (1.0, 0.0)).tolist() == [[-1024, 3071]]


def test_the_received_values_are_left_alone():
    values = np.array([[5, 6]], np.int16)
    hounsfield(values, header(PixelPaddingValue=-2000), (1.0, -1024.0))
    assert values.tolist() == [[5, 6]]


@pytest.mark.parametrize("padding", [-2000, 63536])
def test_padding_becomes_air_whichever_sign_the_header_gives_it(padding):
    ds = header()
    ds.add_new("PixelPaddingValue", "US" if padding > 0 else "SS", padding)
    assert hounsfield(np.array([[-2000, 40]], np.int16), ds, (1.0, 1000.0)).tolist() == [[-1024, 1040]]


def test_a_padding_range_becomes_air():
    ds = header(PixelPaddingValue=-2000, PixelPaddingRangeLimit=-1500)
    assert hounsfield(np.array([[-1600, -1400]], np.int16), ds, (1.0, 1000.0)).tolist() == [[-1024, -400]]


@pytest.mark.parametrize(
    "elements", [{"PixelPaddingValue": 40}, {"PixelPaddingValue": -2000, "PixelPaddingRangeLimit": 100}]
)
def test_padding_that_could_be_tissue_is_not_believed(elements):
    assert hounsfield(np.array([[40]], np.int16), header(**elements), (1.0, 0.0))[0, 0] == 40


@pytest.mark.parametrize("padding", [1000, 3071, 30000])
def test_dense_padding_that_the_header_does_not_name_is_air(padding):
    values = np.full((20, 24), padding, np.int16)
    values[4:-4, 4:-4] = 40
    assert np.unique(hounsfield(values, header(), (1.0, 0.0))).tolist() == [-1024, 40]


@pytest.mark.parametrize("corner", [40, 900, -1000])
def test_bone_within_an_image_is_no_padding(corner):
    values = np.full((20, 24), 1500, np.int16)
    values[[0, -1]] = corner
    assert np.unique(hounsfield(values, header(), (1.0, 0.0))).tolist() == sorted([corner, 1500])


def test_the_12_bit_wrap_of_the_rsna_set():
    ds = header(BitsStored=12, PixelRepresentation=0)
    stored = np.array([[40, 4096 - 1000, 4095]], np.uint16)  # 40 HU, and -1000 and -1 HU modulo 4096
    assert hounsfield(stored, ds, (1.0, 0.0)).tolist() == [[40, -1000, -1]]


@pytest.mark.parametrize("elements", [{"BitsStored": 16}, {"PixelRepresentation": 1}])
def test_without_its_signs_nothing_is_unwrapped(elements):
    ds = header(**({"BitsStored": 12, "PixelRepresentation": 0} | elements))
    assert hounsfield(np.array([[3000]], np.int16), ds, (1.0, 0.0))[0, 0] == 3000
    assert (
        hounsfield(np.array([[3096]], np.uint16), header(BitsStored=12, PixelRepresentation=0), (1.0, -1024.0))[0, 0]
        == 2072
    )
