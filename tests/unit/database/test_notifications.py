"""Who waits for work is told of it by other processes, and looks now and then where nothing can be heard."""

import threading
import time

import pytest

from triage_node.database import Channel, Waiter, notify
from triage_node.database import notifications as told


@pytest.fixture
def other(worklist, make_settings, make_worklist, database_url):
    """Another process's worklist on the same server."""
    if database_url is None:
        pytest.skip("SQLite tells nobody")
    other = make_worklist(make_settings(database_url=database_url), None)
    yield other
    other.close()


def tell(worklist, channel: Channel) -> None:
    with worklist.database.write() as session:
        notify(session, channel)


def woken_at(waiter: Waiter) -> threading.Thread:
    thread = threading.Thread(target=waiter.wait, args=(60.0,))
    thread.start()
    return thread


def test_sqlite_waits_for_its_time(worklist):
    waiter = worklist.waiter(Channel.STUDIES)
    start = time.monotonic()
    waiter.wait(0.05)
    assert time.monotonic() - start >= 0.05


def test_what_is_told_elsewhere_wakes_who_waits_for_it(worklist, other, wait_for, monkeypatch):
    monkeypatch.setattr(told, "WAIT_SECONDS", 60.0)
    worklist.listen()
    notifications = worklist.database.notifications
    wait_for(lambda: notifications.count(Channel.STUDIES), "it to listen")
    studies, deliveries = (woken_at(worklist.waiter(channel)) for channel in Channel)
    tell(other, Channel.STUDIES)
    studies.join(10)
    assert not studies.is_alive()
    assert deliveries.is_alive()
    tell(other, Channel.DELIVERIES)
    deliveries.join(10)
    assert not deliveries.is_alive()


def test_what_is_told_between_two_waits_is_not_missed(worklist, other, wait_for, monkeypatch):
    monkeypatch.setattr(told, "WAIT_SECONDS", 60.0)
    worklist.listen()
    notifications = worklist.database.notifications
    wait_for(lambda: notifications.count(Channel.STUDIES), "it to listen")
    waiter = worklist.waiter(Channel.STUDIES)
    before = notifications.count(Channel.STUDIES)
    tell(other, Channel.STUDIES)
    wait_for(lambda: notifications.count(Channel.STUDIES) > before, "it to be heard")
    thread = woken_at(waiter)
    thread.join(10)
    assert not thread.is_alive()


def test_what_is_rolled_back_is_not_told(worklist, other, wait_for):
    worklist.listen()
    notifications = worklist.database.notifications
    wait_for(lambda: notifications.count(Channel.STUDIES), "it to listen")
    before = notifications.count(Channel.STUDIES), notifications.count(Channel.DELIVERIES)
    with pytest.raises(ZeroDivisionError), other.database.write() as session:
        notify(session, Channel.STUDIES)
        session.flush()
        raise ZeroDivisionError
    tell(other, Channel.DELIVERIES)
    wait_for(lambda: notifications.count(Channel.DELIVERIES) > before[1], "what was committed")
    assert notifications.count(Channel.STUDIES) == before[0]


def test_a_connection_that_was_cut_is_made_anew(worklist, other, wait_for, monkeypatch):
    monkeypatch.setattr(told, "PAUSE_AFTER_ERROR_SECONDS", 0.05)
    worklist.listen()
    notifications = worklist.database.notifications
    wait_for(lambda: notifications.count(Channel.STUDIES) == 1, "it to listen")
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%%'"
    with other.database.write() as session:
        session.connection().exec_driver_sql(cut)
    wait_for(lambda: notifications.count(Channel.STUDIES) == 2, "it to listen again")
    tell(other, Channel.STUDIES)
    wait_for(lambda: notifications.count(Channel.STUDIES) == 3, "what is told then")
