"""Which instances are not de-identified: those that may show or hold text where no profile reaches it."""

from collections.abc import Iterator

from pydicom import Dataset
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage

from triage_node.errors import InvalidInstance
from triage_node.imaging import Instance, frames_of, text, texts, whole

IMAGES = frozenset({CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage})
SCREEN_WORDS = ("SCREEN", "DOSE", "PROTOCOL", "REPORT", "CAPTURE", "SAVE", "SECONDARY_CAPTURE")
OVERLAYS = range(0x6000, 0x6100, 2)


class NotExported(InvalidInstance):
    """The instance cannot be de-identified."""


def check(instance: Instance, ds: Dataset) -> None:
    """Refuse what is no plain CT image; nothing looks at pixels for letters.

    Parameters
    ----------
    instance
        The file with its header.
    ds
        All elements of it.

    Raises
    ------
    NotExported
        With the first reason.
    """
    for reason in _reasons(instance, ds):
        raise NotExported(reason)


def _reasons(instance: Instance, ds: Dataset) -> Iterator[str]:
    header = instance.header
    if text(header, "SOPClassUID") not in IMAGES:
        yield "It is no CT image: of reports, captures, documents and other classes the texts cannot be cleaned."
    if text(header, "BurnedInAnnotation").upper() == "YES":
        yield "It says that text is burned into its pixels."
    if "ConversionType" in ds or _is_screen(instance):
        yield "It is a picture of a screen or page, which may show text."
    if whole(header, "SamplesPerPixel") not in (None, 1):
        yield "It is in color, as no scanner makes it, and may show text."
    if any(
        frame.position_mm is None or frame.orientation is None or frame.rescale is None for frame in frames_of(instance)
    ):
        yield "It has no place in the patient or no Hounsfield units, so it may be a page of text."
    if not ds.get("PixelData"):
        yield "It has no pixels, or they are cut off."
    if any((group, 0x0010) in ds and (group, 0x3000) not in ds for group in OVERLAYS):
        yield "An overlay lies in unused bits of its pixels (PS3.3 C.9.2, retired)."


def _is_screen(instance: Instance) -> bool:
    types = [part for frame in frames_of(instance) for part in frame.image_type]
    types += [part.upper() for part in texts(instance.header, "ImageType")]
    return any(word in part for part in types for word in SCREEN_WORDS)
