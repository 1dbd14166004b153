"""What an archive lists, in an order that can be taken up again where it broke off."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

UNREADABLE_FOLDER = "The folder cannot be read."
LINK = "Links to folders are not followed."
MOST_NAMES = 2_000


@dataclass(frozen=True)
class Entry:
    """A file of an archive, or what of it cannot be listed.

    Attributes
    ----------
    name
        Where it lies below the archive's root, with slashes; no folder goes by the name of a file beside it.
    why
        Why it is left out; "" of a file.
    is_folder
        Whether it is a folder that cannot be read.
    """

    name: str
    why: str = ""
    is_folder: bool = False


@dataclass(frozen=True)
class Folder:
    """The content of a folder, by names within it.

    Attributes
    ----------
    files
        What may be a file, and links to folders, each with the reason against it.
    folders
        Folders that can be gone into.
    """

    files: tuple[Entry, ...]
    folders: tuple[str, ...]


class Tree(Protocol):
    """Folders that can be listed one by one."""

    def folder(self, name: str) -> Folder:
        """Return what lies in a folder, by its name below the root; raises `OSError` where it cannot be read."""


@dataclass(frozen=True)
class Batch:
    """Some entries, and the name after which the next begins."""

    entries: tuple[Entry, ...]
    cursor: str


def walk(tree: Tree, after: str = "") -> Iterator[Entry]:
    """Yield what lies below the root: of each folder its files by name, then its folders by name.

    Parameters
    ----------
    after
        Name of the file after which to begin; nothing before it is listed again.
    """
    waiting: list[tuple[str, list[str]]] = [("", after.split("/") if after else [])]
    while waiting:
        name, passed = waiting.pop()
        try:
            listed = tree.folder(name)
        except OSError:
            yield Entry(name, UNREADABLE_FOLDER, is_folder=True)
            continue
        first, rest = (passed[0], passed[1:]) if passed else ("", [])
        if not rest:
            yield from (
                Entry(_below(name, one.name), one.why)
                for one in sorted(listed.files, key=lambda one: one.name)
                if one.name > first
            )
        folders = sorted(one for one in listed.folders if not rest or one >= first)
        waiting += [(_below(name, one), rest if rest and one == first else []) for one in reversed(folders)]


def batches(entries: Iterable[Entry], cursor: str = "") -> Iterator[Batch]:
    """Put entries together; a batch ends with a file, for after that alone a listing can go on."""
    gathered: list[Entry] = []
    for entry in entries:
        gathered.append(entry)
        if entry.is_folder:
            continue
        cursor = entry.name
        if len(gathered) >= MOST_NAMES:
            yield Batch(tuple(gathered), cursor)
            gathered = []
    if gathered:
        yield Batch(tuple(gathered), cursor)


def _below(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
