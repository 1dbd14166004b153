"""Is the whole head in the series? The inside of the skull tells which gaps matter, and whether it goes on beyond."""

from collections.abc import Iterator

import numpy as np

from triage_node.imaging import Gap, Volume, gaps_sentence
from triage_node.models.preprocessing import StrippedHead
from triage_node.reasons import Reason, ReasonCode

# Two single slices missed in different places are common where slices were sorted by hand; three of 5 mm are not.
MOST_MISSING_MM = 12.0
# Share of the largest intracranial area that the last slice may still show. It was at most 20 % at the top of 44 whole
# heads and nothing at their base, 25 % there in generated ones; without 10 mm of the vertex it was 36 %.
LARGEST_TOP_SHARE = 0.3
LARGEST_BASE_SHARE = 0.3


def coverage_cautions(volume: Volume, head: StrippedHead) -> tuple[Reason, ...]:
    """Return why a part of the brain may be in no slice; empty when the series shows all of it.

    Parameters
    ----------
    volume
        The series.
    head
        The same, stripped.
    """
    area = head.brain_area_cm2[head.slab]
    gaps = _gaps_of_head(volume, area)
    details = list(_ends(area))
    if any(gap.wide for gap in gaps) or sum(gap.missing_mm for gap in gaps) > MOST_MISSING_MM:
        details.insert(0, gaps_sentence(gaps))
    return tuple(Reason.of(ReasonCode.SLICES_MISSING, detail) for detail in details)


def _gaps_of_head(volume: Volume, area: np.ndarray) -> list[Gap]:
    """Return the gaps that begin or end at a slice with brain, or lie between two such slices."""
    shown = np.flatnonzero(area > 0)
    if not volume.gaps or not len(shown):
        return list(volume.gaps)
    lowest, highest = volume.sources[shown[0]][0].position_mm, volume.sources[shown[-1]][-1].position_mm
    return [gap for gap in volume.gaps if gap.above_mm >= lowest and gap.below_mm <= highest]


def _ends(area: np.ndarray) -> Iterator[str]:
    largest = float(area.max())
    for end, place, limit in (
        (area[-1], "above the topmost", LARGEST_TOP_SHARE),
        (area[0], "below the lowest", LARGEST_BASE_SHARE),
    ):
        if largest > 0 and end > limit * largest:
            yield f"The brain goes on {place} slice, which still shows {end:.0f} of at most {largest:.0f} cm2 of it."
