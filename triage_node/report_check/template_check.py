"""A content tree against the tables of PS3.16: rows that are missing, too many, misplaced, or have another value."""

from collections.abc import Iterator, Mapping, Sequence

from triage_node.report_check.complaint import Complaint, Kind, error, warning
from triage_node.report_check.concept import Constraint, ContextGroup, shown
from triage_node.report_check.condition import Present
from triage_node.report_check.content_item import ContentItem, unit_of
from triage_node.report_check.elements import items, text
from triage_node.report_check.expansion import Inclusion, Level, Slot, expanded
from triage_node.report_check.matching import Match, matched
from triage_node.report_check.report_templates import TEMPLATES
from triage_node.report_check.row import Row

Claims = Mapping[Slot, tuple[ContentItem, ...]]


def check_template(root: ContentItem, number: str) -> Iterator[Complaint]:
    """Iterate over what in a report is not as its root template says.

    Parameters
    ----------
    root
        The report's content tree.
    number
        Number of a root template that has a table.
    """
    [slot] = expanded(number).nodes
    assert isinstance(slot, Slot)
    by_position = {item.position: item for item in root.walk()}
    yield from _check_title(root, slot)
    yield from _check_children(root, slot, by_position)


def declared_template(item: ContentItem) -> str:
    """Return the number of the template that an item says it follows (PS3.3 C.18.8), empty when it says none."""
    return next((text(entry, "TemplateIdentifier") for entry in items(item.dataset, "ContentTemplateSequence")), "")


def _check_title(root: ContentItem, slot: Slot) -> Iterator[Complaint]:
    if root.value_type != slot.row.value_type:
        yield error(
            Kind.VALUE_TYPE, slot.clause, root.path, f"The root is {root.value_type or 'nothing'}, no CONTAINER."
        )
    if root.name is not None and slot.row.name is not None and not slot.row.name.allow(root.name):
        message = f"The title {shown(root.name)} is not in {slot.row.name}, though that may be extended."
        yield warning(Kind.VALUE, slot.clause, root.path, message)


def _check_children(
    parent: ContentItem, parent_slot: Slot, by_position: Mapping[tuple[int, ...], ContentItem]
) -> Iterator[Complaint]:
    level = parent_slot.below
    slots = tuple(level.slots())
    matches = [(child, _match(child, slots, by_position)) for child in parent.children]
    claims = {slot: tuple(child for child, match in matches if match.slot is slot) for slot in slots}
    yield from _judge(level, claims, parent, 1)
    yield from _check_order(level, matches)
    for child, match in matches:
        if match.slot is None:
            yield from _unclaimed(child, level)
        else:
            yield from _check_claimed(child, match.slot, match.fault, by_position)


def _match(item: ContentItem, slots: Sequence[Slot], by_position: Mapping[tuple[int, ...], ContentItem]) -> Match:
    """Return the row of an item; one that stands for another is what that other is."""
    meant = by_position.get(item.target, item) if item.target else item
    return matched(meant, slots, meant.value_type, item.relationship)


def _unclaimed(item: ContentItem, level: Level) -> Iterator[Complaint]:
    if not level.template.extensible:
        number = level.template.number
        message = f"TID {number} is not extensible and has no row for {item.relationship} {item.value_type} here."
        yield error(Kind.UNKNOWN, f"PS3.16 TID {number}", item.path, message)
    elif level.without_table and item.value_type == "CONTAINER":
        message = f"It may follow TID {' or '.join(level.without_table)}, without a table here: it is not checked."
        yield warning(Kind.TEMPLATE, f"PS3.16 TID {level.template.number}", item.path, message)


def _check_claimed(
    item: ContentItem, slot: Slot, fault: Kind | None, by_position: Mapping[tuple[int, ...], ContentItem]
) -> Iterator[Complaint]:
    if fault is not None:
        there = f"{item.relationship} {item.value_type}".strip()
        yield error(fault, slot.clause, item.path, f"It is {there}; the row wants {slot.wanted}.")
        return
    yield from _check_value(item, slot)
    if slot.begins_template:
        declared = declared_template(item)
        if declared and declared != slot.template.number:
            yield _other_template(item, slot, declared)
            return
    if not item.target:
        yield from _check_children(item, slot, by_position)


def _other_template(item: ContentItem, slot: Slot, declared: str) -> Complaint:
    message = f"It follows template {declared}, where the row includes TID {slot.template.number}."
    if declared in TEMPLATES:
        return error(Kind.TEMPLATE, slot.clause, item.path, message)
    return warning(Kind.TEMPLATE, slot.clause, item.path, f"{message} There is no table of it: it is not checked.")


