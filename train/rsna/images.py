"""Where the images lie: a folder of DICOM files, or the competition's zip, read without unpacking it."""

import os
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, cast

import numpy as np

from triage_node.errors import TriageError, UnsuitableSeries
from triage_node.imaging.frame import frames_of
from triage_node.imaging.hounsfield import hounsfield
from triage_node.imaging.instance import Instance
from triage_node.imaging.pixels import stored_values
from triage_node.reasons import Reason, ReasonCode

SUFFIX = ".dcm"


class ImagesError(TriageError):
    """The images of the RSNA set cannot be read."""


@dataclass(frozen=True)
class Listed:
    """A file that may be an image: its name, its size in bytes, and a number that changes when it does."""

    name: str
    size: int
    version: int


class Images(ABC):
    """Files named by their path below a folder, or by the member of a zip."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def listed(self, only: str = "") -> list[Listed]:
        """Return every ``.dcm`` file, or those in folders named `only`, sorted by name."""
        found = [one for one in self._all() if not only or f"/{only}/" in f"/{one.name}"]
        return sorted(found, key=lambda one: one.name)

    @abstractmethod
    def _all(self) -> Iterator[Listed]: ...

    @abstractmethod
    def open(self, name: str) -> BinaryIO:
        """Open a file; of a member of a zip no more is inflated than is read."""

    @abstractmethod
    def file(self, name: str) -> AbstractContextManager[Path]:
        """Return a path that holds the file while the context lasts."""

    def close(self) -> None:  # noqa: B027, only a zip is held open
        """Let go of the files."""

    def __enter__(self) -> "Images":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def hounsfield(self, name: str) -> np.ndarray:
        """Return an image in Hounsfield units, ``(rows, columns) float32``, decoded as the node does.

        Raises
        ------
        InvalidInstance, UnsuitableSeries
            When the file is no readable CT image.
        """
        with self.file(name) as path:
            frames = frames_of(Instance.read(path))
            if len(frames) != 1 or frames[0].rescale is None:
                raise UnsuitableSeries(Reason.of(ReasonCode.NO_RESCALE))
            (values,) = stored_values(frames[0].instance, [1])
            return hounsfield(values, frames[0].instance.header, frames[0].rescale)


class Folder(Images):
    """A folder with images, also in folders below it."""

    def _all(self) -> Iterator[Listed]:
        return _walk(self.root, self.root)

    def open(self, name: str) -> BinaryIO:
        """Open a file."""
        return (self.root / name).open("rb")

    def file(self, name: str) -> AbstractContextManager[Path]:
        """Return the path of a file."""
        return _lying_at(self.root / name)


class Zip(Images):
    """A zip with images, as the competition is downloaded."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        try:
            self._zip = zipfile.ZipFile(root)
        except (OSError, zipfile.BadZipFile) as error:
            raise ImagesError(f"{root} cannot be read as a zip ({error}).", path=root) from error

    def _all(self) -> Iterator[Listed]:
        for member in self._zip.infolist():
            if member.filename.lower().endswith(SUFFIX):
                yield Listed(member.filename, member.file_size, member.CRC)

    def open(self, name: str) -> BinaryIO:
        """Open a member."""
        return cast(BinaryIO, self._zip.open(name))

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        """Yield a copy of a member; its name in the zip never becomes a path."""
        with TemporaryDirectory(prefix="triage-node-rsna-") as folder:
            path = Path(folder) / "image.dcm"
            path.write_bytes(self._zip.read(name))
            yield path

    def close(self) -> None:
        """Close the zip."""
        self._zip.close()


def open_images(root: Path) -> Images:
    """Return the images of a folder or a zip.

    Raises
    ------
    ImagesError
        When there is neither.
    """
    if root.is_dir():
        return Folder(root)
    if root.is_file():
        return Zip(root)
    raise ImagesError(f"{root} is neither a folder nor a zip.", path=root)


@contextmanager
def _lying_at(path: Path) -> Iterator[Path]:
    yield path


def _walk(folder: Path, root: Path) -> Iterator[Listed]:
    """Yield files below a folder; links to folders are not followed, so that there is no way round and round."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from _walk(Path(entry.path), root)
                elif entry.name.lower().endswith(SUFFIX):
                    status = entry.stat()
                    name = Path(entry.path).relative_to(root).as_posix()
                    yield Listed(name, status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise ImagesError(f"{folder} cannot be listed ({error.strerror}).", path=folder) from error
