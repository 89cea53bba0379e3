"""Decompression, a piece at a time and in bounded memory, by every method that is read.

Methods are numbered as zip numbers them (APPNOTE.TXT 4.4.5); two of our own are negative. Whatever is wrong
with the data raises :class:`BadDataError` and nothing else.
"""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol, Self

import pyarrow as pa

STORED, DEFLATED, DEFLATE64, BZIP2, LZMA, ZSTD, XZ = 0, 8, 9, 12, 14, 93, 95
#: Bytes as they lie, with neither a header of their own nor a checksum: what a tar holds.
RAW = -1
#: A gzip file (RFC 1952); bzip2, xz and Zstandard are the same in a zip and alone.
GZIP = -2
#: Methods of zip members that are read; others are ``unsupported``.
METHODS = frozenset((STORED, DEFLATED, DEFLATE64, BZIP2, LZMA, ZSTD, XZ))

#: What says that it unpacks to more than this, and to more than so many times its packed size, is not
#: unpacked: it is made to fill memory (a "bomb"). Deflate packs no more than 1032 times; labels are packed 5
#: to 50 times.
BOMB_SIZE, BOMB_RATIO = 64 << 20, 1000
#: Packed bytes that are fed at a time.
PIECE = 1 << 16
#: Deflate64 packs up to 29,000 times and its decoder knows no limit, so that it is fed in sips.
_SIP = 512
#: No dictionary (window) beyond this is made room for, bytes; the strongest preset of xz has 64 MiB.
_MOST_DICTIONARY = 1 << 28

#: ``feed(count)``: the next packed bytes, at most ``count``, b"" after the last.
Feed = Callable[[int], bytes]


class BadDataError(Exception):
    """Compressed data cannot be read on; ``reason`` is ``damaged``, ``truncated`` (it ends too early) or
    ``bomb`` (made to fill memory)."""

    def __init__(self, reason: str = "damaged") -> None:
        super().__init__(reason)
        self.reason = reason


class Unpacker(Protocol):
    """What is packed, read from its beginning to its end."""

    def read(self, count: int) -> bytes:
        """The next ``count`` bytes, fewer only at the end. Raises :class:`BadDataError`."""
        ...


def unpacker(method: int, feed: Feed, size: int | None = None) -> Unpacker:
    """Unpacks what ``feed`` gives; ``size`` is what will come out, where it is known.

    Raises :class:`BadDataError` for a header that cannot be right and ``KeyError`` for an unknown method.
    """
    if method == ZSTD:
        return _Zstandard(feed)
    if method == LZMA:
        return Pushed(feed, _lzma(feed, size), Method(lambda: None, b"", open_end=True))
    known = _PUSHED[method]
    return Pushed(feed, known.start(), known)


class Method:
    """How :class:`Pushed` treats a method: ``start`` makes a decompressor; ``again`` are the first bytes of a
    further stream behind one that has ended; ``open_end`` methods need not say where they end."""

    __slots__ = ("again", "open_end", "start")

    def __init__(self, start: Callable[[], Any], again: bytes, *, open_end: bool = False) -> None:
        self.start, self.again, self.open_end = start, again, open_end


class Pushed:
    """An unpacker over a decompressor that is given packed bytes (``decompress(data, most)``)."""

    def __init__(self, feed: Feed, decompressor: Any, method: Method) -> None:
        self._feed = feed
        self._one = decompressor
        self._method = method
        self._waiting = b""  # packed bytes that were fed but not taken yet

    def read(self, count: int) -> bytes:
        """As :meth:`Unpacker.read`."""
        piece = self._some(count) if count > 0 else b""
        if len(piece) == count:
            return piece
        out = [piece]
        missing = count - len(piece)
        while piece and missing > 0:
            piece = self._some(missing)
            out.append(piece)
            missing -= len(piece)
        return b"".join(out)

    def copy(self, feed: Feed) -> Self | None:
        """The same state once more, fed by ``feed`` from here on; None where the method cannot."""
        copy = getattr(self._one, "copy", None)
        if copy is None:
            return None
        made = type(self)(feed, copy(), self._method)
        made._waiting = self._waiting
        return made

    def _some(self, most: int) -> bytes:
        """Some of the next bytes, at least one; b"" at the end."""
        while True:
            if self._one.eof and not self._begin_again():
                return b""
            data = self._packed()
            try:
                out: bytes = self._one.decompress(data, most)
            except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, MemoryError) as error:
                raise BadDataError from error
            self._waiting = getattr(self._one, "unconsumed_tail", b"")
            if out:
                return out
            if not data and not self._one.eof:
                if self._method.open_end:
                    return b""
                raise BadDataError("truncated")

    def _packed(self) -> bytes:
        if not getattr(self._one, "needs_input", True):
            return b""
        return self._waiting or self._feed(PIECE)

    def _begin_again(self) -> bool:
        """Go on with the stream behind the one that has ended. Other bytes there are padding."""
        again = self._method.again
        if not again:
            return False
        rest = self._one.unused_data
        while len(rest.lstrip(b"\0")) < len(again):
            more = self._feed(PIECE)
            if not more:
                break
            rest = rest.lstrip(b"\0") + more
        rest = rest.lstrip(b"\0")
        if not rest.startswith(again):
            return False
        self._one = self._method.start()
        self._waiting = rest
        return True


