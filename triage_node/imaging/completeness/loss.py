"""A slice that was received and cannot be used: named, so that nobody takes the series for whole."""

from collections.abc import Sequence
from dataclasses import dataclass

from triage_node.imaging.frame import Frame
from triage_node.imaging.header import whole
from triage_node.imaging.instance import Instance
from triage_node.imaging.stack import directions, has_position, headward, height_mm
from triage_node.reasons import Reason, ReasonCode

LARGEST_SHARE = 0.2
"""A series that loses more of its slices than this is not analyzed."""
_MOST_NAMED = 3


@dataclass(frozen=True)
class Loss:
    """A slice left out, and why; without `frame` the header of the instance does not tell its slices."""

    instance: Instance
    reason: Reason
    frame: Frame | None = None

    @property
    def name(self) -> str:
        """What a reader calls the slice: its number, and its position along the slice normal where it has one."""
        if self.frame is None:
            number = whole(self.instance.header, "InstanceNumber")
            return "an image without a number" if number is None else f"image {number}"
        name = self.frame.name or "an image without a number"
        position_mm = self.position_mm
        return name if position_mm is None else f"{name} at {position_mm:.1f} mm"

    @property
    def position_mm(self) -> float | None:
        """Position along the normal of its own plane, None when unknown."""
        if self.frame is None or not has_position(self.frame):
            return None
        return height_mm(self.frame, headward(*directions(self.frame)))


def too_many(lost: int, total: int) -> bool:
    """Say whether so many slices are lost that what is left is no series any more."""
    return lost > LARGEST_SHARE * total


def loss_caution(losses: Sequence[Loss], total: int) -> Reason:
    """Return the caution that names the slices left out of `total`."""
    why = losses[0].reason.message
    detail = f"{len(losses)} of {total} cannot be used: {names(losses)}. {why}"
    return Reason.of(ReasonCode.SLICES_MISSING, detail)


def refusals(losses: Sequence[Loss], total: int) -> tuple[Reason, ...]:
    """Return a reason against the series for each thing that is wrong with its slices, with the first of them named."""
    found = []
    for code in dict.fromkeys(loss.reason.code for loss in losses):
        alike = [loss for loss in losses if loss.reason.code is code]
        message = f"{alike[0].reason.message} {len(alike)} of {total} slices: {names(alike)}."
        found.append(Reason(code, message))
    return tuple(found)


def names(losses: Sequence[Loss]) -> str:
    """Return the names of the first slices and how many there are beyond them."""
    named = ", ".join(loss.name for loss in losses[:_MOST_NAMED])
    return named if len(losses) <= _MOST_NAMED else f"{named} and {len(losses) - _MOST_NAMED} more"
