"""Bodies of many parts: never more than a piece of a file in memory, and none that lies about its length."""

import asyncio

import pytest

from triage_node.errors import StorageError
from triage_node.web.http.media_types import MediaType
from triage_node.web.http.multipart import LONGEST_PIECE, Multipart, Part, ahead

OCTETS = MediaType("application/octet-stream")


@pytest.fixture
def large(tmp_path):
    """A file of two and a half pieces."""
    path = tmp_path / "large"
    path.write_bytes(bytes(range(256)) * (LONGEST_PIECE * 5 // 2 // 256))
    return path


def test_a_large_file_goes_in_pieces(large):
    multipart = Multipart(OCTETS.name)
    parts = [Part.of_file(OCTETS, large), Part.of_bytes(OCTETS, b"x" * (LONGEST_PIECE + 1), "/here")]
    pieces = list(multipart.pieces(parts))
    assert max(len(piece) for piece in pieces) < LONGEST_PIECE + 200
    body = b"".join(pieces)
    assert large.read_bytes() in body
    assert b"Content-Location: /here\r\n\r\nx" in body
    assert int(multipart.response(parts).headers["content-length"]) == len(body)
    assert "content-length" not in multipart.response(iter(parts)).headers


def test_a_file_that_became_shorter_ends_the_body(large):
    part = Part.of_file(OCTETS, large)
    large.write_bytes(b"short")
    with pytest.raises(StorageError, match="shorter"):
        list(Multipart(OCTETS.name).pieces([part]))


def test_only_one_piece_is_made_before_it_is_wanted():
    made = []

    def pieces():
        for number in range(4):
            made.append(number)
            yield number

    async def consume():
        wanted = ahead(pieces())
        assert await anext(wanted) == 0
        assert len(made) <= 2
        return [piece async for piece in wanted]

    assert asyncio.run(consume()) == [1, 2, 3]
