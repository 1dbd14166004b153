"""A header in the DICOM JSON Model (PS3.18 Annex F), with what is long as an address."""

import contextlib
import json
import warnings
from collections.abc import Callable
from pathlib import Path

from pydicom import DataElement, Dataset
from pydicom.tag import BaseTag, Tag

from triage_node.imaging.header import text, whole
from triage_node.imaging.part10 import read_whole_header

LONGEST_INLINE = 1024
"""Bytes of a binary value that are sent within the JSON; longer ones are fetched on their own."""

BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_CHARACTER_SET = Tag("SpecificCharacterSet")
_TRANSFER_SYNTAX = "00083002"


def header_as_json(path: Path, address: Callable[[str], str]) -> str:
    """Return the data set of a file as a JSON object; a value that JSON or its VR cannot hold is left out.

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
    syntax = text(ds.file_meta, "TransferSyntaxUID")
    members = {_TRANSFER_SYNTAX: json.dumps({"vr": "UI", "Value": [syntax]})}
    with warnings.catch_warnings(action="ignore"):
        for tag in ds.keys():  # noqa: SIM118 - to go through the elements would decode them, which may fail
            if tag.element == 0:
                continue
            # The border to a peer's bytes: a value is decoded now, and may be anything.
            with contextlib.suppress(Exception):
                members[f"{tag:08X}"] = _as_json(ds[tag], address)
    if _CHARACTER_SET in ds:
        members[f"{_CHARACTER_SET:08X}"] = '{"vr":"CS","Value":["ISO_IR 192"]}'  # as JSON is UTF-8 (PS3.18 F.2)
    if pixels is not None:
        members[f"{pixels:08X}"] = json.dumps({"vr": _vr_of(pixels, ds), "BulkDataURI": address(f"{pixels:08X}")})
    return "{" + ",".join(f'"{tag}":{value}' for tag, value in sorted(members.items())) + "}"


def _as_json(element: DataElement, address: Callable[[str], str]) -> str:
    # pydicom tells its handler no path, so only what lies at the top has an address; what lies deeper is in line.
    handler = None if element.VR == "SQ" else lambda one: address(f"{one.tag:08X}")
    return json.dumps(element.to_json_dict(handler, LONGEST_INLINE), allow_nan=False)


def _vr_of(pixels: BaseTag, ds: Dataset) -> str:
    if pixels == Tag("FloatPixelData"):
        return "OF"
    if pixels == Tag("DoubleFloatPixelData"):
        return "OD"
    return "OB" if whole(ds, "BitsAllocated") == 8 else "OW"
