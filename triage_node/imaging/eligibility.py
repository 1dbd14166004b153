"""Which instances may belong to a head CT: the cheap test of one header."""

import re

from pydicom import Dataset
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage

from triage_node.imaging.header import items, text, texts
from triage_node.imaging.instance import sop_class_uid, transfer_syntax_uid
from triage_node.imaging.pixel_data.pixel_format import COMPRESSED
from triage_node.imaging.wording.body_part import folded, other_part_words

CT_CLASSES = frozenset({CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage})
_PROCESSED = re.compile(
    r"\b(MPR|MPVR|MIN?IP|MAXIP|REFORMAT\w*|RE?CONSTR\w*|PROJECTION|VOLREN|VRT|VOLUME|3D|CURVED|SUBTRACT\w*|SUB|DIFFERENCE|"
    r"AVE?R?A?GE?\w*|MEAN|SUM|ADD\w*|MULT\w*|MONO\w*|VNC|VIRTUAL|IODINE|IOD|DUAL|DE_\w+|MIX\w*|BLEND\w*|FUS\w*|PERFUSION|CBF|"
    r"CBV|MTT|FILTER\w*|RESAMPL\w*|INTERPOL\w*|REGIST\w*|SEGMENT\w*|COLOR\w*|WINDOW\w*|VOI|SCREEN|CAPTURE)\b"
)
_COMPRESSED = re.compile(
    r"LOSS ?-?LESS|REVERSIBLE|[CK]OMPR\w+|JPEG|\bJ2K\b|\bRLE\b|TRANS?COD|VERLUSTFREI|SANS PERTE|SIN PERDIDA|SEM PERDA|"
    r"SENZA PERDIT"
)
_LOSSY_COMPRESSION = "113040"


def looks_like_head_ct(header: Dataset) -> bool:
    """Say whether an instance may be a slice of a head CT; a missing element is unknown, not a refusal.

    Parameters
    ----------
    header
        Data set of a received instance; pixel data are not looked at.
    """
    image_type = tuple(value.upper() for value in texts(header, "ImageType"))
    unfit = "LOCALIZER" in image_type or is_derived(header, image_type)
    return is_ct(header) and not unfit and not other_part_words(header)


def is_ct(header: Dataset) -> bool:
    """Say whether SOP class and modality, where known, are those of CT images."""
    return sop_class_uid(header) in ("", *CT_CLASSES) and text(header, "Modality").upper() in ("", "CT")


def is_derived(header: Dataset, image_type: tuple[str, ...]) -> bool:
    """Say whether an image was made from others.

    Compression alone may turn ORIGINAL into DERIVED (PS3.3 C.7.6.1.1.2), and archives write it for compression without
    loss, too; such slices are still as acquired.

    Parameters
    ----------
    header
        Header of the instance.
    image_type
        Its ImageType or FrameType, upper case.
    """
    if "SECONDARY" in image_type[1:2]:
        return True
    return "DERIVED" in image_type[:1] and not _is_only_compressed(header, image_type)


def _is_only_compressed(header: Dataset, image_type: tuple[str, ...]) -> bool:
    codes = items(header, "DerivationCodeSequence")
    other = [text(code, "CodeMeaning") for code in codes if text(code, "CodeValue") != _LOSSY_COMPRESSION]
    descriptions = [folded(words) for words in (*texts(header, "DerivationDescription"), *other)]
    if any(map(_PROCESSED.search, (*image_type[2:], *descriptions))) or not all(map(_COMPRESSED.search, descriptions)):
        return False
    if descriptions or text(header, "LossyImageCompression") == "01":
        return True
    return image_type[2:] in ((), ("AXIAL",)) and transfer_syntax_uid(header) in COMPRESSED
