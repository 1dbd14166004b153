"""A worklist belongs to one data folder: a second node is refused before it claims what lies with the first."""

import pytest

from triage_node.errors import SettingsError
from triage_node.node import Node


def test_a_worklist_belongs_to_the_first_that_takes_it(worklist):
    worklist.installation.check("2.25.1")
    worklist.installation.check("2.25.1")
    with pytest.raises(SettingsError, match=r"another data folder \(device 2\.25\.1, here 2\.25\.2\)"):
        worklist.installation.check("2.25.2")


def test_a_person_may_make_it_anothers(worklist):
    worklist.installation.check("2.25.1")
    worklist.installation.take_over("2.25.2")
    worklist.installation.check("2.25.2")
    with pytest.raises(SettingsError, match="rebuild"):
        worklist.installation.check("2.25.1")


@pytest.fixture
def node(worklist, make_settings, tmp_path, database_url):
    """A node on the database of `worklist`, with a data folder of its own."""
    url = database_url or str(worklist.database.url)
    node = Node(make_settings(database_url=url, data_dir=tmp_path / "second", web_enabled=False))
    yield node
    node.parts.close()


def test_a_second_node_on_one_database_does_not_start_and_touches_nothing(worklist, node, receive, clock):
    worklist.installation.check("2.25.1")
    receive(1)
    clock.forward(61)
    worklist.study_completion.advance()
    claim = worklist.claims.claim(f"{node.settings.node_name}:1")
    with pytest.raises(SettingsError, match="belongs to another data folder"):
        node.start()
    assert worklist.claims.renew(claim)