class _Deflate64:
    """``inflate64`` in the manner of the standard library's decompressors."""

    def __init__(self) -> None:
        import inflate64  # noqa: PLC0415 (rare)

        self._inflater = inflate64.Inflater()
        self._packed = memoryview(b"")
        self._out = b""
        self.unused_data = b""

    @property
    def eof(self) -> bool:
        return bool(self._inflater.eof) and not self._out

    @property
    def needs_input(self) -> bool:
        return not self._packed and not self._out

    def decompress(self, data: bytes, most: int) -> bytes:
        if data:
            self._packed = memoryview(bytes(self._packed) + data)
        out = [self._out]
        length = len(self._out)
        while length < most and self._packed and not self._inflater.eof:
            out.append(self._inflater.inflate(bytes(self._packed[:_SIP])))
            self._packed = self._packed[_SIP:]
            length += len(out[-1])
        whole = b"".join(out)
        self._out = whole[most:]
        return whole[:most]


class _Zstandard:
    """Arrow's decoder of Zstandard, which reads on by itself."""

    def __init__(self, feed: Feed) -> None:
        self._stream = pa.CompressedInputStream(pa.PythonFile(_Fed(feed), mode="r"), "zstd")

    def read(self, count: int) -> bytes:
        """As :meth:`Unpacker.read`."""
        out = []
        try:
            while count > 0 and (piece := self._stream.read(min(count, PIECE << 2))):
                out.append(piece)
                count -= len(piece)
        except OSError as error:
            cut = "Truncated" in str(error)
            raise BadDataError("truncated" if cut else "damaged") from error
        return b"".join(out)


class _Fed(io.RawIOBase):
    """A feed as a file."""

    def __init__(self, feed: Feed) -> None:
        super().__init__()
        self._feed = feed

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._feed(size if size >= 0 else PIECE)


def _lzma(feed: Feed, size: int | None) -> lzma.LZMADecompressor:
    """LZMA as zip holds it (APPNOTE.TXT 5.8.8): version (2 bytes), size of properties (2), then lc/lp/pb and
    the dictionary size. No more of a dictionary is made room for than is to come out."""
    header = b""
    while len(header) < 9:
        more = feed(9 - len(header))
        if not more:
            raise BadDataError("truncated")
        header += more
    properties, dictionary = header[4], int.from_bytes(header[5:9], "little")
    needed = dictionary if size is None else min(dictionary, size)
    if needed > _MOST_DICTIONARY:
        raise BadDataError("bomb")
    filters = [
        {
            "id": lzma.FILTER_LZMA1,
            "lc": properties % 9,
            "lp": properties // 9 % 5,
            "pb": properties // 45,
            "dict_size": max(needed, 1 << 12),
        }
    ]
    try:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)
    except (lzma.LZMAError, ValueError) as error:
        raise BadDataError from error


def _xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_DICTIONARY)


_PUSHED: Mapping[int, Method] = {
    DEFLATED: Method(lambda: zlib.decompressobj(-15), b""),
    DEFLATE64: Method(_Deflate64, b""),
    GZIP: Method(lambda: zlib.decompressobj(31), b"\x1f\x8b"),
    BZIP2: Method(bz2.BZ2Decompressor, b"BZh"),
    XZ: Method(_xz, b"\xfd7zXZ"),
}
