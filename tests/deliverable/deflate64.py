"""Deflate64 streams: by a compressor, and by hand.

Those by hand use what Deflate has not: length code 285 with 16 extra bits, distance codes 30 and 31 with 14.
"""

from __future__ import annotations

from collections.abc import Sequence

import inflate64


def packed(data: bytes) -> bytes:
    """``data`` as an ordinary program packs it."""
    deflater = inflate64.Deflater()
    return bytes(deflater.deflate(data) + deflater.flush())


class Bits:
    """Bits from the lowest of each byte on, as RFC 1951 packs them."""

    def __init__(self) -> None:
        self._value = self._length = 0

    def number(self, value: int, count: int) -> None:
        """A plain number, lowest bit first."""
        self._value |= value << self._length
        self._length += count

    def code(self, value: int, count: int) -> None:
        """A Huffman code, highest bit first."""
        self.number(int(f"{value:0{count}b}"[::-1], 2), count)

    def bytes(self) -> bytes:
        return self._value.to_bytes(-(-self._length // 8), "little")


def stored(data: bytes) -> bytes:
    """A block that is stored, not the last one."""
    assert len(data) < 1 << 16
    return b"\0" + len(data).to_bytes(2, "little") + (len(data) ^ 0xFFFF).to_bytes(2, "little") + data


def copies(matches: Sequence[tuple[int, int]]) -> bytes:
    """The last block, of fixed codes: for each (length, distance) the bytes that lie so far back."""
    bits = Bits()
    bits.number(1, 1)
    bits.number(1, 2)
    for length, distance in matches:
        assert 3 <= length < 3 + (1 << 16)
        assert 32769 <= distance <= 65536
        bits.code(0b11000101, 8)  # 285
        bits.number(length - 3, 16)
        far, rest = divmod(distance - 32769, 1 << 14)
        bits.code(30 + far, 5)
        bits.number(rest, 14)
    bits.code(0, 7)  # 256: the end
    return bits.bytes()


def unpacked(data: bytes, matches: Sequence[tuple[int, int]]) -> bytes:
    """What ``stored(data) + copies(matches)`` unpacks to."""
    out = bytearray(data)
    for length, distance in matches:
        for _ in range(length):
            out.append(out[-distance])
    return bytes(out)
