"""Bytes that lie in parts are read as if they were one file."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage_node.ingest.parts_file import PartsFile

PARTS = [b"", b"abc", memoryview(b"defgh"), b"", b"i"]
WHOLE = b"abcdefghi"
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.integers(-1, 12)),
        st.tuples(st.just("seek"), st.integers(0, 12), st.just(io.SEEK_SET)),
        st.tuples(st.just("seek"), st.integers(0, 3), st.sampled_from([io.SEEK_CUR, io.SEEK_END])),
        st.tuples(st.just("tell")),
    )
)


@given(STEPS)
def test_it_reads_as_one_file(steps):
    parts, whole = PartsFile(PARTS), io.BytesIO(WHOLE)
    for name, *arguments in steps:
        assert getattr(parts, name)(*arguments) == getattr(whole, name)(*arguments)


@pytest.mark.parametrize("offset", [-1, -20])
def test_it_does_not_go_before_its_start(offset):
    parts = PartsFile(PARTS)
    assert parts.seek(offset, io.SEEK_CUR) == 0
    assert parts.read(2) == b"ab"
