"""How pixel values lie in a file (PS3.3 C.7.6.3), checked before any memory is asked for."""

from dataclasses import dataclass

from pydicom import Dataset, uid

from triage_node.errors import UnsuitableSeries
from triage_node.imaging.header import text, whole
from triage_node.imaging.instance import Instance
from triage_node.reasons import Reason, ReasonCode

LONGEST_SIDE = 2048
NATIVE = frozenset(
    {uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian,
     uid.DeflatedExplicitVRLittleEndian}
)  # fmt: skip
JPEG = frozenset({uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLossless, uid.JPEGLosslessSV1})
JPEG_LS = frozenset({uid.JPEGLSLossless, uid.JPEGLSNearLossless})
JPEG_2000 = frozenset({uid.JPEG2000Lossless, uid.JPEG2000, uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K})
RLE = frozenset({uid.RLELossless})
COMPRESSED = JPEG | JPEG_LS | JPEG_2000 | RLE
_DECODED = NATIVE | COMPRESSED
_PHOTOMETRIC = frozenset({"MONOCHROME1", "MONOCHROME2"})


@dataclass(frozen=True)
class PixelFormat:
    """Image pixel attributes of one instance, valid once built.

    Attributes
    ----------
    rows, columns
        Matrix of one frame.
    bits_allocated, bits_stored, high_bit
        As in PS3.5 Section 8.1.1.
    signed
        Pixel Representation 1, two's complement.
    transfer_syntax_uid
        How the pixel data are encoded.
    frames
        Number of frames.
    padding
        First and last value that stand for no pixel, as signed 16-bit words hold them; None without.
    """

    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    transfer_syntax_uid: str
    frames: int
    padding: tuple[int, int] | None = None

    @classmethod
    def of(cls, instance: Instance) -> "PixelFormat":
        """Return the format an instance states.

        Raises
        ------
        UnsuitableSeries
            UNSUPPORTED_PIXELS with the element that is missing, absurd or of a form that is not decoded.
        """
        header = instance.header
        stored = whole(header, "BitsStored") or 0
        made = cls(
            rows=whole(header, "Rows") or 0,
            columns=whole(header, "Columns") or 0,
            bits_allocated=whole(header, "BitsAllocated") or 0,
            bits_stored=stored,
            high_bit=stored - 1 if (high := whole(header, "HighBit")) is None else high,
            signed=whole(header, "PixelRepresentation") == 1,
            transfer_syntax_uid=instance.transfer_syntax_uid,
            frames=whole(header, "NumberOfFrames") or 1,
            padding=_padding(header),
        )
        if trouble := _color(header) or made._trouble():
            raise UnsuitableSeries(Reason.of(ReasonCode.UNSUPPORTED_PIXELS, trouble))
        return made

    @property
    def is_native(self) -> bool:
        """Whether pixel values lie in the file uncompressed."""
        return self.transfer_syntax_uid in NATIVE

    @property
    def byte_order(self) -> str:
        """Byte order of native pixel data as numpy writes it."""
        return ">" if self.transfer_syntax_uid == uid.ExplicitVRBigEndian else "<"

    def _trouble(self) -> str:
        if not 0 < min(self.rows, self.columns) <= max(self.rows, self.columns) <= LONGEST_SIDE:
            return f"Its matrix is {self.rows} x {self.columns}."
        if self.bits_allocated not in ((16, 32) if self.byte_order == ">" else (8, 16, 32)):
            return f"It allocates {self.bits_allocated} bits."
        if not 0 < self.bits_stored <= self.high_bit + 1 <= self.bits_allocated:
            return f"It stores {self.bits_stored} of {self.bits_allocated} bits, the highest at {self.high_bit}."
        if self.transfer_syntax_uid not in _DECODED:
            return f"Its transfer syntax is {self.transfer_syntax_uid or 'not named'}."
        return ""


def _color(header: Dataset) -> str:
    """MONOCHROME1 only turns the display: Hounsfield units are the same (PS3.3 C.7.6.3.1.2)."""
    samples, photometric = whole(header, "SamplesPerPixel"), text(header, "PhotometricInterpretation")
    if samples in (None, 1) and photometric in ("", *_PHOTOMETRIC):
        return ""
    return f"It holds {samples} samples a pixel as {photometric[:16] or 'unknown'}."


def _padding(header: Dataset) -> tuple[int, int] | None:
    """Return the range of padding (PS3.3 C.7.5.1.1.2), whichever sign the header gives it."""
    first, last = whole(header, "PixelPaddingValue"), whole(header, "PixelPaddingRangeLimit")
    if first is None:
        return None
    limits = [(value + 0x8000) % 0x10000 - 0x8000 for value in (first, first if last is None else last)]
    return min(limits), max(limits)
