"""What a worker tells of an analysis that has ended; it crosses the border of its process as JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

STEPS = ("receiving", "queue", "read", "infer", "report")


@dataclass(frozen=True)
class FinishedAnalysis:
    """How an analysis ended, and how long its steps took. No patient data.

    Parameters
    ----------
    status, decision
        What it says; the decision is empty where there is none.
    reasons
        Codes of why it says no more.
    taken
        Whether the worklist took the outcome. One that was not taken is repeated: images came meanwhile, or the try
        failed.
    seconds
        By step, those that there were: ``receiving`` from the first image, or the late one that reopened the study,
        until it was ready; ``queue`` until it was claimed; ``read`` from files to Hounsfield units; ``infer`` to the
        prediction; ``report`` until its objects were on the disk.
    last_image_seconds
        From the last image that had come when the study was claimed until its outcome was written.
    """

    status: str
    decision: str = ""
    reasons: tuple[str, ...] = ()
    taken: bool = True
    seconds: Mapping[str, float] = field(default_factory=dict)
    last_image_seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Self:
        """Return what `as_dict` gave.

        Raises
        ------
        TypeError
            These are not its fields.
        """
        return cls(**{**fields, "reasons": tuple(fields["reasons"])})
