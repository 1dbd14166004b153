from triage_node.findings import Decision, ModelIdentity
from triage_node.outcome import Outcome, Status

DECISIONS = {"1.1": Decision.NOT_FLAGGED, "1.2": Decision.UNCERTAIN, "1.3": Decision.FLAGGED, "1.4": Decision.FLAGGED}


def analyze_all(worklist, receive, clock, urgent=""):
    for uid in DECISIONS:
        receive(1, 2, study=uid, series=f"{uid}.1", urgent=uid == urgent)
        clock.forward(1)
    clock.forward(60)
    worklist.study_completion.advance()
    while claim := worklist.claims.claim("w"):
        decision = DECISIONS[claim.study_instance_uid]
        worklist.claims.finish(claim, Outcome(Status.ANALYZED, ModelIdentity("n", "1", "s"), decision=decision), [])


def order(worklist):
    return [row["study_instance_uid"] for row in worklist.study_details.worklist()]


def test_flagged_first_then_uncertain_then_the_rest_by_arrival(worklist, receive, clock):
    analyze_all(worklist, receive, clock)
    assert order(worklist) == ["1.3", "1.4", "1.2", "1.1"]


def test_a_case_that_waits_too_long_rises_above_the_uncertain(worklist, receive, clock):
    analyze_all(worklist, receive, clock)
    clock.forward(3600 - 61.5)
    assert order(worklist) == ["1.3", "1.4", "1.1", "1.2"]


def test_a_case_that_came_as_urgent_never_sinks(worklist, receive, clock):
    analyze_all(worklist, receive, clock, urgent="1.1")
    assert order(worklist)[0] == "1.1"


def test_old_studies_leave_the_worklist_but_not_the_database(worklist, receive, clock):
    receive(1)
    clock.forward(25 * 3600)
    assert order(worklist) == []
    assert worklist.study_details.study("1.2.3")["study_instance_uid"] == "1.2.3"


def test_nothing_internal_is_shown(worklist, receive):
    receive(1)
    shown = worklist.study_details.study("1.2.3")
    assert not {"id", "claimed_by", "lease_until"} & set(shown)
