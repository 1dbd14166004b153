"""What was received of a series and has no part in the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from triage_node.imaging import Loss, Series, Skipped, Volume, damage_caution, loss_caution
from triage_node.reasons import Reason, ReasonCode


@dataclass(frozen=True)
class Missing:
    """What is missing from an answer.

    Attributes
    ----------
    damaged
        Files that were instances, perhaps of the series, and can no longer be read.
    losses
        Slices of the series that could not be used.
    slices
        Number of slices, those that could not be used included.
    """

    damaged: tuple[Skipped, ...] = ()
    losses: tuple[Loss, ...] = ()
    slices: int = 0

    def within(self, volume: Volume) -> "Missing":
        """Return the same with what reading left out of a volume."""
        return replace(self, losses=volume.losses, slices=volume.received)

    @property
    def cautions(self) -> tuple[Reason, ...]:
        """Why an answer is less certain than its scores."""
        losses = (loss_caution(self.losses, self.slices),) if self.losses else ()
        return (*losses, damage_caution(self.damaged)) if self.damaged else losses

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """The files and why each has no part."""
        left_out = (Skipped(loss.instance.path, f"{loss.name}: {loss.reason.message}") for loss in self.losses)
        return (*left_out, *self.damaged)


def vanished_caution(series: Series, received: Mapping[str, int]) -> tuple[Reason, ...]:
    """Return the caution that a series has fewer instances than were `received` under its Series Instance UID."""
    count = received.get(series.series_instance_uid, 0)
    if count <= len(series.instances):
        return ()
    detail = f"{count - len(series.instances)} of {count} received images are not in the spool any more."
    return (Reason.of(ReasonCode.SLICES_MISSING, detail),)
