"""Values of a received header, made fit for a report: whatever was received, the report stays valid.

What fits is copied unchanged. What does not fit is dealt with by kind: an identifier that cannot be copied intact is
left empty, since half an identifier may be another patient's; a name or a description is cut and cleaned; a date, time
or code that is none is left empty.
"""

import re
import struct
import unicodedata
import warnings
from datetime import datetime
from functools import cache

from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag, Tag
from pydicom.valuerep import PersonName

from triage_node.report.uids import carried_uid

TIME = re.compile(r"([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?", re.ASCII)
AGE = re.compile(r"\d{3}[DWMY]", re.ASCII)
OFFSET = re.compile(r"[+-](0\d|1[01])[0-5]\d|[+-]1200|\+1[23][0-5]\d|\+1400", re.ASCII)

UNREADABLE = (
    ArithmeticError,
    AttributeError,
    BytesLengthException,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    TypeError,
    ValueError,
    struct.error,
)
"""What pydicom raises on values that are not what their VR says, and on items that end in their midst."""


def read(ds: Dataset, keyword: str) -> object:
    """Return the value of an element as pydicom reads it, None when absent, empty or unreadable."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            element = ds.get(_tag(keyword))
        except UNREADABLE:
            return None
    return None if element is None else element.value


@cache
def _tag(keyword: str) -> BaseTag:
    return Tag(keyword)


def value_of(ds: Dataset, keyword: str) -> object:
    """Return the first value of an element, None when absent, empty or unreadable."""
    value = read(ds, keyword)
    if isinstance(value, MultiValue | list):
        return value[0] if value else None
    return value


def text_of(ds: Dataset, keyword: str) -> str:
    """Return the first value of an element as text without padding, empty when absent."""
    value = value_of(ds, keyword)
    return "" if value is None else str(value).strip("\0 ")


def uid_of(ds: Dataset, keyword: str) -> str:
    """Return a UID as the report carries it, empty when absent."""
    value = read(ds, keyword)
    received = "\\".join(map(str, value)) if isinstance(value, MultiValue | list) else text_of(ds, keyword)
    return carried_uid(received) if received else ""


def identifier(ds: Dataset, keyword: str, limit: int) -> str:
    """Return an identifier (SH, LO) intact or not at all."""
    text = text_of(ds, keyword)
    single = not isinstance(read(ds, keyword), MultiValue | list)
    return text if single and len(text) <= limit and text == printable(text) else ""


def description(ds: Dataset, keyword: str, limit: int = 64) -> str:
    """Return a description (LO) on one line, cut to what the VR holds."""
    return printable(text_of(ds, keyword))[:limit].strip()


def person_name(ds: Dataset, keyword: str) -> str | PersonName:
    """Return a name (PN, PS3.5 6.2.1), the very value received where it is valid."""
    received = value_of(ds, keyword)
    if received is None:
        return ""
    text = text_of(ds, keyword)
    valid = "=".join(_name_group(group) for group in text.split("=")[:3])
    return received if isinstance(received, PersonName) and valid == str(received) else valid


def date(ds: Dataset, keyword: str) -> str:
    """Return a date (DA), also from the old form with points, empty when it is none."""
    digits = text_of(ds, keyword).replace(".", "").replace("-", "")
    try:
        datetime.strptime(digits, "%Y%m%d")
    except ValueError:
        return ""
    return digits if len(digits) == 8 and digits.isascii() else ""


def time(ds: Dataset, keyword: str) -> str:
    """Return a time of day (TM), also from the old form with colons, empty when it is none."""
    digits = text_of(ds, keyword).replace(":", "")
    return digits if TIME.fullmatch(digits) else ""


def sex(ds: Dataset, keyword: str) -> str:
    """Return a sex of the defined terms of PS3.3 C.7.1.1, empty when it is none."""
    received = text_of(ds, keyword).upper()
    return received if received in {"M", "F", "O"} else ""


def age(ds: Dataset, keyword: str) -> str:
    """Return an age (AS), empty when it is none."""
    received = text_of(ds, keyword)
    return received if AGE.fullmatch(received) else ""


def offset(ds: Dataset, keyword: str) -> str:
    """Return an offset from UTC of the form ``&ZZXX``, -1200 to +1400 (PS3.3 C.12.1.1.8), empty when it is none."""
    received = text_of(ds, keyword)
    return received if OFFSET.fullmatch(received) else ""


def printable(text: str) -> str:
    """Return text without control and unassigned characters, backslashes and undecodable bytes."""
    return "".join("?" if _unprintable(character) else character for character in text)


def plain(text: str, limit: int | None = None) -> str:
    """Return text of our own in printable ASCII, which is valid in every character set a source may declare."""
    letters = unicodedata.normalize("NFKD", text)
    letters_only = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return printable(letters_only.encode("ascii", "replace").decode())[:limit].strip()


def _unprintable(character: str) -> bool:
    return character in "\\\ufffd" or unicodedata.category(character) in {"Cc", "Cs", "Cn", "Zl", "Zp"}


def _name_group(group: str) -> str:
    return "^".join(part.strip() for part in printable(group).split("^")[:5])[:64]
