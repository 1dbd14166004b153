"""Which result goes where: rules over what was found and where the study came from."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from triage_node.findings import Label

NOT_ANALYZED = "not_analyzed"


@dataclass(frozen=True)
class RoutedResult:
    """What rules look at.

    ``decision`` is `not_analyzed` without one; ``types`` are those flagged or uncertain; both are None, and conditions
    on them met, while there is no result. ``sender`` is the AE title, or the token, that the study came from.
    """

    decision: str | None
    types: frozenset[str] | None
    station: str
    description: str
    sender: str


class Rule(BaseModel):
    """Conditions that must all be met; one that is empty is.

    Names may hold ``*`` and ``?``; upper and lower case are the same.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    decision: tuple[Literal["flagged", "uncertain", "not_flagged", "not_analyzed"], ...] = Field(
        (), description="it is one of `flagged`, `uncertain`, `not_flagged`, `not_analyzed`"
    )
    type: tuple[Label, ...] = Field(
        (), description="one of these is flagged or uncertain: a type of hemorrhage, as in `subdural`, or `any`"
    )
    station: tuple[str, ...] = Field((), description="the Station Name of the scanner is like one of these")
    description: tuple[str, ...] = Field((), description="the Study Description is like one of these")
    sender: tuple[str, ...] = Field(
        (), description="the AE title that sent the study, or the name of its token, is like one of these"
    )

    def unmet(self, result: RoutedResult) -> list[str]:
        """Return the names of the conditions that a result does not meet."""
        return list(self._unmet(result))

    def _unmet(self, result: RoutedResult) -> Iterator[str]:
        if self.decision and result.decision not in (None, *self.decision):
            yield "decision"
        if self.type and result.types is not None and not result.types.intersection(self.type):
            yield "type"
        for name in ("station", "description", "sender"):
            patterns = getattr(self, name)
            value = getattr(result, name).strip().casefold()
            if patterns and not any(fnmatchcase(value, pattern.strip().casefold()) for pattern in patterns):
                yield name
