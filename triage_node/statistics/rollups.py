"""Daily roll-ups: small numbers a day, so that no statistics ever counts studies.

They are written in the transactions that write what they count, so they are exact at any moment and need no watermark,
which concurrent writers on PostgreSQL could slip past. What a transaction counts is gathered and written once, at its
end and in one order, so that two transactions never wait for one another in a circle.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import cast

from sqlalchemy import ColumnElement, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from triage_node.database import DailyRow, DeliveryRow, DeliveryState, OutcomeRow, StudyRow, VerdictRow, day_of
from triage_node.findings import TYPES, Label

SCORE_BINS = 20
# Four bins an octave: a bin is 19 % wide, and inside of one a percentile is interpolated.
BINS_PER_OCTAVE = 4
SHORTEST_SECONDS = 0.01
STAGES = ("receiving", "queue", "read", "infer", "report", "delivery", "acknowledgement", "total")
STATE = "state"
DELIVERED = "delivered"
ALL_TIME = ""

Counts = Counter[tuple[str, str]]


def count(session: Session, day: str, measure: str, value: str = "", by: int = 1) -> None:
    """Count something of a day, at the end of the transaction."""
    gathered: Counter[tuple[str, str, str]] = session.info.setdefault("counts", Counter())
    gathered[(day, measure, value)] += by


def write_counts(session: Session) -> None:
    """Write what was gathered in this transaction, at its end."""
    gathered: Counter[tuple[str, str, str]] = session.info.pop("counts", Counter())
    rows = [
        {"day": day, "measure": measure, "value": value, "number": number}
        for (day, measure, value), number in sorted(gathered.items())
        if number
    ]
    if not rows:
        return
    session.flush()
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    table = cast(Table, DailyRow.__table__)
    statement = insert(table)
    added = {"number": table.c.number + statement.excluded.number}
    session.connection().execute(statement.on_conflict_do_update(index_elements=table.primary_key, set_=added), rows)


def count_outcome(session: Session, study: StudyRow, outcome: OutcomeRow, earlier: OutcomeRow | None) -> None:
    """Count a study's new outcome on the day the study arrived, instead of the one it had."""
    day = day_of(study.first_received_at)
    for (measure, value), number in outcome_counts(outcome, study.scanner).items():
        count(session, day, measure, value, number)
    if earlier is not None:
        for (measure, value), number in outcome_counts(earlier, study.scanner).items():
            count(session, day, measure, value, -number)
        return
    for (measure, value), number in stage_counts(study, outcome).items():
        count(session, day, measure, value, number)


def count_verdict(session: Session, study: StudyRow, outcome: OutcomeRow, verdict: VerdictRow, by: int) -> None:
    """Count what a reader said of an outcome, or take it back with ``by=-1``."""
    day = day_of(study.first_received_at)
    for (measure, value), number in verdict_counts(outcome, verdict).items():
        count(session, day, measure, value, by * number)


def count_delivered(session: Session, at: float, seconds: float) -> None:
    """Count a delivered report on the day of its delivery."""
    count(session, ALL_TIME, DELIVERED)
    count(session, day_of(at), DELIVERED)
    count(session, day_of(at), "seconds.delivery", duration_bin(seconds))


def delivery_seconds(delivery: DeliveryRow) -> float:
    """Return how long a delivery that was made took, without the time in which it was not to be."""
    at = delivery.delivered_at or delivery.created_at
    return max(0.0, at - delivery.created_at - delivery.scheduled_seconds)


def count_acknowledged(session: Session, at: float, seconds: float, by: int = 1) -> None:
    """Count how long a flagged study waited for a reader, or take it back with ``by=-1``."""
    count(session, day_of(at), "seconds.acknowledgement", duration_bin(seconds), by)


def outcome_counts(outcome: OutcomeRow, scanner: str) -> Counts:
    """Return what an outcome counts for: measure and value."""
    counts: Counts = Counter({("status", str(outcome.status)): 1})
    if outcome.decision is not None:
        counts["decision", str(outcome.decision)] += 1
        counts["scanner", scanner] += 1
    else:
        for code in {reason["code"] for reason in outcome.reasons}:
            counts[f"reason.{outcome.status}", code] += 1
    if outcome.probabilities:
        counts["score", score_bin(outcome.probabilities[Label.ANY])] += 1
    return counts


