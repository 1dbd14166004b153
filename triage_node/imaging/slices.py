"""The slices that a series names by its headers, and the instances whose headers name none."""

from collections.abc import Sequence
from dataclasses import dataclass

from triage_node.errors import UnsuitableSeries
from triage_node.imaging.completeness.loss import Loss, refusals, too_many
from triage_node.imaging.eligibility import is_ct, is_derived
from triage_node.imaging.frame import Frame, frames_of
from triage_node.imaging.series import Series
from triage_node.imaging.stacking import is_localizer
from triage_node.reasons import Reason, ReasonCode

_NO_MATRIX = Reason.of(ReasonCode.UNSUPPORTED_PIXELS, "It states no rows and columns.")


@dataclass(frozen=True)
class Slices:
    """The slices of a series in the order received, and the CT images of which none can be told."""

    frames: tuple[Frame, ...]
    losses: tuple[Loss, ...] = ()


def slices_in(series: Series) -> Slices:
    """Return all slices of a series.

    Raises
    ------
    UnsuitableSeries
        Of too many instances the slices cannot be told, see `frames_of`.
    """
    frames: list[Frame] = []
    losses: list[Loss] = []
    for instance in series.instances:
        try:
            found = frames_of(instance)
        except UnsuitableSeries as refusal:
            losses.append(Loss(instance, refusal.reasons[0]))
            continue
        if not found and is_ct(instance.header):
            losses.append(Loss(instance, _NO_MATRIX))
        frames.extend(found)
    if not frames and all(loss.reason is _NO_MATRIX for loss in losses):
        return Slices(())
    if too_many(len(losses), total := len(frames) + len(losses)):
        raise UnsuitableSeries(*refusals(losses, total))
    return Slices(tuple(frames), tuple(losses))


def original_slices(series: Series) -> Slices:
    """Return the original slices of a series; where it has none, all."""
    slices = slices_in(series)
    return Slices(originals(slices.frames) or slices.frames, slices.losses)


def originals(frames: Sequence[Frame]) -> tuple[Frame, ...]:
    """Return the slices of CT images that are neither localizers nor derived."""
    return tuple(frame for frame in frames if _is_original(frame))


def _is_original(frame: Frame) -> bool:
    header = frame.instance.header
    return is_ct(header) and not is_derived(header, frame.image_type) and not is_localizer(frame)
