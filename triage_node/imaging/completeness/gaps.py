"""Places in a stack where slices are missing: the next slice lies further away than thickness and neighbors say."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from triage_node.imaging.frame import Frame
from triage_node.imaging.header import whole
from triage_node.imaging.stack import Stack

# So many distances on either side say what is usual there: a series may be thin below and thick above.
_NEIGHBORHOOD = 5
# Uneven spacing of real series stays below this, one missing slice makes it 2.
_LEAST_DISTANCES = 1.75
# Whole heads are scanned every 5 mm: slices no further apart hide nothing that is not hidden there, too.
_LEAST_MM = 5.5
_WIDE_DISTANCES = 2.1
_WIDE_MM = 9.95
_MOST_NAMED = 3


@dataclass(frozen=True)
class Gap:
    """Two neighbors of a stack between which at least one slice is missing.

    Attributes
    ----------
    below, above
        What a reader calls the slices on either side.
    below_mm, above_mm
        Their positions along the slice normal.
    distance_mm
        How far they would be apart if nothing were missing.
    """

    below: str
    above: str
    below_mm: float
    above_mm: float
    distance_mm: float

    @property
    def missing_mm(self) -> float:
        """Height of what no slice shows."""
        return self.above_mm - self.below_mm - self.distance_mm

    @property
    def wide(self) -> bool:
        """Whether it is more than two slice distances and 10 mm or more: more than one thick slice is missing."""
        width = self.above_mm - self.below_mm
        return width >= _WIDE_MM and width > _WIDE_DISTANCES * self.distance_mm

    def __str__(self) -> str:
        between = f"{self.below} (at {self.below_mm:.1f} mm) and {self.above} (at {self.above_mm:.1f} mm)"
        return f"{self.missing_mm:.0f} mm between {between}"


def find_gaps(stack: Stack) -> tuple[Gap, ...]:
    """Return where slices are missing, from feet to head.

    What is usual is the median distance of the neighborhood or, where that is less, the slice thickness: of a series
    that lost every second slice all distances are alike. Where no thickness is known, the spacing that the header
    states is asked, and the numbers of instances; beside a thickness they are not, for they jump for many reasons.
    """
    distances = np.diff(stack.positions_mm)
    gaps = []
    for index, width in enumerate(distances):
        usual = _usual_mm(distances, index, stack.frames)
        if width > _LEAST_MM and width >= _LEAST_DISTANCES * usual:
            below, above = stack.positions_mm[index : index + 2]
            gaps.append(Gap(_name(stack, index), _name(stack, index + 1), float(below), float(above), usual))
    return tuple(gaps)


def gaps_sentence(gaps: Sequence[Gap]) -> str:
    """Return how much is missing and where, the largest first."""
    ordered = sorted(gaps, key=lambda gap: -gap.missing_mm)
    places = "; ".join(map(str, ordered[:_MOST_NAMED]))
    if len(gaps) == 1:
        return f"{places}."
    rest = "" if len(gaps) <= _MOST_NAMED else f"; {len(gaps) - _MOST_NAMED} more"
    return f"{sum(gap.missing_mm for gap in gaps):.0f} mm in {len(gaps)} places: {places}{rest}."


def _usual_mm(distances: np.ndarray, index: int, frames: Sequence[Frame]) -> float:
    near = float(np.median(distances[max(0, index - _NEIGHBORHOOD) : index + _NEIGHBORHOOD + 1]))
    pair = frames[index : index + 2]
    known = [frame.thickness_mm for frame in pair if frame.thickness_mm and frame.thickness_mm > 0]
    if known:
        return min(near, max(known))
    stated = [frame.distance_mm for frame in pair if frame.distance_mm and frame.distance_mm > 0]
    return min([near, distances[index] / _steps(*pair), *stated])


def _steps(below: Frame, above: Frame) -> int:
    """Return by how much the numbers of two neighbors differ, at least 1."""
    first, second = (whole(frame.instance.header, "InstanceNumber") for frame in (below, above))
    return 1 if first is None or second is None else max(1, abs(second - first))


def _name(stack: Stack, index: int) -> str:
    return stack.frames[index].name or f"slice {index + 1} from below"
