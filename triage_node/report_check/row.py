"""A template of PS3.16 as a table: one `Row` a row, with the columns of the Standard (PS3.16 Section 6.1)."""

from dataclasses import dataclass

from triage_node.report_check.concept import Constraint
from triage_node.report_check.condition import Condition, Present


@dataclass(frozen=True)
class Row:
    """A row of a template, its columns in the order of the Standard.

    Attributes
    ----------
    number
        Row number, which may have a letter.
    level
        Nesting level: the number of ``>``.
    relationship
        With the parent; empty where the invoking row has it.
    value_type
        ``INCLUDE`` for another template, whose number then stands in `include`.
    name
        Concept name; None where any will do, or a parameter has only a baseline.
    vm
        ``1`` or ``1-n``.
    requirement
        ``M``, ``MC``, ``U`` or ``UC``.
    condition
        Of a row that is MC or UC.
    values
        Value set of a CODE, unit of a NUM.
    include
        Number of the included template.
    """

    number: str
    level: int
    relationship: str
    value_type: str
    name: Constraint | None
    vm: str
    requirement: str
    condition: Condition | None = None
    values: Constraint | None = None
    include: str = ""

    @property
    def most(self) -> int | None:
        """Return the largest number of items, None without limit."""
        return None if self.vm.endswith("n") else int(self.vm)

    def required(self, present: Present) -> bool:
        """Tell whether the row must be there."""
        if self.requirement == "M":
            return True
        return self.requirement == "MC" and self.condition is not None and self.condition.requires(present)

    def forbidden(self, present: Present) -> bool:
        """Tell whether the row must not be there."""
        return self.condition is not None and self.condition.forbids(present)


@dataclass(frozen=True)
class Template:
    """A template with its rows.

    Attributes
    ----------
    number, title
        As in ``TID 1500 Measurement Report``.
    extensible
        Whether it may have more than its rows (PS3.16 6.2.3).
    ordered
        Whether the order of its rows is significant (PS3.16 6); False also where that was not verified.
    """

    number: str
    title: str
    extensible: bool
    rows: tuple[Row, ...]
    ordered: bool = False


def include(
    number: str,
    level: int,
    relationship: str,
    template: str,
    vm: str,
    requirement: str,
    condition: Condition | None = None,
) -> Row:
    """Return a row that includes another template."""
    return Row(number, level, relationship, "INCLUDE", None, vm, requirement, condition, None, template)