def _check_value(item: ContentItem, slot: Slot) -> Iterator[Complaint]:
    """Check the code of a CODE, the unit of a NUM."""
    constraint = slot.row.values
    value = {"CODE": item.value, "NUM": unit_of(item)}.get(item.value_type)
    if constraint is None or value is None or constraint.allow(value):
        return
    what = "unit" if item.value_type == "NUM" else "value"
    message = f"The {what} {shown(value)} is not {_wanted(constraint)}."
    lenient = isinstance(constraint, ContextGroup) and constraint.extensible
    yield (warning if lenient else error)(Kind.VALUE, slot.clause, item.path, message)


def _wanted(constraint: Constraint) -> str:
    return f"in {constraint}" if isinstance(constraint, ContextGroup) else str(constraint)


def _judge(level: Level, claims: Claims, parent: ContentItem, instances: int | None) -> Iterator[Complaint]:
    """Judge how often the rows of one invocation of a template are there.

    `instances` is how many times the template is included flat beside itself, None when that cannot be told.
    """
    present: dict[str, tuple[ContentItem, ...]] = {node.row.number: _items_of(node, claims) for node in level.nodes}
    for node in level.nodes:
        if isinstance(node, Slot):
            yield from _judge_slot(node, present, parent, instances)
        elif present[node.row.number] or node.row.required(present):
            yield from _judge_inclusion(node, present, level)
            yield from _judge(node.level, claims, parent, _instances(node, claims, instances))


def _judge_slot(slot: Slot, present: Present, parent: ContentItem, instances: int | None) -> Iterator[Complaint]:
    row, found = slot.row, present[slot.row.number]
    if not found and row.required(present):
        yield error(Kind.MISSING, slot.clause, parent.path, f"{slot.wanted} is missing ({_requirement(row)}).")
    elif found and row.forbidden(present):
        yield error(Kind.FORBIDDEN, slot.clause, found[0].path, f"It must not be here ({_requirement(row)}).")
    if row.most is not None and instances is not None and len(found) > row.most * instances:
        message = f"There are {len(found)} of {slot.wanted}; the row has VM {row.vm}."
        yield error(Kind.TOO_MANY, slot.clause, found[row.most * instances].path, message)


def _judge_inclusion(node: Inclusion, present: Present, level: Level) -> Iterator[Complaint]:
    found = present[node.row.number]
    if found and node.row.forbidden(present):
        clause = f"PS3.16 TID {level.template.number} row {node.row.number}"
        message = f"TID {node.level.template.number} must not be here ({_requirement(node.row)})."
        yield error(Kind.FORBIDDEN, clause, found[0].path, message)


def _requirement(row: Row) -> str:
    return f"{row.requirement} {row.condition}" if row.condition else row.requirement


def _items_of(node: Slot | Inclusion, claims: Claims) -> tuple[ContentItem, ...]:
    return tuple(item for slot in _slots(node) for item in claims[slot])


def _instances(node: Inclusion, claims: Claims, outer: int | None) -> int | None:
    """Return how often a template is included: its first row is there once in each."""
    if node.row.most is not None:
        return None if outer is None else outer * node.row.most
    first = next(node.level.slots(), None)
    return len(claims[first]) or None if first else None


def _check_order(level: Level, matches: Sequence[tuple[ContentItem, Match]]) -> Iterator[Complaint]:
    """Say which items stand before one of an earlier row (PS3.16 6, Order), in each template for itself."""
    if level.template.ordered:
        yield from _first_out_of_order(level, matches)
    for node in level.nodes:
        if isinstance(node, Inclusion) and not _is_repeated(node, matches):
            yield from _check_order(node.level, matches)


def _first_out_of_order(level: Level, matches: Sequence[tuple[ContentItem, Match]]) -> Iterator[Complaint]:
    places = {slot: place for place, node in enumerate(level.nodes) for slot in _slots(node)}
    last = 0
    for item, (slot, fault) in matches:
        if slot is None or fault is not None or slot not in places:
            continue
        if places[slot] < last:
            number = level.template.number
            message = f"It comes after items of later rows; the order of TID {number} is significant."
            yield warning(Kind.ORDER, slot.clause, item.path, message)
            return
        last = places[slot]


def _is_repeated(node: Inclusion, matches: Sequence[tuple[ContentItem, Match]]) -> bool:
    """Tell whether a template is included more than once flat, so that its rows begin anew."""
    first = next(node.level.slots(), None)
    return node.row.most is None and sum(match.slot is first for _, match in matches) > 1


def _slots(node: Slot | Inclusion) -> Iterator[Slot]:
    if isinstance(node, Slot):
        yield node
    else:
        yield from node.level.slots()
