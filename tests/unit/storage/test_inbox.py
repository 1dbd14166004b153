"""Several processes on one spool: each has an inbox, and what one that died left is taken over by another."""

import fcntl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from triage_node.storage import Spool
from triage_node.storage.inbox import LOCK


@pytest.fixture
def root(tmp_path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def process(root) -> Iterator[Callable[[str], Spool]]:
    """The spool as a process of that name has it."""
    opened = []

    def open_spool(name: str) -> Spool:
        opened.append(Spool(root, inbox=name))
        return opened[-1]

    yield open_spool
    for spool in opened:
        die(spool)


def die(spool: Spool) -> None:
    """Let go of the lock as the end of a process does: nothing is cleared away."""
    spool._inbox._lock.close()


def test_what_one_keeps_no_other_that_lives_takes_or_clears_away(root, process):
    one, other = process("one"), process("other")
    kept = one.keep([b"image"], "1.2", "1.2.3")
    draft = one.draft()
    draft.write([b"half"])
    assert list(other.unfiled()) == []
    assert kept.parent == root / "incoming" / "one"
    assert kept.read_bytes() == b"image"
    assert len(list(one.incoming.glob("*.part"))) == 1
    draft.discard()


def test_what_one_that_died_kept_is_taken_over_once_and_its_inbox_is_removed(root, process):
    dead = process("dead")
    kept = [dead.keep([b"image"], "1.2", f"1.2.{number}") for number in range(3)]
    (dead.incoming / "draft.7.part").write_bytes(b"half")
    one, other = process("one"), process("other")
    assert one.adopt() == []
    die(dead)
    assert [len(one.adopt()), len(other.adopt()), len(one.adopt())] == [3, 0, 0]
    assert sorted(path.name for path in one.unfiled()) == sorted(path.name for path in kept)
    assert sorted(path.name for path in (root / "incoming").iterdir()) == ["one", "other"]


def test_commitment_sees_what_waits_in_every_inbox(root, process):
    one, other = process("one"), process("other")
    name = one.keep([b"image"], "1.2", "1.2.3").name.split("-")[1]
    assert other.unregistered() == ({name}, set())


def test_an_inbox_that_is_empty_goes_with_its_process_and_one_that_is_not_stays(root, process):
    empty, full = process("empty"), process("full")
    full.keep([b"image"], "1.2", "1.2.3")
    empty.close()
    full.close()
    assert [path.name for path in (root / "incoming").iterdir()] == ["full"]
    assert process("next").adopt()


def test_one_process_alone_finds_what_several_left_and_several_what_one_left(root, process):
    several = process("several")
    several.keep([b"image"], "1.2", "1.2.3")
    die(several)
    alone = Spool(root)
    [found] = alone.unfiled()
    assert found.parent == root / "incoming"
    assert len(list(process("again").unfiled())) == 1


def test_an_inbox_in_the_making_is_left_alone(root, process):
    spool = process("one")
    (root / "incoming" / "two.new").mkdir()
    spool.adopt()
    assert (root / "incoming" / "two.new").is_dir()


def test_the_lock_is_one_that_ends_with_the_process(root, process):
    spool = process("one")
    with (spool.incoming / LOCK).open("w") as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_an_inbox_alone_is_nothing_that_comes_in(process):
    one, other = process("one"), process("other")
    assert not one.is_receiving
    path = other.keep([b"bytes"], "1.2", "1.2.3")
    assert one.is_receiving, "whoever receives it"
    other.file(path, "1.2", "1.2.3")
    other.forget(path)
    assert not one.is_receiving
    again = one.unfile(one.layout.instance("1.2", "1.2.3"), "1.2")
    assert again.parent == one.incoming, "where no other process takes it over"
