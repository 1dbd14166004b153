"""Which result goes to which destination, when it is written and when somebody asks."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from triage_node.cli import app
from triage_node.errors import StudyNotFound
from triage_node.findings import Decision
from triage_node.storage import StoredResult
from triage_node.worklist import ReceivedInstance, StoredOutcome

DESTINATIONS = [
    "A@h:1",
    {"url": "file:///flagged", "name": "flagged", "rules": [{"decision": ["flagged", "uncertain"]}]},
    {"url": "file:///er", "name": "er", "rules": [{"sender": ["ER*"], "type": ["subdural"]}, {"station": ["CT9"]}]},
]
NAMES = ["A@h:1", "flagged", "er"]


@pytest.fixture
def settings(make_settings):
    return make_settings(series_quiet_seconds=20, study_quiet_seconds=60, destinations=DESTINATIONS)


@pytest.fixture
def worklist(settings, make_worklist, clock):
    opened = make_worklist(settings, clock)
    yield opened
    opened.close()


@pytest.fixture
def finish(worklist, receive, clock, flagged):
    def finish(uid, decision=Decision.FLAGGED, **more):
        receive(1, 2, study=uid, series=f"{uid}.1", **more)
        clock.forward(61)
        worklist.study_completion.advance()
        types = flagged.flagged if decision is Decision.FLAGGED else ()
        outcome = replace(
            flagged,
            series_instance_uid=f"{uid}.1",
            decision=decision,
            flagged=types,
            report_sop_instance_uid=f"2.25.{uid.replace('.', '')}",
        )
        assert worklist.claims.finish(worklist.claims.claim("w"), outcome, NAMES)
        study = worklist.study_details.study(uid)
        left_out = [event.message for event in study.events if event.code == "delivery_not_wanted"]
        return [delivery.destination for delivery in study.deliveries], left_out

    return finish


def test_a_result_goes_where_its_rules_say_and_what_is_left_out_is_said(finish):
    assert finish("1.1", calling_ae_title="ER_CT") == (NAMES, [])
    assert finish("1.2", calling_ae_title="WARD") == (
        ["A@h:1", "flagged"],
        ["er: rule 1 wants another sender, rule 2 wants another station"],
    )
    assert finish("1.3", Decision.NOT_FLAGGED, calling_ae_title="ER_CT", station_name="ct9")[0] == ["A@h:1", "er"]


def test_check_shows_what_the_rules_do_with_a_study(finish, receive, worklist, settings, monkeypatch):
    finish("1.2", calling_ae_title="WARD")
    receive(1, study="1.4", series="1.4.1", calling_ae_title="ER1")
    assert [route.goes for route in worklist.routing.routes("1.2")] == [True, True, False]
    assert [(route.goes, route.is_open) for route in worklist.routing.routes("1.4")] == [(True, True)] * 3
    with pytest.raises(StudyNotFound):
        worklist.routing.routes("9")
    monkeypatch.setenv("TRIAGE_DESTINATIONS", json.dumps(DESTINATIONS))
    monkeypatch.setenv("TRIAGE_DATA_DIR", str(settings.data_dir))
    answer = CliRunner().invoke(app, ["check", "--study", "1.2"])
    assert answer.output.splitlines() == [
        "yes  A@h:1",
        "yes  flagged",
        "no   er: rule 1 wants another sender, rule 2 wants another station",
    ]
    open_study = CliRunner().invoke(app, ["check", "--study", "1.4"])
    assert open_study.output.startswith("The study has no result yet")


def test_what_is_rebuilt_is_held_for_those_it_would_go_to(worklist, clock, flagged, tmp_path):
    instance = ReceivedInstance("1.5", "1.5.1", "1.5.1.1", "1.2", "1.2.840.10008.1.2.1", 9, clock(), True)
    content = flagged.as_dict() | {"revision": 1, "created_at": clock()}
    stored = StoredOutcome.of(StoredResult(tmp_path / "result"), clock(), content)
    worklist.rebuilding.restore([instance], [stored], NAMES)
    deliveries = worklist.study_details.study("1.5").deliveries
    assert [(one.destination, one.state) for one in deliveries] == [("A@h:1", "held"), ("flagged", "held")]
