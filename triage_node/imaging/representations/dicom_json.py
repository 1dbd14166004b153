"""Data sets in the DICOM JSON Model (PS3.18 Annex F): of values by keyword, and of a file's header."""

import base64
import json
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.tag import BaseTag, Tag

from triage_node.imaging.header import text, whole
from triage_node.imaging.part10 import read_whole_header
from triage_node.imaging.representations.raw_json import raw_json

Item = dict[str, dict[str, Any]]
NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
LONGEST_INLINE = 1024
"""Bytes of a binary value that are sent within the JSON; longer ones are fetched on their own."""

BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_CHARACTER_SET = Tag("SpecificCharacterSet")


def element(keyword: str, value: Any) -> Item:
    """Return one attribute of a data set; None, "" and [] are an attribute without a value.

    Parameters
    ----------
    keyword
        As in PS3.6; with a dot, one inside of the only item of a sequence.
    value
        One value, or a list of them; for a sequence a list of items.
    """
    outer, _, inner = keyword.partition(".")
    if inner:
        return element(outer, [element(inner, value)] if value else [])
    tag, vr = _tag_and_vr(outer)
    values = value if isinstance(value, list) else [value]
    shown = [_name(one) if vr == "PN" else one for one in values if one is not None and one != ""]
    return {tag: {"vr": vr, "Value": shown} if shown else {"vr": vr}}


def data_set(values: Mapping[str, object]) -> Item:
    """Return a data set of values by keyword, in the order of tags; those inside of one sequence share its item."""
    made: Item = {}
    for keyword, value in values.items():
        for tag, attribute in element(keyword, value).items():
            if tag in made and attribute.get("Value") and made[tag].get("Value"):
                made[tag]["Value"][0].update(attribute["Value"][0])
            elif tag not in made or attribute.get("Value"):
                made[tag] = attribute
    return dict(sorted(made.items()))


def values_of(ds: Any, keyword: str) -> list[Any]:
    """Return the values of an attribute, none of what is no data set.

    Parameters
    ----------
    keyword
        As in PS3.6; with a dot, one inside of a sequence, of all its items.
    """
    outer, _, inner = keyword.partition(".")
    attribute = ds.get(_tag_and_vr(outer)[0]) if isinstance(ds, dict) else None
    values = attribute.get("Value") if isinstance(attribute, dict) else None
    found = [one for one in values if one is not None] if isinstance(values, list) else []
    return [value for item in found for value in values_of(item, inner)] if inner else found


def text_of(ds: Any, keyword: str) -> str:
    """Return the first value of an attribute as text, empty without one."""
    value = next(iter(values_of(ds, keyword)), "")
    if isinstance(value, dict):
        value = "=".join(str(value.get(group, "")) for group in NAME_GROUPS).rstrip("=")
    return str(value).strip("\0 ") if isinstance(value, str | int | float) else ""


def header_as_json(path: Path, address: Callable[[str], str]) -> str:
    """Return the data set of a file as a JSON object, with every element.

    What is long, and the pixel data, are an address. A value that is not of its VR, or that JSON cannot hold, is given
    as UN with its bytes.

    Parameters
    ----------
    path
        The file.
    address
        Makes the address of an element's value from its tag in hexadecimal.

    Raises
    ------
    InvalidInstance
        The file cannot be read.
    """
    ds, pixels = read_whole_header(path)
    members = _members("AvailableTransferSyntaxUID", text(ds.file_meta, "TransferSyntaxUID"))
    with warnings.catch_warnings(action="ignore"):
        for tag in ds.keys():  # noqa: SIM118 - to go through the elements would decode them, which may fail
            if tag.element == 0:
                continue
            members[f"{tag:08X}"] = _attribute(ds, tag, address)
    if _CHARACTER_SET in ds:
        members |= _members("SpecificCharacterSet", "ISO_IR 192")  # as JSON is UTF-8 (PS3.18 F.2)
    if pixels is not None:
        members[f"{pixels:08X}"] = json.dumps({"vr": _vr_of(pixels, ds), "BulkDataURI": address(f"{pixels:08X}")})
    return "{" + ",".join(f'"{tag}":{value}' for tag, value in sorted(members.items())) + "}"


def _members(keyword: str, value: str) -> dict[str, str]:
    return {tag: json.dumps(attribute) for tag, attribute in element(keyword, value).items()}


def _attribute(ds: Dataset, tag: BaseTag, address: Callable[[str], str]) -> str:
    raw = ds.get_item(tag)
    if isinstance(raw, RawDataElement) and (quick := raw_json(raw)) is not None:
        return quick
    try:
        return _as_json(ds[tag], address)
    except Exception:  # the border to a peer's bytes: a value is decoded now, and may be anything
        return _undecoded(raw, address)


def _undecoded(raw: Any, address: Callable[[str], str]) -> str:
    """Return an element that is not what it says it is."""
    value = raw.value if isinstance(raw, RawDataElement) and isinstance(raw.value, bytes) else None
    if value is None:
        return json.dumps({"vr": "UN"})
    if len(value) > LONGEST_INLINE:
        return json.dumps({"vr": "UN", "BulkDataURI": address(f"{raw.tag:08X}")})
    return json.dumps({"vr": "UN", "InlineBinary": base64.b64encode(value).decode()})


def _as_json(read: DataElement, address: Callable[[str], str]) -> str:
    # pydicom tells its handler no path, so only what lies at the top has an address; what lies deeper is in line.
    handler = None if read.VR == "SQ" else lambda one: address(f"{one.tag:08X}")
    return json.dumps(read.to_json_dict(handler, LONGEST_INLINE), allow_nan=False)


def _vr_of(pixels: BaseTag, ds: Dataset) -> str:
    if pixels == Tag("FloatPixelData"):
        return "OF"
    if pixels == Tag("DoubleFloatPixelData"):
        return "OD"
    return "OB" if whole(ds, "BitsAllocated") == 8 else "OW"


@cache
def _tag_and_vr(keyword: str) -> tuple[str, str]:
    tag = tag_for_keyword(keyword)
    assert tag is not None, f"{keyword} is in PS3.6"
    return f"{tag:08X}", dictionary_VR(tag)


def _name(name: str) -> dict[str, str]:
    """Return the component groups of a name (F.2.2)."""
    return {group: part for group, part in zip(NAME_GROUPS, name.split("="), strict=False) if part}
