import errno
import fcntl
import json
import os
from pathlib import Path

import pytest

from triage_node.errors import StorageError, StorageFull
from triage_node.outcome import ObjectKind
from triage_node.storage import Filing, ResultContent, Spool, Watermarks
from triage_node.storage import durable_write as durable

CONTENT = b"\0" * 128 + b"DICM" + b"pixels" * 100


@pytest.fixture
def spool(tmp_path) -> Spool:
    return Spool(tmp_path / "spool")


def test_what_is_kept_is_there_byte_for_byte_and_unfiled(spool):
    path = spool.keep([CONTENT], "1.2", "1.2.3")
    assert path.read_bytes() == CONTENT
    assert list(spool.unfiled()) == [path]


@pytest.mark.parametrize("uid", ["../../etc/passwd", "/etc/passwd", "a\0b", "x" * 5000, ".."])
def test_a_uid_never_becomes_a_path(spool, uid):
    kept = spool.keep([CONTENT], uid, uid)
    spool.file(kept, uid, uid)
    target = spool.layout.instance(uid, uid)
    assert target.resolve().is_relative_to(spool.layout.studies.resolve())
    assert set(target.stem) <= set("0123456789abcdef")


def test_a_crash_between_filing_and_forgetting_loses_and_doubles_nothing(spool):
    kept = spool.keep([CONTENT], "1.2", "1.2.3")
    assert spool.file(kept, "1.2", "1.2.3") is Filing.NEW
    assert list(spool.unfiled()) == [kept]
    assert spool.file(kept, "1.2", "1.2.3") is Filing.SAME
    spool.forget(kept)
    assert list(spool.unfiled()) == []
    assert [path.read_bytes() for path in spool.instances("1.2")] == [CONTENT]


def test_other_content_under_the_same_uid_is_kept_beside_the_first(spool):
    spool.file(spool.keep([CONTENT], "1.2", "1.2.3"), "1.2", "1.2.3")
    other = spool.keep([CONTENT + b"more"], "1.2", "1.2.3")
    assert spool.file(other, "1.2", "1.2.3") is Filing.DUPLICATE
    for _ in range(2):
        spool.keep_variant(other, "1.2", "1.2.3")
    spool.forget(other)
    [first] = spool.instances("1.2")
    assert first.read_bytes() == CONTENT
    assert [path.read_bytes() for path in spool.variants("1.2", "1.2.3")] == [CONTENT, CONTENT + b"more"]


def test_half_written_leftovers_of_a_crash_are_removed(spool):
    parts = [spool.layout.incoming / "x.dcm.17.part", spool.layout.studies / "probe.17.part"]
    for part in parts:
        part.write_bytes(b"half")
    assert list(spool.unfiled()) == []
    assert not any(part.exists() for part in parts)


def test_what_a_killed_worker_left_of_a_result_goes_with_the_next_result_of_its_study(spool):
    content = ResultContent({"status": "analyzed"}, {1: b"report"})
    spool.result("1.2", "abc").keep(content)
    left = spool.result("1.2", "abc").folder / ".report-2.dcm.17.ab.part"
    left.write_bytes(b"half")
    spool.result("1.2", "def").keep(content)
    assert not left.exists()
    assert len(spool.results(spool.layout.study("1.2"))) == 2


def test_below_the_reserve_nothing_is_accepted(tmp_path):
    spool = Spool(tmp_path / "spool", Watermarks(reserve_mb=1 << 40))
    with pytest.raises(StorageFull):
        spool.keep([CONTENT], "1.2", "1.2.3")
    assert list(spool.layout.incoming.iterdir()) == []


@pytest.mark.parametrize(("number", "kind"), [(errno.ENOSPC, StorageFull), (errno.EIO, StorageError)])
def test_a_failing_write_leaves_nothing_half_written(spool, monkeypatch, number, kind):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(durable.os, "fdatasync", fail)
    with pytest.raises(kind):
        spool.keep([CONTENT], "1.2", "1.2.3")
    assert list(spool.layout.incoming.iterdir()) == []


def keep_whole(spool: Spool) -> Path:
    return spool.keep([CONTENT], "1.2", "1.2.3")


def keep_in_pieces(spool: Spool) -> Path:
    draft = spool.draft()
    draft.write([CONTENT])
    return spool.keep_draft(draft, "1.2", "1.2.3")


