"""The fragments of encapsulated pixel data, and which of them make a frame (PS3.5 Annex A.4)."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

_ITEM, _DELIMITER = 0xE000, 0xE0DD
_JPEG, _JPEG_2000, _JP2 = b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  "
_RLE_HEADER = struct.Struct("<2L")


@dataclass(frozen=True)
class Fragments:
    """The items of encapsulated pixel data.

    Attributes
    ----------
    offsets
        The Basic Offset Table, empty where there is none; peers write it wrongly, so it is believed last.
    starts
        Where each fragment's item begins, counted as the table counts.
    values
        The fragments.
    is_cut
        The data end within the last fragment.
    """

    offsets: tuple[int, ...]
    starts: tuple[int, ...]
    values: tuple[bytes, ...]
    is_cut: bool

    @classmethod
    def of(cls, data: bytes) -> "Fragments":
        """Read the items up to their delimiter, or where a peer wrote none, NULs or a part of it, to the last item.

        A last item that is longer than the data is taken as far as it goes: whether the frame is whole, its codestream
        tells.

        Raises
        ------
        ValueError
            There is no item.
        """
        items: list[tuple[int, bytes]] = []
        at = 0
        while at + 8 <= len(data):
            group, element, length = struct.unpack_from("<HHL", data, at)
            if (group, element) != (0xFFFE, _ITEM):
                break
            items.append((at, data[at + 8 : at + 8 + length]))
            at += 8 + length
        if not items:
            raise ValueError("the pixel data have no items")
        # Some leave out the table, which must be the first item even where it is empty.
        table = b"" if _begins_frame(items[0][1]) else items.pop(0)[1]
        origin = items[0][0] if items else 0
        offsets = struct.unpack_from(f"<{len(table) // 4}L", table)
        filled = [(start - origin, value) for start, value in items if value]
        return cls(offsets, tuple(start for start, _ in filled), tuple(value for _, value in filled), at > len(data))

    def frames(self, count: int) -> list[bytes | None]:
        """Return `count` frames; None for one that the table places where the data end.

        Raises
        ------
        ValueError
            It cannot be told which fragments make which frame.
        """
        begins = range(len(self.values)) if len(self.values) == count else self._begins(count)
        ends = [*begins[1:], len(self.values)]
        found: list[bytes | None] = [b"".join(self.values[a:b]) for a, b in zip(begins, ends, strict=True)]
        return found + [None] * (count - len(found))

    def _begins(self, count: int) -> Sequence[int]:
        """Return the index of the first fragment of each frame."""
        if count == 1 and self.values:
            return [0]
        by_content = [index for index, value in enumerate(self.values) if _begins_frame(value)]
        if len(by_content) == count and by_content[:1] == [0]:
            return by_content
        places = {start: index for index, start in enumerate(self.starts)}
        end = self.starts[-1] if self.starts else -1
        by_table = [places.get(offset, -1) for offset in self.offsets if offset <= end]
        if len(self.offsets) == count and by_table[:1] == [0] and by_table == sorted(set(by_table)):
            return by_table
        raise ValueError(f"{len(self.values)} fragments do not make {count} frames")


def _begins_frame(fragment: bytes) -> bool:
    """Say whether a fragment begins as a codestream, or with the header of RLE Lossless (PS3.5 G.5)."""
    if fragment.startswith((_JPEG, _JPEG_2000, _JP2)):
        return True
    if len(fragment) < 64:
        return False
    count, first = _RLE_HEADER.unpack_from(fragment)
    return 1 <= count <= 15 and first == 64
