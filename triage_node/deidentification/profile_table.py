"""What the Basic Application Level Confidentiality Profile does with each attribute (PS3.15 Table E.1-1).

The table is a file beside this one, made of the well-kept one of the package dicom-anonymizer; a test makes it anew
(`WRITE_TABLE=1`).
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib import resources

FILE_NAME = "basic_profile.json"


class Action(StrEnum):
    """What is done with an attribute (PS3.15 Table E.1-1a)."""

    DUMMY = "D"
    """Another value of no meaning takes its place."""
    EMPTY = "Z"
    REMOVE = "X"
    UID = "U"
    """Another UID takes its place, everywhere the same one; in the items of a sequence as well."""


EXTENT: Mapping[str, Action] = {
    "D": Action.DUMMY,
    "Z": Action.EMPTY,
    "X": Action.REMOVE,
    "U": Action.UID,
    "Z/D": Action.DUMMY,
    "X/Z": Action.EMPTY,
    "X/D": Action.DUMMY,
    "X/Z/D": Action.DUMMY,
    "X/Z/U*": Action.UID,
}
"""Of several actions, between which the attribute's type in its IOD decides, the one that satisfies each type."""


@cache
def _table() -> Mapping[str, object]:
    content = (resources.files(__package__) / FILE_NAME).read_text(encoding="ascii")
    table: Mapping[str, object] = json.loads(content)
    return table


@cache
def basic_profile() -> Mapping[int, Action]:
    """Return what is done by tag; attributes that are not in the table are not named."""
    actions = _table()["actions"]
    assert isinstance(actions, dict)
    return {int(tag, 16): EXTENT[code] for code, tags in actions.items() for tag in tags}


def edition() -> str:
    """Return the edition of the Standard that the table is of, as in ``2026c``."""
    return str(_table()["edition"])
