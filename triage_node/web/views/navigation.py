"""The main navigation: each page module may name its entry, and people see those their role reaches."""

from dataclasses import dataclass

from triage_node.identity import Role


@dataclass(frozen=True)
class Entry:
    """A link of the main navigation; entries with a low ``place`` come first."""

    title: str
    path: str
    role: Role = Role.READER
    place: int = 100


class Navigation:
    """All entries, in their order."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = sorted(entries, key=lambda entry: (entry.place, entry.title))

    def for_role(self, role: Role) -> list[Entry]:
        """Return the entries that a role reaches."""
        return [entry for entry in self._entries if role.may(entry.role)]
