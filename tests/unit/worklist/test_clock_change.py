"""What is stored by the wall clock lasts as long as it would have when that clock is set."""

import pytest

from triage_node.errors import TooManyAttempts
from triage_node.identity import Role

JUMPS = [-40 * 86400.0, -3600.0, 3600.0, 40 * 86400.0]


@pytest.mark.parametrize("jump", JUMPS)
def test_a_session_ends_when_it_would_have(worklist, clock, jump):
    session_id = worklist.sessions.open(worklist.accounts.add("reader", Role.READER, "a long enough password"))
    clock.forward(jump)
    worklist.clock_change.follow(jump)
    clock.forward(29 * 60)
    assert worklist.sessions.user(session_id, is_use=False) is not None
    clock.forward(2 * 60)
    assert worklist.sessions.user(session_id) is None


@pytest.mark.parametrize("jump", JUMPS)
def test_a_lock_of_sign_in_ends_when_it_would_have(worklist, clock, jump):
    lockouts = worklist.accounts._lockouts
    for _ in range(5):
        lockouts.failed("address:x")
    clock.forward(jump)
    worklist.clock_change.follow(jump)
    clock.forward(50)
    with pytest.raises(TooManyAttempts):
        lockouts.check("address:x")
    clock.forward(20)
    lockouts.check("address:x")


@pytest.mark.parametrize("jump", JUMPS)
def test_a_delivery_that_was_refused_is_tried_again_when_it_would_have_been(worklist, analyze, clock, jump):
    analyze("1.2.3")
    worklist.outbox.retry(worklist.outbox.claim_next("A@h:1"), 30, "busy")
    clock.forward(jump)
    worklist.clock_change.follow(jump)
    clock.forward(29)
    assert worklist.outbox.claim_next("A@h:1") is None
    clock.forward(2)
    assert worklist.outbox.claim_next("A@h:1") is not None
    [event] = worklist.study_details.events("clock_set")
    assert f"{abs(jump):.0f} s" in event.message


def test_a_clock_set_back_while_the_node_was_down_locks_nobody_out(worklist, clock):
    lockouts = worklist.accounts._lockouts
    for _ in range(5):
        lockouts.failed("address:x")
    clock.forward(-86400)
    lockouts.check("address:x")
