"""Series found under paths: files read by header, grouped by Series Instance UID, duplicates removed."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset

from triage_node.errors import InvalidInstance
from triage_node.imaging.header import text
from triage_node.imaging.instance import Instance


@dataclass(frozen=True, eq=False)
class Series:
    """The instances of one series, at least one, each SOP Instance UID once, in the order found."""

    study_instance_uid: str
    series_instance_uid: str
    modality: str
    instances: tuple[Instance, ...]

    def __post_init__(self) -> None:
        if not self.instances:
            raise ValueError("a series has at least one instance")

    @classmethod
    def of(cls, instances: Iterable[Instance]) -> "Series":
        """Return the series of instances that share a Series Instance UID; the first of a SOP Instance UID stays."""
        unique: dict[str, Instance] = {}
        for instance in instances:
            unique.setdefault(instance.sop_instance_uid, instance)
        first = next((instance.header for instance in unique.values()), Dataset())
        uids = text(first, "StudyInstanceUID"), text(first, "SeriesInstanceUID")
        return cls(*uids, text(first, "Modality"), tuple(unique.values()))

    @property
    def header(self) -> Dataset:
        """Header of the first instance, for what all instances share."""
        return self.instances[0].header

    @property
    def description(self) -> str:
        """Series Description, "" when absent."""
        return text(self.header, "SeriesDescription")

    @property
    def study_description(self) -> str:
        """Study Description, "" when absent."""
        return text(self.header, "StudyDescription")

    @property
    def patient_id(self) -> str:
        """Patient ID, "" when absent."""
        return text(self.header, "PatientID")

    @property
    def folder(self) -> Path:
        """Folder of the first instance."""
        return self.instances[0].path.parent


@dataclass(frozen=True)
class Skipped:
    """A file that is no instance, and why."""

    path: Path
    why: str


@dataclass(frozen=True)
class Scan:
    """What lay under the paths."""

    series: tuple[Series, ...]
    skipped: tuple[Skipped, ...]


def scan(paths: Iterable[Path]) -> Scan:
    """Read the headers of all files under the paths and group them by study and series.

    Files that are no DICOM instances are listed in `Scan.skipped`. Links to folders are not followed.
    """
    groups: dict[tuple[str, str], list[Instance]] = {}
    skipped: list[Skipped] = []
    for path in _files(paths):
        try:
            instance = Instance.read(path)
        except InvalidInstance as error:
            skipped.append(Skipped(path, str(error)))
            continue
        key = text(instance.header, "StudyInstanceUID"), text(instance.header, "SeriesInstanceUID")
        groups.setdefault(key, []).append(instance)
    return Scan(tuple(Series.of(instances) for instances in groups.values()), tuple(skipped))


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield every file once, in a stable order; a path that is neither file nor folder is yielded to be skipped."""
    seen: set[Path] = set()
    for path in paths:
        for file in _below(Path(path)):
            if (resolved := file.resolve()) not in seen:
                seen.add(resolved)
                yield file


def _below(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names))
