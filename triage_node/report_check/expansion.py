"""A template with those it includes put in their places (PS3.16 6.1.3, INCLUDE)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from triage_node.report_check.report_templates import TEMPLATES
from triage_node.report_check.row import Row, Template


@dataclass(frozen=True, eq=False)
class Slot:
    """A row that content items may fill, with its effective relationship and the rows right below it."""

    template: Template
    row: Row
    relationship: str
    below: "Level"

    @property
    def clause(self) -> str:
        """Return where the row stands."""
        return f"PS3.16 TID {self.template.number} row {self.row.number}"

    @property
    def wanted(self) -> str:
        """Return what the row asks for, as the table has it."""
        name = self.row.name or "any concept"
        return f"{self.relationship} {self.row.value_type} {name}".strip()

    @property
    def begins_template(self) -> bool:
        """Tell whether it is the container that a template consists of."""
        return self.row.value_type == "CONTAINER" and self.row == self.template.rows[0]


@dataclass(frozen=True, eq=False)
class Inclusion:
    """A row that includes another template, and the rows of that."""

    row: Row
    level: "Level"


@dataclass(frozen=True, eq=False)
class Level:
    """The rows of a template at one nesting level, for the children of one content item.

    `without_table` names the templates that are included here and have no table; what may belong to them is told.
    """

    template: Template
    nodes: tuple[Slot | Inclusion, ...]
    without_table: tuple[str, ...]

    def slots(self) -> Iterator[Slot]:
        """Iterate over the rows that content items may fill, those of included templates among them."""
        for node in self.nodes:
            if isinstance(node, Slot):
                yield node
            else:
                yield from node.level.slots()


@cache
def expanded(number: str, relationship: str = "") -> Level:
    """Return a template as it is where a row of that relationship includes it."""
    template = TEMPLATES[number]
    return _level(template, template.rows, relationship)


def _level(template: Template, rows: tuple[Row, ...], relationship: str) -> Level:
    nested = [(row, below) for row, below in _nested(rows) if not row.include or row.include in TEMPLATES]
    nodes = tuple(_node(template, row, below, row.relationship or relationship) for row, below in nested)
    includes = (row.include for row, _ in _nested(rows) if row.include)
    return Level(template, nodes, tuple(number for number in includes if number not in TEMPLATES))


def _node(template: Template, row: Row, below: tuple[Row, ...], relationship: str) -> Slot | Inclusion:
    if row.include:
        return Inclusion(row, expanded(row.include, relationship))
    return Slot(template, row, relationship, _level(template, below, ""))


def _nested(rows: tuple[Row, ...]) -> Iterator[tuple[Row, tuple[Row, ...]]]:
    """Iterate over the rows of the first row's level, each with those nested below it."""
    starts = [index for index, row in enumerate(rows) if row.level == rows[0].level]
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=False):
        yield rows[start], rows[start + 1 : end]
