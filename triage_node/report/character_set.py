"""Which Specific Character Set a report declares (PS3.3 C.12.1.1.2)."""

import re
import warnings

from pydicom.charset import convert_encodings, decode_bytes, encode_string, python_encoding
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

LATIN_1 = "ISO_IR 100"
UTF_8 = "ISO_IR 192"


def choose_character_set(declared: list[str], texts: list[str]) -> list[str]:
    """Return the character set in which every text can be written, the declared one wherever possible.

    Our own texts are ASCII and fit everywhere. Bytes beyond ASCII under no declaration, which are common, are read by
    pydicom as Latin-1 and are declared as such: the same bytes, now valid.
    """
    candidates = [declared, [], [LATIN_1]] if declared else [[], [LATIN_1]]
    for candidate in candidates:
        if all(_fits(text, candidate) for text in texts):
            return candidate
    return [UTF_8]


def declared_character_set(ds: Dataset) -> list[str]:
    """Return the terms a header declares, none when one of them is not a defined term."""
    value = ds.get("SpecificCharacterSet")
    terms = [str(term).strip() for term in (value if isinstance(value, MultiValue | list) else [value or ""])]
    known = all(term in python_encoding for term in terms)
    return terms if known and any(terms) else []


def _fits(text: str, character_set: list[str]) -> bool:
    """Tell whether text survives being written; each part of a name switches code pages for itself (PS3.5 6.2.1)."""
    if not character_set:
        return text.isascii()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        encodings = convert_encodings(list(character_set))
        return all(_survives(part, encodings) for part in re.split(r"[\^=]", text) if part)


def _survives(part: str, encodings: list[str]) -> bool:
    return decode_bytes(encode_string(part, encodings), encodings, set()) == part
