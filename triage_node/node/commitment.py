"""Storage commitment as listener and delivery share it: what is decided of others' requests, and answered to ours."""

from dataclasses import dataclass
from typing import Self

from triage_node.commitment import Answers, Results
from triage_node.node.shared_parts import SharedParts


@dataclass(frozen=True)
class Commitment:
    """Answers of destinations, and results for those who asked us; all of it is kept in the worklist."""

    answers: Answers
    results: Results

    @classmethod
    def of(cls, parts: SharedParts) -> Self:
        """Put them together."""
        return cls(Answers(parts.worklist), Results(parts.worklist, parts.spool, parts.policy))
