"""A duty has one holder at a time, whoever asks, and another once it has run out."""

import threading

import pytest


@pytest.fixture
def leases(worklist):
    return worklist.leases


def test_one_has_a_duty_as_long_as_it_renews_it(leases, clock):
    assert leases.take("upkeep", "one", 15)
    assert not leases.take("upkeep", "other", 15)
    clock.forward(14)
    assert leases.take("upkeep", "one", 15)
    clock.forward(14)
    assert not leases.take("upkeep", "other", 15)


def test_another_takes_over_what_has_run_out_and_an_event_tells(leases, worklist, clock):
    leases.take("upkeep", "one", 15)
    clock.forward(16)
    assert leases.take("upkeep", "other", 15)
    assert not leases.take("upkeep", "one", 15)
    [event] = worklist.study_details.events("duty_taken_over")
    assert event.message == "other does upkeep instead of one"


def test_what_is_given_back_is_free_at_once_and_the_node_is_off_the_list(leases):
    leases.note("one", ["upkeep", "web"], "1.0")
    leases.take("upkeep", "one", 15)
    [node] = leases.nodes()
    assert (node.name, node.roles, node.duties) == ("one", ["upkeep", "web"], ["upkeep"])
    leases.give_back("one")
    assert leases.nodes() == []
    assert leases.take("upkeep", "other", 15)


def test_two_duties_may_have_two_holders(leases):
    assert leases.take("delivery to A", "one", 15)
    assert leases.take("delivery to B", "other", 15)
    assert not leases.take("delivery to B", "one", 15)


def test_a_node_that_died_is_forgotten_after_a_while_and_its_duties_are_not_shown(leases, clock):
    leases.note("dead", ["worker"], "1.0")
    leases.take("upkeep", "dead", 15)
    clock.forward(20)
    assert [(one.name, one.duties) for one in leases.nodes()] == [("dead", [])]
    clock.forward(3600)
    leases.note("new", ["worker"], "1.0")
    assert [one.name for one in leases.nodes()] == ["new"]


def test_of_many_who_ask_at_once_one_gets_it(leases):
    got = []
    threads = [
        threading.Thread(target=lambda name=str(number): leases.take("upkeep", name, 15) and got.append(name))
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
