"""The slices that a series names by its headers, and the instances whose headers name none."""

from collections.abc import Sequence
from dataclasses import dataclass

from triage_node.errors import UnsuitableSeries
from triage_node.imaging.arrangement import is_localizer
from triage_node.imaging.eligibility import is_ct, is_derived
from triage_node.imaging.frame import Frame, frames_of
from triage_node.imaging.header import text
from triage_node.imaging.loss import Loss, too_many
from triage_node.imaging.series import Series
from triage_node.reasons import Reason, ReasonCode


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
        The frames of too many instances contradict themselves, see `frames_of`.
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
            reason = Reason.of(ReasonCode.UNSUPPORTED_PIXELS, "It states no rows and columns.")
            losses.append(Loss(instance, reason))
        frames.extend(found)
    if not too_many(len(losses), len(frames) + len(losses)):
        return Slices(tuple(frames), tuple(losses))
    return Slices(tuple(frame for instance in series.instances for frame in frames_of(instance)))


def original_slices(series: Series) -> Slices:
    """Return the original slices of a series; where it has none, all."""
    slices = slices_in(series)
    return Slices(originals(slices.frames) or slices.frames, slices.losses)


def originals(frames: Sequence[Frame]) -> tuple[Frame, ...]:
    """Return the slices of CT images that are neither localizers nor derived."""
    return tuple(frame for frame in frames if _is_original(frame))


def _is_original(frame: Frame) -> bool:
    header = frame.instance.header
    derived = is_derived(frame.image_type, text(header, "LossyImageCompression") == "01")
    return is_ct(header) and not derived and not is_localizer(frame)
