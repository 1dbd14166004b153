"""The three generated studies that come with the package; no patient is in them."""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from pydicom import dcmread


@dataclass(frozen=True)
class DemoStudy:
    """A bundled study, unpacked."""

    title: str
    study_instance_uid: str
    files: tuple[Path, ...]


TITLES = {
    "hemorrhage": "with a hemorrhage",
    "plain": "without one",
    "not_analyzable": "not analyzable: a localizer and three slices",
}


def unpack(folder: Path) -> Iterator[DemoStudy]:
    """Unpack the bundled studies into a folder."""
    bundled = resources.files("triage_node.demo") / "studies"
    for name, title in TITLES.items():
        target = folder / name
        with resources.as_file(bundled / f"{name}.zip") as archive, zipfile.ZipFile(archive) as opened:
            opened.extractall(target)
        files = tuple(sorted(target.rglob("*.dcm")))
        header = dcmread(files[0], stop_before_pixels=True, specific_tags=["StudyInstanceUID"])
        yield DemoStudy(title, str(header.StudyInstanceUID), files)
