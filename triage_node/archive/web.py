"""An archive behind DICOMweb: studies listed by QIDO-RS, retrieved by WADO-RS."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from triage_node.archive.archive import LocalFiles
from triage_node.archive.entries import Batch, Entry
from triage_node.archive.index_rows import IndexRow
from triage_node.archive.patience import with_patience
from triage_node.endpoints import QuerySource
from triage_node.errors import PeerError, SettingsError
from triage_node.ingest import SUCCESS, is_uid
from triage_node.query_retrieve import WebSource
from triage_node.user_agent import Caller

OVER_HTTP = frozenset({"http", "https"})
NO_UID = "The source lists it without a UID that a study can have."


@dataclass(frozen=True)
class WebArchive:
    """Ask a query source of the settings; what it lists are studies, not files."""

    source: QuerySource
    caller: Caller

    def __post_init__(self) -> None:
        if self.source.scheme not in OVER_HTTP:
            raise SettingsError(f"{self.source} is asked over DIMSE; an archive is scanned over http or https.")

    @property
    def name(self) -> str:
        """The URL, which names no secret."""
        return self.source.url

    def batches(self, after: str) -> Iterator[Batch]:
        """List page by page; the cursor is how many studies came before."""
        source = WebSource(self.source, self.caller)
        offset, before = int(after or 0), frozenset[Entry]()
        while True:
            page = with_patience(partial(source.page, offset), _may_pass, self.name)
            entries = tuple(_entry(uid, offset + number) for number, uid in enumerate(page))
            if before.issuperset(entries):  # the end, or a server that turns no page
                return
            offset, before = offset + len(page), frozenset(entries)
            yield Batch(entries, str(offset))

    def index(self, batch: Batch) -> list[IndexRow]:
        """Return a row a study; which series it has is asked when it is fetched."""
        return [
            IndexRow.left_out(one.name, one.why) if one.why else IndexRow(os.fsencode(one.name), one.name)
            for one in batch.entries
        ]

    def fetch(self, study_instance_uid: str, _names: Sequence[str], folder: Path) -> LocalFiles:
        """Retrieve what the source lists of a study."""
        return with_patience(lambda: self._fetched(study_instance_uid, folder), _may_pass, self.name)

    def _fetched(self, study_instance_uid: str, folder: Path) -> LocalFiles:
        source = WebSource(self.source, self.caller)
        listed = source.instances(study_instance_uid)
        paths: list[Path] = []

        def keep(content: bytes) -> int:
            paths.append(folder / f"{len(paths):06d}.dcm")
            paths[-1].write_bytes(content)
            return SUCCESS

        for _ in source.retrieve(study_instance_uid, listed, keep):
            pass
        received = Counter(one.series_instance_uid for one in listed)
        return LocalFiles(tuple(paths), {path: path.name for path in paths}, received)


def _entry(uid: str, position: int) -> Entry:
    return Entry(uid) if is_uid(uid) else Entry(f"study {position}", NO_UID)


def _may_pass(error: Exception) -> bool:
    return isinstance(error, PeerError) and error.retryable
