"""Destinations in words: what keeps a report from one, and what came of the last try by hand."""

from collections.abc import Mapping
from dataclasses import dataclass

from triage_node.errors import Trouble
from triage_node.worklist import Worklist

ANSWERED, FAILED = "destination_tried", "destination_try_failed"
"""The events of tries by hand; the message begins with the destination's name."""
NEW_SECONDS = 120.0

WORDS: Mapping[str, str] = {
    Trouble.NO_ANSWER: "no answer",
    Trouble.NOT_REACHED: "not reached: address, port or firewall",
    Trouble.AE_TITLE_UNKNOWN: "does not know our AE title",
    Trouble.CALLED_AE_TITLE_UNKNOWN: "does not know the AE title it is called by",
    Trouble.NO_TLS: "TLS does not come about",
    Trouble.DENIED: "does not let us in",
    Trouble.BUSY: "too busy now",
    Trouble.REFUSED: "refused",
    Trouble.FAILED: "failed in the node",
}


@dataclass(frozen=True)
class Try:
    """What came of a try by hand; ``is_new`` when it may be what was just asked for."""

    at: float
    by: str
    answer: str
    is_good: bool
    is_new: bool


def trouble_words(trouble: str, answers: bool | None) -> str:
    """Return what keeps reports back, in the words of a badge."""
    return WORDS.get(trouble, "no answer" if answers is False else "being tried again")


def note_try(worklist: Worklist, destination: str, answer: str, actor: str, *, is_good: bool) -> None:
    """Keep what came of a try, for every process that shows pages."""
    worklist.upkeep_notes.note(ANSWERED if is_good else FAILED, f"{destination}: {answer}", actor)


def last_tries(worklist: Worklist, destinations: list[str], now: float) -> dict[str, Try]:
    """Return the last try of each destination that was tried lately."""
    found: dict[str, Try] = {}
    for event in worklist.upkeep_notes.latest((ANSWERED, FAILED)):
        for name in destinations:
            if name not in found and event.message.startswith(f"{name}: "):
                answer, is_new = event.message.removeprefix(f"{name}: "), now - event.at < NEW_SECONDS
                found[name] = Try(event.at, event.actor, answer, event.code == ANSWERED, is_new)
    return found
