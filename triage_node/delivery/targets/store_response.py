"""What a DICOMweb server says of the instances it was sent (PS3.18 10.5.3, PS3.3 C.12.1.1.17)."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

FAILED = "00081198"
REFERENCED = "00081199"
INSTANCE_UID = "00081155"
FAILURE_REASON = "00081197"
UNKNOWN_REASON = 0x0110
CLASS_NOT_SUPPORTED = frozenset([0x0122, 0xA800])
"""SOP class not supported: PS3.7 C.5.6, and what older servers answer."""


@dataclass(frozen=True)
class StoreResponse:
    """The SOP Instance UIDs that were stored, and those that were not with their Failure Reason."""

    referenced: frozenset[str] = frozenset()
    failed: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Read the DICOM JSON of a response; of what is none nothing is stored and nothing failed."""
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            return cls()
        data_sets = content if isinstance(content, list) else [content]
        failed = {uid: _reason(item) for uid, item in _items(data_sets, FAILED)}
        return cls(frozenset(uid for uid, _ in _items(data_sets, REFERENCED)) - set(failed), failed)


def is_class_refused(reason: int) -> bool:
    """Tell whether an object was refused for its SOP class, so that another rendering may be taken."""
    return reason in CLASS_NOT_SUPPORTED


def _items(data_sets: list[Any], tag: str) -> Iterator[tuple[str, Any]]:
    for ds in data_sets:
        for item in _values(ds, tag):
            for uid in _values(item, INSTANCE_UID):
                yield str(uid).strip("\0 "), item


def _reason(item: Any) -> int:
    return next((value for value in _values(item, FAILURE_REASON) if isinstance(value, int)), UNKNOWN_REASON)


def _values(ds: Any, tag: str) -> list[Any]:
    element = ds.get(tag) if isinstance(ds, dict) else None
    values = element.get("Value") if isinstance(element, dict) else None
    return values if isinstance(values, list) else []
