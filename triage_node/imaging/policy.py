"""What a site accepts for triage: the limits of suitability in one frozen object."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Policy:
    """Limits a series is judged by.

    Attributes
    ----------
    prior_study_days
        Studies older than this many days are priors, not today's case; None turns the rule off.
    minimum_age_years
        Youngest patient, where the age is known; None turns the rule off.
    minimum_slices
        Fewest slices of one stack.
    minimum_coverage_mm
        Least extent of the stack along its normal.
    thickness_mm
        Thinnest and thickest slice.
    maximum_tilt_degrees
        Largest angle between the slice normal and the head-foot axis.
    slab_mm
        Thin series are averaged to slabs of about this thickness.
    accept_contrast
        True lets series with intravenous contrast pass.
    """

    prior_study_days: float | None = None
    minimum_age_years: float | None = None
    minimum_slices: int = 10
    minimum_coverage_mm: float = 100.0
    thickness_mm: tuple[float, float] = (0.5, 10.0)
    maximum_tilt_degrees: float = 30.0
    slab_mm: float = 5.0
    accept_contrast: bool = False

    def __post_init__(self) -> None:
        if self.slab_mm <= 0:
            raise ValueError(f"slab_mm must be positive, got {self.slab_mm}")
        if self.thickness_mm[0] > self.thickness_mm[1]:
            raise ValueError(f"thickness_mm must be (thinnest, thickest), got {self.thickness_mm}")
