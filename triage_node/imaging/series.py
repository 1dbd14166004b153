"""Series found under paths: files read by header, grouped by Series Instance UID, duplicates removed."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydicom import Dataset

from triage_node.errors import InvalidInstance
from triage_node.imaging.comparison.difference import Difference, difference
from triage_node.imaging.header import text, texts
from triage_node.imaging.instance import Instance

_PLACE = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")


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

    @cached_property
    def folders(self) -> frozenset[Path]:
        """Folders of all instances."""
        return frozenset(instance.path.parent for instance in self.instances)


@dataclass(frozen=True)
class Skipped:
    """A file or folder that was left out, and why."""

    path: Path
    why: str


COPY = "Another file of the instance was found before it."
NAMESAKE = "Another image of the same SOP Instance UID was found before it."


@dataclass(frozen=True)
class Scan:
    """What lay under the paths."""

    series: tuple[Series, ...]
    skipped: tuple[Skipped, ...]

    def skipped_beside(self, series: Series) -> tuple[Skipped, ...]:
        """Return what was left out of the series' folders; what lies beside no series stands with the nearest one."""
        return tuple(skipped for skipped in self.skipped if series in self._beside[skipped.path.parent])

    @cached_property
    def _beside(self) -> dict[Path, tuple[Series, ...]]:
        """For each folder of what was left out its series, at least one."""
        return {folder: self._nearest(folder) for folder in {skipped.path.parent for skipped in self.skipped}}

    def _nearest(self, folder: Path) -> tuple[Series, ...]:
        beside = tuple(series for series in self.series if folder in series.folders)
        return beside or tuple(sorted(self.series, key=lambda series: -_shared(series.folder, folder))[:1])


def scan(paths: Iterable[Path]) -> Scan:
    """Read the headers of all files under the paths and group them by study and series.

    What is left out is listed in `Scan.skipped`: files that are no DICOM instances, the second file of an instance,
    links to folders, which are not followed, folders that cannot be read.
    """
    groups: dict[tuple[str, str], dict[str, Instance]] = {}
    skipped: list[Skipped] = []
    for path in _files(paths, skipped):
        try:
            instance = Instance.read(path)
        except InvalidInstance as error:
            skipped.append(Skipped(path, str(error)))
            continue
        key = text(instance.header, "StudyInstanceUID"), text(instance.header, "SeriesInstanceUID")
        first = groups.setdefault(key, {}).setdefault(instance.sop_instance_uid, instance)
        if first is not instance:
            skipped.append(Skipped(path, COPY if _is_copy(first, instance) else NAMESAKE))
    return Scan(tuple(Series.of(instances.values()) for instances in groups.values()), tuple(skipped))


def _is_copy(one: Instance, other: Instance) -> bool:
    """Say whether two files of one SOP Instance UID show the same: else a slice is lost with the second."""
    return difference(one.path, other.path) is not Difference.PIXELS and all(
        texts(one.header, keyword) == texts(other.header, keyword) for keyword in _PLACE
    )


def _files(paths: Iterable[Path], skipped: list[Skipped]) -> Iterator[Path]:
    """Yield every file once, in a stable order; a path that is neither file nor folder is yielded to be skipped."""
    seen: set[Path] = set()
    for path in paths:
        for file in _below(Path(path), skipped):
            if (resolved := file.resolve()) not in seen:
                seen.add(resolved)
                yield file


def _below(path: Path, skipped: list[Skipped]) -> Iterator[Path]:
    def note(error: OSError) -> None:
        skipped.append(Skipped(Path(error.filename), "The folder cannot be read."))

    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path, onerror=note):
        folders.sort()
        links = (Path(folder, name) for name in folders)
        skipped.extend(Skipped(link, "Links to folders are not followed.") for link in links if link.is_symlink())
        yield from (Path(folder, name) for name in sorted(names))


def _shared(one: Path, other: Path) -> int:
    """Return how many folders two absolute or two relative paths share from the start."""
    pairs = zip(one.parts, other.parts, strict=False)
    return next((count for count, (a, b) in enumerate(pairs) if a != b), min(len(one.parts), len(other.parts)))
