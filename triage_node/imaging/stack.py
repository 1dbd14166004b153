"""Slices in space: frames that form one stack, in order from feet to head."""

from dataclasses import dataclass

import numpy as np

from triage_node.imaging.frame import Frame

_USUAL_THICKNESS_MM = 5.0
_WIDE_GAP_MM = 15.0
# Rounded to one digit, cosines are off by so much in length, or in their product.
_ROUNDING = 0.06


@dataclass(frozen=True, eq=False)
class Stack:
    """Frames of one orientation, matrix and pixel spacing.

    Attributes
    ----------
    frames
        From feet to head.
    positions_mm
        ``(frames,) float64``, projection of ImagePositionPatient on the normal, growing.
    row, column
        ``(3,) float64`` unit vectors, LPS: the directions in which the column and the row index grow.
    """

    frames: tuple[Frame, ...]
    positions_mm: np.ndarray
    row: np.ndarray
    column: np.ndarray

    @property
    def normal(self) -> np.ndarray:
        """``(3,) float64`` unit vector across the slices, toward the head."""
        return headward(self.row, self.column)

    @property
    def tilt_degrees(self) -> float:
        """Angle of the normal to the head-foot axis, positive where the anterior edge lies nearer the head."""
        angle = np.degrees(np.arccos(np.clip(self.normal[2], -1.0, 1.0)))
        return float(np.copysign(angle, self.normal[1])) if angle > 1e-3 else 0.0

    @property
    def spacing_mm(self) -> float:
        """Median distance of neighbors; of a single slice its thickness."""
        if len(self.frames) > 1:
            return float(np.median(np.diff(self.positions_mm)))
        thickness = self.frames[0].thickness_mm
        return thickness if thickness and 0 < thickness < _WIDE_GAP_MM else _USUAL_THICKNESS_MM

    @property
    def extents_mm(self) -> np.ndarray:
        """``(frames,) float64``, the part of the normal each slice stands for: half way to its neighbors."""
        if len(self.frames) == 1:
            return np.array([self.spacing_mm])
        gaps = np.diff(self.positions_mm)
        extents: np.ndarray = (np.append(gaps[0], gaps) + np.append(gaps, gaps[-1])) / 2
        return extents

    @property
    def coverage_mm(self) -> float:
        """Extent along the normal, without what is missing in wide gaps."""
        return float(np.minimum(self.extents_mm, max(2 * self.spacing_mm, _WIDE_GAP_MM)).sum())


def has_position(frame: Frame) -> bool:
    """Say whether a frame states where it lies: position, pixel spacing and an orientation of two unit vectors."""
    if frame.position_mm is None or frame.orientation is None or frame.spacing_mm is None:
        return False
    row, column = cosines(frame)
    lengths = np.linalg.norm((row, column), axis=1)
    return bool(np.all(np.abs(lengths - 1) < _ROUNDING) and abs(np.dot(row, column)) < _ROUNDING)


def directions(frame: Frame) -> np.ndarray:
    """Return ``(2, 3) float64``: row and column of unit length and at a right angle, of a frame that has them.

    Cosines are rounded, to one digit by some; the same plane must not differ from itself.
    """
    row, column = cosines(frame)
    row = row / np.linalg.norm(row)
    column = column - np.dot(row, column) * row
    return np.stack([row, column / np.linalg.norm(column)])


def cosines(frame: Frame) -> np.ndarray:
    """Return ``(2, 3) float64``: row and column direction cosines as received (PS3.3 C.7.6.2.1.1)."""
    return np.reshape(np.array(frame.orientation, dtype=np.float64), (2, 3))


def headward(row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Return the unit normal of a plane that points to the head, ``(3,) float64``."""
    normal = np.cross(row, column)
    normal /= np.linalg.norm(normal)
    return -normal if normal[2] < 0 else normal


def height_mm(frame: Frame, normal: np.ndarray) -> float:
    """Return the position of a frame along a normal."""
    return float(np.dot(np.array(frame.position_mm, dtype=np.float64), normal))
