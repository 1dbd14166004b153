"""A data set without what says who the patient is: PS3.15 Annex E, attribute by attribute, in all items."""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_has_tag
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag

from triage_node import __version__
from triage_node.deidentification.identity_words import IdentityWords, decoded, values
from triage_node.deidentification.options import DEVICE_IDENTITY, Options
from triage_node.deidentification.profile_table import Action, basic_profile, edition
from triage_node.deidentification.pseudonyms import Pseudonyms, earlier_date, earlier_time
from triage_node.imaging import contrast_words

DUMMY_TEXT = "REMOVED"
WITH_CONTRAST, WITHOUT_CONTRAST = "CONTRAST", "NONE"
"""What is left of the words that name an agent: whether the images show it, as `imaging` understands them."""
DATES = frozenset({"DA", "DT"})
TERMS = frozenset({
    "ORIGINAL", "DERIVED", "PRIMARY", "SECONDARY", "AXIAL", "LOCALIZER", "REFORMATTED", "AVERAGE", "VOLUME", "CT",
    "HEAD", "BRAIN", "SKULL", "HFS", "FFS", "HFP", "FFP", "MONOCHROME1", "MONOCHROME2", "YES", "NO", "NONE",
})  # fmt: skip
"""Words of the Standard that are no name, whoever is called so."""
CLOCK_TIME = re.compile(r"([01]\d|2[0-3])(:?[0-5]\d(:?([0-5]\d|60)(\.\d{1,6})?)?)?")
FORMS = {
    "IS": re.compile(r"[+-]?\d{1,12}"),
    "DS": re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?"),
    "AS": re.compile(r"\d{3}[DWMY]"),
}
"""Numbers as texts, as PS3.5 Table 6.2-1 wants them; what a peer wrote otherwise may be anything."""
SHORT_TEXTS = frozenset({"LO", "SH"})
NUMBERS = frozenset({"US", "SS", "UL", "SL", "UV", "SV", "FL", "FD", "AT"})
KEPT_TEXTS = frozenset(
    map(
        Tag,
        (
            "Manufacturer", "ManufacturerModelName", "SoftwareVersions", "ConvolutionKernel", "FilterType",
            "ImageFilter", "PositionReferenceIndicator", "RescaleType", "ModalityLUTType", "LUTExplanation", "LUTLabel",
            "StackID", "WindowCenterWidthExplanation", "DimensionDescriptionLabel", "AlgorithmName", "AlgorithmVersion",
            "CardiacFramingType", "CodeValue", "CodeMeaning", "CodingSchemeDesignator", "CodingSchemeVersion",
            *DEVICE_IDENTITY,
        ),
    )
)  # fmt: skip
"""Short texts that the modules of CT images have and the table does not name; of others nobody knows what they hold."""
LEFT_OUT = frozenset(
    map(
        Tag,
        (
            "SpecificCharacterSet", "EncryptedAttributesSequence", "MACParametersSequence",
            "PrivateDataElementCharacteristicsSequence",
        ),
    )
)  # fmt: skip
"""Texts are encoded anew; what is encrypted nobody can judge; nothing that is signed, and nothing private, is left."""
KEPT_BULK = frozenset(map(Tag, ("PixelData", "ExtendedOffsetTable", "ExtendedOffsetTableLengths", "LUTData")))
OF_THE_PATIENT = frozenset(map(Tag, ("PatientBirthDate", "PatientBirthTime", "GPSTimeStamp")))
"""Dates that the option of modified dates does not keep (PS3.15 Table E.1-1)."""
INSTANCES = frozenset(map(Tag, ("SOPInstanceUID", "ReferencedSOPInstanceUID")))
"""An instance without its face is another one than that with it, and gets another UID."""
OLDEST = "090Y"
"""An age above it stands out; it is said to be this one."""
GROUPS_LEFT_OUT = frozenset({0x0000, 0x0002, 0x0004, 0xFFFA, 0xFFFC, 0xFFFE}) | {*range(0x5000, 0x5100)}
GROUPS_LEFT_OUT |= {*range(0x6000, 0x6100)}
"""Commands, file meta information, media directories, curves, overlays, signatures, padding."""


@dataclass(frozen=True)
class Deidentification:
    """How the data sets of one patient are de-identified.

    Attributes
    ----------
    pseudonyms
        What takes the place of UIDs, the patient and dates.
    patient
        Who the patient is, by the same text for all studies of one.
    options
        What is kept, and what was done to the pixels.
    """

    pseudonyms: Pseudonyms = field(repr=False)
    patient: str = field(repr=False)
    options: Options = field(default_factory=Options)

    @property
    def shift(self) -> timedelta:
        """By how much the patient's dates go back."""
        return self.pseudonyms.shift(self.patient)

    def data_set(self, ds: Dataset) -> Dataset:
        """Return a new data set with what may be kept of another one, which stays as it is.

        What is in PS3.15 Table E.1-1 is treated as the table says. Beyond it go: private attributes and those of no
        known name, overlays and curves, persons' names, texts but for a few short ones, binary values that are no
        pixels, numbers that are none, and every text that repeats a name, an identifier or a date of the data set.
        """
        with warnings.catch_warnings(action="ignore"):
            clean = _Walk(self, IdentityWords.of(ds, self.options.kept_tags)).walked(ds)
        clean.PatientID = clean.PatientName = self.pseudonyms.patient(self.patient)
        clean.PatientIdentityRemoved = "YES"
        clean.DeidentificationMethod = f"triage-node {__version__}: PS3.15 {edition()} Annex E"
        clean.DeidentificationMethodCodeSequence = list(self.options.methods())
        clean.LongitudinalTemporalInformationModified = "MODIFIED"
        if "ContrastBolusAgent" in ds or contrast_words(ds):
            clean.ContrastBolusAgent = WITH_CONTRAST if contrast_words(ds) else WITHOUT_CONTRAST
        if self.options.face_removed:
            clean.RecognizableVisualFeatures = "NO"
        if not all(text.isascii() for text in _texts(clean)):
            clean.SpecificCharacterSet = "ISO_IR 192"
        return clean


