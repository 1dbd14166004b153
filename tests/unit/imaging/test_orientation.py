import itertools

import numpy as np
import pytest

from triage_node.imaging.orientation import Reorientation

AXES = {
    "R-L": np.array([1.0, 0, 0]),
    "L-R": np.array([-1.0, 0, 0]),
    "A-P": np.array([0, 1.0, 0]),
    "P-A": np.array([0, -1.0, 0]),
}
IN_PLANE = [(row, column) for row, column in itertools.permutations(AXES, 2) if abs(AXES[row] @ AXES[column]) == 0]


def seen_from(row: np.ndarray, column: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates x and y of each pixel of a plane with these direction cosines."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return rows * column[0] + columns * row[0], rows * column[1] + columns * row[1]


@pytest.mark.parametrize(("row", "column"), IN_PLANE)
def test_rows_run_backwards_and_columns_to_the_left(row, column):
    reorientation = Reorientation.of(AXES[row], AXES[column])
    x, y = (reorientation.apply(plane) for plane in seen_from(AXES[row], AXES[column], (4, 6)))
    assert np.all(np.diff(x, axis=1) > 0) and np.all(np.diff(y, axis=0) > 0)
    assert np.all(np.diff(x, axis=0) == 0) and np.all(np.diff(y, axis=1) == 0)


@pytest.mark.parametrize(("row", "column"), IN_PLANE)
def test_spacing_turns_with_the_plane(row, column):
    reorientation = Reorientation.of(AXES[row], AXES[column])
    y, x = reorientation.spacing((3.0, 2.0))  # 3 mm from row to row
    assert (y if AXES[column][1] else x) == 3.0


def test_a_slightly_turned_head_stays_as_it_is():
    angle = np.radians(20)
    reorientation = Reorientation.of(
        np.array([np.cos(angle), np.sin(angle), 0]), np.array([-np.sin(angle), np.cos(angle), 0])
    )
    assert reorientation == Reorientation(transpose=False, flip_rows=False, flip_columns=False)
