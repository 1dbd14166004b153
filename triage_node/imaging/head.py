"""Does the volume show a head? Headers lie, so the pixels are asked: bone all around something like brain.

There is no such test for contrast. Vessels and dense fresh blood overlap: the share of voxels above 90 HU within a
skull, 5 mm off the bone, was 5 in 1,000 for a plain series with a large hematoma and 4 in 1,000 for a contrast series.
A patient with a hematoma must never be turned away as "contrast".
"""

from dataclasses import dataclass

import numpy as np

from triage_node.imaging.volume import Volume

_SAMPLING_MM = 2.0
_BONE_ABOVE_HU = 200.0
_BRAIN_HU = (-20.0, 120.0)
_LEAST_AREA_MM2 = 6000.0
_LEAST_BRAIN_OF_INSIDE = 0.7
_LEAST_INSIDE_OF_BODY = 0.4
_BODY_ABOVE_HU, _AIR_HU = -200.0, -1000.0
_LEAST_EXTENT_MM = 30.0
# A surgeon may have taken out the bone on one side of four, and a field of view may cut it off; but ribs around a belly
# stay open in front, too. A trunk is larger than a head, of which 360 cm2 were seen at most, with its skin.
_OPEN_DIRECTIONS = 3
_LARGEST_OPEN_BODY_MM2 = 45000.0
_LEAST_OPEN_INSIDE_OF_BODY = 0.5


def shows_head(volume: Volume) -> bool:
    """Say whether a stretch of slices shows a skull's ring with brain-like content, closed on three sides at least.

    Each of 42 head CTs had 85 mm or more of such slices. In a chest the ring of the ribs is filled with air; in
    abdomen, pelvis and limbs it stays open and encloses a small part of the body.
    """
    step = [max(1, round(_SAMPLING_MM / spacing)) for spacing in volume.spacing_mm[1:]]
    sampled = volume.hu[:, :: step[0], :: step[1]]
    pixel_mm2 = volume.spacing_mm[1] * step[0] * volume.spacing_mm[2] * step[1]
    extents = _extents_mm(volume)
    if extents[_closed(_areas(sampled, 4, pixel_mm2))].sum() >= _LEAST_EXTENT_MM:
        return True
    from scipy import ndimage  # here, as the listener's process needs none of it

    # Rows and columns miss a hole between them; turned by half a right angle they look straight into it.
    aslant = ndimage.rotate(sampled, 45, axes=(1, 2), order=0, cval=_AIR_HU)
    return any(
        extents[_open(_areas(hu, _OPEN_DIRECTIONS, pixel_mm2))].sum() >= _LEAST_EXTENT_MM for hu in (sampled, aslant)
    )


@dataclass(frozen=True)
class _Areas:
    """``(slices,)`` each in mm2: what bone encloses, what of it may be brain, and the whole body."""

    inside: np.ndarray
    brain: np.ndarray
    body: np.ndarray


def _areas(hu: np.ndarray, directions: int, pixel_mm2: float) -> _Areas:
    inside = enclosed(hu > _BONE_ABOVE_HU, directions)
    brain = inside & (hu > _BRAIN_HU[0]) & (hu < _BRAIN_HU[1])
    return _Areas(*(np.sum(mask, axis=(1, 2)) * pixel_mm2 for mask in (inside, brain, hu > _BODY_ABOVE_HU)))


def _closed(area: _Areas) -> np.ndarray:
    """Return which slices show a ring of bone with something like brain inside, and not much around it."""
    good: np.ndarray = (area.inside >= _LEAST_AREA_MM2) & (area.brain >= _LEAST_BRAIN_OF_INSIDE * area.inside)
    return good & (area.inside >= _LEAST_INSIDE_OF_BODY * area.body)


def _open(area: _Areas) -> np.ndarray:
    """Return which slices show the same within a ring that may be open on a side, in a body as large as a head."""
    fits: np.ndarray = area.body <= _LARGEST_OPEN_BODY_MM2
    return _closed(area) & fits & (area.inside >= _LEAST_OPEN_INSIDE_OF_BODY * area.body)


def enclosed(bone: np.ndarray, directions: int = 4) -> np.ndarray:
    """Return which pixels meet bone in so many of the four directions along rows and columns.

    Parameters
    ----------
    bone
        ``(slices, rows, columns) bool``.
    directions
        Directions that must meet bone.
    """
    along, back = np.logical_or.accumulate, slice(None, None, -1)
    met = along(bone, axis=1).astype(np.int8)
    met += along(bone[:, back], axis=1)[:, back]
    met += along(bone, axis=2)
    met += along(bone[:, :, back], axis=2)[:, :, back]
    found: np.ndarray = (met >= directions) & ~bone
    return found


def _extents_mm(volume: Volume) -> np.ndarray:
    if len(volume.positions_mm) == 1:
        return np.array([volume.spacing_mm[0]])
    extents: np.ndarray = np.minimum(np.gradient(volume.positions_mm), 2 * volume.spacing_mm[0])
    return extents
