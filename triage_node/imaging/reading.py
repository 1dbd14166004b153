"""From the files of a series to a `Volume`: judge, stack, decode, rescale, reorient, average, look at it."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from triage_node.errors import UnsuitableSeries
from triage_node.imaging.completeness.gaps import find_gaps
from triage_node.imaging.completeness.loss import too_many
from triage_node.imaging.completeness.usable import UsableStack, usable_stack
from triage_node.imaging.frame import Frame
from triage_node.imaging.head import shows_head
from triage_node.imaging.header import whole
from triage_node.imaging.instance import Instance
from triage_node.imaging.orientation import Reorientation
from triage_node.imaging.pixel_data.pixels import stored_values
from triage_node.imaging.policy import Policy
from triage_node.imaging.rescale import hounsfield
from triage_node.imaging.series import Series
from triage_node.imaging.slabs import slab_of_each, weights_in_slab
from triage_node.imaging.stack import Stack
from triage_node.imaging.suitability import content_reasons, kind_reasons, stack_reasons
from triage_node.imaging.volume import SourceSlice, Volume
from triage_node.reasons import Reason, ReasonCode

MOST_VOXELS = 2**27
_IMPOSSIBLE = frozenset(
    {ReasonCode.NO_IMAGES, ReasonCode.MIXED_PATIENT, ReasonCode.NO_POSITIONS, ReasonCode.NO_RESCALE,
     ReasonCode.UNSUPPORTED_PIXELS, ReasonCode.UNREADABLE}
)  # fmt: skip
_STEEPEST_DEGREES = 45.0


def read_volume(series: Series, policy: Policy, force: bool = False) -> Volume:
    """Read a series into Hounsfield units.

    Slices that cannot be used are left out while they are few; `Volume.losses` names them.

    Parameters
    ----------
    series
        The series; its files are opened here.
    policy
        The site's limits. Only the age of the study is not judged here: see `suitability_reasons`.
    force
        Read in spite of the reasons; only what makes a volume impossible still raises.

    Raises
    ------
    UnsuitableSeries
        With every reason found.
    """
    _refuse(kind_reasons(series), force)
    _refuse(content_reasons(series, policy, strict=not force), force)
    volume = _usable_volume(series, policy, force)
    if not force and not shows_head(volume):
        detail = "The pixels show no skull with a brain inside, or the field of view cuts much of it off."
        raise UnsuitableSeries(Reason.of(ReasonCode.NOT_HEAD, detail))
    return volume


def _usable_volume(series: Series, policy: Policy, force: bool) -> Volume:
    """Read again without the slices that turn out to be unreadable, until there is none."""
    unreadable: dict[Frame, Reason] = {}
    while True:
        usable = usable_stack(series, not force, unreadable)
        _refuse(usable.refusals, force)
        if unreadable:
            _refuse(stack_reasons(usable.stack, policy), force)
        _refuse_impossible(usable.stack, policy)
        volume, found = _volume(usable, policy)
        if not found:
            return volume
        unreadable |= found


def _refuse(reasons: Iterable[Reason], force: bool) -> None:
    counted = tuple(reason for reason in reasons if not force or reason.code in _IMPOSSIBLE)
    if counted:
        raise UnsuitableSeries(*dict.fromkeys(counted))


def _refuse_impossible(stack: Stack, policy: Policy) -> None:
    """Raise for what no wish can read: planes that are not axial, or a volume that would not fit."""
    if abs(stack.tilt_degrees) > _STEEPEST_DEGREES:
        detail = f"Measured: {abs(stack.tilt_degrees):.0f} degrees."
        raise UnsuitableSeries(Reason.of(ReasonCode.NOT_AXIAL, detail))
    rows, columns = stack.frames[0].shape
    slabs = int(slab_of_each(stack.extents_mm, policy.slab_mm)[-1]) + 1
    if slabs * rows * columns > MOST_VOXELS:
        raise UnsuitableSeries(Reason.of(ReasonCode.UNSUPPORTED_PIXELS, f"It has {slabs} x {rows} x {columns} voxels."))


def _volume(usable: UsableStack, policy: Policy) -> tuple[Volume, dict[Frame, Reason]]:
    """Return the volume of a stack, and which of its slices are unreadable: without any the volume holds."""
    stack = usable.stack
    slab = slab_of_each(stack.extents_mm, policy.slab_mm)
    weights = weights_in_slab(stack.extents_mm, slab)
    positions = np.bincount(slab, weights * stack.positions_mm)
    reorientation = Reorientation.of(stack.row, stack.column)
    spacing = float(np.median(np.diff(positions))) if len(positions) > 1 else stack.spacing_mm
    hu, unreadable = _averaged(stack, slab, weights, reorientation)
    volume = Volume(
        hu=hu,
        spacing_mm=(spacing, *reorientation.spacing(stack.frames[0].spacing_mm or ())),
        positions_mm=positions,
        tilt_degrees=stack.tilt_degrees,
        sources=_sources(stack, slab),
        gaps=find_gaps(stack),
        losses=usable.losses,
    )
    return volume, unreadable


def _averaged(
    stack: Stack, slab: np.ndarray, weights: np.ndarray, reorientation: Reorientation
) -> tuple[np.ndarray, dict[Frame, Reason]]:
    """Return ``(slabs, rows, columns) float32`` HU; only one received slice is in memory at a time."""
    shape = reorientation.apply(np.empty(stack.frames[0].shape, np.int8)).shape
    hu = np.zeros((int(slab[-1]) + 1, *shape), np.float32)
    unreadable: dict[Frame, Reason] = {}
    for instance, indices in _by_instance(stack).items():
        for index, values in _readable(instance, {index: stack.frames[index] for index in indices}, unreadable):
            received = hounsfield(values, instance.header, _rescale(stack.frames[index]))
            if weights[index] == 1:
                hu[slab[index]] = reorientation.apply(received)
            else:
                hu[slab[index]] += reorientation.apply(received) * np.float32(weights[index])
    return hu, unreadable


def _readable(
    instance: Instance, frames: Mapping[int, Frame], unreadable: dict[Frame, Reason]
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the values of the frames of an instance by index, and note what is unreadable.

    Behind a frame that cannot be decoded the file is opened again, until it is clear that too many cannot.
    """
    left, lost = list(frames), 0
    while left:
        try:
            for values in stored_values(instance, [frames[index].number or 1 for index in left]):
                yield left.pop(0), values
        except UnsuitableSeries as refusal:
            lost += 1
            hopeless = too_many(lost, len(frames))
            unreadable |= {frames[index]: refusal.reasons[0] for index in (left if hopeless else left[:1])}
            left = [] if hopeless else left[1:]


def _rescale(frame: Frame) -> tuple[float, float]:
    if frame.rescale is None:
        raise UnsuitableSeries(Reason.of(ReasonCode.NO_RESCALE))
    return frame.rescale


def _by_instance(stack: Stack) -> dict[Instance, list[int]]:
    indices: dict[Instance, list[int]] = {}
    for index, frame in enumerate(stack.frames):
        indices.setdefault(frame.instance, []).append(index)
    return indices


def _sources(stack: Stack, slab: np.ndarray) -> tuple[tuple[SourceSlice, ...], ...]:
    groups: list[list[SourceSlice]] = [[] for _ in range(int(slab[-1]) + 1)]
    for frame, position, index in zip(stack.frames, stack.positions_mm, slab, strict=True):
        groups[index].append(_source(frame, float(position)))
    return tuple(map(tuple, groups))


def _source(frame: Frame, position_mm: float) -> SourceSlice:
    instance = frame.instance
    number = whole(instance.header, "InstanceNumber")
    return SourceSlice(instance.sop_instance_uid, instance.sop_class_uid, frame.number, number, position_mm)
