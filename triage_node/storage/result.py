"""What an analysis left beside the images of its study: the outcome, its reports, pictures, the score of each slice."""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from triage_node.complete_file import PARTIAL, storage_errors, sync_folder
from triage_node.errors import ObjectStorageError, StorageError
from triage_node.logs import origin
from triage_node.outcome import ObjectKind
from triage_node.private_files import make_missing_folders
from triage_node.storage.bucket import Copies
from triage_node.storage.durable_write import write_durably
from triage_node.storage.regular_file import read_regular_file
from triage_node.storage.result_object import ResultObject, read_object

log = logging.getLogger(__name__)

RESULTS = "results"
OUTCOME = "outcome.json"
SLICE_SCORES = "slices.json"
EXPLANATION = "explanation.png"
PICTURE = "picture.dcm"
OBJECT_FILES: dict[ObjectKind, str] = {kind: f"{kind}.dcm" for kind in ObjectKind if kind is not ObjectKind.REPORT}
"""Of what goes with a report, where it was made."""
REPORT = "report-{}.dcm"
FIRST_REPORT = REPORT.format(1)
LARGEST_OUTCOME_BYTES = 16 << 20


@dataclass(frozen=True)
class ResultContent:
    """What is to be stored of an analysis; what is absent stays as it lies there.

    Attributes
    ----------
    outcome
        As `Outcome.as_dict` makes it, with revision and time.
    reports
        Files of the report by number, from 1 in the order in which its SOP classes are offered to a peer.
    slice_scores
        JSON: what the model said of each received slice, from feet to head.
    explanation
        PNG of where the model looked, for quality control.
    picture
        File of the Secondary Capture that is sent with the report.
    objects
        Files of the other objects that go with the report.
    """

    outcome: Mapping[str, Any]
    reports: Mapping[int, bytes] = field(default_factory=dict)
    slice_scores: bytes | None = None
    explanation: bytes | None = None
    picture: bytes | None = None
    objects: Mapping[ObjectKind, bytes] = field(default_factory=dict)

    def files(self) -> dict[str, bytes]:
        """Return the files by name; the outcome is the last, as a result without it is not complete."""
        named = {SLICE_SCORES: self.slice_scores, EXPLANATION: self.explanation, PICTURE: self.picture}
        files = {REPORT.format(number): content for number, content in self.reports.items()}
        files |= {name: content for name, content in named.items() if content is not None}
        files |= {OBJECT_FILES[kind]: content for kind, content in self.objects.items()}
        return files | {OUTCOME: json.dumps(self.outcome, indent=1).encode()}


