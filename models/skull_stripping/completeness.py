"""Did the mask find the whole inside of the skull? It has to know when it failed: a part of a brain is answered low.

Each limit lies beyond what 42 heads of patients and 48 generated ones measured, but for one whose mask is torn.
"""

import numpy as np

from triage_node.models.skull_stripping.head_axis import LARGEST_TURN_DEGREES, HeadAxis
from triage_node.models.skull_stripping.openings import SMALLEST_HEIGHT_MM, Openings
from triage_node.reasons import Reason, ReasonCode

# Heads measured 1,144 to 2,300 mL; a child or a very small head is doubted rather than missed.
VOLUME_ML = (1000.0, 2500.0)
# The largest slices measured 145 to 249 cm2; where a stack ends within the brain its volume says nothing.
SMALLEST_AREA_CM2 = 110.0
CUT_END_SHARE = 0.35
# Inside of the stack the mask began and ended with 0.29 of its largest area at most, and from one slice to the next the
# area changed by 0.29 at most, by 0.45 across a gap.
LARGEST_END_SHARE, LARGEST_STEP_SHARE, STEP_MM = 0.4, 0.5, 10.0
# Above the mask bone went on for 17 mm at most, a vertex being mostly partial volume.
LARGEST_LOSS_MM, SMALLEST_BONE_CM2 = 27.0, 15.0


def doubts(
    mask: np.ndarray,
    bone: np.ndarray,
    openings: Openings,
    axis: HeadAxis,
    extents_mm: np.ndarray,
    mm_per_pixel: float,
) -> tuple[Reason, ...]:
    """Return why the mask may not show the whole brain; empty when nothing speaks against it.

    Parameters
    ----------
    mask, bone
        ``(slices, rows, columns)``: inside of the skull, not all false, and bone.
    openings
        Where the skull is open.
    axis
        Where the head lies.
    extents_mm
        ``(slices,)``: the height each slice stands for.
    mm_per_pixel
        Pixel size in mm.
    """
    cm2 = mm_per_pixel**2 / 100
    area_cm2, bone_cm2 = mask.sum(axis=(1, 2)) * cm2, bone.sum(axis=(1, 2)) * cm2
    turned = abs(axis.turn_degrees) >= LARGEST_TURN_DEGREES
    found = (
        (ReasonCode.FIELD_OF_VIEW, _field(mask, openings)),
        (ReasonCode.SKULL_DEFECT, _defect(openings)),
        (
            ReasonCode.BRAIN_INCOMPLETE,
            _size(area_cm2, extents_mm) + _shape(area_cm2, bone_cm2, extents_mm) + _behind(openings, extents_mm),
        ),
        (ReasonCode.HEAD_TURNED, [f"Measured: {LARGEST_TURN_DEGREES:.0f} degrees or more."] if turned else []),
    )
    return tuple(Reason.of(code, " ".join(details)) for code, details in found if details)


def _field(mask: np.ndarray, openings: Openings) -> list[str]:
    edge = mask[:, [0, -1]].any(axis=(1, 2)) | mask[:, :, [0, -1]].any(axis=(1, 2))
    if openings.cut:
        seen = f"over up to {openings.degrees:.0f} degrees"
        return [f"In {len(openings.rays)} slices no bone lies before the edge of the field {seen}."]
    return [f"In {int(edge.sum())} slices the brain reaches the edge of the field."] if edge.any() else []


def _defect(openings: Openings) -> list[str]:
    if openings.cut or not openings.rays:
        return []
    return [f"In {len(openings.rays)} slices there is no bone over up to {openings.degrees:.0f} degrees."]


def _size(area_cm2: np.ndarray, extents_mm: np.ndarray) -> list[str]:
    """Say where the mask is too small or too large; a stack that ends within the brain may show any volume."""
    largest, volume_ml = float(area_cm2.max()), float((area_cm2 * extents_mm).sum() / 10)
    partial = max(area_cm2[0], area_cm2[-1]) >= CUT_END_SHARE * largest
    found = []
    if volume_ml > VOLUME_ML[1] or (volume_ml < VOLUME_ML[0] and not partial):
        found.append(f"It measures {volume_ml:.0f} mL.")
    if largest < SMALLEST_AREA_CM2:
        found.append(f"Its largest slice measures {largest:.0f} cm2.")
    return found


def _shape(area_cm2: np.ndarray, bone_cm2: np.ndarray, extents_mm: np.ndarray) -> list[str]:
    """Say where the mask lost slices: it ends large, its area leaps, or the skull goes on above it."""
    shown, share, found = np.flatnonzero(area_cm2), area_cm2 / area_cm2.max(), []
    first, last = int(shown[0]), int(shown[-1])
    ends = max((share[end] for end in (first, last) if 0 < end < len(share) - 1), default=0.0)
    if ends > LARGEST_END_SHARE:
        found.append(f"Inside of the stack it ends with {ends:.0%} of its largest area.")
    steps = np.abs(np.diff(share[first : last + 1]))[extents_mm[first:last] <= STEP_MM]
    if max(steps, default=0.0) > LARGEST_STEP_SHARE:
        found.append(f"From one slice to the next its area changes by {max(steps):.0%} of the largest.")
    above_mm = float(extents_mm[last + 1 :][bone_cm2[last + 1 :] >= SMALLEST_BONE_CM2].sum())
    if above_mm > LARGEST_LOSS_MM:
        found.append(f"Above it {above_mm:.0f} mm of the skull show none of it.")
    return found


def _behind(openings: Openings, extents_mm: np.ndarray) -> list[str]:
    lost = openings.lost_degrees
    if extents_mm[list(lost)].sum() < SMALLEST_HEIGHT_MM:
        return []
    return [f"In {len(lost)} slices brain goes on behind it over up to {max(lost.values()):.0f} degrees."]
