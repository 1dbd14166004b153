"""Who may have a data folder: one node alone, or several of one database."""

import threading

import pytest

from triage_node.errors import FolderInUse
from triage_node.storage import hold


def test_a_node_alone_lets_nobody_in(tmp_path):
    lock = hold(tmp_path)
    assert lock.is_alone
    for shares in (False, True):
        with pytest.raises(FolderInUse, match="Another node uses the data folder"):
            hold(tmp_path, shares=shares)
    lock.close()
    hold(tmp_path).close()


def test_nodes_of_one_database_share_it_and_one_that_would_have_it_alone_is_refused(tmp_path):
    first = hold(tmp_path, shares=True)
    assert first.is_alone
    first.share("2.25.1")
    second = hold(tmp_path, shares=True)
    assert (first.is_alone, second.is_alone) == (False, False)
    second.share("2.25.1")
    first.close()
    with pytest.raises(FolderInUse):
        hold(tmp_path)
    second.close()
    last = hold(tmp_path, shares=True)
    assert last.is_alone
    last.close()


def test_nodes_of_two_databases_do_not_share_a_folder(tmp_path):
    first = hold(tmp_path, shares=True)
    first.share("2.25.1")
    second = hold(tmp_path, shares=True)
    with pytest.raises(FolderInUse, match=r"another database \(2\.25\.1, here 2\.25\.2\)"):
        second.share("2.25.2")
    for lock in (first, second):
        lock.close()


def test_the_others_wait_until_the_first_has_prepared_what_all_use(tmp_path, wait_for):
    first, joined = hold(tmp_path, shares=True), []
    thread = threading.Thread(target=lambda: joined.append(hold(tmp_path, shares=True)))
    thread.start()
    thread.join(0.5)
    assert thread.is_alive()
    assert joined == []
    first.share("2.25.1")
    thread.join(10)
    [second] = joined
    assert not second.is_alone
    for lock in (first, second):
        lock.close()
