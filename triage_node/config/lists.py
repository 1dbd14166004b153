"""Lists in settings: written with commas, as JSON or as TOML, each entry once."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import ValidationInfo

from triage_node.endpoints import Endpoint

Kind = TypeVar("Kind", bound=Endpoint)


def at_commas(value: Any) -> Any:
    """Return the parts of a list that is written as a text, with commas or as JSON."""
    if not isinstance(value, str):
        return value
    try:
        written = json.loads(value) if value.lstrip().startswith("[") else None
    except ValueError:
        written = None
    return written if isinstance(written, list) else [part.strip() for part in value.split(",") if part.strip()]


def each_text_read(value: Any, read: Callable[[str], Any]) -> Any:
    """Return a list with each text in it read; tables stay, and so does what is no list, for pydantic to refuse."""
    parts = at_commas(value)
    if isinstance(parts, (list, tuple)):
        return tuple(read(part) if isinstance(part, str) else part for part in parts)
    return value


def each_once(endpoints: tuple[Kind, ...], info: ValidationInfo) -> tuple[Kind, ...]:
    """Return endpoints without repetitions.

    Raises
    ------
    ValueError
        Two that differ have one name.
    """
    once = tuple(dict.fromkeys(endpoints))
    names = Counter(one.name for one in once)
    if twice := [name for name, number in names.items() if number > 1]:
        raise ValueError(f"two {info.field_name} are called {twice[0]!r}")
    return once
