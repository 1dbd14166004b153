"""Where the head lies: found by its symmetry, whatever its turn, shape and tilt."""

import cv2
import numpy as np
import pytest
from ct_defects import turned

from triage_node.models.preprocessing import Geometry, strip_head
from triage_node.models.skull_stripping.head_axis import LARGEST_TURN_DEGREES, find_head_axis
from triage_node.models.skull_stripping.symmetry import RAYS, highest_peak, turns_degrees

SLICES, SIZE, MM = 12, 160, 1.25
POSITIONS = 5.0 * np.arange(SLICES)


def drawn_head(rng, turn, length_mm=85.0, width_mm=70.0):
    """A head of two halves: skull, ventricles to the front and a falx; sulci differ from side to side."""
    rows, columns = (np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2) * MM
    angle = np.radians(turn)
    back = rows * np.cos(angle) + columns * np.sin(angle)
    left = columns * np.cos(angle) - rows * np.sin(angle)
    radius = np.hypot(back / length_mm, left / (width_mm * (1 + 0.1 * back / length_mm)))
    mask = radius < 1
    hu = np.where(mask, 35.0, np.where(radius < 1.1, 900.0, -1000.0))
    hu[np.hypot((back + 15) / 25, (np.abs(left) - 12) / 6) < 1] = 8
    hu[mask & (np.abs(left) < 2) & (back < -25)] = 5
    sulci = cv2.GaussianBlur(rng.standard_normal((SLICES, SIZE, SIZE)).transpose(1, 2, 0), (0, 0), 2).transpose(2, 0, 1)
    hu = np.where(mask & (sulci > 0.3), 15.0, hu)
    return hu.astype(np.float32), np.broadcast_to(mask, hu.shape).copy()


def found_turn(hu, mask):
    return find_head_axis(hu, mask, POSITIONS, MM).turn_degrees


@pytest.mark.parametrize("turn", [-90, -70, -30, -7.3, 0, 10, 45, 60, 90, 120, 160])
def test_the_turn_is_that_of_the_plane_between_the_halves(seed, turn):
    found = found_turn(*drawn_head(np.random.default_rng(seed), turn))
    expected = turn if abs(turn) < 150 else turn - 180
    assert found == pytest.approx(expected, abs=1), "within the largest turn no head is taken to lie on its face"


@pytest.mark.parametrize("width_mm", [80, 85, 90])
def test_a_round_head_has_its_turn_too(seed, width_mm):
    assert found_turn(*drawn_head(np.random.default_rng(seed), 25, width_mm=width_mm)) == pytest.approx(25, abs=1)


def test_blood_on_one_side_turns_no_head(seed):
    hu, mask = drawn_head(np.random.default_rng(seed), 0)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    blood = np.hypot(rows - 90, columns - 115) < 14
    assert abs(found_turn(np.where(blood & mask, np.float32(70), hu), mask)) < 1.5


def test_a_mirrored_head_is_turned_the_other_way(seed):
    hu, mask = drawn_head(np.random.default_rng(seed), 18)
    assert found_turn(hu[:, :, ::-1], mask[:, :, ::-1]) == pytest.approx(-found_turn(hu, mask), abs=0.05)


@pytest.mark.parametrize("turn", [-40, 0, 30])
def test_of_the_two_axes_of_an_ellipse_the_longer_is_upright(turn):
    rows, columns = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    angle = np.radians(turn)
    back, left = rows * np.cos(angle) + columns * np.sin(angle), columns * np.cos(angle) - rows * np.sin(angle)
    ellipse = np.broadcast_to((back / 68) ** 2 + (left / 58) ** 2 < 1, (SLICES, SIZE, SIZE))
    assert found_turn(np.where(ellipse, np.float32(35), 900), ellipse) == pytest.approx(turn, abs=2)


def test_a_round_head_with_many_axes_is_not_taken_to_lie_across():
    rows, columns = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    disk = np.broadcast_to(np.hypot(rows, columns) < 60, (SLICES, SIZE, SIZE))
    dark = np.cos(4 * (np.arctan2(columns, rows) - np.radians(20))) > 0.7
    assert abs(found_turn(np.where(disk, np.where(dark, np.float32(10), 35), 900), disk)) <= LARGEST_TURN_DEGREES


def test_a_single_slice_has_a_turn():
    hu, mask = drawn_head(np.random.default_rng(0), -20)
    assert find_head_axis(hu[:1], mask[:1], POSITIONS[:1], MM).turn_degrees == pytest.approx(-20, abs=1.5)


def test_a_peak_is_chosen_but_not_moved_by_what_was_thought_before():
    turns = np.radians(turns_degrees())
    likeness = np.cos(4 * (turns - np.radians(20.2)))
    assert highest_peak(likeness, np.cos(2 * turns)) == pytest.approx(20.2, abs=0.05)
    assert highest_peak(likeness, -np.cos(2 * turns)) == pytest.approx(-69.8, abs=0.05)
    assert len(turns) == RAYS


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hemorrhage", "plain"])
def test_turns_of_a_whole_head_agree(bundled, name):
    turns = (0, 10, 30, -45, 60, 90)
    found = [strip_head(turned(bundled(name), by), Geometry()).axis.turn_degrees - by for by in turns]
    assert np.ptp(found) < 1
