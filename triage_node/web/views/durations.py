"""How long a study took, stage by stage, from what the worklist keeps."""

from dataclasses import dataclass

from triage_node.worklist import Study


@dataclass(frozen=True)
class Stage:
    """One stage and its length in seconds; None while it lasts or where it is not known."""

    name: str
    seconds: float | None


def stages_of(study: Study) -> list[Stage]:
    """Return the stages of a study's latest analysis, in their order; ``total`` runs from arrival to the answer."""
    outcome = study.latest_outcome
    seconds = outcome.seconds if outcome else {}
    delivered = [one.delivered_at - one.created_at for one in study.deliveries if one.delivered_at]
    return [
        Stage("receiving", _between(study.first_received_at, study.ready_at)),
        Stage("queue", _between(study.ready_at, study.claimed_at)),
        *(Stage(name, seconds.get(name)) for name in ("read", "infer", "report")),
        Stage("delivery", max(delivered, default=None)),
        Stage("total", _between(study.first_received_at, outcome.created_at if outcome else None)),
    ]


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else max(0.0, end - start)
