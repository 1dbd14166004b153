"""The stack of the slices of a series that can be used; those that cannot are left out while they are few."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from triage_node.errors import UnsuitableSeries
from triage_node.imaging.completeness.loss import Loss, refusals, too_many
from triage_node.imaging.frame import Frame
from triage_node.imaging.instance import Instance
from triage_node.imaging.pixel_data.pixel_format import PixelFormat
from triage_node.imaging.series import Series
from triage_node.imaging.slices import original_slices
from triage_node.imaging.stack import Stack, has_position
from triage_node.imaging.stacking import SAME_POSITION_MM, build_stack, is_localizer
from triage_node.reasons import Reason, ReasonCode

Unreadable = Mapping[Frame, Reason]
_NONE: Unreadable = {}


@dataclass(frozen=True, eq=False)
class UsableStack:
    """A stack and what is missing from it.

    Attributes
    ----------
    losses
        Slices left out, though no other shows the same position.
    refusals
        What speaks against the series: more slices than can be spared are of no use. They are in the stack then.
    """

    stack: Stack
    losses: tuple[Loss, ...] = ()
    refusals: tuple[Reason, ...] = ()

    @property
    def received(self) -> int:
        """Number of slices, those left out included."""
        return len(self.stack.frames) + len(self.losses)


def usable_stack(series: Series, strict: bool = True, unreadable: Unreadable = _NONE) -> UsableStack:
    """Return the stack that the usable slices of a series form.

    Where several slices show one position, a usable one comes before one that is not.

    Parameters
    ----------
    series
        The series; only headers are looked at.
    strict
        As in `build_stack`.
    unreadable
        Slices whose pixels were found unreadable.

    Raises
    ------
    UnsuitableSeries
        As `build_stack` does.
    """
    slices = original_slices(series)
    frames, unplaced = _placed(slices.frames)
    losses = [*slices.losses, *unplaced]
    while True:
        stack = build_stack(frames, strict)
        useless = _useless(stack, unreadable)
        if not useless:
            return UsableStack(stack, tuple(loss for loss in losses if not _shown(loss, stack)))
        total = len(stack.frames) + len(losses)
        losses += [Loss(frame.instance, reason, frame) for frame, reason in useless.items()]
        if too_many(len(losses), total):
            return UsableStack(stack, (), refusals(losses, total))
        frames = [frame for frame in frames if frame not in useless]


def _placed(frames: Sequence[Frame]) -> tuple[list[Frame], list[Loss]]:
    """Part the slices by whether they have a position; of too many without one `build_stack` complains."""
    unplaced = [frame for frame in frames if not has_position(frame) and not is_localizer(frame)]
    if too_many(len(unplaced), len(frames)):
        return list(frames), []
    reason = Reason.of(ReasonCode.NO_POSITIONS)
    placed = [frame for frame in frames if has_position(frame) or is_localizer(frame)]
    return placed, [Loss(frame.instance, reason, frame) for frame in unplaced]


def _useless(stack: Stack, unreadable: Unreadable) -> dict[Frame, Reason]:
    formats = {instance: _format_trouble(instance) for instance in {frame.instance for frame in stack.frames}}
    reasons = {
        frame: formats[frame.instance] or _rescale_trouble(frame) or unreadable.get(frame) for frame in stack.frames
    }
    return {frame: reason for frame, reason in reasons.items() if reason}


def _format_trouble(instance: Instance) -> Reason | None:
    try:
        PixelFormat.of(instance)
    except UnsuitableSeries as refusal:
        return refusal.reasons[0]
    return None


def _rescale_trouble(frame: Frame) -> Reason | None:
    return Reason.of(ReasonCode.NO_RESCALE) if frame.rescale is None else None


def _shown(loss: Loss, stack: Stack) -> bool:
    """Say whether a slice of the stack shows what was lost."""
    position_mm = loss.position_mm
    return position_mm is not None and bool(np.any(np.abs(stack.positions_mm - position_mm) <= SAME_POSITION_MM))
