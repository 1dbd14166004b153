"""Which criteria the settings make for a moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from triage_node.database import DONE, Part, StudyState
from triage_node.worklist import Criteria

if TYPE_CHECKING:
    from triage_node.config import Settings

DAY_SECONDS = 86_400.0


@dataclass(frozen=True)
class AgeRule:
    """A part that goes when it is old enough; days by the state of the study, and in words."""

    part: Part
    days: Mapping[StudyState, int]

    @property
    def words(self) -> str:
        """Say it in an event."""
        numbers = sorted(set(self.days.values()))
        return f"older than {' or '.join(map(str, numbers))} days"


@dataclass(frozen=True)
class RetentionPolicy:
    """What the settings say.

    Parameters
    ----------
    ages
        What goes by age, in the order in which it goes.
    room_days
        When the disk is low, older images go; None deletes none for that. Those of a failed study stay: a person may
        want to have it analyzed again.
    has_bucket
        Whether the images lie in a bucket: then nothing goes because the disk is low, whose copies come back, and
        nothing that the bucket lacks yet.
    """

    ages: tuple[AgeRule, ...] = ()
    room_days: int | None = None
    keep_judged: bool = True
    keep_committed: bool = True
    has_bucket: bool = False

    @classmethod
    def of(cls, settings: "Settings") -> Self:
        """Return that of the settings."""
        images = dict.fromkeys(DONE, settings.keep_images_days)
        images[StudyState.UNSUITABLE] = settings.keep_unsuitable_images_days or settings.keep_images_days
        parts = {
            Part.IMAGES: images,
            Part.RESULTS: dict.fromkeys(DONE, settings.keep_results_days),
            Part.ROWS: dict.fromkeys(DONE, settings.keep_rows_days),
        }
        ages = [AgeRule(part, {state: days for state, days in by.items() if days}) for part, by in parts.items()]
        return cls(
            tuple(rule for rule in ages if rule.days),
            None if settings.storage_url else settings.keep_images_days_when_disk_low or None,
            settings.keep_judged_studies,
            settings.keep_committed_studies,
            has_bucket=settings.storage_url is not None,
        )

    @property
    def room_words(self) -> str:
        """Say it in an event."""
        return f"the disk is low, and they are older than {self.room_days} days"

    def by_age(self, rule: AgeRule, now: float) -> Criteria:
        """Return what is old enough by a rule at a moment."""
        return self._criteria(rule.part, {state: now - days * DAY_SECONDS for state, days in rule.days.items()})

    def for_room(self, now: float) -> Criteria | None:
        """Return what may go at a moment when the disk is low."""
        if self.room_days is None:
            return None
        before = now - self.room_days * DAY_SECONDS
        return self._criteria(Part.IMAGES, {StudyState.ANALYZED: before, StudyState.UNSUITABLE: before})

    def _criteria(self, part: Part, before: Mapping[StudyState, float]) -> Criteria:
        return Criteria(part, before, self.keep_judged, self.keep_committed, keep_uploading=self.has_bucket)
