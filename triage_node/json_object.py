"""What the node says as JSON: a frozen dataclass as an object of its fields, in their order."""

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any, TypeAlias

JsonObject: TypeAlias = dict[str, Any]


PLAIN = frozenset({str, int, float, bool})
FLAT = {"flat": True}
"""Metadata of a field in whose place JSON has the fields of what it holds."""


def named(name: str) -> Mapping[str, str]:
    """Return the metadata of a field whose name in JSON is no name in Python."""
    return {"name": name}


def to_json(value: Any) -> JsonObject:
    """Return a dataclass as an object ready for JSON, with all it holds; plain values are not copied."""
    found: JsonObject = {}
    for name, shown_as, is_flat in _fields(type(value)):  # type: ignore[arg-type]
        content = getattr(value, name)
        if content is None or type(content) in PLAIN:
            found[shown_as] = content
        elif is_flat:
            found |= to_json(content)
        else:
            found[shown_as] = _plain(content)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, str | int | float | None):
        return value
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return to_json(value)


@cache
def _fields(kind: type) -> tuple[tuple[str, str, bool], ...]:
    """Return each field's name, its name in JSON, and whether what it holds stands in its place; once for a class."""
    return tuple((one.name, one.metadata.get("name", one.name), bool(one.metadata.get("flat"))) for one in fields(kind))