@pytest.mark.parametrize("keep", [keep_whole, keep_in_pieces])
def test_the_descriptor_that_wrote_is_synced_before_the_file_has_its_name_and_the_folder_after(
    spool, monkeypatch, keep
):
    """One that is opened later may not be told of a failed write (fsync(2), NOTES)."""
    calls = []

    def sync(descriptor: int) -> None:
        is_writable = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
        calls.append(("bytes" if is_writable else "folder", len(list(spool.layout.incoming.glob("*.dcm")))))

    monkeypatch.setattr(os, "fdatasync", sync)
    monkeypatch.setattr(os, "fsync", sync)
    assert keep(spool).read_bytes() == CONTENT
    assert calls == [("bytes", 0), ("folder", 1)]


def test_results_are_read_back_with_their_files(spool):
    spool.file(spool.keep([CONTENT], "1.2", "1.2.3"), "1.2", "1.2.3")
    content = ResultContent({"status": "analyzed"}, {1: b"first", 2: b"second"}, b"[]", b"png", b"picture")
    spool.result("1.2", "abc").keep(content)
    [study] = spool.studies()
    [result] = spool.results(study)
    assert (result.name, json.loads(result.outcome())) == ("abc", {"status": "analyzed"})
    assert (result.report(), result.reports()) == (b"first", [b"first", b"second"])
    assert (result.slice_scores(), result.explanation(), result.picture()) == (b"[]", b"png", b"picture")
    assert len(spool.instances("1.2")) == 1, "a report is not an instance of the study's spool"


def test_a_result_is_found_from_another_working_folder_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spool = Spool(Path("data"))
    result = spool.result("1.2", "first")
    result.keep(ResultContent({}, {1: b"x"}))
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert result.report() == b"x"


def test_what_is_not_given_stays_as_it_lies_there_and_a_result_without_its_outcome_is_none(spool):
    result = spool.result("1.2", "abc")
    assert (result.reports(), result.report(), result.picture(), result.has_picture) == ([], None, None, False)
    result.keep(ResultContent({"status": "failed"}, {1: b"first"}, picture=b"sent"))
    result.keep(ResultContent({"status": "analyzed"}, {2: b"second"}))
    assert (result.reports(), result.picture()) == ([b"first", b"second"], b"sent")
    assert json.loads(result.outcome()) == {"status": "analyzed"}
    (result.folder / "outcome.json").unlink()
    assert spool.results(spool.layout.study("1.2")) == []


def test_a_file_of_a_result_that_cannot_be_read_is_no_file_that_is_absent(spool):
    result = spool.result("1.2", "abc")
    (result.folder / "report-1.dcm").mkdir(parents=True)
    with pytest.raises(StorageError, match="cannot be read: Is a directory"):
        result.reports()


def test_only_the_owner_can_read_what_is_kept(spool):
    path = spool.keep([CONTENT], "1.2", "1.2.3")
    assert path.stat().st_mode & 0o077 == 0
    assert spool.layout.root.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("taken", range(0, 12))
def test_what_the_system_takes_in_pieces_is_written_whole(spool, monkeypatch, taken):
    monkeypatch.setattr(os, "writev", lambda descriptor, parts: os.write(descriptor, b"".join(parts)[:taken]))
    path = spool.keep([b"abc", memoryview(b"defgh"), b"", b"ijk"], "1.2", "1.2.3")
    assert path.read_bytes() == b"abcdefghijk"


def test_objects_of_a_result_are_read_back_by_kind_and_earlier_results_have_none(spool):
    result = spool.result("1.2", "abc")
    result.keep(ResultContent({}, {1: b"report"}))
    wanted = [kind for kind in ObjectKind if kind is not ObjectKind.REPORT]
    assert [(result.object(kind), result.has_object(kind)) for kind in wanted] == [(None, False)] * 3
    result.keep(ResultContent({}, objects={ObjectKind.SUMMARY: b"page", ObjectKind.PDF: b"pdf"}))
    assert [result.object(kind) for kind in wanted] == [b"page", None, b"pdf"]
    assert [result.has_object(kind) for kind in wanted] == [True, False, True]
    assert result.reports() == [b"report"]
