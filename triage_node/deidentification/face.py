"""Heads without a face: what lies far from the brain becomes air, in the pixels as they were received."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from triage_node.deidentification.refusals import NotExported
from triage_node.errors import InvalidInstance, UnsuitableSeries
from triage_node.imaging import (
    Frame,
    Instance,
    Policy,
    Reorientation,
    Series,
    frame_count,
    frames_of,
    is_wrapped,
    read_volume,
    stored_values,
    text,
    whole,
)

NEAR_MM = 10.0
"""The skull is thinner nearly everywhere; skin over the vault lies about as far, nose, mouth, chin and ears further."""
AIR_HU, WRAPPED_INTERCEPT = -1000.0, -1000.0


@dataclass(frozen=True)
class HeadWithoutFace:
    """What of a series stays.

    Attributes
    ----------
    near
        ``(slices, rows, columns) bool`` of its volume.
    slices
        The slice of the volume that a frame went into, by SOP Instance UID and frame number.
    """

    near: np.ndarray
    slices: dict[tuple[str, int], int]

    @classmethod
    def of(cls, series: Series) -> "HeadWithoutFace":
        """Find the head in a series.

        Raises
        ------
        UnsuitableSeries
            It shows no head, or it is not sure where the brain ends.
        """
        from triage_node.models import near_brain

        volume = read_volume(series, Policy(), force=True)
        slices = {
            (source.sop_instance_uid, source.frame_number or 1): index
            for index, group in enumerate(volume.sources)
            for source in group
        }
        return cls(near_brain(volume, NEAR_MM), slices)

    def pixels(self, instance: Instance) -> bytes:
        """Return all frames of an instance, native and little endian, as Explicit VR Little Endian holds them.

        Raises
        ------
        NotExported
            A frame has no part in the volume, so that nothing is known of its face.
        """
        numbers = range(1, frame_count(instance) + 1)
        frames = frames_of(instance)
        found = [self._without_face(*pair) for pair in zip(frames, stored_values(instance, numbers), strict=True)]
        return b"".join(found)

    def _without_face(self, frame: Frame, values: np.ndarray) -> bytes:
        index = self.slices.get((frame.instance.sop_instance_uid, frame.number or 1))
        if index is None or frame.orientation is None:
            raise NotExported("It is not among the slices in which the head was found, so it may show the face.")
        turned = Reorientation.of(np.array(frame.orientation[:3]), np.array(frame.orientation[3:]))
        blank = np.where(turned.undo(self.near[index]), values, _air(frame)).astype(values.dtype)
        return blank.astype(blank.dtype.newbyteorder("<")).tobytes()


class FaceRemoval:
    """The heads of a study, each found when its first instance is asked for.

    Parameters
    ----------
    paths
        All files of the study.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._instances: dict[str, list[Instance]] = {}
        self._heads: dict[str, HeadWithoutFace | NotExported] = {}
        for path in paths:
            try:
                instance = Instance.read(path)
            except InvalidInstance:
                continue
            self._instances.setdefault(_series_uid(instance), []).append(instance)

    def pixels(self, instance: Instance) -> bytes:
        """Return the pixels of an instance without the face, see `HeadWithoutFace.pixels`.

        Raises
        ------
        NotExported
            No head is found in its series, or it has no part in it.
        """
        uid = _series_uid(instance)
        if uid not in self._heads:
            self._heads = {uid: self._head(uid)}  # one at a time is in memory
        head = self._heads[uid]
        if isinstance(head, NotExported):
            raise NotExported(str(head))
        return head.pixels(instance)

    def _head(self, uid: str) -> HeadWithoutFace | NotExported:
        try:
            return HeadWithoutFace.of(Series.of(self._instances.get(uid, ())))
        except (UnsuitableSeries, ValueError) as error:
            return NotExported(f"No head is found in its series whose face could be removed. {error}")


def _series_uid(instance: Instance) -> str:
    return text(instance.header, "SeriesInstanceUID")


def _air(frame: Frame) -> int:
    """Return the stored value of air, as near to it as the stored bits reach."""
    header = frame.instance.header
    slope, intercept = frame.rescale or (1.0, 0.0)
    if is_wrapped(header, intercept):
        intercept = WRAPPED_INTERCEPT
    bits, is_signed = whole(header, "BitsStored") or 16, whole(header, "PixelRepresentation") == 1
    lowest, highest = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if is_signed else (0, 2**bits - 1)
    return int(np.clip(round((AIR_HU - intercept) / slope), lowest, highest))
