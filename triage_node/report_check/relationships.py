"""Which value types may be related how in each SR SOP class: PS3.3 Tables A.35.2-2, A.35.3-2 and A.35.13-2."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydicom.uid import Comprehensive3DSRStorage, ComprehensiveSRStorage, EnhancedSRStorage

from triage_node.report_check.complaint import Complaint, Kind, error
from triage_node.report_check.content_item import ContentItem

_PLAIN = frozenset({"TEXT", "CODE", "NUM", "DATETIME", "DATE", "TIME", "UIDREF", "PNAME"})
_OBJECTS = frozenset({"COMPOSITE", "IMAGE", "WAVEFORM"})
_PLANE, _SPACE = frozenset({"SCOORD", "TCOORD"}), frozenset({"SCOORD", "TCOORD", "SCOORD3D"})
_CONTAINER = frozenset({"CONTAINER"})
_DESCRIBED = frozenset({"TEXT", "CODE", "NUM"})
_ACQUIRED = frozenset({"CONTAINER", "IMAGE", "WAVEFORM", "COMPOSITE", "NUM"})
_NAME_PROPERTIES = frozenset({"TEXT", "CODE", "DATETIME", "DATE", "TIME", "UIDREF", "PNAME"})

Sources = frozenset[str]


@dataclass(frozen=True)
class Allowed:
    """A row of such a table: these source value types may have the relationship with these target value types."""

    sources: Sources
    relationship: str
    targets: frozenset[str]


@dataclass(frozen=True)
class DocumentClass:
    """An SR SOP class: its table, and whether an item may stand for another (by-reference relationship)."""

    title: str
    clause: str
    value_types: frozenset[str]
    by_reference: bool
    table: tuple[Allowed, ...]

    def allows(self, source: str, relationship: str, target: str) -> bool:
        """Tell whether two value types may be related so."""
        return any(
            source in row.sources and relationship == row.relationship and target in row.targets for row in self.table
        )


def _table(
    value_types: frozenset[str], coordinates: frozenset[str], contexts: Sources, nested: frozenset[str]
) -> tuple[Allowed, ...]:
    """Return the table of a class: what has observation context, and where containers may be nested, differ."""
    inferred = _PLAIN | _OBJECTS | coordinates | nested
    return (
        Allowed(_CONTAINER, "CONTAINS", value_types),
        Allowed(contexts, "HAS OBS CONTEXT", _PLAIN | {"COMPOSITE"}),
        Allowed(_ACQUIRED, "HAS ACQ CONTEXT", _PLAIN | nested),
        Allowed(value_types, "HAS CONCEPT MOD", frozenset({"TEXT", "CODE"})),
        Allowed(_DESCRIBED, "HAS PROPERTIES", inferred),
        Allowed(frozenset({"PNAME"}), "HAS PROPERTIES", _NAME_PROPERTIES),
        Allowed(_DESCRIBED, "INFERRED FROM", inferred),
        Allowed(frozenset({"SCOORD"}), "SELECTED FROM", frozenset({"IMAGE"})),
        Allowed(frozenset({"TCOORD"}), "SELECTED FROM", coordinates - {"TCOORD"} | {"IMAGE", "WAVEFORM"}),
    )


_IN_PLANE = _PLAIN | _OBJECTS | _PLANE | _CONTAINER
_IN_SPACE = _PLAIN | _OBJECTS | _SPACE | _CONTAINER

DOCUMENT_CLASSES: Mapping[str, DocumentClass] = {
    EnhancedSRStorage: DocumentClass(
        "Enhanced SR", "PS3.3 A.35.2", _IN_PLANE, False, _table(_IN_PLANE, _PLANE, _CONTAINER, frozenset())
    ),
    ComprehensiveSRStorage: DocumentClass(
        "Comprehensive SR",
        "PS3.3 A.35.3",
        _IN_PLANE,
        True,
        _table(_IN_PLANE, _PLANE, _CONTAINER | _DESCRIBED, _CONTAINER),
    ),
    Comprehensive3DSRStorage: DocumentClass(
        "Comprehensive 3D SR",
        "PS3.3 A.35.13",
        _IN_SPACE,
        True,
        (
            *_table(_IN_SPACE, _SPACE, _CONTAINER | _DESCRIBED, _CONTAINER),
            Allowed(_CONTAINER, "HAS OBS CONTEXT", _CONTAINER),
        ),
    ),
}


def check_relationships(root: ContentItem, document_class: DocumentClass) -> Iterator[Complaint]:
    """Iterate over relationships and value types that the SOP class has no row for."""
    by_position = {item.position: item for item in root.walk()}
    for parent in root.walk():
        for item in parent.children:
            yield from _check(parent, item, document_class, by_position)


def _check(
    parent: ContentItem,
    item: ContentItem,
    document_class: DocumentClass,
    by_position: Mapping[tuple[int, ...], ContentItem],
) -> Iterator[Complaint]:
    clause, title = document_class.clause, document_class.title
    target = item
    if item.target:
        yield from _check_target(parent, item, document_class, by_position)
        target = by_position.get(item.target, item)
    if not target.value_type:
        if not item.target:
            yield error(Kind.ATTRIBUTE, "PS3.3 C.17.3.2.1", item.path, "It has no Value Type (0040,A040).")
    elif target.value_type not in document_class.value_types:
        yield error(Kind.VALUE_TYPE, clause, item.path, f"{title} has no value type {target.value_type!r}.")
    elif not document_class.allows(parent.value_type, item.relationship, target.value_type):
        related = f"{parent.value_type} {item.relationship or '(no relationship)'} {target.value_type}"
        yield error(Kind.RELATIONSHIP, clause, item.path, f"{title} does not allow {related}.")


def _check_target(
    parent: ContentItem,
    item: ContentItem,
    document_class: DocumentClass,
    by_position: Mapping[tuple[int, ...], ContentItem],
) -> Iterator[Complaint]:
    """Check an item that stands for another one of the same report (PS3.3 C.17.3.2.5)."""
    if not document_class.by_reference:
        yield error(Kind.REFERENCE, document_class.clause, item.path, f"{document_class.title} allows no references.")
    where = ".".join(map(str, item.target))
    if item.target not in by_position:
        yield error(Kind.REFERENCE, "PS3.3 C.17.3.2.5", item.path, f"It stands for {where}, which is not there.")
    elif parent.position[: len(item.target)] == item.target:
        yield error(Kind.REFERENCE, "PS3.3 C.17.3.2.5", item.path, f"It stands for {where}, which holds it.")
