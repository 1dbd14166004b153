"""A person's name in up to three writings (PS3.5 6.2.1)."""

from dataclasses import dataclass
from typing import Self

from pydicom.dataset import Dataset

from triage_node.report.header import text_of


@dataclass(frozen=True)
class NameGroups:
    """A name as DICOM has it: each group is ``family^given^middle^prefix^suffix``, empty when it is not there."""

    alphabetic: str = ""
    ideographic: str = ""
    phonetic: str = ""

    @classmethod
    def of(cls, ds: Dataset, keyword: str) -> Self:
        """Read the name in an element, all groups empty when it is absent."""
        groups = [*text_of(ds, keyword).split("="), "", "", ""][:3]
        return cls(*(group if group.strip("^ ") else "" for group in groups))

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that are there."""
        return tuple(filter(None, (self.alphabetic, self.ideographic, self.phonetic)))

    def __str__(self) -> str:
        """Return the name in one line as people write it, empty when there is none."""
        written = [_with_comma(self.alphabetic), *(_joined(group) for group in (self.ideographic, self.phonetic))]
        return " · ".join(filter(None, written))


def parts(group: str) -> list[str]:
    """Return family name, given name, middle name, prefix and suffix of a group, each perhaps empty."""
    return ([part.strip() for part in group.split("^")] + [""] * 5)[:5]


def _with_comma(group: str) -> str:
    family, *rest = parts(group)
    return ", ".join(filter(None, (family, " ".join(filter(None, rest)))))


def _joined(group: str) -> str:
    return " ".join(filter(None, parts(group)))
