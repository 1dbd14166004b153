import base64
import subprocess
import sys
from pathlib import Path

import ct
import ct_compressed
import jpeg_ls
import numpy as np
import openjpeg.utils as openjpeg
import pydicom.data
import pytest
from ct_enhanced import enhanced_ct
from ct_series import in_memory, on_disk
from pydicom import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    HTJ2K,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEGExtended12Bit,
)

from triage_node.errors import UnsuitableSeries
from triage_node.imaging import Instance, Series
from triage_node.imaging.frame import frames_of
from triage_node.imaging.pixel_data.pixels import stored_values
from triage_node.imaging.rescale import hounsfield

DCMTK = {
    "JPEG lossless .70": ("dcmcjpeg", "+e1"),
    "JPEG lossless .57": ("dcmcjpeg", "+el"),
    "JPEG-LS lossless": ("dcmcjpls",),
    "RLE": ("dcmcrle",),
    "deflated": ("dcmconv", "+td"),
    "big endian": ("dcmconv", "+tb"),
    "implicit": ("dcmconv", "+ti"),
}

DECODE = """
import sys
from pathlib import Path
from triage_node.imaging import Instance
from triage_node.imaging.pixel_data.pixels import stored_values
list(stored_values(Instance.read(Path(sys.argv[1])), [1]))
"""

# (row * 200 + column * 7) of 16 x 16 pixels and 12 bits, written by OpenJPH 0.26.3: no encoder is among our packages.
HIGH_THROUGHPUT = (
    "/0//UQApQAAAAAAQAAAAEAAAAAAAAAAAAAAAEAAAABAAAAAAAAAAAAABDwEB/1AACAACAAAACv9SAAwAAgABAAUEBEAB/1wAEyCIkJCQkJCQkJCQkJCQ"
    "iIiI/2QAFwABT3BlbkpQSCBWZXIgMC4yNi4zLv+QAAoAAAAAAHoAAf+TwAAmm/gFB3QAAMAAEsAAEwD+AId0AEb+Awd0AMAAEsAAE4DeAAJ0ACAH+QCj"
    "VADAABPAABVg7u6gp8J1AIILFiz4wEIB7LYAwAAq4AAWkCRJkufAp6enQngAjh0dHR0dHR39jGB79jGB7LoA/9k="
)


def noisy(bits: int, signed: bool) -> Dataset:
    """One slice whose pixels use the whole range of their bits."""
    ds = ct.head_ct(slices=1, size=(40, 56), BitsStored=bits, HighBit=bits - 1, PixelRepresentation=int(signed))[0]
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1)) if signed else (0, 2**bits)
    values = np.random.default_rng(bits).integers(low, high, (40, 56))
    values[:8], values[8:20] = low, high - 1
    ds.PixelData = values.astype("<i2" if signed else "<u2").tobytes()
    return ds


def written(ds: Dataset) -> np.ndarray:
    return np.frombuffer(ds.PixelData, "<i2" if ds.PixelRepresentation else "<u2").reshape(ds.Rows, ds.Columns)


def decoded(instance: Instance) -> np.ndarray:
    (values,) = stored_values(instance, [1])
    return values


def refusal(series) -> tuple[str, str]:
    with pytest.raises(UnsuitableSeries) as error:
        list(stored_values(series.instances[0], [1]))
    (reason,) = error.value.reasons
    return reason.code.value, reason.message


@pytest.mark.parametrize(("bits", "signed"), [(16, True), (16, False), (12, False), (12, True), (13, True)])
@pytest.mark.parametrize("syntax", DCMTK)
def test_dcmtk_encoders_are_decoded_bit_for_bit(tmp_path, syntax, bits, signed):
    ds = noisy(bits, signed)
    (source,) = ct.save([ds], tmp_path / "raw")
    target = ct_compressed.dcmtk(DCMTK[syntax][0], source, tmp_path / "encoded.dcm", *DCMTK[syntax][1:])
    np.testing.assert_array_equal(decoded(Instance.read(target)), written(ds))


