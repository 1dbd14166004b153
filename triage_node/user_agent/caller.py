"""Who calls other systems: the node, with its patience."""

from dataclasses import dataclass
from typing import Self

from triage_node.config import Settings


@dataclass(frozen=True)
class Caller:
    """Who calls, and how long it waits for a connection and for an answer."""

    ae_title: str
    timeout_seconds: float
    answer_seconds: float

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the node of these settings."""
        return cls(settings.ae_title, settings.connect_timeout_seconds, settings.answer_timeout_seconds)
