from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from spools import fill

from triage_node.backup import BackupFolder, Contents, Kept, Making, make_backup
from triage_node.config import Settings
from triage_node.identity import Role
from triage_node.ingest import rebuild_worklist
from triage_node.storage import Spool, device_uid
from triage_node.worklist import Worklist

STUDIES = 3
PASSWORD = "correct horse battery staple"


@pytest.fixture
def node(make_settings, make_worklist, clock) -> Iterator[Any]:
    """What a node left: studies with their results, held reports, a person and a token."""
    settings: Settings = make_settings(disk_reserve_mb=0)
    spool, worklist = Spool(settings.data_dir / "spool"), make_worklist(settings, clock)
    uids = fill(spool, STUDIES)
    rebuild_worklist(spool, worklist, ["A@h:1"])
    worklist.accounts.add("ann", Role.ADMINISTRATOR, PASSWORD)
    token = worklist.tokens.add("monitoring")
    uid = device_uid(settings.data_dir)
    yield SimpleNamespace(**locals())
    worklist.close()


@pytest.fixture
def back_up(node, tmp_path, clock) -> Callable[..., Kept]:
    """Make a backup of the node."""

    def back_up(contents: Contents = Contents.DATABASE, folder: Path | None = None, **more: Any) -> Kept:
        making = Making(node.settings, node.worklist.database, contents, clock=clock)
        return make_backup(BackupFolder(folder or tmp_path / "backups"), replace(making, **more))

    return back_up


@pytest.fixture
def reopened() -> Iterator[Callable[[Settings], Worklist]]:
    """Open the worklist of a restored folder."""
    opened: list[Worklist] = []

    def reopened(settings: Settings) -> Worklist:
        opened.append(Worklist(settings))
        return opened[-1]

    yield reopened
    for one in opened:
        one.close()
