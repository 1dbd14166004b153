"""Is everything there that the node needs?"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from triage_node.config import Settings
from triage_node.endpoints import Destination, QuerySource, WorkitemServer
from triage_node.errors import TriageError
from triage_node.storage import Disk, Level, Spool, Watermarks, spool_folder
from triage_node.worklist import Worklist


@dataclass(frozen=True)
class Health:
    """One thing that was tried."""

    name: str
    ok: bool
    message: str


def check_all(
    settings: Settings,
    describe_model: Callable[[str], str],
    check_destination: Callable[[Destination], str],
    check_source: Callable[[QuerySource], str],
    check_workitem_server: Callable[[WorkitemServer], str],
) -> Iterator[Health]:
    """Try each thing in turn.

    Parameters
    ----------
    describe_model
        Return a sentence about the model of that name, or raise `ModelError`; this room knows no models.
    check_destination
        Return what a destination does when it is tried, or raise `PeerError`; this room sends nothing.
    check_source
        Return what a query source does when it is tried, or raise `PeerError`.
    check_workitem_server
        Return what a server of workitems does when it is tried, or raise `PeerError`.
    """
    ports = " and ".join(settings.dicom_ports)
    yield Health("settings", True, f"AE title {settings.ae_title}, {settings.dicom_host}, port {ports}")
    yield _try("model", lambda: describe_model(settings.model))
    yield _try("disk", lambda: _disk(settings))
    yield _try("database", lambda: _database(settings))
    if not settings.destinations:
        yield Health("destinations", True, "none is set; reports are kept and not sent")
    for destination in settings.destinations:
        yield _try(f"destination {destination}", lambda one=destination: check_destination(one))  # type: ignore[misc]
    for source in settings.sources:
        yield _try(f"source {source}", lambda one=source: check_source(one))  # type: ignore[misc]
    for server in settings.workitem_servers:
        yield _try(f"workitems {server}", lambda one=server: check_workitem_server(one))  # type: ignore[misc]


def _try(name: str, attempt: Callable[[], str]) -> Health:
    try:
        return Health(name, True, attempt())
    except TriageError as error:
        return Health(name, False, str(error))


def _disk(settings: Settings) -> str:
    """Tell how much is free; where no node ran nothing is made, the folder may have been named by mistake."""
    folder = settings.data_dir
    if spool_folder(folder).exists():
        Spool(spool_folder(folder))
    there = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise TriageError(f"The data folder {folder} cannot be used: {there} is no folder that the node may write.")
    space = Disk(there, Watermarks.of(settings)).space()
    if space.level is Level.FULL:
        raise TriageError(f"{space.free >> 20} MB free is less than the reserve of {space.reserve >> 20} MB.")
    free = f"{space.free >> 30} GB of {space.total >> 30} GB free at {there}"
    if space.level is Level.LOW:
        free += f", which is little: the node warns below {space.warn >> 20} MB"
    return free if folder.exists() else f"{folder} is not there yet; the first start makes it; {free}"


def _database(settings: Settings) -> str:
    if settings.database_url is None and not (settings.data_dir / "worklist.sqlite").exists():
        return "none yet; the first start makes it"
    worklist = Worklist(settings)
    try:
        worklist.look_for_damage()
        worklist.prepare()
        counts = worklist.study_details.studies_by_state()
    finally:
        worklist.close()
    return f"{sum(counts.values())} studies" + (f", {worklist.database.url.get_backend_name()}")
