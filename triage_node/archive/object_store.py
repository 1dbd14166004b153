"""An archive in whatever fsspec has a URL for."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from triage_node.archive.archive import LocalFiles
from triage_node.archive.entries import Batch, Entry, Folder, batches, walk
from triage_node.archive.index_rows import IndexRow
from triage_node.archive.patience import with_patience
from triage_node.errors import SettingsError
from triage_node.imaging import WINDOW_BYTES, InstanceNames

UNREADABLE = "The file cannot be read ({})."
GONE = (FileNotFoundError, PermissionError, IsADirectoryError)
"""What one file answers for itself; anything else is said by the store, and may pass."""


@dataclass(frozen=True)
class ObjectStoreArchive:
    """Read the beginnings of the files to sort them, and whole studies to analyze them.

    Who may read comes from the environment, as fsspec's file system of that scheme reads it.
    """

    url: str

    @property
    def name(self) -> str:
        """The URL."""
        return self.url

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        try:
            import fsspec

            system, root = fsspec.url_to_fs(self.url, use_listings_cache=False)
        except (ImportError, ValueError) as error:
            raise SettingsError(f"{self.url} cannot be read: {error}") from error
        return system, root.rstrip("/")

    def folder(self, name: str) -> Folder:
        """List what stands between two slashes."""
        system, root = self._opened
        path = f"{root}/{name}".rstrip("/")
        listed = [one for one in self._patiently(lambda: system.ls(path, detail=True)) if one["name"] != path]
        by_kind = {
            kind: [one["name"].rstrip("/").rpartition("/")[2] for one in listed if one["type"] == kind]
            for kind in ("file", "directory")
        }
        return Folder(tuple(map(Entry, by_kind["file"])), tuple(by_kind["directory"]))

    def batches(self, after: str) -> Iterator[Batch]:
        """List folder by folder."""
        return batches(walk(self, after), after)

    def index(self, batch: Batch) -> list[IndexRow]:
        """Ask for the beginnings of all files at once, and read those whole that take more."""
        names = [one.name for one in batch.entries if not one.why]
        heads = dict(zip(names, self._heads(names), strict=True))
        return [self._row(one, heads.get(one.name)) for one in batch.entries]

    def fetch(self, _study_instance_uid: str, names: Sequence[str], folder: Path) -> LocalFiles:
        """Bring the files here, under names of ours: an object may be called by what leads out of the folder."""
        by_path: dict[Path, str] = {}
        for number, name in enumerate(names):
            by_path[folder / f"{number:06d}.dcm"] = name
        for path, name in by_path.items():
            self._bring(name, path)
        return LocalFiles(tuple(by_path), by_path)

    def _heads(self, names: Sequence[str]) -> Sequence[bytes | Exception]:
        system, root = self._opened
        paths = [f"{root}/{name}" for name in names]

        def ask() -> Sequence[bytes | Exception]:
            ends = [WINDOW_BYTES] * len(paths)
            found: Sequence[bytes | Exception] = system.cat_ranges(paths, [0] * len(paths), ends, on_error="return")
            for one in found:
                if isinstance(one, Exception) and not isinstance(one, GONE):
                    raise one
            return found

        return self._patiently(ask) if paths else ()

    def _row(self, entry: Entry, head: bytes | Exception | None) -> IndexRow:
        if head is None:
            return IndexRow.left_out(entry.name, entry.why)
        if isinstance(head, Exception):
            return IndexRow.left_out(entry.name, UNREADABLE.format(type(head).__name__))
        names = InstanceNames.within(head)
        if names is not None:
            return IndexRow.of_instance(entry.name, names)
        with tempfile.TemporaryDirectory(prefix="triage-scan-") as folder:
            path = Path(folder) / f"whole{Path(entry.name).suffix[:8]}"
            self._bring(entry.name, path)
            return IndexRow.read(entry.name, path)

    def _bring(self, name: str, path: Path) -> None:
        system, root = self._opened
        try:
            self._patiently(lambda: system.get_file(f"{root}/{name}", str(path)))
        except GONE:
            path.unlink(missing_ok=True)

    def _patiently(self, ask: Callable[[], Any]) -> Any:
        return with_patience(ask, lambda error: not isinstance(error, GONE), self.url)