class _Walk:
    """One walk through a data set and its items."""

    def __init__(self, how: Deidentification, identity: IdentityWords) -> None:
        self._how = how
        self._identity = identity
        self._shift = how.shift
        self._kept = how.options.kept_tags

    def walked(self, ds: Dataset) -> Dataset:
        clean = Dataset()
        for tag in sorted(ds.keys()):
            if _has_a_known_place(tag) and (element := decoded(ds, tag)) is not None:
                for replaced in self._replaced(element):
                    clean.add(replaced)
        return clean

    def _replaced(self, element: DataElement) -> Iterator[DataElement]:
        """Yield what takes the place of an element: one or none."""
        tag, vr = element.tag, element.VR
        action = None if tag in self._kept else basic_profile().get(tag)
        if vr == "SQ":
            if action in (None, Action.UID):
                yield DataElement(tag, "SQ", Sequence(map(self.walked, element.value or ())))
            elif action is Action.EMPTY:
                yield DataElement(tag, "SQ", Sequence())
        elif vr == "UI" and (tag in self._kept or action is not Action.REMOVE):
            yield self._uid(element)
        elif vr in DATES and tag not in OF_THE_PATIENT:
            yield self._earlier(element)
        elif vr == "TM" and tag not in OF_THE_PATIENT:
            kept = [value for value in values(element) if CLOCK_TIME.fullmatch(value.strip())]
            yield DataElement(tag, "TM", kept or None)
        elif action is Action.EMPTY:
            yield DataElement(tag, vr, None)
        elif action is Action.DUMMY:
            yield from _dummy(element)
        elif action is None:
            yield from self._unless_telling(element)

    def _uid(self, element: DataElement) -> DataElement:
        if element.tag in self._kept:
            return element
        is_changed = self._how.options.face_removed and element.tag in INSTANCES
        kind = "uid without face" if is_changed else "uid"
        return DataElement(
            element.tag, "UI", [self._how.pseudonyms.uid(value, kind) for value in values(element)] or None
        )

    def _earlier(self, element: DataElement) -> DataElement:
        earlier = earlier_date if element.VR == "DA" else earlier_time
        found = [earlier(value, self._shift) for value in values(element)]
        return DataElement(element.tag, element.VR, found if any(found) else None)

    def _unless_telling(self, element: DataElement) -> Iterator[DataElement]:
        """Yield an element that the table does not name, without free text and without what repeats an identity."""
        vrs = set(element.VR.split(" or "))
        if (vrs <= NUMBERS | {"OW"} and vrs & NUMBERS) or element.tag in KEPT_BULK:
            yield element
        elif element.VR in FORMS:
            if all(self._is_number(value, element.VR) for value in values(element)):
                yield _without_high_age(element)
        elif element.VR == "CS" or (element.VR in SHORT_TEXTS and element.tag in KEPT_TEXTS):
            yield from self._without_telling_values(element)

    def _is_number(self, value: str, vr: str) -> bool:
        is_one = not value.strip() or FORMS[vr].fullmatch(value.strip()) is not None
        return is_one and not self._identity.is_identifier(value.strip())

    def _without_telling_values(self, element: DataElement) -> Iterator[DataElement]:
        """Yield a text, the values that repeat an identity made empty, so that the others keep their places.

        A dummy stands for one that holds nothing else: it may be required, as Code Meaning is.
        """
        found = values(element)
        kept = [value if self._may_stay(value, element.VR) else "" for value in found]
        if kept == found:
            yield element
        elif any(kept):
            yield DataElement(element.tag, element.VR, kept)
        elif element.VR != "CS":
            yield DataElement(element.tag, element.VR, DUMMY_TEXT)

    def _may_stay(self, value: str, vr: str) -> bool:
        if vr == "CS" and (value in TERMS or not value.isascii()):
            return value in TERMS
        return not self._identity.are_in(value)


def _has_a_known_place(tag: BaseTag) -> bool:
    known = dictionary_has_tag(tag) and tag.element != 0 and tag not in LEFT_OUT
    return known and not tag.is_private and tag.group not in GROUPS_LEFT_OUT


def _dummy(element: DataElement) -> Iterator[DataElement]:
    """Yield an element of the same VR that says nothing; a binary one is left out."""
    if element.VR in SHORT_TEXTS | {"LT", "ST", "UT", "UC", "PN", "AE"}:
        yield DataElement(element.tag, element.VR, DUMMY_TEXT)
    elif element.VR == "CS":
        yield DataElement(element.tag, "CS", DUMMY_TEXT)


def _without_high_age(element: DataElement) -> DataElement:
    if element.keyword == "PatientAge" and "090Y" < str(element.value) <= "999Y":
        return DataElement(element.tag, "AS", OLDEST)
    return element


def _texts(ds: Dataset) -> Iterator[str]:
    for element in ds:
        if element.VR == "SQ":
            for item in element.value:
                yield from _texts(item)
        else:
            yield from values(element)
