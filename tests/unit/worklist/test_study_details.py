import json
from dataclasses import fields

import pytest

from triage_node.database import CommentRow, DeliveryRow, EventRow, OutcomeRow, SeriesRow, StudyRow, VerdictRow
from triage_node.findings import Decision, ModelIdentity
from triage_node.json_object import to_json
from triage_node.outcome import Outcome, Status
from triage_node.worklist.read_models import (
    Comment,
    Event,
    ReportDelivery,
    Series,
    StudyOutcome,
    StudySummary,
    Verdict,
)

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
    return [row.study_instance_uid for row in worklist.study_details.worklist()]


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
    assert worklist.study_details.study("1.2.3").study_instance_uid == "1.2.3"


INTERNAL = {
    StudySummary: {
        *("id", "claimed_by", "lease_until", "search_text", "flagged_types", "withheld_types", "change_marker"),
        *("open_rank", "unfinished", "workitem_uid", "patient_name_folded", "referring_physician_folded"),
        "deletion",
    },
    Series: {"id", "study_id", "is_result"},
    StudyOutcome: {"id", "study_id"},
    ReportDelivery: {
        *("id", "study_id", "outcome_id", "claimed_by", "lease_until", "postponed_event_id"),
        *("stored_objects", "commitment_transaction", "commitment_tries", "commitment_due_at", "commitment_until"),
    },
    Event: {"id", "study_id"},
    Comment: {"id", "study_id"},
    Verdict: {"id", "study_id", "outcome_id"},
}
TABLES = {
    StudySummary: StudyRow,
    Series: SeriesRow,
    StudyOutcome: OutcomeRow,
    ReportDelivery: DeliveryRow,
    Event: EventRow,
    Comment: CommentRow,
    Verdict: VerdictRow,
}


@pytest.mark.parametrize("model", TABLES, ids=lambda model: model.__name__)
def test_all_of_a_row_is_shown_in_the_order_of_its_columns_but_what_is_internal(model):
    columns = [column.name for column in TABLES[model].__table__.columns]
    shown = [name for name in columns if name not in INTERNAL[model]]
    assert [one.name for one in fields(model)][: len(shown)] == shown


def test_a_study_is_ready_for_json(worklist, receive, clock):
    analyze_all(worklist, receive, clock)
    study = worklist.study_details.study("1.3")
    shown = json.loads(json.dumps(to_json(study)))
    assert list(shown) == [one.name for one in fields(study)]
    assert (shown["group"], shown["decision"], shown["verdict"]) == ("flagged", "flagged", None)
    assert [event["code"] for event in shown["events"]] == [event.code for event in study.events]
