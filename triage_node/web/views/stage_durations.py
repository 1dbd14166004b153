"""How long a study took, stage by stage, from what the worklist keeps."""

from dataclasses import dataclass

from triage_node.worklist import Study


@dataclass(frozen=True)
class StageDuration:
    """One stage and its length in seconds; None while it lasts or where it is not known."""

    name: str
    seconds: float | None


def stage_durations(study: Study) -> list[StageDuration]:
    """Return the stages of a study's latest analysis, in their order; ``total`` runs from arrival to the answer."""
    outcome = study.latest_outcome
    seconds = outcome.seconds if outcome else {}
    delivered = [
        one.delivered_at - one.created_at - one.scheduled_seconds for one in study.deliveries if one.delivered_at
    ]
    return [
        StageDuration("receiving", _between(study.first_received_at, study.ready_at)),
        StageDuration("queue", _between(study.ready_at, study.claimed_at)),
        *(StageDuration(name, seconds.get(name)) for name in ("read", "infer", "report")),
        StageDuration("delivery", max(delivered, default=None)),
        StageDuration("total", _between(study.first_received_at, outcome.created_at if outcome else None)),
    ]


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else max(0.0, end - start)
