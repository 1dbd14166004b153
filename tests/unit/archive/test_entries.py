"""The order of a listing, and that it goes on after any file as if it had not ended."""

import random

import pytest

from triage_node.archive import entries
from triage_node.archive.entries import LINK, UNREADABLE_FOLDER, Entry, Folder, batches, walk
from triage_node.archive.folder import FolderArchive


class Drawn:
    """A tree at random, with folders that cannot be read and names that sort oddly."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._folders: dict[str, Folder | None] = {}
        self._draw("", 0)

    def _draw(self, name: str, depth: int) -> None:
        if depth and self._random.random() < 0.1:
            self._folders[name] = None
            return
        names = self._random.sample(["a", "a b", "a.b", "a!", "b", "B", "é", "z", "10", "9"], self._random.randrange(7))
        is_folder = [self._random.random() < 0.5 and depth < 4 for _ in names]
        folders = [one for one, inner in zip(names, is_folder, strict=True) if inner]
        self._folders[name] = Folder(tuple(Entry(one) for one in names if one not in folders), tuple(folders))
        for one in folders:
            self._draw(f"{name}/{one}".lstrip("/"), depth + 1)

    def folder(self, name: str) -> Folder:
        found = self._folders[name]
        if found is None:
            raise PermissionError(name)
        return found


@pytest.mark.parametrize("number", range(20))
def test_a_listing_goes_on_after_any_file(number, seed):
    tree = Drawn(seed + number)
    whole = list(walk(tree))
    assert len({one.name for one in whole}) == len(whole)
    for at, entry in enumerate(whole):
        if not entry.is_folder:
            assert list(walk(tree, entry.name)) == whole[at + 1 :]


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_listing_that_ended_after_any_batch_lists_all_and_nothing_twice(most, seed, monkeypatch):
    monkeypatch.setattr(entries, "MOST_NAMES", most)
    tree = Drawn(seed)
    whole = list(walk(tree))
    made = list(batches(walk(tree)))
    assert [entry for batch in made for entry in batch.entries] == whole
    for number, batch in enumerate(made, 1):
        before = [entry for one in made[:number] for entry in one.entries]
        rest = [entry for one in batches(walk(tree, batch.cursor), batch.cursor) for entry in one.entries]
        assert sorted({*before, *rest}, key=whole.index) == whole
        assert len(before) + len(rest) == len(whole) or number == len(made)


def test_a_folder_that_cannot_be_read_and_a_link_to_one_are_entries(tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "file").touch()
    (tmp_path / "in" / "link").symlink_to(tmp_path)
    (tmp_path / "in" / "alias").symlink_to(tmp_path / "in" / "deep" / "file")
    assert list(walk(FolderArchive(tmp_path / "in"))) == [
        Entry("alias"),
        Entry("link", LINK),
        Entry("deep/file"),
    ]
    assert list(walk(FolderArchive(tmp_path / "none"))) == [Entry("", UNREADABLE_FOLDER, is_folder=True)]
