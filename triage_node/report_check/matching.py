"""Which row of a template a content item fills, and what of it is not as the row says."""

from collections.abc import Iterable
from typing import NamedTuple

from triage_node.report_check.complaint import Kind
from triage_node.report_check.concept import Terms
from triage_node.report_check.content_item import ContentItem
from triage_node.report_check.expansion import Slot


class Match(NamedTuple):
    """The row an item fills, None when it is an extension; `fault` is what of the item differs from the row."""

    slot: Slot | None
    fault: Kind | None = None


def matched(item: ContentItem, slots: Iterable[Slot], value_type: str, relationship: str) -> Match:
    """Return the row that an item fills.

    A row that names the concept goes before rows for any concept. An item that has the concept of a mandatory row, but
    another relationship or value type, is meant for that row also where a row for any concept would take it.
    """
    slots = tuple(slots)
    named = [slot for slot in slots if _names(slot, item)]
    for slot in named:
        if (slot.relationship, slot.row.value_type) == (relationship, value_type):
            return Match(slot)
    free = next((slot for slot in slots if _takes(slot, item, value_type, relationship)), None)
    meant = sorted(named, key=lambda slot: slot.row.value_type != value_type)
    if meant and (free is None or meant[0].row.requirement.startswith("M")):
        same_type = meant[0].row.value_type == value_type
        return Match(meant[0], Kind.RELATIONSHIP if same_type else Kind.VALUE_TYPE)
    return Match(free)


def _names(slot: Slot, item: ContentItem) -> bool:
    return isinstance(slot.row.name, Terms) and item.name is not None and slot.row.name.allow(item.name)


def _takes(slot: Slot, item: ContentItem, value_type: str, relationship: str) -> bool:
    if isinstance(slot.row.name, Terms) or (slot.relationship, slot.row.value_type) != (relationship, value_type):
        return False
    return slot.row.name is None or (item.name is not None and slot.row.name.allow(item.name))
