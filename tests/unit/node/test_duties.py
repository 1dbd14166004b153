"""A process knows by itself when a duty is not its any more, also when the database does not answer."""

import pytest

from triage_node.errors import StorageError
from triage_node.node.duties import LEASE_SECONDS, MARGIN_SECONDS, Duties, Duty


class Unreachable:
    """Leases of a database that does not answer."""

    def take(self, *_: object) -> bool:
        raise StorageError("cut off")


@pytest.fixture
def duty(clock) -> Duty:
    return Duty("upkeep", is_shared=True, steady=clock)


def test_alone_a_process_has_every_duty_and_asks_nobody(worklist):
    duties = Duties(worklist.leases, "one", ["upkeep"], is_shared=False)
    duty = duties.add("upkeep")
    duties.start()
    assert duty.is_held()
    assert worklist.leases.nodes() == []
    duties.stop()


def test_one_of_two_has_it(worklist, clock, duty):
    other = Duty("upkeep", is_shared=True, steady=clock)
    assert not duty.is_held()
    duty.renew(worklist.leases, "one")
    other.renew(worklist.leases, "other")
    assert (duty.is_held(), other.is_held()) == (True, False)


def test_who_is_cut_off_stops_before_another_may_begin(worklist, clock, duty):
    other = Duty("upkeep", is_shared=True, steady=clock)
    duty.renew(worklist.leases, "one")
    clock.forward(LEASE_SECONDS - MARGIN_SECONDS - 0.1)
    with pytest.raises(StorageError):
        duty.renew(Unreachable(), "one")
    assert duty.is_held()
    clock.forward(0.2)
    other.renew(worklist.leases, "other")
    assert (duty.is_held(), other.is_held()) == (False, False)
    clock.forward(MARGIN_SECONDS)
    other.renew(worklist.leases, "other")
    duty.renew(worklist.leases, "one")
    assert (duty.is_held(), other.is_held()) == (False, True)


def test_the_time_that_the_answer_took_does_not_prolong_it(clock, duty):
    class Slow:
        def take(self, *_: object) -> bool:
            clock.forward(LEASE_SECONDS)
            return True

    duty.renew(Slow(), "one")
    assert not duty.is_held()


def test_a_process_that_ends_lets_another_have_it_at_once(worklist, wait_for):
    one, other = (Duties(worklist.leases, name, ["upkeep"], is_shared=True) for name in ("one", "other"))
    first, second = one.add("upkeep"), other.add("upkeep")
    one.start()
    wait_for(first.is_held, "the first to have it")
    assert [node.name for node in worklist.leases.nodes()] == ["one"]
    one.stop()
    other.start()
    wait_for(second.is_held, "the other to have it")
    other.stop()
