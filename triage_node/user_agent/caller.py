"""Who calls other systems: the node, with its patience."""

from dataclasses import dataclass
from typing import Self

from triage_node.config import Settings


@dataclass(frozen=True)
class Caller:
    """Who calls, how long it waits for a connection and for an answer, and where people reach its pages."""

    ae_title: str
    timeout_seconds: float
    answer_seconds: float
    public_url: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the node of these settings."""
        timeouts = settings.connect_timeout_seconds, settings.answer_timeout_seconds
        return cls(settings.ae_title, *timeouts, settings.public_url or "")
