"""Data sets in the Native DICOM Model, the XML of PS3.19 A.1, from those in the DICOM JSON Model."""

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from pydicom.datadict import keyword_for_tag

from triage_node.imaging.representations.dicom_json import NAME_GROUPS, Item

NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
NAME_PARTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
PRIVATE_CREATOR = re.compile(r"[0-9A-F]{4}00[1-9A-F][0-9A-F]")


def native_model(item: Item) -> bytes:
    """Return a data set as a document in UTF-8; what XML cannot hold of a text becomes U+FFFD."""
    root = ET.Element("NativeDicomModel", {"xmlns": NAMESPACE, "xml:space": "preserve"})
    _add_data_set(root, item)
    return ET.tostring(root, "utf-8", xml_declaration=True)


def _add_data_set(parent: ET.Element, item: Item) -> None:
    for tag, attribute in sorted(item.items()):
        names = {"tag": tag, "vr": attribute["vr"]}
        if keyword := keyword_for_tag(int(tag, 16)):
            names["keyword"] = keyword
        if creator := _creator_of(tag, item):
            # Which block the creator has reserved is this data set's own affair.
            names |= {"privateCreator": _text(creator), "tag": f"{tag[:4]}00{tag[6:]}"}
        _add_value(ET.SubElement(parent, "DicomAttribute", names), attribute)


def _add_value(parent: ET.Element, attribute: Mapping[str, Any]) -> None:
    if "BulkDataURI" in attribute:
        ET.SubElement(parent, "BulkData", {"uri": attribute["BulkDataURI"]})
    elif "InlineBinary" in attribute:
        ET.SubElement(parent, "InlineBinary").text = attribute["InlineBinary"]
    for number, value in enumerate(attribute.get("Value", ()), 1):
        if value is not None:
            _add_one(parent, attribute["vr"], {"number": str(number)}, value)


def _add_one(parent: ET.Element, vr: str, number: dict[str, str], value: Any) -> None:
    if vr == "SQ":
        _add_data_set(ET.SubElement(parent, "Item", number), value)
    elif vr == "PN":
        _add_name(ET.SubElement(parent, "PersonName", number), value)
    else:
        ET.SubElement(parent, "Value", number).text = _text(value)


def _add_name(parent: ET.Element, groups: Mapping[str, str]) -> None:
    for group in NAME_GROUPS:
        if not groups.get(group):
            continue
        shown = ET.SubElement(parent, group)
        for part, text in zip(NAME_PARTS, groups[group].split("^"), strict=False):
            if text:
                ET.SubElement(shown, part).text = _text(text)


def _creator_of(tag: str, item: Item) -> str:
    """Return the private creator of a private element, empty of any other (PS3.5 7.8.1)."""
    if int(tag[3], 16) % 2 == 0 or PRIVATE_CREATOR.fullmatch(tag):
        return ""
    values = item.get(f"{tag[:4]}00{tag[4:6]}", {}).get("Value") or [""]
    return str(values[0])


def _text(value: object) -> str:
    return NOT_IN_XML.sub("\ufffd", str(value))
