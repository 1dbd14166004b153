"""From slices in any order to one stack: localizers out, one orientation, one acquisition, one slice a position."""

from collections.abc import Sequence

import numpy as np

from triage_node.errors import UnsuitableSeries
from triage_node.imaging.frame import Frame
from triage_node.imaging.header import whole
from triage_node.imaging.stack import Stack, directions, has_position, headward, height_mm
from triage_node.reasons import Reason, ReasonCode

_SAME_DIRECTION = np.cos(np.radians(2.0))
_CROSSING = np.cos(np.radians(45.0))
_MOST_ORIENTATIONS = 16
_CLEAR_MAJORITY = 0.8
SAME_POSITION_MM = 0.1
_TOLERATED_OVERLAP_MM = 12.0
_TOLERATED_LOSS_MM = 10.0

Placed = tuple[float, Frame]


def build_stack(frames: Sequence[Frame], strict: bool = True) -> Stack:
    """Return the one stack that slices form.

    Parameters
    ----------
    frames
        Slices in any order.
    strict
        False takes the largest part where orientations or acquisitions are mixed, instead of raising.

    Raises
    ------
    UnsuitableSeries
        There is no slice, a slice has no usable position, or the slices do not form one stack.
    """
    if not frames:
        raise UnsuitableSeries(Reason.of(ReasonCode.NO_IMAGES))
    alike = _one_orientation(_with_position(_without_localizers(frames)), strict)
    row, column = np.mean([directions(frame) for frame in alike], axis=0)
    row, column = row / np.linalg.norm(row), column / np.linalg.norm(column)
    normal = headward(row, column)
    placed = sorted(((height_mm(frame, normal), frame) for frame in alike), key=_height_then_number)
    chosen = _without_duplicates(_one_acquisition(placed, strict))
    return Stack(tuple(frame for _, frame in chosen), np.array([height for height, _ in chosen]), row, column)


def is_localizer(frame: Frame) -> bool:
    """Say whether ImageType calls the slice a localizer (PS3.3 C.8.2.1.1.1)."""
    return "LOCALIZER" in frame.image_type


def _without_localizers(frames: Sequence[Frame]) -> list[Frame]:
    return [frame for frame in frames if not is_localizer(frame)] or list(frames)


def _with_position(frames: list[Frame]) -> list[Frame]:
    missing = sum(not has_position(frame) for frame in frames)
    if missing:
        raise UnsuitableSeries(Reason.of(ReasonCode.NO_POSITIONS, f"{missing} of {len(frames)} have none."))
    return frames


def _one_orientation(frames: list[Frame], strict: bool) -> list[Frame]:
    """Return the majority, when the others are few and cross its plane as localizers do."""
    groups = _by_orientation(frames)
    largest = max(groups, key=len)
    others = [frame for group in groups if group is not largest for frame in group]
    clear = len(largest) >= _CLEAR_MAJORITY * len(frames) and all(_crosses(frame, largest[0]) for frame in others)
    if strict and others and not clear:
        raise _mixed_orientation(len(others), len(frames))
    return largest


def _by_orientation(frames: list[Frame]) -> list[list[Frame]]:
    groups: list[list[Frame]] = []
    for frame in frames:
        group = next((group for group in groups if _same_plane(frame, group[0])), None)
        if group is None:
            groups.append(group := [])
        group.append(frame)
        if len(groups) > _MOST_ORIENTATIONS:
            raise _mixed_orientation(len(frames) - max(map(len, groups)), len(frames))
    return groups


def _mixed_orientation(others: int, count: int) -> UnsuitableSeries:
    return UnsuitableSeries(Reason.of(ReasonCode.MIXED_ORIENTATION, f"{others} of {count} differ from the others."))


def _same_plane(one: Frame, other: Frame) -> bool:
    return bool(np.all(np.sum(directions(one) * directions(other), axis=1) > _SAME_DIRECTION))


def _crosses(one: Frame, other: Frame) -> bool:
    return bool(abs(np.dot(np.cross(*directions(one)), np.cross(*directions(other)))) < _CROSSING)


def _height_then_number(placed: Placed) -> tuple[float, int, str, int]:
    """Of one position the lowest Instance Number comes first, so that the choice is always the same."""
    height, frame = placed
    number = whole(frame.instance.header, "InstanceNumber") or 0
    return round(height, 2), number, frame.instance.sop_instance_uid, frame.number or 0


def _one_acquisition(placed: list[Placed], strict: bool) -> list[Placed]:
    """Join acquisitions that continue one another; of those that cover the same part keep the longest.

    AcquisitionNumber alone does not tell: sequential scanners count up with every turn of the table.
    """
    parts = sorted(_parts(placed).values(), key=_length_and_count, reverse=True)
    chosen, ranges = list(parts[0]), [_range(parts[0])]
    for part in parts[1:]:
        if _matrix(part[0][1]) == _matrix(chosen[0][1]) and _continues(_range(part), ranges):
            chosen.extend(part)
            ranges.append(_range(part))
    if strict:
        _refuse_loss(placed, chosen)
    return sorted(chosen, key=_height_then_number)


def _parts(placed: list[Placed]) -> dict[object, list[Placed]]:
    parts: dict[object, list[Placed]] = {}
    for height, frame in placed:
        parts.setdefault((_matrix(frame), frame.acquisition, frame.kernel), []).append((height, frame))
    return parts


def _matrix(frame: Frame) -> tuple[object, ...]:
    return (*frame.shape, *(round(value, 3) for value in frame.spacing_mm or ()))


def _length_and_count(part: list[Placed]) -> tuple[int, int]:
    low, high = _range(part)
    return round((high - low) / _TOLERATED_LOSS_MM), len(part)


def _range(part: list[Placed]) -> tuple[float, float]:
    return part[0][0], part[-1][0]


def _continues(part: tuple[float, float], ranges: list[tuple[float, float]]) -> bool:
    low, high = np.transpose(ranges)
    overlap = np.clip(np.minimum(high, part[1]) - np.maximum(low, part[0]), 0, None).sum()
    return bool(overlap <= min(_TOLERATED_OVERLAP_MM, (part[1] - part[0]) / 2))


def _refuse_loss(placed: list[Placed], chosen: list[Placed]) -> None:
    """Raise when a slice left out shows a part of the head that no chosen slice shows."""
    heights_used = np.sort([height for height, _ in chosen])
    heights = np.array([height for height, _ in placed])
    after = np.clip(np.searchsorted(heights_used, heights), 1, max(len(heights_used) - 1, 1))
    nearest = np.minimum(
        np.abs(heights_used[after - 1] - heights),
        np.abs(heights_used[np.minimum(after, len(heights_used) - 1)] - heights),
    )
    lost = int(np.sum(nearest > _TOLERATED_LOSS_MM))
    if lost:
        detail = f"{lost} of {len(placed)} slices would be left out."
        raise UnsuitableSeries(Reason.of(ReasonCode.MIXED_ACQUISITIONS, detail))


def _without_duplicates(placed: list[Placed]) -> list[Placed]:
    """Keep the first slice of each position."""
    distinct = placed[:1]
    for height, frame in placed[1:]:
        if height - distinct[-1][0] > SAME_POSITION_MM:
            distinct.append((height, frame))
    return distinct
