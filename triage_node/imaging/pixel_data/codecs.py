"""Decoders of compressed frames, each the fastest permissive one: gdcm, CharLS, OpenJPEG; loaded when needed."""

from collections.abc import Callable

import numpy as np

from triage_node.imaging.pixel_data.codestream import END_OF_IMAGE, Codestream, until_end, without_applications
from triage_node.imaging.pixel_data.pixel_format import JPEG, JPEG_2000, JPEG_LS, PixelFormat
from triage_node.imaging.pixel_data.rle import decode_rle

_NO_SCAN = b"\xa5\x5a\x3c\xc3" * 16
_MOST_NULS = 4  # that a code of a scan can end with
_MOST_BITS = 16
_FEWEST_BITS, _FEWEST_BITS_OF_GDCM = 2, 8  # it ends the process for fewer


def decode(encoded: bytes, form: PixelFormat) -> tuple[np.ndarray, int]:
    """Decode one frame.

    Returns
    -------
    tuple
        ``(rows, columns)`` unsigned integers, and the number of low bits in use.

    Raises
    ------
    ValueError
        The frame is damaged, or of another size than its header says.
    """
    if form.transfer_syntax_uid not in JPEG | JPEG_LS | JPEG_2000:
        return decode_rle(encoded, form.rows, form.columns, form.bits_allocated), form.bits_stored
    stream = Codestream.of(encoded)
    alike = (stream.rows, stream.columns, stream.components) == (form.rows, form.columns, 1)
    fewest = _FEWEST_BITS_OF_GDCM if form.transfer_syntax_uid in JPEG else _FEWEST_BITS
    if not alike or not fewest <= stream.precision <= _MOST_BITS:
        raise ValueError(f"the codestream holds {stream.columns} x {stream.rows} pixels of {stream.precision} bits")
    # Decoders fill up what is missing, search long for it, or stumble over what follows the end.
    data = _codec(form)(until_end(encoded), form, stream)
    dtype = np.dtype("u1" if len(data) == form.rows * form.columns else "<u2")
    pixels = np.frombuffer(data, dtype)
    if len(pixels) != form.rows * form.columns:
        raise ValueError(f"{len(pixels)} pixels were decoded")
    return pixels.reshape(form.rows, form.columns), min(stream.precision, form.bits_stored)


def _codec(form: PixelFormat) -> Callable[[bytes, PixelFormat, Codestream], bytes]:
    if form.transfer_syntax_uid in JPEG:
        return _jpeg
    return _jpeg_ls if form.transfer_syntax_uid in JPEG_LS else _jpeg_2000


def _jpeg(encoded: bytes, form: PixelFormat, stream: Codestream) -> bytes:
    """Decode; where a scan was cut, gdcm fills up with mid gray, or with what follows, without a word."""
    bare = without_applications(encoded)
    data = _by_gdcm(bare, form, stream)
    last = np.frombuffer(data, "u1" if stream.precision <= 8 else "<u2")[-form.columns :]
    if np.all(last == 1 << (stream.precision - 1)):
        longer = bare.removesuffix(END_OF_IMAGE) + _NO_SCAN + END_OF_IMAGE
        if data != _by_gdcm(longer, form, stream):
            raise ValueError("a scan of the codestream was cut")
    return data


def _by_gdcm(encoded: bytes, form: PixelFormat, stream: Codestream) -> bytes:
    import gdcm

    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(encoded)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((form.columns, form.rows, 1))
    image.SetDataElement(element)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(gdcm.PhotometricInterpretation.MONOCHROME2))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(form.transfer_syntax_uid)))
    allocated = 8 if stream.precision <= 8 else 16
    image.SetPixelFormat(gdcm.PixelFormat(1, allocated, stream.precision, stream.precision - 1, 0))
    # gdcm hands char* over as text; surrogateescape is the way back to the bytes.
    return bytes(image.GetBuffer().encode("utf-8", "surrogateescape"))


def _jpeg_ls(encoded: bytes, _form: PixelFormat, _stream: Codestream) -> bytes:
    import jpeg_ls

    # Some pad the scan, not the frame, to an even length. CharLS refuses what is left over as well as what is missing,
    # so the first number of NULs that it takes is the right one.
    scan = encoded.removesuffix(END_OF_IMAGE).rstrip(b"\0")
    completed = (scan + b"\0" * count + END_OF_IMAGE for count in range(_MOST_NULS))
    for stream in (encoded, *completed):
        try:
            return bytes(jpeg_ls.decode_pixel_data(stream)[0])
        except Exception as error:  # CharLS names its errors, its binding raises them as it likes
            refusal = error
            if not encoded.endswith(b"\0" + END_OF_IMAGE):
                break
    raise refusal


def _jpeg_2000(encoded: bytes, _form: PixelFormat, _stream: Codestream) -> bytes:
    import openjpeg

    return bytes(openjpeg.decode_pixel_data(encoded, version=2))
