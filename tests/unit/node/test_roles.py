"""A process has the parts of its roles and no others."""

import pytest

from triage_node.errors import SettingsError
from triage_node.node import Node

SERVER = "postgresql+psycopg://nobody@127.0.0.1:1/none"
PARTS = ("_intake", "_listener", "web", "_delivery", "_upkeep", "_worker")


@pytest.fixture
def parts_of(make_settings):
    def parts(**options) -> set[str]:
        node = Node(make_settings(**options))
        found = {name.strip("_") for name in PARTS if getattr(node, name) is not None}
        node.parts.close()
        return found

    return parts


@pytest.mark.parametrize(
    ("roles", "wanted"),
    [
        ("listener", {"intake", "listener"}),
        ("worker", {"worker"}),
        ("web", {"intake", "web"}),
        ("delivery", {"delivery"}),
        ("upkeep", {"intake", "upkeep"}),
        ("delivery, worker", {"delivery", "worker"}),
    ],
)
def test_a_role_is_made_of_its_parts(parts_of, roles, wanted):
    assert parts_of(roles=roles, database_url=SERVER) == wanted


def test_without_a_word_a_process_does_everything(parts_of):
    assert parts_of() == {name.strip("_") for name in PARTS}


def test_roles_apart_want_a_database_on_a_server(make_settings):
    with pytest.raises(SettingsError, match="wants a database_url on PostgreSQL"):
        make_settings(roles="listener")
    with pytest.raises(SettingsError, match="roles"):
        make_settings(roles="cook", database_url=SERVER)


def test_processes_that_share_a_database_never_have_one_name(make_settings):
    names = set()
    for _ in range(3):
        node = Node(make_settings(database_url=SERVER, roles="worker"))
        names.add(node.parts.name)
        node.parts.close()
    assert len(names) == 3
    assert all(name.startswith(f"{node.settings.node_name}/") for name in names)


def test_alone_a_node_keeps_its_name(make_settings):
    node = Node(make_settings())
    assert node.parts.name == node.settings.node_name
    node.parts.close()