def stage_counts(study: StudyRow, outcome: OutcomeRow) -> Counts:
    """Return how long each stage of a study's first analysis took, as bins; nothing for a rebuilt study."""
    if study.ready_at is None or study.claimed_at is None:
        return Counter()
    seconds: dict[str, float] = {
        stage: outcome.seconds[stage] for stage in ("read", "infer", "report") if stage in outcome.seconds
    }
    if study.claimed_at <= outcome.created_at:  # when counting anew, a later analysis may have left its times
        seconds["receiving"] = study.ready_at - study.opened_at
        seconds["queue"] = study.claimed_at - study.ready_at
    seconds["total"] = outcome.created_at - study.opened_at
    return Counter({(f"seconds.{stage}", duration_bin(value)): 1 for stage, value in seconds.items()})


def verdict_counts(outcome: OutcomeRow, verdict: VerdictRow) -> Counts:
    """Return what a reader's verdict counts for: the decision against what was there, and so for each type."""
    counts: Counts = Counter({("verdict", f"{outcome.decision}/{'present' if verdict.present else 'absent'}"): 1})
    if verdict.present and not verdict.types:
        return counts
    for label in TYPES:
        node, reader = label in outcome.flagged, label in verdict.types
        word = {(True, True): "both", (True, False): "node_only", (False, True): "reader_only"}
        counts["verdict_type", f"{label}/{word.get((node, reader), 'neither')}"] += 1
    return counts


def score_bin(score: float) -> str:
    """Return the name of the bin of a probability."""
    return f"{min(int(score * SCORE_BINS), SCORE_BINS - 1):02d}"


def duration_bin(seconds: float) -> str:
    """Return the name of the bin of a duration; four bins are an octave."""
    return str(math.floor(BINS_PER_OCTAVE * math.log2(max(seconds, SHORTEST_SECONDS))))


def duration_percentiles(bins: Mapping[str, int], shares: Iterable[float]) -> list[float]:
    """Return the durations below which shares of those counted lie; shares ascend, and something must be counted."""
    numbers = sorted(zip(map(int, bins), bins.values(), strict=True))
    total, passed, place = sum(bins.values()), 0, 0
    found = []
    for share in shares:
        while passed + numbers[place][1] < share * total:
            passed += numbers[place][1]
            place += 1
        inside = (share * total - passed) / numbers[place][1]
        found.append(2.0 ** ((numbers[place][0] + inside) / BINS_PER_OCTAVE))
    return found


def state_counts(session: Session) -> dict[str, int]:
    """Return how many studies are in each state."""
    rows = session.execute(select(DailyRow.value, DailyRow.number).where(*_of_states()))
    return {row.value: row.number for row in rows if row.number}


def delivery_counts(session: Session) -> dict[str, int]:
    """Return how many deliveries wait in each state, and how many were made."""
    waiting = [state for state in DeliveryState if state not in (DeliveryState.DELIVERED, DeliveryState.CANCELED)]
    rows = session.execute(
        select(DeliveryRow.state, func.count().label("number"))
        .where(DeliveryRow.state.in_(waiting))
        .group_by(DeliveryRow.state)
    )
    delivered = select(DailyRow.number).where(DailyRow.day == ALL_TIME, DailyRow.measure == DELIVERED)
    numbers = {row.state: row.number for row in rows} | {DeliveryState.DELIVERED.value: session.scalar(delivered) or 0}
    return {state: number for state, number in numbers.items() if number}


def has_counts(session: Session) -> bool:
    """Tell whether the roll-ups were ever written, or there is nothing to count."""
    if session.scalar(select(func.count()).select_from(select(StudyRow.id).limit(1).subquery())) == 0:
        return True
    return session.scalar(select(DailyRow.number).where(*_of_states()).limit(1)) is not None


def _of_states() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return DailyRow.day == ALL_TIME, DailyRow.measure == STATE
