"""What a data set says of who somebody is, and whether a text repeats it."""

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass

from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.multival import MultiValue

from triage_node.deidentification.pseudonyms import KNOWN_ROOT

SHORTEST_WORD, SHORTEST_PART = 3, 6
"""A name of fewer letters is no evidence; one of more is also found inside of another word."""
SHORTEST_BEYOND_ASCII = 2
"""Of ideographs two make a name, and no space parts them from what follows."""
SHORTEST_IDENTIFIER, SHORTEST_NUMBER = 4, 6
IDENTIFIERS = (
    "PatientID", "OtherPatientIDs", "AccessionNumber", "StudyID", "AdmissionID", "ServiceEpisodeID",
    "RequestedProcedureID", "ScheduledProcedureStepID", "PerformedProcedureStepID", "MedicalRecordLocator",
    "PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest", "ImagingServiceRequest",
    "PatientTelephoneNumbers", "PatientInsurancePlanCodeSequence", "MilitaryRank", "InstitutionName",
    "InstitutionAddress", "InstitutionalDepartmentName", "StationName", "DeviceSerialNumber", "PatientAddress",
    "IssuerOfPatientID", "ReferringPhysicianAddress",
)  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class IdentityWords:
    """Words of names, and identifiers, in one spelling.

    Attributes
    ----------
    names
        Words of the names of persons, patient and physicians.
    identifiers
        Whole values: IDs, numbers, UIDs, institutions, the ways to write the birth date and all other days.
    """

    names: frozenset[str]
    identifiers: frozenset[str]

    @classmethod
    def of(cls, ds: Dataset, kept: Set[int] = frozenset()) -> "IdentityWords":
        """Gather them of a data set and all its items, but for the attributes that are kept."""
        names: set[str] = set()
        identifiers: set[str] = set()
        for element in (element for element in readable(ds) if element.tag not in kept):
            if "PN" in (element.VR, _usual_vr(element)):
                names.update(word for value in values(element) for word in (*words(value), *words(_joined(value))))
            elif element.keyword in IDENTIFIERS or element.VR == "UI":
                found = (value for value in values(element) if not value.startswith(KNOWN_ROOT))
                identifiers.update(map(_spelled, found))
            elif element.VR in ("DA", "DT"):
                identifiers.update(form for value in values(element) for form in _dates(value))
        long_enough = frozenset(one for one in identifiers if len(one) >= SHORTEST_IDENTIFIER)
        return cls(frozenset(word for word in names if len(word) >= _shortest(word, SHORTEST_WORD)), long_enough)

    def are_in(self, text: str) -> bool:
        """Tell whether a text repeats one of them."""
        spelled = _spelled(text)
        parts = (name for name in self.names if len(name) >= _shortest(name, SHORTEST_PART))
        return (
            not self.names.isdisjoint(words(text))
            or any(part in spelled for part in parts)
            or any(identifier in spelled for identifier in self.identifiers)
        )

    def is_identifier(self, value: str) -> bool:
        """Tell whether a number is one of them as a whole; a short one is so by chance."""
        return len(value) >= SHORTEST_NUMBER and _spelled(value) in self.identifiers


def readable(ds: Dataset) -> Iterator[DataElement]:
    """Yield the elements of a data set and of its items, as far as pydicom can decode them."""
    for tag in list(ds.keys()):
        element = decoded(ds, tag)
        if element is None:
            continue
        if element.VR == "SQ":
            for item in element.value or ():
                yield from readable(item)
        yield element


def decoded(ds: Dataset, tag: int) -> DataElement | None:
    """Return an element, None where its bytes cannot be read by its VR."""
    try:
        element = ds[tag]
        values(element)
    except Exception:  # the border to a peer's bytes: pydicom raises anything when it decodes a value
        return None
    return element


def values(element: DataElement) -> list[str]:
    """Return the values of an element as texts; none of a sequence or of bytes."""
    if element.VR == "SQ" or element.value is None or isinstance(element.value, bytes):
        return []
    several = element.value if isinstance(element.value, MultiValue | list) else [element.value]
    return [str(value) for value in several]


def _usual_vr(element: DataElement) -> str:
    return dictionary_VR(element.tag) if dictionary_has_tag(element.tag) else ""


def words(text: str) -> set[str]:
    """Return the words of a text in one spelling: without digits, signs and upper case."""
    return set(_WORD.findall(text.casefold()))


def _joined(name: str) -> str:
    """Return a name without what parts its components, as ideographs are written."""
    return name.replace("^", "")


def _shortest(word: str, of_ascii: int) -> int:
    return of_ascii if word.isascii() else SHORTEST_BEYOND_ASCII


def _spelled(text: str) -> str:
    return " ".join(text.casefold().split())


def _dates(value: str) -> Iterator[str]:
    """Yield the ways in which people write the day of a DA or DT value into a text."""
    digits = "".join(_DIGITS.findall(value))[:8]
    if len(digits) == 8:
        year, month, day = digits[:4], digits[4:6], digits[6:]
        yield digits
        for sign in ".-/":
            for order in ((year, month, day), (day, month, year), (month, day, year)):
                yield sign.join(order)
