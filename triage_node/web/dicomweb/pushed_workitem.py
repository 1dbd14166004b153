"""A workitem that was pushed to the node: what a new one must have, how it is shown, and whether a search finds it."""

import re
from collections.abc import Mapping, Sequence
from fnmatch import translate
from typing import Any

from triage_node.database import folded_name
from triage_node.errors import InvalidInput
from triage_node.imaging import Item, data_set, text_of, values_of
from triage_node.search import Attribute, Kind
from triage_node.web.dicomweb.workitem_model import UPS_PUSH, date_time
from triage_node.workitems import Workitem
from triage_node.worklist import PushedWorkitem

SCHEDULED = "SCHEDULED"
PRIORITIES = ("HIGH", "MEDIUM", "LOW")
NEEDED = ("ProcedureStepLabel", "ScheduledProcedureStepStartDateTime", "InputReadinessState")
"""Type 1 for N-CREATE (PS3.4 Table CC.2.5-3), beside state and priority."""
OF_THE_NODE = (
    "ProcedureStepState",
    "ScheduledProcedureStepPriority",
    "TransactionUID",
    "SOPClassUID",
    "SOPInstanceUID",
    "AffectedSOPInstanceUID",
    "ScheduledProcedureStepModificationDateTime",
)
"""What has a place of its own, or is never shown."""


def new_workitem(ds: Item) -> tuple[str, Item]:
    """Return priority and attributes of a workitem that is to be created (PS3.18 11.4).

    Raises
    ------
    InvalidInput
        It is not as the Standard wants it, or names no study.
    """
    if text_of(ds, "ProcedureStepState") != SCHEDULED:
        raise InvalidInput("A new workitem is SCHEDULED.")
    if text_of(ds, "TransactionUID"):
        raise InvalidInput("A new workitem has no Transaction UID.")
    if missing := [keyword for keyword in NEEDED if not text_of(ds, keyword)]:
        raise InvalidInput(f"{missing[0]} is missing.")
    if not study_of(ds):
        raise InvalidInput("It does not name the one study that is to be analyzed.")
    return priority_in(ds), stripped(ds)


def priority_in(ds: Item) -> str:
    """Return the priority of a data set.

    Raises
    ------
    InvalidInput
        It has none, or one that is not in PS3.3 C.30.1.
    """
    priority = text_of(ds, "ScheduledProcedureStepPriority")
    if priority not in PRIORITIES:
        raise InvalidInput(f"ScheduledProcedureStepPriority is {', '.join(PRIORITIES[:2])} or {PRIORITIES[2]}.")
    return priority


def stripped(ds: Item) -> Item:
    """Return a data set without what has a place of its own."""
    own = data_set(dict.fromkeys(OF_THE_NODE))
    return {tag: attribute for tag, attribute in ds.items() if tag not in own}


def study_of(ds: Mapping[str, Any]) -> str:
    """Return the one study that a workitem is about; empty when it names none or several."""
    return Workitem.read(ds).study


def whole(workitem: PushedWorkitem) -> Item:
    """Return the data set; the Transaction UID is its performer's secret."""
    own = {
        "SOPClassUID": UPS_PUSH,
        "SOPInstanceUID": workitem.workitem_uid,
        "ProcedureStepState": workitem.state,
        "ScheduledProcedureStepPriority": workitem.priority,
        "ScheduledProcedureStepModificationDateTime": date_time(workitem.changed_at),
    }
    return dict(sorted({**workitem.attributes, **data_set(own)}.items()))


def is_match(workitem: PushedWorkitem, keys: Sequence[tuple[Attribute, str]]) -> bool:
    """Tell whether a workitem matches all keys of a search (PS3.4 C.2.2.2)."""
    ds = whole(workitem)
    return all(_matches(ds, attribute, value) for attribute, value in keys)


def _matches(ds: Item, attribute: Attribute, value: str) -> bool:
    if not value:
        return True
    is_inner = "." in attribute.keyword
    values = [str(one) for one in values_of(ds, attribute.keyword)] if is_inner else [text_of(ds, attribute.keyword)]
    if attribute.kind is Kind.UID:
        return not set(values).isdisjoint(value.split(","))
    if attribute.keyword.endswith(("DateTime", "Date")):
        return any(_is_within(one, value) for one in values)
    if attribute.kind is Kind.NAME:
        value, values = folded_name(value), list(map(folded_name, values))
    pattern = re.compile(translate(value.replace("[", "[[]")))
    return any(pattern.match(one) for one in values)


def _is_within(moment: str, value: str) -> bool:
    first, dash, last = value.partition("-")
    last = last if dash else first
    return bool(moment) and moment[: len(first)] >= first and (not last or moment[: len(last)] <= last)
