"""Frozen dataclasses as JSON objects: the fields in their order, under their names."""

import json
from dataclasses import dataclass, field

from triage_node.findings import Decision
from triage_node.json_object import FLAT, named, to_json


@dataclass(frozen=True, slots=True)
class Inner:
    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Outer:
    first: str = field(metadata=named("from"))
    inner: Inner = field(metadata=FLAT)
    others: dict[str, Inner]
    decision: Decision
    absent: Inner | None = None


def test_fields_keep_their_order_and_one_may_have_another_name_or_be_laid_open():
    inner = Inner("a", (1.0, None))
    shown = to_json(Outer("2024", inner, {"one": inner}, Decision.FLAGGED))
    assert json.dumps(shown) == (
        '{"from": "2024", "name": "a", "values": [1.0, null], "others": {"one": {"name": "a", "values": [1.0, null]}}, '
        '"decision": "flagged", "absent": null}'
    )
