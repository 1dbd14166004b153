"""How a received plane is turned so that rows run from anterior to posterior and columns from right to left."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Reorientation:
    """Exchange of axes, then reversals; pixels are moved, never resampled.

    Attributes
    ----------
    transpose
        Rows and columns change places.
    flip_rows, flip_columns
        The new rows, or columns, run the other way.
    """

    transpose: bool
    flip_rows: bool
    flip_columns: bool

    @classmethod
    def of(cls, row: np.ndarray, column: np.ndarray) -> "Reorientation":
        """Return the turn for direction cosines of an axial plane in LPS coordinates (PS3.3 C.7.6.2.1.1).

        Parameters
        ----------
        row, column
            ``(3,)`` unit vectors in which the column and the row index grow; the nearest axes count.
        """
        transpose = bool(abs(row[0]) + abs(column[1]) < abs(row[1]) + abs(column[0]))
        down, across = (row, column) if transpose else (column, row)
        return cls(transpose, flip_rows=bool(down[1] < 0), flip_columns=bool(across[0] < 0))

    def apply(self, plane: np.ndarray) -> np.ndarray:
        """Return the ``(rows, columns)`` plane turned, a view."""
        turned = plane.T if self.transpose else plane
        return turned[:: -1 if self.flip_rows else 1, :: -1 if self.flip_columns else 1]

    def undo(self, plane: np.ndarray) -> np.ndarray:
        """Return a turned plane as it was received, a view."""
        turned = plane[:: -1 if self.flip_rows else 1, :: -1 if self.flip_columns else 1]
        return turned.T if self.transpose else turned

    def spacing(self, received: tuple[float, ...]) -> tuple[float, float]:
        """Return ``(y, x)`` spacing of the turned plane from ``(row, column)`` spacing (PS3.3 10.7.1.3)."""
        return (received[1], received[0]) if self.transpose else (received[0], received[1])
