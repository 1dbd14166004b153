"""Dead letters on the command line: seen, and sent again."""

import json

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from triage_node.cli import app
from triage_node.database import DeliveryRow, DeliveryState, WaitsFor


@pytest.fixture
def deliveries(analyze, worklist, monkeypatch):
    """Two studies whose reports were refused; the command on their worklist."""
    for uid in ("1.2.3", "1.2.4"):
        analyze(uid)
        worklist.outbox.mark_dead(worklist.outbox.claim_next("A@h:1"), f"refused {uid}")
    monkeypatch.setenv("TRIAGE_DATABASE_URL", worklist.database.url.render_as_string(hide_password=False))

    def run(*arguments, code=0):
        answer = CliRunner().invoke(app, ["deliveries", *arguments])
        assert answer.exit_code == code, answer.output
        return answer.output

    return run


def test_dead_letters_are_shown_with_their_error_and_sent_again(deliveries):
    rows = json.loads(deliveries("--json"))
    assert [(row["study_instance_uid"], row["last_error"]) for row in rows] == [
        ("1.2.4", "refused 1.2.4"),
        ("1.2.3", "refused 1.2.3"),
    ]
    assert "refused 1.2.3" in deliveries()
    assert "There are more" in deliveries("--limit", "1")
    assert deliveries("--destination", "A@h:1", "--resend") == "2 reports for A@h:1 will be sent again.\n"
    assert deliveries() == "No report is dead.\n"
    assert len(json.loads(deliveries("--state", "pending", "--json"))) == 2


def test_what_cannot_be_meant_is_refused(deliveries):
    assert "--destination" in deliveries("--resend", code=2)
    assert "scheduled, pending, sending" in deliveries("--state", "lost", code=2)


def test_what_waits_is_shown_with_its_reason(deliveries, worklist):
    with worklist.database.write() as session:
        waits = {"state": DeliveryState.SCHEDULED, "waits_for": WaitsFor.QUIET_HOURS}
        session.execute(update(DeliveryRow).where(DeliveryRow.last_error == "refused 1.2.3").values(waits))
    assert "quiet hours" in deliveries("--state", "scheduled")
    [row] = json.loads(deliveries("--state", "scheduled", "--json"))
    assert (row["study_instance_uid"], row["waits_for"]) == ("1.2.3", "quiet_hours")
