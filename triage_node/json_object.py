"""What the node says as JSON: a frozen dataclass as an object of its fields, in their order."""

from collections.abc import Mapping
from dataclasses import Field, fields
from functools import cache
from typing import Any, TypeAlias

JsonObject: TypeAlias = dict[str, Any]


FLAT = {"flat": True}
"""Metadata of a field in whose place JSON has the fields of what it holds."""


def named(name: str) -> Mapping[str, str]:
    """Return the metadata of a field whose name in JSON is no name in Python."""
    return {"name": name}


def to_json(value: Any) -> JsonObject:
    """Return a dataclass as an object ready for JSON, with all it holds; plain values are not copied."""
    found: JsonObject = {}
    for one in _fields(type(value)):  # type: ignore[arg-type]
        content = getattr(value, one.name)
        if one.metadata.get("flat"):
            found |= to_json(content)
        else:
            found[one.metadata.get("name", one.name)] = _plain(content)
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
def _fields(kind: type) -> tuple[Field[Any], ...]:
    return fields(kind)
