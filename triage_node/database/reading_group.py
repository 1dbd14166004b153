"""The groups of the reading order, said once: name, rank, and what the database asks for it."""

from enum import IntEnum, StrEnum

from triage_node.findings import Decision


class Rank(IntEnum):
    """Place of a study in the reading order; within a rank the arrival counts."""

    FIRST = 0
    OVERDUE = 1
    UNCERTAIN = 2
    REST = 3


class Group(StrEnum):
    """Why a study stands where it does; the first that fits.

    Flagged studies, those that came as urgent, so that no priority is ever lowered, and those whose score would flag
    them if their images were like the training images are first; then whatever has waited longer than the maximum, so
    that a missed case does not sink; then uncertain ones; then the rest.

    Attributes
    ----------
    rank
        The place.
    condition
        SQL on a row of ``study``; empty where the time decides, or nothing else fits.
    """

    rank: Rank
    condition: str

    def __new__(cls, name: str, rank: Rank, condition: str = "") -> "Group":
        """Make a member."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.rank, member.condition = rank, condition
        return member

    FLAGGED = "flagged", Rank.FIRST, "decision = 'flagged'"
    URGENT = "urgent", Rank.FIRST, "priority > 0"
    UNFAMILIAR = "unfamiliar", Rank.FIRST, "withheld_types <> ''"
    OVERDUE = "overdue", Rank.OVERDUE
    UNCERTAIN = "uncertain", Rank.UNCERTAIN, "decision = 'uncertain'"
    REST = "rest", Rank.REST


BY_RANK = {Rank.FIRST: Group.FLAGGED, Rank.UNCERTAIN: Group.UNCERTAIN, Rank.REST: Group.REST}
"""The group that gives a rank its name where only ranks are counted; the time does not count there."""


def group_of(decision: str | None, priority: int, withheld_types: str = "", *, is_overdue: bool = False) -> Group:
    """Return the group of a study that nobody has acknowledged; the database asks the same (`Group.condition`)."""
    if decision == Decision.FLAGGED:
        return Group.FLAGGED
    if priority > 0:
        return Group.URGENT
    if withheld_types:
        return Group.UNFAMILIAR
    if is_overdue:
        return Group.OVERDUE
    return Group.UNCERTAIN if decision == Decision.UNCERTAIN else Group.REST


def condition_of(rank: Rank) -> str:
    """Return the SQL that tells whether a study is of a rank, or of one before it."""
    return " OR ".join(group.condition for group in Group if group.rank is rank)


OPEN_RANK = (
    f"CASE WHEN acknowledged_at IS NOT NULL THEN NULL WHEN {condition_of(Rank.FIRST)} THEN {Rank.FIRST:d} "
    f"WHEN {condition_of(Rank.UNCERTAIN)} THEN {Rank.UNCERTAIN:d} ELSE {Rank.REST:d} END"
)
"""The rank as far as it does not depend on the time, None once a reader has acknowledged the study."""