@pytest.mark.parametrize(("bits", "signed"), [(16, True), (16, False), (12, False), (12, True), (13, True)])
@pytest.mark.parametrize("encoder", [ct_compressed.jpeg_2000, ct_compressed.rle, ct_compressed.jpeg_ls])
def test_other_encoders_are_decoded_bit_for_bit(tmp_path, encoder, bits, signed):
    ds = noisy(bits, signed)
    expected = written(ds)
    np.testing.assert_array_equal(decoded(on_disk([encoder(ds)], tmp_path).instances[0]), expected)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_native_syntaxes_without_dcmtk(tmp_path, syntax):
    ds = noisy(16, True)
    expected = written(ds)
    ds.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        ds.PixelData = expected.astype(">i2").tobytes()
        ds["PixelData"].VR = "OW"
    np.testing.assert_array_equal(decoded(on_disk([ds], tmp_path).instances[0]), expected)


def test_lossy_12_bit_jpeg_comes_close(tmp_path):
    ds = ct.head_ct(slices=1, BitsStored=12, HighBit=11)[0]
    (source,) = ct.save([ds], tmp_path / "raw")
    target = ct_compressed.dcmtk("dcmcjpeg", source, tmp_path / "lossy.dcm", "+ee", "+un")
    instance = Instance.read(target)
    assert instance.transfer_syntax_uid == JPEGExtended12Bit
    (frame,) = frames_of(instance)
    lossy = hounsfield(decoded(instance), instance.header, frame.rescale)
    assert np.abs(lossy - ct.stored([ds])[0]).mean() < 5


@pytest.mark.parametrize(
    "name",
    [
        "J2K_pixelrep_mismatch.dcm",
        "693_J2KI.dcm",
        "JPEG2000.dcm",
        "MR_small_jp2klossless.dcm",
        "MR_small_RLE.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
        "MR_small_bigendian.dcm",
        "CT_small.dcm",
    ],
)
def test_files_of_others_are_decoded_as_pydicom_decodes_them(name):
    path = pydicom.data.get_testdata_file(name, download=False)
    expected = pydicom.dcmread(path).pixel_array
    np.testing.assert_array_equal(decoded(Instance.read(Path(path))), expected)


@pytest.mark.parametrize("syntax", [HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K])
def test_high_throughput_jpeg_2000(tmp_path, syntax):
    ds = ct.head_ct(slices=1, size=(16, 16), BitsStored=12, HighBit=11)[0]
    ds.PixelData = encapsulate([base64.b64decode(HIGH_THROUGHPUT)])
    ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
    ds.file_meta.TransferSyntaxUID = syntax
    expected = np.arange(16)[:, None] * 200 + np.arange(16) * 7
    np.testing.assert_array_equal(decoded(on_disk([ds], tmp_path).instances[0]), expected)


def test_bits_beyond_the_stored_ones_may_hold_anything(tmp_path):
    ds = noisy(12, True)
    expected = written(ds)
    ds.PixelData = (expected.astype("<u2") & 0x0FFF | 0x5000).astype("<u2").tobytes()
    np.testing.assert_array_equal(decoded(on_disk([ds], tmp_path).instances[0]), expected)


def test_left_aligned_bits_are_shifted_down(tmp_path):
    ds = noisy(12, True)
    expected = written(ds)
    ds.PixelData, ds.HighBit = (expected.astype("<i2") << 4).tobytes(), 15
    np.testing.assert_array_equal(decoded(on_disk([ds], tmp_path).instances[0]), expected)


@pytest.mark.parametrize("encoder", [None, ct_compressed.jpeg_ls, ct_compressed.jpeg_2000, ct_compressed.rle])
def test_frames_of_an_enhanced_instance(tmp_path, encoder):
    (ds,) = enhanced_ct(slices=5)
    expected = np.frombuffer(ds.PixelData, "<u2").reshape(5, 64, 64)
    if encoder:
        encoder(ds)
    instance = on_disk([ds], tmp_path).instances[0]
    np.testing.assert_array_equal(list(stored_values(instance, [4, 1])), expected[[3, 0]])


def test_pixel_data_that_are_short_are_unreadable(tmp_path):
    ds = ct.head_ct(slices=1)[0]
    ds.PixelData = ds.PixelData[:-2]
    code, message = refusal(on_disk([ds], tmp_path))
    assert code == "unreadable"
    assert "32766 of 32768 bytes" in message


def test_missing_pixel_data_are_unreadable(tmp_path):
    assert refusal(on_disk(ct.head_ct(slices=1, PixelData=None), tmp_path))[0] == "unreadable"


def test_pixel_data_of_no_known_representation_are_unreadable(tmp_path):
    instance = on_disk(ct.head_ct(slices=1), tmp_path).instances[0]
    file = instance.path.read_bytes()
    assert file.count(b"\xe0\x7f\x10\0OW") == 1
    instance.path.write_bytes(file.replace(b"\xe0\x7f\x10\0OW", b"\xe0\x7f\x10\0O\xc8"))
    code, message = refusal(Series.of([instance]))
    assert (code, "has no pixel data" in message) == ("unreadable", True)


