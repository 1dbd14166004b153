"""Archives as they lie about: studies scattered over folders, beside what is none."""

from collections.abc import Iterable
from pathlib import Path

from pydicom import Dataset


def write(folder: Path, *instances: Dataset, names: Iterable[str] = ()) -> list[Path]:
    """Write data sets into a folder, by number or by name."""
    folder.mkdir(parents=True, exist_ok=True)
    given = iter(names)
    paths = [folder / next(given, f"{number:03d}.dcm") for number in range(len(instances))]
    for path, ds in zip(paths, instances, strict=True):
        ds.save_as(path, enforce_file_format=True)
    return paths


def scatter(folder: Path, *instances: Dataset) -> None:
    """Write every other instance to one of two folders, as a full disk, a second import or a clock change leave it."""
    write(folder / "2019" / "a", *instances[::2])
    write(folder / "2020" / "b" / "c", *instances[1::2])
