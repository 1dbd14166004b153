"""The audit trail as people read it: who changed what, one line each, and reading folded into one line a sitting."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from triage_node.identity import AuditEntry

READING = ("_viewed", "_watched", "_searched", "_retrieved", "_read")
"""How the actions end that only look."""


@dataclass(frozen=True)
class Sitting:
    """What one person or program did in a row from one address, the latest first; several entries only of reading."""

    entries: tuple[AuditEntry, ...]

    @property
    def last(self) -> AuditEntry:
        """The latest entry."""
        return self.entries[0]

    @property
    def first(self) -> AuditEntry:
        """The earliest entry."""
        return self.entries[-1]

    @property
    def is_folded(self) -> bool:
        """Whether it is shown as one line that opens."""
        return len(self.entries) > 1

    @property
    def actions(self) -> list[tuple[str, int]]:
        """What was done and how often, the most frequent first."""
        return Counter(one.action for one in self.entries).most_common()

    @property
    def studies(self) -> list[str]:
        """The studies that were looked at."""
        return list(dict.fromkeys(one.study_instance_uid for one in self.entries if one.study_instance_uid))


def sittings(entries: Sequence[AuditEntry]) -> Iterator[Sitting]:
    """Yield entries in their order; those that only look and follow one another of one person are one sitting."""
    for key, group in groupby(entries, key=_reader):
        if key is None:
            yield from (Sitting((one,)) for one in group)
        else:
            yield Sitting(tuple(group))


def _reader(entry: AuditEntry) -> tuple[str, str] | None:
    """Return who looks, None of what is never folded: a change, and what was refused."""
    return (entry.user_name, entry.address) if entry.allowed and entry.action.endswith(READING) else None
