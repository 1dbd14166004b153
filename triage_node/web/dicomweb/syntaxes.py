"""In which transfer syntax an instance is sent (PS3.18 8.7.3, 8.7.8.2)."""

from enum import Enum, auto

from pydicom import uid

from triage_node.imaging import JPEG, JPEG_2000, JPEG_LS, NATIVE, RLE

EXPLICIT = str(uid.ExplicitVRLittleEndian)
NOT_FOR_THE_WEB = frozenset({uid.ImplicitVRLittleEndian, uid.ExplicitVRBigEndian})
"""Shall not be used with web services (PS3.18 8.7.3)."""
LOSSY = frozenset(
    {uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLSNearLossless, uid.JPEG2000, uid.HTJ2K}
)  # fmt: skip
DECODABLE = NATIVE | JPEG | JPEG_LS | JPEG_2000 | RLE


class Form(Enum):
    """How an instance leaves the node."""

    AS_STORED = auto()
    EXPLICIT = auto()


def form_of(stored: str, wanted: tuple[str, ...]) -> Form | None:
    """Return the form of an instance, None when no syntax that is wanted can be made.

    Parameters
    ----------
    stored
        Transfer Syntax UID of the file.
    wanted
        As in `Choice.transfer_syntaxes`. Without a name the Standard's default is Explicit VR Little Endian, for lossy
        pixels what is stored; the node sends what it cannot decode as it is stored, too, and its part says so.
    """
    for syntax in wanted:
        if syntax == stored:
            return Form.AS_STORED
        if syntax == "*":
            return Form.EXPLICIT if stored in NOT_FOR_THE_WEB else Form.AS_STORED
        if syntax == "":
            return Form.EXPLICIT if stored in DECODABLE - LOSSY and stored != EXPLICIT else Form.AS_STORED
        if syntax == EXPLICIT and stored in DECODABLE:
            return Form.EXPLICIT
    return None
