"""The kinds of archives, by how they are named on the command line."""

from pathlib import Path

from triage_node.archive.archive import Archive
from triage_node.archive.folder import FolderArchive
from triage_node.archive.object_store import ObjectStoreArchive
from triage_node.archive.s3 import S3Archive
from triage_node.archive.web import WebArchive
from triage_node.config import Settings
from triage_node.errors import SettingsError
from triage_node.user_agent import Caller


def archive_at(source: str, settings: Settings) -> Archive:
    """Return the archive that is called so: a source of the settings, a URL of fsspec, or a folder.

    Raises
    ------
    SettingsError
        There is none.
    """
    by_name = {one.name: one for one in settings.sources}
    if source in by_name:
        return WebArchive(by_name[source], Caller.of(settings))
    if source.startswith("s3://"):
        return S3Archive(source)
    if "://" in source:
        return ObjectStoreArchive(source)
    if not Path(source).is_dir():
        names = f"; the sources of the settings are {', '.join(by_name)}" if by_name else ""
        raise SettingsError(f"{source} is no folder that can be read{names}.")
    return FolderArchive(Path(source).resolve())
