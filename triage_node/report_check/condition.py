"""When a row of requirement type MC or UC is there (PS3.16 6.1.6)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydicom.sr.coding import Code

from triage_node.report_check.concept import same, shown
from triage_node.report_check.content_item import ContentItem

Present = Mapping[str, tuple[ContentItem, ...]]
"""The content items that are there of each row of one invocation of a template."""


@dataclass(frozen=True)
class Condition:
    """A condition of a table: its words, when it demands a row that is MC, and when it excludes the row."""

    words: str
    requires: Callable[[Present], bool]
    forbids: Callable[[Present], bool]

    def __str__(self) -> str:
        return self.words


def if_absent(*rows: str) -> Condition:
    """Return the condition that rows are absent; of several rows that name one another, one must be there."""
    words = f"IF {' and '.join(_named(rows))} {'is' if len(rows) == 1 else 'are'} absent"
    return Condition(words, lambda present: not any(present.get(row) for row in rows), _never)


def if_present(row: str) -> Condition:
    """Return the condition that a row is there."""
    return Condition(f"IF row {row} is present", lambda present: bool(present.get(row)), _never)


def xor(*rows: str) -> Condition:
    """Return the condition that of a row and others exactly one is there."""
    return Condition(
        f"XOR {', '.join(_named(rows))}",
        lambda present: not any(present.get(row) for row in rows),
        lambda present: any(present.get(row) for row in rows),
    )


def iff_value(row: str, value: Code, contrary: str = "") -> Condition:
    """Return the condition that a row has a value.

    Where the value is the default, an absent row has it, unless the row `contrary` shows that it was only left out.
    """

    def has(present: Present) -> bool:
        items = present.get(row, ())
        if not items:
            return bool(contrary) and not present.get(contrary)
        return any(same(item.value, value) for item in items)

    words = f"IFF row {row} = {shown(value)}{' or is absent' if contrary else ''}"
    return Condition(words, has, lambda present: bool(present.get(row)) and not has(present))


def undecidable(words: str) -> Condition:
    """Return a condition about the real world, which no file can prove or refute."""
    return Condition(words, _never, _never)


def _named(rows: tuple[str, ...]) -> list[str]:
    return [f"row {row}" for row in rows]


def _never(_present: Present) -> bool:
    return False
