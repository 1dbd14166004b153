"""What came of one thing that was tried."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from triage_node.errors import TriageError


class Level(StrEnum):
    """How it is."""

    OK = "ok"
    WARNING = "warning"
    """The node runs with it; somebody should look all the same."""
    FAILED = "failed"


@dataclass(frozen=True)
class Result:
    """One thing that was tried; ``message`` is a sentence, of a mistake with the way out."""

    name: str
    level: Level
    message: str

    @property
    def ok(self) -> bool:
        """Whether it did not fail."""
        return self.level is not Level.FAILED


def ok(name: str, message: str) -> Result:
    """Return that all is well."""
    return Result(name, Level.OK, message)


def warning(name: str, message: str) -> Result:
    """Return what somebody should look at."""
    return Result(name, Level.WARNING, message)


def failed(name: str, message: str) -> Result:
    """Return what keeps the node from its work."""
    return Result(name, Level.FAILED, message)


def tried(name: str, attempt: Callable[[], str]) -> Result:
    """Try something; an error of ours is the message."""
    try:
        return ok(name, attempt())
    except TriageError as error:
        return failed(name, str(error))


def each(name: str, results: Iterable[Result], well: str) -> Iterator[Result]:
    """Yield what is wrong with one thing, or that all is well with it."""
    found = list(results)
    yield from found or [ok(name, well)]
