"""What is told of an analysis that has ended, for metrics and traces."""

from triage_node.instrumentation import FinishedAnalysis, Traces
from triage_node.outcome import Outcome
from triage_node.worklist import Claim


def finished_analysis(claim: Claim, outcome: Outcome, *, taken: bool, now: float) -> FinishedAnalysis:
    """Return what is told of an outcome.

    Parameters
    ----------
    taken
        Whether the worklist took it.
    now
        Seconds since 1970, once it was written.
    """
    times = claim.times
    seconds = {
        "receiving": max(0.0, times.ready_at - times.opened_at),
        "queue": max(0.0, times.claimed_at - times.ready_at),
        **outcome.seconds,
    }
    return FinishedAnalysis(
        status=outcome.status,
        decision=outcome.decision or "",
        reasons=tuple(reason.code for reason in outcome.reasons),
        taken=taken,
        seconds=seconds,
        last_image_seconds=max(0.0, now - times.last_received_at),
    )


def trace_analysis(traces: Traces, claim: Claim, finished: FinishedAnalysis, now: float) -> None:
    """Note the stages of a study up to its report; those of the analysis end at ``now``, in seconds since 1970."""
    times, uid = claim.times, claim.study_instance_uid
    traces.span(uid, "receiving", times.opened_at, times.ready_at)
    traces.span(uid, "queue", times.ready_at, times.claimed_at)
    told: dict[str, str | bool] = {"status": finished.status, "decision": finished.decision, "taken": finished.taken}
    traces.span(uid, "analysis", times.claimed_at, now, told)
    began = times.claimed_at
    for step in ("read", "infer", "report"):
        if step in finished.seconds:
            traces.span(uid, step, began, began + finished.seconds[step])
            began += finished.seconds[step]
