"""The slices of one series for the viewer: in order from feet to head, decoded one at a time."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cachetools import LRUCache

from triage_node.errors import UnsuitableSeries
from triage_node.reasons import Reason, ReasonCode
from triage_node.storage import Scores, SliceScores, Spool
from triage_node.worklist import Study

if TYPE_CHECKING:
    from triage_node.imaging import Frame, Reorientation

MOST_STACKS = 4
MOST_SLICES = 48


@dataclass(frozen=True)
class SliceStack:
    """A series ready to be shown; rows run from anterior to posterior, columns from the patient's right to the left.

    Attributes
    ----------
    frames
        From feet to head.
    spacing_mm
        ``(y, x)`` after turning.
    """

    series_instance_uid: str
    revision: int
    description: str
    frames: "tuple[Frame, ...]"
    positions_mm: tuple[float, ...]
    reorientation: "Reorientation"
    spacing_mm: tuple[float, float]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns after turning."""
        rows, columns = self.frames[0].shape
        return (columns, rows) if self.reorientation.transpose else (rows, columns)


class SliceReader:
    """Reads what the viewer shows; a few stacks of headers and some slices stay in memory, pixels of one at a time.

    Decoding is done by one thread at once, so that many viewers do not take the processors from the analysis.
    """

    def __init__(self) -> None:
        self._stacks: LRUCache[tuple[str, str, int], SliceStack] = LRUCache(MOST_STACKS)
        self._slices: LRUCache[tuple[str, int, int], bytes] = LRUCache(MOST_SLICES)
        self._lock = threading.Lock()

    def stack(self, files: Callable[[], list[Path]], study: Study, series_instance_uid: str = "") -> SliceStack:
        """Return a series of a study: where none is named that which was analyzed, else its likeliest head CT.

        Parameters
        ----------
        files
            Lists the study's files.
        study
            As `StudyDetails.study` returns it.
        series_instance_uid
            The series that a person chose, empty where nobody did.

        Raises
        ------
        UnsuitableSeries
            There is no series that forms a stack.
        """
        key = (study.study_instance_uid, series_instance_uid or shown_series(study), study.revision)
        with self._lock:
            found = self._stacks.get(key)
            if found is None:
                found = self._stacks[key] = _stack(files(), key[1], key[2])
            return found

    def pixels(self, stack: SliceStack, index: int) -> bytes:
        """Return a slice: ``(rows, columns) int16`` HU, little endian.

        Raises
        ------
        UnsuitableSeries
            It cannot be decoded.
        """
        key = (stack.series_instance_uid, stack.revision, index)
        with self._lock:
            found = self._slices.get(key)
            if found is None:
                found = self._slices[key] = _decoded(stack, index)
            return found


def shown_series(study: Study) -> str:
    """Return the UID of the series to show: the latest analyzed, else the largest that may be a head CT, else ""."""
    analyzed = [one.series_instance_uid for one in study.outcomes if one.series_instance_uid]
    if analyzed:
        return analyzed[-1]
    images = [one for one in study.series if one.modality == "CT"]
    best = max(images, key=lambda one: (one.eligible, one.instance_count), default=None)
    return best.series_instance_uid if best else ""


def scores_of(study: Study, stack: SliceStack, spool: Spool) -> list[Scores | None]:
    """Return what the model said of each slice of a stack; None where it did not see the slice."""
    for outcome in reversed(study.outcomes):
        if outcome.series_instance_uid != stack.series_instance_uid or not outcome.folder:
            continue
        content = spool.result(study.study_instance_uid, outcome.folder).slice_scores()
        if content is not None:
            by_slice = SliceScores.of(content).by_slice
            return [by_slice.get((frame.instance.sop_instance_uid, frame.number)) for frame in stack.frames]
    return [None] * len(stack.frames)


def _stack(paths: list[Path], series_instance_uid: str, revision: int) -> SliceStack:
    from triage_node.imaging import Reorientation, scan, usable_stack

    series = [one for one in scan(paths).series if one.series_instance_uid == series_instance_uid]
    if not series:
        raise UnsuitableSeries(Reason.of(ReasonCode.NO_IMAGES))
    stack = usable_stack(series[0], strict=False).stack
    reorientation = Reorientation.of(stack.row, stack.column)
    return SliceStack(
        series_instance_uid=series_instance_uid,
        revision=revision,
        description=series[0].description,
        frames=stack.frames,
        positions_mm=tuple(round(float(position), 2) for position in stack.positions_mm),
        reorientation=reorientation,
        spacing_mm=reorientation.spacing(stack.frames[0].spacing_mm or (1.0, 1.0)),
    )


def _decoded(stack: SliceStack, index: int) -> bytes:
    import numpy as np

    from triage_node.imaging import hounsfield, stored_values

    frame = stack.frames[index]
    if frame.rescale is None:
        raise UnsuitableSeries(Reason.of(ReasonCode.NO_RESCALE))
    [values] = stored_values(frame.instance, [frame.number or 1])
    turned = stack.reorientation.apply(hounsfield(values, frame.instance.header, frame.rescale))
    return np.ascontiguousarray(np.rint(turned), "<i2").tobytes()
