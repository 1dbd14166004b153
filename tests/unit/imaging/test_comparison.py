"""The same image is the same, whoever sends it and however it is encoded; another one is another one."""

import copy
import io
import resource

import numpy as np
import pytest
from ct import head_ct
from ct_compressed import dcmtk, jpeg_2000, jpeg_ls, rle
from ct_enhanced import enhanced_ct
from pydicom import Dataset, dcmread
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag
from pydicom.uid import (
    JPEG2000,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from triage_node.imaging.comparison.data_set_parts import read_parts
from triage_node.imaging.comparison.difference import Difference, difference

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")

SYNTAXES = {
    "implicit": ImplicitVRLittleEndian,
    "explicit": ExplicitVRLittleEndian,
    "big endian": ExplicitVRBigEndian,
    "deflated": DeflatedExplicitVRLittleEndian,
}


def image(**overrides) -> Dataset:
    """A slice with what makes encodings differ: items within items, private elements, umlauts, words of any length."""
    [ds] = head_ct(slices=1, size=(40, 37), PatientName="Müller^Jörg", StudyDescription="Schädel nativ", **overrides)
    ds.SpecificCharacterSet = "ISO_IR 100"
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "1", "99X", "Schädel"
    ds.ProcedureCodeSequence = [code]
    outer, inner = Dataset(), Dataset()
    inner.CodeValue, inner.CodeMeaning = "2", "innen"
    outer.ScheduledProcedureStepID, outer.ScheduledProtocolCodeSequence = "S1", [inner]
    ds.RequestAttributesSequence = [outer]
    ds.SmallestImagePixelValue = 0
    ds["SmallestImagePixelValue"].VR = "US"
    ds.FrameIncrementPointer = Tag("FrameTime")
    ds.add_new("DiffusionBValue", "FD", 1.5)
    block = ds.private_block(0x0009, "TEST", create=True)
    block.add_new(1, "LO", "odd")
    block.add_new(2, "FD", [1.25, -3.5])
    block.add_new(3, "US", [1, 2, 3])
    nested = Dataset()
    nested.PatientID = "inside"
    block.add_new(4, "SQ", [nested])
    return ds


def written(ds, path, syntax=None, **more):
    """Write a data set under a transfer syntax with pydicom."""
    ds = copy.deepcopy(ds)
    if syntax is not None:
        ds.file_meta.TransferSyntaxUID = syntax
        if syntax == ExplicitVRBigEndian:
            ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
    ds.save_as(path, enforce_file_format=True, **more)
    return path


def compressed(encode, ds):
    """Compress a copy; pydicom gives what it compresses a UID of its own."""
    made = encode(copy.deepcopy(ds))
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return made


def judged(one, other):
    """Compare both ways."""
    found = difference(one, other)
    assert difference(other, one) is found
    return found


@pytest.fixture
def plain(tmp_path):
    return written(image(), tmp_path / "plain.dcm")


@pytest.mark.parametrize("name", SYNTAXES)
def test_the_same_under_every_native_transfer_syntax(plain, tmp_path, name):
    assert judged(plain, written(image(), tmp_path / "other.dcm", SYNTAXES[name])) is Difference.NONE


@pytest.mark.parametrize("encode", [rle, jpeg_ls, jpeg_2000], ids=lambda encode: encode.__name__)
@pytest.mark.parametrize("name", SYNTAXES)
def test_the_same_without_loss_compressed(tmp_path, encode, name):
    plain = written(image(), tmp_path / "plain.dcm", SYNTAXES[name])
    encoded = written(compressed(encode, image()), tmp_path / "encoded.dcm")
    assert judged(plain, encoded) is Difference.NONE


def test_the_same_compressed_in_two_ways(tmp_path):
    one = written(compressed(jpeg_ls, image()), tmp_path / "one.dcm")
    other = written(compressed(jpeg_2000, image()), tmp_path / "other.dcm")
    assert judged(one, other) is Difference.NONE


def test_the_same_fragmented_otherwise(tmp_path):
    from pydicom.encaps import encapsulate, generate_frames

    ds = compressed(jpeg_ls, image())
    one = written(ds, tmp_path / "one.dcm")
    [frame] = generate_frames(ds.PixelData, number_of_frames=1)
    ds.PixelData = encapsulate([frame], fragments_per_frame=3, has_bot=False)
    other = written(ds, tmp_path / "other.dcm")
    assert one.read_bytes() != other.read_bytes()
    assert judged(one, other) is Difference.NONE


@pytest.mark.parametrize(
    "options",
    [
        ["+g"], ["-g"], ["+e"], ["-e"], ["+ti"], ["+te"], ["+tb"], ["+td"], ["+p", "64", "32"], ["+u"], ["-u"],
        ["+ti", "+g", "-e"], ["+tb", "-e", "+g"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_the_same_as_dcmtk_writes_it(plain, tmp_path, options):
    other = dcmtk("dcmconv", plain, tmp_path / "other.dcm", *options)
    assert judged(plain, other) is Difference.NONE


@pytest.mark.parametrize(
    ("tool", "options"),
    [("dcmcjpeg", []), ("dcmcjpeg", ["+e1"]), ("dcmcjpls", []), ("dcmcrle", [])],
    ids=["JPEG SV1", "JPEG lossless", "JPEG-LS", "RLE"],
)
@pytest.mark.parametrize("signed", [False, True])
def test_the_same_as_dcmtk_compresses_it(tmp_path, tool, options, signed):
    ds = image()
    if signed:
        stored = np.frombuffer(ds.PixelData, "<u2").astype(np.int32) - 1024
        ds.PixelData, ds.PixelRepresentation = stored.astype("<i2").tobytes(), 1
        ds["SmallestImagePixelValue"].VR = "SS"
    plain = written(ds, tmp_path / "plain.dcm")
    other = dcmtk(tool, plain, tmp_path / "other.dcm", *options)
    assert judged(plain, other) is Difference.NONE


def test_who_sent_it_is_no_difference(plain, tmp_path):
    ds = image()
    ds.file_meta.SourceApplicationEntityTitle, ds.file_meta.ImplementationClassUID = "PACS", "1.2.3"
    ds.file_meta.PrivateInformationCreatorUID, ds.file_meta.PrivateInformation = "1.2.4", b"ab"
    assert judged(plain, written(ds, tmp_path / "other.dcm")) is Difference.NONE


def as_unknown(ds, tag, value):
    """Have an element whose VR the writer did not know (PS3.5 Section 6.2.2)."""
    ds[tag] = RawDataElement(tag, "UN", len(value), value, 0, False, True)


def with_other_numbers(ds, **values):
    """Write numbers in other words; pydicom would write them its own way."""
    for keyword, value in values.items():
        tag = Tag(keyword)
        ds[tag] = RawDataElement(tag, ds[tag].VR, len(value), value, 0, False, True)


CHANGES_OF_ENCODING = {
    "numbers in other words": lambda ds: with_other_numbers(
        ds, RescaleIntercept=b"-1.0240E3 ", RescaleSlope=b"+1.000 ", InstanceNumber=b"001 ", SliceThickness=b"5.00"
    ),
    "trailing padding": lambda ds: ds.add_new("DataSetTrailingPadding", "OB", bytes(64)),
    "a group length": lambda ds: ds.add_new(0x00100000, "UL", 1234),
    "an element without a value": lambda ds: ds.add_new("PatientComments", "LT", ""),
    "items that are none": lambda ds: ds.add_new("ReferencedStudySequence", "SQ", []),
    "padded text": lambda ds: setattr(ds, "PatientID", f"{ds.PatientID}   "),
    "padded values": lambda ds: setattr(ds, "ImageType", ["ORIGINAL ", "PRIMARY", "AXIAL   "]),
    "one frame, said": lambda ds: setattr(ds, "NumberOfFrames", "1"),
    "without loss, said": lambda ds: setattr(ds, "LossyImageCompression", "00"),
    "another character set": lambda ds: setattr(ds, "SpecificCharacterSet", "ISO_IR 192"),
    "a text as unknown": lambda ds: as_unknown(ds, Tag("StudyID"), b"S0"),
    "words as unknown": lambda ds: as_unknown(ds, Tag("Rows"), b"\x28\x00"),
    "a private text as unknown": lambda ds: as_unknown(ds, Tag(0x0009, 0x1001), b"odd "),
}


@pytest.mark.parametrize("name", SYNTAXES)
@pytest.mark.parametrize("change", CHANGES_OF_ENCODING)
def test_another_encoding_is_no_difference(plain, tmp_path, change, name):
    ds = image()
    CHANGES_OF_ENCODING[change](ds)
    assert judged(plain, written(ds, tmp_path / "other.dcm", SYNTAXES[name])) is Difference.NONE


CHANGES_OF_CONTENT = {
    "a patient's ID": lambda ds: setattr(ds, "PatientID", "OTHER"),
    "a name": lambda ds: setattr(ds, "PatientName", "Müller^Jorg"),
    "an element more": lambda ds: setattr(ds, "PatientComments", "seen"),
    "an element less": lambda ds: delattr(ds, "SliceThickness"),
    "a word": lambda ds: setattr(ds, "SmallestImagePixelValue", 32),
    "a number": lambda ds: setattr(ds, "DiffusionBValue", 2.5),
    "an item": lambda ds: setattr(ds.ProcedureCodeSequence[0], "CodeMeaning", "Schadel"),
    "an item within an item": lambda ds: setattr(
        ds.RequestAttributesSequence[0].ScheduledProtocolCodeSequence[0], "CodeValue", "3"
    ),
    "an item more": lambda ds: ds.ProcedureCodeSequence.append(Dataset()),
    "a private text": lambda ds: setattr(ds[0x0009, 0x1001], "value", "even"),
    "a private number": lambda ds: setattr(ds[0x0009, 0x1002], "value", [1.25, -3.25]),
    "a private item": lambda ds: setattr(ds[0x0009, 0x1004].value[0], "PatientID", "outside"),
    "the last digit": lambda ds: with_other_numbers(ds, RescaleSlope=b"1.0000000000001 "),
    "a number that is none": lambda ds: with_other_numbers(ds, RescaleIntercept=b"-1_024"),
    "the rescaling": lambda ds: setattr(ds, "RescaleIntercept", -1000),
    "lossy, said": lambda ds: setattr(ds, "LossyImageCompression", "01"),
    "behind the pixels": lambda ds: ds.private_block(0x7FE3, "TEST", create=True).add_new(1, "LO", "more"),
}


@pytest.mark.parametrize("name", SYNTAXES)
@pytest.mark.parametrize("change", CHANGES_OF_CONTENT)
def test_other_content_under_the_same_pixels_is_a_difference_of_the_header(plain, tmp_path, change, name):
    ds = image()
    CHANGES_OF_CONTENT[change](ds)
    assert judged(plain, written(ds, tmp_path / "other.dcm", SYNTAXES[name])) is Difference.HEADER


@pytest.mark.parametrize("change", ["a patient's ID", "an item", "behind the pixels"])
@pytest.mark.parametrize("encode", [rle, jpeg_ls, jpeg_2000], ids=lambda encode: encode.__name__)
def test_other_content_under_compressed_pixels(plain, tmp_path, change, encode):
    ds = compressed(encode, image())
    CHANGES_OF_CONTENT[change](ds)
    assert judged(plain, written(ds, tmp_path / "other.dcm")) is Difference.HEADER


@pytest.mark.parametrize("encode", [None, rle, jpeg_ls, jpeg_2000], ids=["native", "RLE", "JPEG-LS", "JPEG 2000"])
def test_one_pixel_that_differs_by_one_is_another_image(plain, tmp_path, encode):
    ds = image()
    pixels = bytearray(ds.PixelData)
    pixels[-3] ^= 1
    ds.PixelData = bytes(pixels)
    ds = compressed(encode, ds) if encode else ds
    assert judged(plain, written(ds, tmp_path / "other.dcm")) is Difference.PIXELS


@pytest.mark.parametrize(
    ("tool", "options"),
    [("dcmcjpeg", ["+ee", "+q", "70", "+un", "+cy"]), ("dcmcjpls", ["+en", "+md", "4", "+un"])],
    ids=["JPEG extended", "JPEG-LS near-lossless"],
)
def test_what_was_compressed_with_loss_is_another_image(tmp_path, tool, options):
    ds = image()
    noise = np.random.default_rng(1).integers(0, 4096, (40, 37))
    ds.PixelData, ds.BitsStored, ds.HighBit = noise.astype("<u2").tobytes(), 12, 11
    plain = written(ds, tmp_path / "plain.dcm")
    other = dcmtk(tool, plain, tmp_path / "other.dcm", *options)
    assert dcmread(other).SOPInstanceUID == ds.SOPInstanceUID
    assert judged(plain, other) is Difference.PIXELS


def test_jpeg_2000_with_loss_is_another_image(tmp_path):
    from openjpeg.utils import encode_array
    from pydicom.encaps import encapsulate

    ds = image()
    noise = np.random.default_rng(1).integers(0, 4096, (64, 64)).astype("<u2")
    ds.Rows = ds.Columns = 64
    ds.PixelData, ds.BitsStored, ds.HighBit = noise.tobytes(), 12, 11
    plain = written(ds, tmp_path / "plain.dcm")
    ds.PixelData = encapsulate([bytes(encode_array(noise, bits_stored=12, compression_ratios=[20], use_mct=False))])
    ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
    ds.file_meta.TransferSyntaxUID = JPEG2000
    assert judged(plain, written(ds, tmp_path / "other.dcm")) is Difference.PIXELS


def test_bits_that_are_not_stored_are_not_lost(tmp_path):
    ds = image()
    ds.BitsStored, ds.HighBit = 12, 11
    plain = written(compressed(rle, ds), tmp_path / "plain.dcm")
    overlay = np.frombuffer(ds.PixelData, "<u2").copy()
    overlay[5] |= 0x1000
    ds.PixelData = overlay.tobytes()
    assert judged(plain, written(ds, tmp_path / "other.dcm")) is Difference.PIXELS


@pytest.mark.parametrize("frames", ["the same", "one that differs", "one less"])
def test_many_frames(tmp_path, frames):
    [ds] = enhanced_ct(slices=6, size=(16, 16))
    plain = written(ds, tmp_path / "plain.dcm")
    if frames == "one that differs":
        pixels = bytearray(ds.PixelData)
        pixels[-1] ^= 1
        ds.PixelData = bytes(pixels)
    elif frames == "one less":
        ds.PixelData, ds.NumberOfFrames = ds.PixelData[: -16 * 16 * 2], 5
    expected = Difference.NONE if frames == "the same" else Difference.PIXELS
    for number, encode in enumerate((rle, jpeg_ls)):
        other = written(compressed(encode, ds), tmp_path / f"{number}.dcm")
        assert judged(plain, other) is expected


def test_objects_without_pixels(tmp_path):
    ds = image()
    del ds.PixelData
    plain = written(ds, tmp_path / "plain.dcm")
    assert judged(plain, written(ds, tmp_path / "same.dcm", ImplicitVRLittleEndian)) is Difference.NONE
    assert judged(plain, written(image(), tmp_path / "image.dcm")) is Difference.PIXELS


def test_a_damaged_file_is_another_image_and_raises_nothing(plain, tmp_path, seed):
    content, rng = plain.read_bytes(), np.random.default_rng(seed)
    other = tmp_path / "other.dcm"
    for _ in range(150):
        changed = bytearray(content)
        for at in rng.integers(132, len(content), 3):
            changed[at] ^= 1 << int(rng.integers(8))
        other.write_bytes(bytes(changed[: int(rng.integers(140, len(content)))]) if rng.integers(2) else bytes(changed))
        if difference(plain, other) is Difference.NONE:
            assert _meaning(content) == _meaning(bytes(changed)), "only what says nothing may differ"


def test_a_vr_that_is_none_makes_another_image(plain, tmp_path):
    content = plain.read_bytes()
    at = content.index(b"\x08\0\x50\0SH") + 4
    other = tmp_path / "other.dcm"
    other.write_bytes(content[:at] + b"SI" + content[at + 2 :])
    assert judged(plain, other) is Difference.PIXELS


def _meaning(content: bytes) -> list[str]:
    """Return what a data set says, numbers as numbers; the file meta information only says how to read it."""
    said = []
    for element in dcmread(io.BytesIO(content)).iterall():
        value = "" if element.VR == "SQ" else element.value
        if element.VR in ("DS", "IS") and not element.is_empty:
            value = [float(number) for number in (value if element.VM > 1 else [value])]
        said.append(f"{element.tag} {element.VR} {value!s}".replace(" ", "").replace("'", ""))
    return said


def test_memory_is_bounded_for_many_frames(tmp_path):
    import tracemalloc

    ds = image()
    frame = np.frombuffer(ds.PixelData, "<u2")
    ds.PixelData, ds.NumberOfFrames = np.tile(frame, 12_000).tobytes(), 12_000
    plain = written(ds, tmp_path / "plain.dcm")
    other = written(ds, tmp_path / "other.dcm", ExplicitVRBigEndian)
    del ds
    tracemalloc.start()
    assert difference(plain, other) is Difference.NONE
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert plain.stat().st_size > 23 << 20
    assert peak < 8 << 20


def test_the_parts_of_a_file(plain):
    parts = read_parts(plain)
    assert parts.pixels.end - parts.pixels.start == 40 * 37 * 2
    assert parts.before.PatientID == "TEST0"
    assert len(parts.behind) == 0


def test_without_a_descriptor_nothing_is_said_of_two_images(plain, tmp_path):
    other = written(image(), tmp_path / "other.dcm", ImplicitVRLittleEndian)
    limit, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            difference(plain, other)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    assert difference(plain, other) is Difference.NONE


def test_a_sequence_that_pydicom_cannot_read_makes_another_image(plain, tmp_path):
    content = plain.read_bytes()
    at = content.index(b"\x10\x00\x10\x00PN")  # Patient's Name becomes a sequence whose item has no end
    damaged = content[:at] + b"\x10\x00\x10\x00SQ\0\0\x06\0\0\0" + b"\xfe\xff\x00\xe0\xff\xff"
    path = tmp_path / "damaged.dcm"
    path.write_bytes(damaged)
    with pytest.raises(OSError, match="No tag to read") as caught:
        [element.value for element in read_parts(path).before]
    assert caught.value.errno is None, "it is not the system's"
    assert difference(plain, path) is Difference.PIXELS
