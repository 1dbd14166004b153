"""Values of the worklist in the DICOM JSON Model (PS3.18 Annex F)."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword

Item = dict[str, dict[str, Any]]
NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


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


@cache
def _tag_and_vr(keyword: str) -> tuple[str, str]:
    tag = tag_for_keyword(keyword)
    assert tag is not None, f"{keyword} is in PS3.6"
    return f"{tag:08X}", dictionary_VR(tag)


def _name(name: str) -> dict[str, str]:
    """Return the component groups of a name (F.2.2)."""
    return {group: part for group, part in zip(NAME_GROUPS, name.split("="), strict=False) if part}
