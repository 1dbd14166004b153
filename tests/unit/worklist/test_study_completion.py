import pytest
from sqlalchemy import event

from triage_node.database import StudyState


def state(worklist, study="1.2.3"):
    return worklist.study_details.study(study).state


def test_a_quiet_head_series_is_ready_before_the_study_is_complete(worklist, receive, clock):
    receive(1, 2)
    clock.forward(19)
    receive(1, series="1.2.3.2", eligible=False)
    assert worklist.study_completion.advance() == 0
    clock.forward(2)
    assert worklist.study_completion.advance() == 1
    assert state(worklist) == StudyState.READY
    assert worklist.study_details.study("1.2.3").closed_at is None


def test_a_series_that_grows_is_not_quiet(worklist, receive, clock):
    for number in range(5):
        receive(number)
        clock.forward(15)
        assert worklist.study_completion.advance() == 0


def test_a_study_without_a_head_series_waits_for_the_study_timer(worklist, receive, clock):
    receive(1, 2, eligible=False)
    clock.forward(59)
    assert worklist.study_completion.advance() == 0
    clock.forward(2)
    assert worklist.study_completion.advance() == 1


def test_a_study_that_never_falls_silent_is_forced(worklist, receive, clock):
    for number in range(91):
        receive(number)
        clock.forward(10)
        worklist.study_completion.advance()
    assert state(worklist) == StudyState.READY
    codes = [event.code for event in worklist.study_details.study("1.2.3").events]
    assert codes[-1] == "study_maximum"


def test_a_closed_study_is_not_looked_at_again(worklist, receive, clock):
    receive(1)
    clock.forward(61)
    worklist.study_completion.advance()
    clock.forward(1000)
    assert worklist.study_completion.advance() == 0


@pytest.mark.parametrize("eligible", [True, False])
def test_what_a_pacs_routes_back_moves_nothing(worklist, receive, clock, eligible):
    receive(1, 2)
    clock.forward(61)
    worklist.study_completion.advance()
    before = state(worklist)
    receive(1, series="1.2.3.7", eligible=eligible)
    assert (state(worklist) == before) is not eligible


def test_other_quiet_times_hold_for_studies_that_wait_already(worklist, receive, clock, make_settings):
    receive(1, 2)
    clock.forward(10)
    assert worklist.study_completion.advance() == 0
    worklist.use(make_settings(series_quiet_seconds=9, study_quiet_seconds=60, study_maximum_seconds=900))
    assert worklist.study_completion.advance() == 1
    assert state(worklist) == StudyState.READY


def test_sqlite_looks_at_open_studies_and_not_at_all_there_are(worklist, receive):
    if worklist.database.file is None:
        pytest.skip("SQLite's plan is looked at")
    receive(1)
    asked = []
    event.listen(worklist.database.engine, "before_cursor_execute", lambda *what: asked.append(what[2:4]))
    worklist.study_completion.advance()
    selects = [(statement, parameters) for statement, parameters in asked if statement.startswith("SELECT")]
    assert len(selects) > 2
    with worklist.database.engine.connect() as connection:
        for statement, parameters in selects:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            assert not [step.detail for step in plan if step.detail in ("SCAN study", "SCAN series")], statement