class StoredResult:
    """A result that may be there.

    Parameters
    ----------
    folder
        Its folder, which names it in sentences; its files are nobody else's business.
    copies
        Where its files are fetched from when they are not here: then each method below may raise
        `ObjectStorageError`, too.
    is_new
        Whether it was probably never made before: then it is made also while nobody can say.
    """

    def __init__(self, folder: Path, copies: Copies | None = None, *, is_new: bool = False) -> None:
        self._is_new = is_new
        self._folder = folder
        self._copies = copies
        self._is_fetched = copies is None

    @property
    def folder(self) -> Path:
        """Its folder on this disk, with all that there is of it."""
        if not self._is_fetched and self._copies is not None:
            # The outcome comes and goes as the last and the first: where it is the others are.
            if not (self._folder / OUTCOME).is_file():
                self._fetch(self._copies)
            self._is_fetched = True
        return self._folder

    @property
    def name(self) -> str:
        """What the worklist notes of it."""
        return self._folder.name

    def _fetch(self, copies: Copies) -> None:
        try:
            copies.fetch_folder(self._folder)
        except ObjectStorageError as error:
            if not self._is_new:
                raise
            log.warning("result_made_without_bucket name=%s error=%s", self.name, error)

    def keep(self, content: ResultContent) -> None:
        """Store what is given, durably; a crash on the way leaves no outcome, or the one that was there.

        Raises
        ------
        StorageError, StorageFull
            The file system refused.
        """
        with storage_errors("keep a result"):
            make_missing_folders(self.folder)
            self._remove_leftovers()
        for file_name, bytes_of_file in content.files().items():
            write_durably(self.folder / file_name, bytes_of_file)
        with storage_errors("keep a result"):
            sync_folder(self.folder.parent)

    def _remove_leftovers(self) -> None:
        """Remove what a worker that was killed left half-written; only one at a time has the study."""
        for part in self.folder.parent.glob(f"*/*{PARTIAL}"):
            part.unlink(missing_ok=True)

    def outcome(self) -> bytes:
        """Return the JSON of the outcome.

        Raises
        ------
        InvalidInstance
            It cannot be read, is no file, or larger than an outcome is.
        """
        return read_regular_file(self.folder / OUTCOME, LARGEST_OUTCOME_BYTES)

    @property
    def is_complete(self) -> bool:
        """Whether its outcome is there, which is written last."""
        return (self.folder / OUTCOME).exists()

    def written_at(self) -> float:
        """Return when the outcome was written, in seconds since 1970; 0 when that cannot be told."""
        try:
            return (self.folder / OUTCOME).lstat().st_mtime
        except OSError:
            return 0.0

    def report(self) -> bytes | None:
        """Return the report in the class that is offered first, None where there is none; raises as `reports` does.

        The others say the same, for peers that take no other class.
        """
        return self._content(FIRST_REPORT)

    def reports(self) -> list[bytes]:
        """Return the report in each class that a peer may accept, in the order in which they are offered.

        Raises
        ------
        StorageError
            One is there and cannot be read.
        """
        return [_read(path) for path in sorted(self.folder.glob(REPORT.format("*")))]

    def has_report(self, number: int) -> bool:
        """Tell whether the report is there in a class, counted from 1."""
        return (self.folder / REPORT.format(number)).is_file()

    def picture(self) -> bytes | None:
        """Return the Secondary Capture that goes with the report, None where there is none; raises as `reports`."""
        return self._content(PICTURE)

    @property
    def has_picture(self) -> bool:
        """Whether there is a Secondary Capture."""
        return (self.folder / PICTURE).is_file()

    def object(self, kind: ObjectKind) -> bytes | None:
        """Return an object that goes with the report, None where there is none; raises as `reports` does."""
        return self._content(OBJECT_FILES[kind])

    def has_object(self, kind: ObjectKind) -> bool:
        """Tell whether an object that goes with the report is there."""
        return (self.folder / OBJECT_FILES[kind]).is_file()

    def explanation(self) -> bytes | None:
        """Return the PNG for quality control, None where there is none; raises as `reports` does."""
        return self._content(EXPLANATION)

    @property
    def has_explanation(self) -> bool:
        """Whether there is a PNG for quality control."""
        return (self.folder / EXPLANATION).is_file()

    def slice_scores(self) -> bytes | None:
        """Return the JSON of the scores of each slice, None where there is none; raises as `reports` does."""
        return self._content(SLICE_SCORES)

    def objects(self) -> list[ResultObject]:
        """Return the DICOM objects: the report in its first class, and what goes with it."""
        return list(self._readable_objects())

    def _readable_objects(self) -> Iterator[ResultObject]:
        for name in (FIRST_REPORT, PICTURE, *OBJECT_FILES.values()):
            path = self.folder / name
            try:
                if path.is_file():
                    yield read_object(path, f"{RESULTS}/{self.name}/{name}")
            except Exception as error:  # the border to bytes on a disk: pydicom raises anything
                log.error("result_unreadable file=%s/%s error=%s", self.name, name, origin(error))

    def _content(self, name: str) -> bytes | None:
        path = self.folder / name
        return _read(path) if path.is_file() else None


def stored_results(study_folder: Path) -> list[StoredResult]:
    """Return the complete results in the folder of a study."""
    return [StoredResult(path.parent) for path in sorted((study_folder / RESULTS).glob(f"*/{OUTCOME}"))]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror or error}.") from error
