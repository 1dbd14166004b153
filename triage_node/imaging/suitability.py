"""Is a series a head CT the model can be asked about? By headers only, one reason for each thing that is not."""

from dataclasses import dataclass
from datetime import date

from triage_node.errors import UnsuitableSeries
from triage_node.imaging.completeness.usable import usable_stack
from triage_node.imaging.eligibility import is_ct
from triage_node.imaging.patient import patient_reasons, prior_reasons
from triage_node.imaging.policy import Policy
from triage_node.imaging.series import Series
from triage_node.imaging.slices import originals, slices_in
from triage_node.imaging.stack import Stack
from triage_node.imaging.stacking import is_localizer
from triage_node.imaging.wording.body_part import other_part_words
from triage_node.imaging.wording.contrast import contrast_words
from triage_node.reasons import Reason, ReasonCode


@dataclass(frozen=True)
class Figures:
    """What a series was judged by.

    Attributes
    ----------
    slices
        Number of slices in the stack.
    thickness_mm, spacing_mm
        Median thickness of a slice, and median distance of neighbors.
    coverage_mm
        Extent along the normal, without what is missing in wide gaps.
    tilt_degrees
        Angle of the slices to the axial plane.
    kernel
        Convolution kernel as received, "" when unknown.
    """

    slices: int
    thickness_mm: float
    spacing_mm: float
    coverage_mm: float
    tilt_degrees: float
    kernel: str


def figures_of(series: Series) -> Figures | None:
    """Return what a series was judged by, by headers only; None when its slices form no stack."""
    try:
        stack = usable_stack(series, strict=False).stack
    except UnsuitableSeries:
        return None
    return Figures(
        len(stack.frames),
        thickness_mm(stack),
        stack.spacing_mm,
        stack.coverage_mm,
        abs(stack.tilt_degrees),
        stack.frames[0].kernel,
    )


def suitability_reasons(series: Series, policy: Policy, today: date) -> tuple[Reason, ...]:
    """Return why a series is not suitable for triage; empty when it is.

    Only headers are looked at; `read_volume` also looks at the pixels. Missing elements are unknown, not refused.

    Parameters
    ----------
    series
        The series.
    policy
        The site's limits.
    today
        The day `Policy.prior_study_days` counts from.
    """
    kind = kind_reasons(series)
    return kind or (*prior_reasons(series.header, policy, today), *content_reasons(series, policy))


def kind_reasons(series: Series) -> tuple[Reason, ...]:
    """Return why a series is no CT image series of its own: another modality, a localizer, derived images."""
    if sum(is_ct(instance.header) for instance in series.instances) < len(series.instances) / 2:
        return (Reason.of(ReasonCode.NOT_CT),)
    try:
        frames = slices_in(series).frames
    except UnsuitableSeries as refusal:
        return refusal.reasons
    if not frames:
        return (Reason.of(ReasonCode.NO_IMAGES),)
    if all(map(is_localizer, frames)):
        return (Reason.of(ReasonCode.LOCALIZER),)
    if len(originals(frames)) < len(frames) / 2:
        return (Reason.of(ReasonCode.DERIVED),)
    return ()


def content_reasons(series: Series, policy: Policy, strict: bool = True) -> tuple[Reason, ...]:
    """Return what speaks against the content of a CT series, whatever the day; `strict` as in `build_stack`."""
    reasons = list(patient_reasons((instance.header for instance in series.instances), policy))
    if words := other_part_words(series.header):
        reasons.append(Reason.of(ReasonCode.NOT_HEAD, words))
    if not policy.accept_contrast and (words := _contrast_words(series)):
        reasons.append(Reason.of(ReasonCode.CONTRAST, words))
    try:
        usable = usable_stack(series, strict)
    except UnsuitableSeries as refusal:
        return (*reasons, *refusal.reasons)
    return (*reasons, *usable.refusals, *stack_reasons(usable.stack, policy))


def stack_reasons(stack: Stack, policy: Policy) -> tuple[Reason, ...]:
    """Return what speaks against the geometry of a stack."""
    thinnest, thickest = policy.thickness_mm
    found = {
        ReasonCode.NOT_AXIAL: abs(stack.tilt_degrees) > policy.maximum_tilt_degrees,
        ReasonCode.TOO_FEW_SLICES: len(stack.frames) < policy.minimum_slices,
        ReasonCode.SHORT_COVERAGE: stack.coverage_mm < policy.minimum_coverage_mm,
        ReasonCode.SLICE_THICKNESS: not thinnest <= thickness_mm(stack) <= thickest or stack.spacing_mm > thickest,
    }
    measured = {
        ReasonCode.NOT_AXIAL: f"Measured: {abs(stack.tilt_degrees):.0f} degrees.",
        ReasonCode.TOO_FEW_SLICES: f"Counted: {len(stack.frames)}.",
        ReasonCode.SHORT_COVERAGE: f"Measured: {stack.coverage_mm:.0f} mm.",
        ReasonCode.SLICE_THICKNESS: f"Thickness {thickness_mm(stack):.2f} mm, distance {stack.spacing_mm:.2f} mm.",
    }
    return tuple(Reason.of(code, measured[code]) for code, holds in found.items() if holds)


def thickness_mm(stack: Stack) -> float:
    """Return the median slice thickness; where the headers have none, the distance of the slices."""
    known = sorted(frame.thickness_mm for frame in stack.frames if frame.thickness_mm)
    return known[len(known) // 2] if known else stack.spacing_mm


def _contrast_words(series: Series) -> str:
    return next(filter(None, (contrast_words(instance.header) for instance in series.instances)), "")
