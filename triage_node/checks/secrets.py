"""Files that hold secrets: whether the node can read them, and nobody else."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from triage_node.checks.result import Result, failed, warning
from triage_node.config import SECRETS, Settings
from triage_node.endpoints import Destination, Endpoint


def check_secrets(settings: Settings, settings_file: Path) -> Iterator[Result]:
    """Look at each file with a token, a password or a signing secret, and at the settings file if it holds one."""
    for name, path in _named(settings):
        if not os.access(path, os.R_OK):
            yield failed(name, f"{path} cannot be read by user {os.geteuid()}: is it there, and the node's user's?")
        elif _is_open(path):
            yield warning(name, f"Every user of this machine can read {path}: chmod o-rwx {path}.")
    held = [name for name in sorted(SECRETS) if settings.origin(name) == "file"]
    if held and _is_open(settings_file):
        yield warning(
            "secrets",
            f"Every user of this machine can read {settings_file}, which holds {' and '.join(held)}: "
            f"chmod o-rwx {settings_file}.",
        )


def _named(settings: Settings) -> Iterator[tuple[str, Path]]:
    if settings.openid_client_secret_file is not None:
        yield "openid", settings.openid_client_secret_file
    endpoints: tuple[Endpoint, ...] = (*settings.destinations, *settings.sources, *settings.workitem_servers)
    for endpoint in endpoints:
        secret = endpoint.secret_file if isinstance(endpoint, Destination) else None
        for path in (endpoint.token_file, endpoint.password_file, secret):
            if path is not None:
                yield f"secret of {endpoint}", path


def _is_open(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IRWXO)
    except OSError:
        return False
