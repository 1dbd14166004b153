"""How HL7 v2 writes values: delimiters, escape sequences, person names, times (HL7 v2.5 chapter 2)."""

import re
import unicodedata

FIELD, COMPONENT, REPETITION, ESCAPE, SUBCOMPONENT = "|", "^", "~", "\\", "&"
ENCODING_CHARACTERS = COMPONENT + REPETITION + ESCAPE + SUBCOMPONENT
SEGMENT_END = "\r"
ESCAPED = {FIELD: "\\F\\", COMPONENT: "\\S\\", REPETITION: "\\R\\", ESCAPE: "\\E\\", SUBCOMPONENT: "\\T\\"}
REPRESENTATIONS = ("A", "I", "P")
"""Table 0465: the groups of a PN are alphabetic, ideographic and phonetic (PS3.5 6.2.1.2)."""
CUTS_LINES = ("Cc", "Zl", "Zp")


def escaped(text: str, longest: int = 200) -> str:
    """Return a text as a value (2.7): it cannot end its field, its segment or its message.

    Control characters, which MLLP and segments are framed with, are written as the hexadecimal digits of their UTF-8.
    """
    return "".join(map(_escaped, text[:longest]))


def components(*values: str) -> str:
    """Return values as the components of a field, without empty ones at the end."""
    return COMPONENT.join(map(escaped, values)).rstrip(COMPONENT)


def person_name(name: str) -> str:
    """Return a PN (PS3.5 6.2.1) as XPN: a repetition for each of its groups that is not empty."""
    groups = zip(REPRESENTATIONS, name.split("="), strict=False)
    return REPETITION.join(_name(group, kind) for kind, group in groups if group.strip("^ "))


def digits(text: str) -> str:
    """Return a date, or a date and time, as TS has it; empty when the text is none."""
    return text if re.fullmatch(r"\d{8}(\d{4}(\d\d)?)?", text, re.ASCII) else ""


def segment(name: str, fields: dict[int, str]) -> str:
    """Return a segment with some of its fields, each already written as a value.

    Parameters
    ----------
    fields
        By their number; of MSH from 3 on, as its first two are the delimiters.
    """
    first = 3 if name == "MSH" else 1
    head = [name, ENCODING_CHARACTERS] if name == "MSH" else [name]
    values = [fields.get(number, "") for number in range(first, max(fields) + 1)]
    return FIELD.join([*head, *values]).rstrip(FIELD) + SEGMENT_END


def _escaped(character: str) -> str:
    if character in ESCAPED:
        return ESCAPED[character]
    category = unicodedata.category(character)
    if category == "Cs":
        return "?"
    return f"\\X{character.encode().hex().upper()}\\" if category in CUTS_LINES else character


def _name(group: str, kind: str) -> str:
    """Return a group of a PN: XPN has the suffix before the prefix, then degree, type and representation."""
    family, given, middle, prefix, suffix = (part.strip() for part in (group.split("^") + [""] * 5)[:5])
    return components(family, given, middle, suffix, prefix, "", "L", kind)
