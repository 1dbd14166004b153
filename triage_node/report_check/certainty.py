"""What a score may be: the concept 111012 says a certainty in percent (PS3.16 Annex D, TID 4104 row 12)."""

from collections.abc import Iterator

from pydicom.sr.coding import Code

from triage_node.report_check.complaint import Complaint, Kind, error
from triage_node.report_check.concept import same, shown
from triage_node.report_check.content_item import ContentItem, unit_of
from triage_node.report_check.elements import items, number, text

CERTAINTY_OF_FINDING = Code("111012", "DCM", "Certainty of Finding")
PERCENT = Code("%", "UCUM", "Percent")
CLAUSE = "PS3.16 TID 4104 row 12"


def check_certainties(root: ContentItem) -> Iterator[Complaint]:
    """Iterate over certainties that are not 0 to 100 percent."""
    for item in root.walk():
        if same(item.name, CERTAINTY_OF_FINDING) and item.value_type == "NUM":
            yield from _check(item)


def _check(item: ContentItem) -> Iterator[Complaint]:
    unit = unit_of(item)
    if unit is not None and unit != PERCENT:
        yield error(Kind.VALUE, CLAUSE, item.path, f"The unit is {shown(unit)}, not {shown(PERCENT)}.")
    for measured in items(item.dataset, "MeasuredValueSequence"):
        percent = number(text(measured, "NumericValue"))
        if percent is not None and not 0 <= percent <= 100:
            message = f"A certainty of {percent:g} is not within 0 to 100."
            yield error(Kind.VALUE, CLAUSE, item.path, message)
