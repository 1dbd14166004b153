"""What was given up is sent once more by the clock, within bounds."""

import pytest
from sqlalchemy import update

from triage_node.database import DeliveryRow, DeliveryState

DAY = 86_400


@pytest.fixture
def dead(worklist, analyze):
    """Studies whose reports were refused."""

    def dead(*uids):
        for uid in uids:
            analyze(uid)
            worklist.outbox.mark_dead(worklist.outbox.claim_next("A@h:1"), "refused")

    return dead


def test_dead_reports_are_sent_again_the_oldest_first_and_so_many_at_once(worklist, dead):
    dead("1.2.3", "1.2.4", "1.2.5")
    assert worklist.dead_letters.send_again(["A@h:1", "B@h:1"], days=14, most=2) == {"A@h:1": 2}
    assert worklist.outbox.claim_next("A@h:1").study_instance_uid == "1.2.3"
    assert worklist.outbox.claim_next("A@h:1").study_instance_uid == "1.2.4"
    assert worklist.outbox.claim_next("A@h:1") is None
    assert worklist.dead_letters.send_again(["B@h:1"], days=14, most=2) == {}
    assert [(one.actor, one.message) for one in worklist.study_details.events("resend")] == [("upkeep", "A@h:1")] * 2


def test_an_old_result_and_an_escalation_stay_dead(worklist, dead, clock):
    dead("1.2.3")
    clock.forward(15 * DAY)
    dead("1.2.4")
    with worklist.database.write() as session:
        newer = DeliveryRow.id == 2
        session.execute(update(DeliveryRow).where(newer).values(escalation=True))
    assert worklist.dead_letters.send_again(["A@h:1"], days=14, most=10) == {}
    with worklist.database.write() as session:
        session.execute(update(DeliveryRow).where(newer).values(escalation=False))
    assert worklist.dead_letters.send_again(["A@h:1"], days=14, most=10) == {"A@h:1": 1}
    states = [one.state for one in worklist.study_details.study("1.2.3").deliveries]
    assert states == [DeliveryState.DEAD]