def test_a_file_that_is_gone_is_unreadable():
    assert refusal(in_memory(ct.head_ct(slices=1)))[0] == "unreadable"


@pytest.mark.parametrize("bits", [2, 5, 7, 8, 9])
def test_a_slice_that_needs_few_bits_may_be_compressed_with_few(tmp_path, bits):
    values = np.random.default_rng(bits).integers(0, 2**bits, (40, 56)).astype("u1" if bits <= 8 else "<u2")
    for encoded, syntax in (
        (
            jpeg_ls.encode_pixel_data(values.tobytes(), rows=40, columns=56, samples_per_pixel=1, bits_stored=bits),
            ".80",
        ),
        (openjpeg.encode_array(values, bits_stored=bits, codec_format=0, use_mct=False), ".90"),
    ):
        ds = ct.head_ct(slices=1, size=(40, 56))[0]
        ds.PixelData = encapsulate([bytes(encoded)])
        ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
        ds.file_meta.TransferSyntaxUID = f"1.2.840.10008.1.2.4{syntax}"
        np.testing.assert_array_equal(decoded(on_disk([ds], tmp_path / syntax).instances[0]), values)


@pytest.mark.parametrize("encoder", [ct_compressed.jpeg_ls, ct_compressed.jpeg_2000, ct_compressed.rle])
def test_a_damaged_frame_is_unreadable(tmp_path, encoder):
    ds = encoder(ct.head_ct(slices=1)[0])
    data = bytearray(ds.PixelData)
    del data[len(data) // 2 : -8]
    data[12:16] = (len(data) - 24).to_bytes(4, "little")
    ds.PixelData = bytes(data)
    assert refusal(on_disk([ds], tmp_path))[0] == "unreadable"


@pytest.mark.parametrize("encoder", [ct_compressed.jpeg_ls, ct_compressed.jpeg_2000])
def test_a_codestream_of_another_size_is_refused_before_it_is_decoded(tmp_path, encoder):
    ds = encoder(ct.head_ct(slices=1)[0])
    ds.Rows = 64
    code, message = refusal(on_disk([ds], tmp_path))
    assert (code, "128 x 128" in message) == ("unreadable", True)


@pytest.mark.parametrize("encoder", [ct_compressed.jpeg_ls, ct_compressed.jpeg_2000])
def test_a_codestream_without_its_end_is_unreadable_not_filled_up(tmp_path, encoder):
    ds = encoder(ct.head_ct(slices=1)[0])
    (frame,) = generate_frames(ds.PixelData, number_of_frames=1)
    ds.PixelData = encapsulate([frame[:-200]])
    assert "has no end" in refusal(on_disk([ds], tmp_path))[1]


@pytest.mark.parametrize(
    ("at", "byte"),
    [(11, 2), (24, 1), (33, 0x11)],
    ids=["a JFIF version of 2", "a precision of 1 bit", "a stray byte between segments"],
)
def test_what_makes_gdcm_end_the_process_never_reaches_it(tmp_path, at, byte):
    (source,) = ct.save(ct.head_ct(slices=1), tmp_path / "raw")
    target = ct_compressed.dcmtk("dcmcjpeg", source, tmp_path / "lossless.dcm", "+e1")
    data = bytearray(target.read_bytes())
    start = data.index(b"\xff\xd8\xff\xe0")
    assert data[start + 24] == 16
    data[start + at] = byte
    target.write_bytes(data)
    finished = subprocess.run([sys.executable, "-c", DECODE, target], capture_output=True, text=True)
    assert finished.returncode == (0 if at == 11 else 1)
    assert at == 11 or "UnsuitableSeries" in finished.stderr


def test_a_bomb_of_a_codestream_asks_for_no_memory(tmp_path):
    ds = ct_compressed.jpeg_2000(ct.head_ct(slices=1)[0])
    at = ds.PixelData.index(b"\xff\x4f\xff\x51") + 8
    ds.PixelData = ds.PixelData[:at] + b"\x7f\xff\xff\xff" * 2 + ds.PixelData[at + 8 :]
    code, message = refusal(on_disk([ds], tmp_path))
    assert (code, "2147483647" in message) == ("unreadable", True)
