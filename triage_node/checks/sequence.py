"""Everything that is tried, in the order in which it is shown."""

from collections.abc import Iterator
from pathlib import Path

from triage_node.checks.certificates import check_certificates
from triage_node.checks.clock import check_clock
from triage_node.checks.database import check_database
from triage_node.checks.folders import check_folders
from triage_node.checks.host import check_host
from triage_node.checks.listener import check_listener
from triage_node.checks.model import check_model
from triage_node.checks.nodes import check_nodes
from triage_node.checks.object_storage import check_object_storage
from triage_node.checks.peers import check_peers
from triage_node.checks.ports import check_ports
from triage_node.checks.processes import holder_of
from triage_node.checks.result import Result
from triage_node.checks.secrets import check_secrets
from triage_node.config import Settings
from triage_node.storage import is_held, lock_file
from triage_node.user_agent import Caller


def check_all(settings: Settings, settings_file: Path) -> Iterator[Result]:
    """Try each thing in turn; nothing is made and nothing is changed, and a node may be running.

    Parameters
    ----------
    settings_file
        Where the settings come from; it need not be there.
    """
    caller = Caller.of(settings)
    runs = is_held(settings.data_dir)
    node = holder_of(lock_file(settings.data_dir)) if runs else None
    yield check_listener(settings)
    yield from check_ports(settings, node, runs)
    if "worker" in settings.roles:
        yield from check_model(settings)
    yield from check_folders(settings)
    yield check_database(settings)
    yield from check_nodes(settings)
    yield from check_object_storage(settings)
    yield from check_certificates(settings)
    yield from check_secrets(settings, settings_file)
    yield from check_peers(settings, caller)
    yield from check_clock(settings, caller)
    yield from check_host(settings, node)
