"""What a plot shows, said once: the script draws it, and who cannot see it reads the same as a table or CSV."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from triage_node.json_object import JsonObject

Kind = Literal["line", "bars", "steps"]
Unit = Literal["count", "seconds", "share"]


@dataclass(frozen=True)
class Line:
    """One series of values; ``color`` is a custom property of the style without its dashes, ``dash`` in pixels.

    A kind other than the line, color and dash tell series apart, so that nobody needs to see colors.
    """

    name: str
    values: tuple[float | None, ...]
    color: str = "plot-1"
    kind: Kind = "line"
    dash: tuple[int, ...] = ()


@dataclass(frozen=True)
class Plot:
    """Series over days (``YYYY-MM-DD``), moments (seconds since 1970) or numbers.

    Attributes
    ----------
    name
        Part of addresses and ids.
    hint
        A sentence below it.
    step
        What a place is, in a word for the table; by default what it is over.
    table
        The rows of the table, where that has fewer than the drawing has places.
    """

    name: str
    title: str
    over: Literal["day", "moment", "number"]
    places: tuple[str | float, ...]
    lines: tuple[Line, ...]
    unit: Unit = "count"
    hint: str = ""
    step: str = ""
    table: tuple[tuple[Any, ...], ...] = ()

    @property
    def drawing(self) -> JsonObject:
        """What the script needs, ready for JSON."""
        return {
            "over": self.over,
            "unit": self.unit,
            "step": self.step,
            "places": list(self.places),
            "lines": [
                {"name": line.name, "values": _short(line.values), "color": line.color, "kind": line.kind,
                 "dash": list(line.dash)}
                for line in self.lines
            ],
        }  # fmt: skip

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw; a share or a time of 0 is something: what is not known is None."""
        is_known = self.over != "number" and self.unit != "count"
        return not any(value or (is_known and value is not None) for line in self.lines for value in line.values)

    @property
    def heads(self) -> tuple[str, ...]:
        """The heads of the table."""
        return (self.step or self.over, *(line.name for line in self.lines))

    @property
    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The rows of the table."""
        if self.table:
            return iter(self.table)
        return zip(self.places, *(line.values for line in self.lines), strict=True)


def _short(values: Sequence[float | None]) -> list[float | None]:
    """Four figures are more than a screen shows."""
    return [None if value is None else float(f"{value:.4g}") for value in values]
