"""The limits a series is judged by, from the settings and the model."""

from typing import Protocol

from triage_node.config import Settings
from triage_node.imaging import Policy


class AgeLimit(Protocol):
    """What a model's manifest says about patients."""

    @property
    def minimum_age_years(self) -> float | None:
        """The youngest patient the model was made for."""


def policy_for(settings: Settings, manifest: AgeLimit) -> Policy:
    """Return the limits for studies that a PACS sends."""
    return Policy(
        prior_study_days=settings.prior_study_days or None,
        minimum_age_years=manifest.minimum_age_years,
    )
