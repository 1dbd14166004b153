"""A whole archive analyzed once: listed, grouped by study, analyzed by many processes, written as Parquet."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from triage_node.archive.archive import Archive
    from triage_node.archive.archives import archive_at
    from triage_node.archive.engine import Cluster, Engine
    from triage_node.archive.ray_engine import RayEngine
    from triage_node.archive.scan import ArchiveScan, Progress, ScanOptions
    from triage_node.archive.summary import Summary

__all__ = [
    "Archive",
    "ArchiveScan",
    "Cluster",
    "Engine",
    "Progress",
    "RayEngine",
    "ScanOptions",
    "Summary",
    "archive_at",
]

_HOMES = {
    "Archive": "archive",
    "ArchiveScan": "scan",
    "Cluster": "engine",
    "Engine": "engine",
    "Progress": "scan",
    "RayEngine": "ray_engine",
    "ScanOptions": "scan",
    "Summary": "summary",
    "archive_at": "archives",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, with what it needs, and no more."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
