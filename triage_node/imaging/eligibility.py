"""Which instances may belong to a head CT: the cheap test of one header."""

from pydicom import Dataset
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage

from triage_node.imaging.header import text, texts
from triage_node.imaging.instance import sop_class_uid
from triage_node.imaging.words import other_part_words

CT_CLASSES = frozenset({CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage})
_REFORMATTED = frozenset({"MPR", "MIP", "MINIP", "REFORMATTED", "PROJECTION IMAGE", "VOLREN", "CSA MPR", "3D"})


def looks_like_head_ct(header: Dataset) -> bool:
    """Say whether an instance may be a slice of a head CT; a missing element is unknown, not a refusal.

    Parameters
    ----------
    header
        Data set of a received instance; pixel data are not looked at.
    """
    image_type = tuple(value.upper() for value in texts(header, "ImageType"))
    unfit = "LOCALIZER" in image_type or is_derived(image_type, text(header, "LossyImageCompression") == "01")
    return is_ct(header) and not unfit and not other_part_words(header)


def is_ct(header: Dataset) -> bool:
    """Say whether SOP class and modality, where known, are those of CT images."""
    return sop_class_uid(header) in ("", *CT_CLASSES) and text(header, "Modality").upper() in ("", "CT")


def is_derived(image_type: tuple[str, ...], lossy: bool) -> bool:
    """Say whether ImageType names derived or secondary images.

    Lossy compression alone turns ORIGINAL into DERIVED (PS3.3 C.7.6.1.1.2); such slices are still as acquired.
    """
    if "SECONDARY" in image_type[1:2]:
        return True
    return "DERIVED" in image_type[:1] and not (lossy and _REFORMATTED.isdisjoint(image_type))
