"""What is wrong with a report, where, and by which clause."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

MOST_COMPLAINTS = 1000
"""More are not told of one report: a hostile one could have a complaint for each of its items."""


class Severity(StrEnum):
    """How bad a complaint is: against a *shall* of the Standard, or only doubtful."""

    ERROR = "error"
    WARNING = "warning"


class Kind(StrEnum):
    """What is wrong, in one word."""

    UNREADABLE = "unreadable"
    NO_REPORT = "no_report"
    TEMPLATE = "template"
    HEADER = "header"
    ATTRIBUTE = "attribute"
    MISSING = "missing"
    FORBIDDEN = "forbidden"
    TOO_MANY = "too_many"
    RELATIONSHIP = "relationship"
    VALUE_TYPE = "value_type"
    VALUE = "value"
    UNKNOWN = "unknown"
    ORDER = "order"
    REFERENCE = "reference"
    BOUND = "bound"


@dataclass(frozen=True)
class Complaint:
    """One fault of a report.

    Attributes
    ----------
    severity, kind
        How bad it is, and of which kind.
    clause
        Where the Standard says so, as ``PS3.16 TID 1500 row 6``.
    path
        The content item: its position and the names on the way to it (PS3.3 C.17.3.2.4), or the element of the header.
    message
        What is there and what is wanted, in a sentence.
    """

    severity: Severity
    kind: Kind
    clause: str
    path: str
    message: str


def error(kind: Kind, clause: str, path: str, message: str) -> Complaint:
    """Return a complaint against a *shall*."""
    return Complaint(Severity.ERROR, kind, clause, path, message)


def warning(kind: Kind, clause: str, path: str, message: str) -> Complaint:
    """Return a complaint that a person should look at."""
    return Complaint(Severity.WARNING, kind, clause, path, message)


def bounded(complaints: Iterable[Complaint]) -> Iterator[Complaint]:
    """Iterate over the first complaints, and say so when there are more."""
    remaining = iter(complaints)
    yield from islice(remaining, MOST_COMPLAINTS)
    if next(remaining, None) is not None:
        yield error(Kind.BOUND, "none", "", f"There are more than {MOST_COMPLAINTS} complaints; the rest is not told.")
