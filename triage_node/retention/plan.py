"""What a run would delete now, and until when there is room, without anything being deleted."""

from collections.abc import Sequence
from dataclasses import dataclass

from triage_node.database import Part
from triage_node.retention.policy import DAY_SECONDS, RetentionPolicy
from triage_node.storage import RECOVERY, Space
from triage_node.worklist import Criteria, Deletable, Portion, Worklist

RATE_DAYS = 7


@dataclass(frozen=True, slots=True)
class Step:
    """What goes for one reason: which part, why, all of it together, and the studies that go first.

    ``kept`` counts those that are as old and stay: open, held, undelivered, judged or committed.
    """

    part: Part
    why: str
    portion: Portion
    first: Sequence[Deletable]
    kept: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What would go now.

    Attributes
    ----------
    stored
        All images that are here.
    by_age, for_room
        What is old enough; and what may go when the disk is low, None where nothing may.
    room_needed
        Bytes that are missing for the disk to be well; 0 when it is.
    bytes_per_day
        What came in each of the last 7 days.
    days_until_low
        When the disk will be low, if nothing goes and as much comes; None when nothing comes.
    has_bucket
        Whether images and results lie in a bucket, of which the disk has copies.
    """

    stored: Portion
    by_age: Sequence[Step]
    for_room: Step | None
    room_needed: int
    free: int
    warn: int
    bytes_per_day: float
    days_until_low: float | None
    has_bucket: bool = False


def plan_of(worklist: Worklist, policy: RetentionPolicy, space: Space, now: float, limit: int) -> Plan:
    """Return what a run would delete now.

    Parameters
    ----------
    limit
        So many studies of each step are named.
    """
    ages = [_step(worklist, policy.by_age(rule, now), rule.words, limit) for rule in policy.ages]
    criteria = policy.for_room(now)
    per_day = worklist.deletables.received_since(now - RATE_DAYS * DAY_SECONDS) / RATE_DAYS
    is_low = space.free < space.warn
    return Plan(
        stored=worklist.deletables.stored(),
        by_age=ages,
        for_room=None if criteria is None else _step(worklist, criteria, policy.room_words, limit),
        room_needed=int(space.warn * RECOVERY) - space.free if is_low else 0,
        free=space.free,
        warn=space.warn,
        bytes_per_day=per_day,
        days_until_low=max(0.0, space.free - space.warn) / per_day if per_day else None,
        has_bucket=policy.has_bucket,
    )


def _step(worklist: Worklist, criteria: Criteria, why: str, limit: int) -> Step:
    portion = worklist.deletables.portion(criteria)
    kept = worklist.deletables.old_enough(criteria) - portion.studies
    return Step(criteria.part, why, portion, worklist.deletables.oldest(criteria, limit), kept)
