"""Coded concepts and what a table may say of them: EV, DT, DCID, BCID (PS3.16 Section 6.1)."""

from dataclasses import dataclass
from functools import lru_cache

from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code


@dataclass(frozen=True)
class Terms:
    """Codes of which one is asked for: enumerated (EV) or defined (DT, to be used where the meaning is the same)."""

    codes: tuple[Code, ...]

    def __str__(self) -> str:
        return " or ".join(map(shown, self.codes))

    def allow(self, code: Code) -> bool:
        """Tell whether the code is one of them; the old codes of SNOMED count as the new ones they became."""
        return any(code == term for term in self.codes)


@dataclass(frozen=True)
class ContextGroup:
    """A context group: defined (DCID) or only a baseline (BCID), which nobody need keep to (PS3.16 6.1.4)."""

    number: int
    baseline: bool = False
    extensible: bool = True

    def __str__(self) -> str:
        return f"{'BCID' if self.baseline else 'DCID'} {self.number}"

    def allow(self, code: Code) -> bool:
        """Tell whether the code is in the group; any code fits a baseline, and a group that is not known here."""
        return self.baseline or _holds(self.number, code.value, code.scheme_designator)


Constraint = Terms | ContextGroup


def EV(value: str, scheme: str, meaning: str) -> Terms:  # noqa: N802  as the tables of PS3.16 write it
    """Return an enumerated value."""
    return Terms((Code(value, scheme, meaning),))


DT = EV


def either(*terms: Terms) -> Terms:
    """Return the terms of which one is asked for."""
    return Terms(tuple(code for each in terms for code in each.codes))


def DCID(number: int, extensible: bool = True) -> ContextGroup:  # noqa: N802
    """Return a defined context group."""
    return ContextGroup(number, extensible=extensible)


def BCID(number: int) -> ContextGroup:  # noqa: N802
    """Return a baseline context group."""
    return ContextGroup(number, baseline=True)


def same(one: Code | None, other: Code) -> bool:
    """Tell whether a code that may be missing is another; meanings are not compared (PS3.3 8.3)."""
    return one is not None and one == other


def shown(code: Code | None) -> str:
    """Return a code as the Standard writes it."""
    if code is None:
        return "no code"
    return f'({code.value}, {code.scheme_designator}, "{code.meaning}")'


@lru_cache(maxsize=4096)
def _holds(number: int, value: str, scheme: str) -> bool:
    group = getattr(codes, f"cid{number}", None)
    code = Code(value, scheme, "")
    return group is None or any(code == each for each in group.concepts.values())
