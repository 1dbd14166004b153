"""Where the images lie: a folder of DICOM files, or the competition's zip, read without unpacking it."""

import os
import struct
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, cast

import numpy as np

from triage_node.errors import TriageError, UnsuitableSeries
from triage_node.imaging import Instance, frames_of, hounsfield, stored_values
from triage_node.reasons import Reason, ReasonCode

SUFFIX = ".dcm"
_LOCAL_HEADER, _LOCAL_SIGNATURE = struct.Struct("<4s22xHH"), b"PK\3\4"


class ImagesError(TriageError):
    """The images of the RSNA set cannot be read."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A file that may be an image.

    Attributes
    ----------
    name, size
        Its name, and its size in bytes.
    version
        A number that changes when the file does.
    place
        In a zip: offset of its local header, packed size, way of packing.
    """

    name: str
    size: int
    version: int
    place: tuple[int, int, int] = (0, 0, 0)


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
    def open(self, listed: Listed) -> BinaryIO:
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

    def open(self, listed: Listed) -> BinaryIO:
        """Open a file."""
        return (self.root / listed.name).open("rb")

    def file(self, name: str) -> AbstractContextManager[Path]:
        """Return the path of a file."""
        return _lying_at(self.root / name)


class Zip(Images):
    """A zip with images, as the competition is downloaded.

    Its directory takes 0.6 GB for the competition's 870,000 members, and is read when it is first needed.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        if not zipfile.is_zipfile(root):
            raise ImagesError(f"{root} is no zip, or was not downloaded to its end.", path=root)

    @cached_property
    def _zip(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.root)
        except (OSError, zipfile.BadZipFile) as error:
            raise ImagesError(f"{self.root} cannot be read as a zip ({error}).", path=self.root) from error

    def _all(self) -> Iterator[Listed]:
        for member in self._zip.infolist():
            if member.filename.lower().endswith(SUFFIX):
                place = member.header_offset, member.compress_size, member.compress_type
                yield Listed(member.filename, member.file_size, member.CRC, place)

    def open(self, listed: Listed) -> BinaryIO:
        """Open a member where it lies, without reading the directory (PKWARE APPNOTE 4.3.7: local file header)."""
        member = zipfile.ZipInfo(listed.name)
        member.file_size, member.CRC = listed.size, listed.version
        offset, member.compress_size, member.compress_type = listed.place
        file = self.root.open("rb")
        file.seek(offset)
        header = file.read(_LOCAL_HEADER.size)
        signature, name_length, extra_length = _LOCAL_HEADER.unpack(header.ljust(_LOCAL_HEADER.size))
        if signature != _LOCAL_SIGNATURE:
            file.close()
            raise zipfile.BadZipFile("no member begins where the directory says")
        file.seek(name_length + extra_length, os.SEEK_CUR)
        return cast(BinaryIO, zipfile.ZipExtFile(file, "r", member, close_fileobj=True))

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        """Yield a copy of a member; its name in the zip never becomes a path."""
        with TemporaryDirectory(prefix="triage-node-rsna-") as folder:
            path = Path(folder) / "image.dcm"
            path.write_bytes(self._zip.read(name))
            yield path

    def close(self) -> None:
        """Close the zip."""
        if "_zip" in self.__dict__:
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


def _walk(folder: Path, root: Path, above: frozenset[tuple[int, int]] = frozenset()) -> Iterator[Listed]:
    """Yield files below a folder, through links, too, but never into a folder that this one lies in."""
    try:
        status = folder.stat()
        here = above | {(status.st_dev, status.st_ino)}
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir():
                    if (entry.stat().st_dev, entry.stat().st_ino) not in here:
                        yield from _walk(Path(entry.path), root, here)
                elif entry.name.lower().endswith(SUFFIX):
                    yield _listed(entry, root)
    except OSError as error:
        raise ImagesError(f"{folder} cannot be listed ({error.strerror}).", path=folder) from error


def _listed(entry: "os.DirEntry[str]", root: Path) -> Listed:
    """Return a file; what cannot be looked at, such as a link to nowhere, has no size and will be unreadable."""
    name = Path(entry.path).relative_to(root).as_posix()
    try:
        name.encode()
    except UnicodeEncodeError as error:
        message = f"{root} holds a file with a name that is no UTF-8, which no table can keep: {name!r}."
        raise ImagesError(message, path=root) from error
    try:
        status = entry.stat()
    except OSError:
        return Listed(name, 0, 0)
    return Listed(name, status.st_size, status.st_mtime_ns)
