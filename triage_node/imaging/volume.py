"""A head CT as the model sees it: Hounsfield units on an oriented stack of slices."""

from dataclasses import dataclass, field

import numpy as np

from triage_node.imaging.completeness.gaps import Gap
from triage_node.imaging.completeness.loss import Loss


@dataclass(frozen=True)
class SourceSlice:
    """One slice as it was received.

    Attributes
    ----------
    sop_instance_uid, sop_class_uid
        The instance that holds the slice.
    frame_number
        1-based frame of an Enhanced CT instance, None for a single-frame instance.
    instance_number
        As received, None when absent.
    position_mm
        Position along the slice normal, growing from feet to head.
    """

    sop_instance_uid: str
    sop_class_uid: str
    frame_number: int | None
    instance_number: int | None
    position_mm: float


@dataclass(frozen=True)
class Volume:
    """A stack of axial slices, valid once built.

    Attributes
    ----------
    hu
        ``(slices, rows, columns) float32``, HU clipped to [-1024, 3071]. Axis 0 runs from feet to head, axis 1 from
        anterior to posterior, axis 2 from the patient's right to the left, whatever the orientation received.
    spacing_mm
        ``(z, y, x)``; z is the median distance between slices along the slice normal.
    positions_mm
        ``(slices,) float64``, position of each slice along its normal; spacing may be uneven.
    tilt_degrees
        Angle between the slice normal and the patient's head-foot axis; positive where the anterior edge of a slice
        lies nearer the head than the posterior edge.
    sources
        For each slice of `hu` the received slices it was made from: one, or several where a thin series was averaged.
    gaps
        Where received slices lie so far apart that some are missing, in the head or beyond it.
    losses
        Received slices that could not be used.
    """

    hu: np.ndarray
    spacing_mm: tuple[float, float, float]
    positions_mm: np.ndarray
    tilt_degrees: float = 0.0
    sources: tuple[tuple[SourceSlice, ...], ...] = field(default=(), repr=False)
    gaps: tuple[Gap, ...] = ()
    losses: tuple[Loss, ...] = field(default=(), repr=False)

    @property
    def received(self) -> int:
        """Number of received slices, those that could not be used included."""
        return sum(map(len, self.sources)) + len(self.losses)

    def __post_init__(self) -> None:
        if self.hu.ndim != 3 or self.hu.dtype != np.float32:
            raise ValueError(f"hu must be (slices, rows, columns) float32, got {self.hu.shape} {self.hu.dtype}")
        if len(self.positions_mm) != len(self.hu):
            raise ValueError(f"{len(self.hu)} slices but {len(self.positions_mm)} positions")
        if self.sources and len(self.sources) != len(self.hu):
            raise ValueError(f"{len(self.hu)} slices but {len(self.sources)} sources")
        if min(self.spacing_mm) <= 0:
            raise ValueError(f"spacing must be positive, got {self.spacing_mm}")
        if np.any(np.diff(self.positions_mm) <= 0):
            raise ValueError("positions must grow from feet to head")
