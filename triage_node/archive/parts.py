"""Numbered Parquet files in a folder, each of which is complete or not there at all."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from triage_node.complete_file import PARTIAL, complete_file, sync_folder

NAME = "{}-{:08d}.parquet"
BATCH_ROWS = 65_536


class Parts:
    """The parts of one table, by their common name."""

    def __init__(self, folder: Path, name: str = "part") -> None:
        self.folder = folder
        self._name = name

    @property
    def count(self) -> int:
        """How many parts there are; they are numbered from 0."""
        return len(self._paths())

    def has(self, number: int) -> bool:
        """Tell whether there is a part of that number."""
        return (self.folder / NAME.format(self._name, number)).exists()

    def write(self, number: int, table: pa.Table, notes: Mapping[str, str] | None = None) -> None:
        """Write a part, durably; the same number again replaces it. A note may hold the name of a file."""
        as_bytes = {name: os.fsencode(note) for name, note in (notes or {}).items()}
        noted = table.replace_schema_metadata(as_bytes or None)
        with complete_file(self.folder / NAME.format(self._name, number)) as partial, partial.open("wb") as file:
            pq.write_table(noted, file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        sync_folder(self.folder)

    def last_note(self, name: str) -> str:
        """Return a note of the last part, "" without one."""
        if not self.count:
            return ""
        metadata = pq.read_schema(self._paths()[-1]).metadata or {}
        return os.fsdecode(metadata.get(name.encode(), b""))

    def tables(self, columns: Sequence[str] | None = None, start: int = 0) -> Iterator[pa.Table]:
        """Yield what is in the parts, in their order, as tables that fit into memory."""
        for path in self._paths()[start:]:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(BATCH_ROWS, columns=None if columns is None else list(columns)):
                    yield pa.Table.from_batches([batch])

    def sweep(self) -> None:
        """Remove what a killed process left half written."""
        for path in self.folder.glob(f".*{PARTIAL}"):
            path.unlink(missing_ok=True)

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob(f"{self._name}-*.parquet"))
