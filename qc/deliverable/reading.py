"""Bytes of a file or an archive member, read in place.

The central directory of an archive is parsed once, when the deliverable is listed. From then on a
member is a :class:`Place`: one positioned read brings its local header and its data, so a zip costs
hardly more than a folder. Nothing is ever extracted.
"""

from __future__ import annotations

import bz2
import lzma
import os
import struct
import zlib
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple, Protocol, Self

import pyarrow as pa

from qc.deliverable.names import text_to_disk

STORED, DEFLATED, BZIP2, LZMA = 0, 8, 12, 14
#: Compression methods that are read (APPNOTE.TXT 4.4.5); others are ``unsupported``.
METHODS = frozenset((STORED, DEFLATED, BZIP2, LZMA))
#: Flag bits: encrypted, strongly encrypted, masked local header.
ENCRYPTED = 0x1 | 0x40 | 0x2000

_HEADER = struct.Struct("<4s22xHH")
_SIGNATURE = b"PK\x03\x04"
#: Room for a name and extra fields in the first read of a member, bytes.
_SLACK = 30 + 512
#: Loose files and compressed heads are read in pieces of at most this many bytes.
_PIECE = 1 << 20
#: A member that says it is larger than this, and more than so many times its packed size, is not unpacked: it
#: is made to fill memory (a "bomb"). Deflate packs no more than 1032 times; labels are packed 5 to 50 times.
BOMB_SIZE, BOMB_RATIO = 64 << 20, 1000
#: Archives that a reader keeps open.
_OPEN_ARCHIVES = 32
#: Without O_NONBLOCK, opening a pipe that lies in a deliverable would wait for ever.
_READ_ONLY = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


class Place(NamedTuple):
    """Where the bytes of a file are. Small, hashable, picklable.

    ``offset`` is that of the local header in the archive ``disk``, None for a loose file;
    ``packed`` and ``size`` are bytes in the archive and when read; ``crc``, ``method`` and
    ``flags`` as the archive's directory states them (0 for a loose file).
    """

    disk: str
    offset: int | None
    packed: int
    size: int
    crc: int
    method: int
    flags: int


class ReadError(Exception):
    """A file could not be read; ``code`` says why.

    ``missing`` (gone since it was listed), ``unreadable`` (the system refuses), ``damaged``
    (bad header, checksum or compressed data), ``encrypted``, ``unsupported`` (compression method),
    ``too-big`` (over the caller's limit, or a bomb).
    """

    def __init__(self, code: str, place: Place) -> None:
        super().__init__(code, place)
        self.code = code
        self.place = place


class _Inflater(Protocol):
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class Reader:
    """Reads places; keeps a bounded number of archives open. Use one per thread.

    >>> with Reader() as reader:                                             # doctest: +SKIP
    ...     data = reader.read(place)
    """

    def __init__(self) -> None:
        self._handles: OrderedDict[str, _Handle] = OrderedDict()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all archives; the reader can be used again."""
        while self._handles:
            self._handles.popitem()[1].close()

    def read(self, place: Place, limit: int | None = None) -> bytes:
        """All bytes of ``place``. Raises :class:`ReadError`; ``too-big`` over ``limit`` bytes, and for a
        member that is packed as only bombs are (:data:`BOMB_RATIO`).

        What comes out of an archive never exceeds the declared size, and its CRC-32 holds.
        """
        if limit is not None and place.size > limit:
            raise ReadError("too-big", place)
        if place.offset is None:
            return _loose(place, limit)
        if place.size > BOMB_SIZE and place.size > BOMB_RATIO * place.packed:
            raise ReadError("too-big", place)
        payload, _ = self._packed(place, place.packed)
        data = payload if place.method == STORED else _inflate(place, payload, place.size + 1)
        if len(data) != place.size or zlib.crc32(data) != place.crc:
            raise ReadError("damaged", place)
        return data

    def head(self, place: Place, count: int) -> bytes:
        """The first ``count`` bytes (fewer if the file is shorter); no checksum can be tested.

        Raises :class:`ReadError`.
        """
        if place.offset is None:
            return _loose_part(place, 0, count)
        count = min(count, place.size)
        if count <= 0:  # to zlib, 0 means without limit
            return b""
        if place.method == STORED:
            return self._packed(place, min(count, place.packed))[0]
        piece, start = self._packed(place, min(place.packed, max(count, 4096)))
        inflater, skip = _inflater(place, piece)
        out, at = _step(place, inflater, piece[skip:], count), len(piece)
        while len(out) < count and at < place.packed:
            piece = self._at(place, start + at, min(_PIECE, place.packed - at))
            if not piece:
                raise ReadError("damaged", place)
            at += len(piece)
            out += _step(place, inflater, piece, count - len(out))
        return out

    def tail(self, place: Place, count: int) -> bytes:
        """The last ``count`` bytes of what is not compressed; of what is, nothing: ``b""``.

        Raises :class:`ReadError`.
        """
        if place.offset is None:
            return _loose_part(place, max(0, place.size - count), count)
        if place.method != STORED or not place.packed:
            return b""
        _, start = self._packed(place, 0)
        count = min(count, place.packed)
        return self._at(place, start + place.packed - count, count)

    # --- archives ---------------------------------------------------------------------------------

    def _handle(self, place: Place) -> _Handle:
        handle = self._handles.get(place.disk)
        if handle is None:
            handle = _opened(place)
            self._handles[place.disk] = handle
            if len(self._handles) > _OPEN_ARCHIVES:
                self._handles.popitem(last=False)[1].close()
        else:
            self._handles.move_to_end(place.disk)
        return handle

    def _at(self, place: Place, offset: int, count: int) -> bytes:
        try:
            return self._handle(place).read(offset, count)
        except OSError as error:
            raise _os_error(error, place) from error

    def _packed(self, place: Place, count: int) -> tuple[bytes, int]:
        """The first ``count`` packed bytes of a member, and where they start in the archive."""
        _refuse(place)
        assert place.offset is not None
        block = self._at(place, place.offset, _SLACK + count)
        start = _data_start(place, block)
        while start + count > len(block):
            piece = self._at(place, place.offset + len(block), start + count - len(block))
            if not piece:
                raise ReadError("damaged", place)
            block += piece
        return block[start : start + count], place.offset + start


class _Handle:
    """An archive open for positioned reads, with ``pread`` where the system has it."""

    __slots__ = ("_file", "_number", "_pread")

    def __init__(self, path: str) -> None:
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115, PTH123 - kept open, closed by the reader
        self._number = self._file.fileno()
        self._pread: Callable[[int, int, int], bytes] | None = getattr(os, "pread", None)

    def read(self, offset: int, count: int) -> bytes:
        if self._pread is not None:
            return self._pread(self._number, count, offset)
        self._file.seek(offset)
        return self._file.read(count)

    def close(self) -> None:
        self._file.close()


def _opened(place: Place) -> _Handle:
    try:
        return _Handle(text_to_disk(place.disk))
    except OSError as error:
        raise _os_error(error, place) from error


def _refuse(place: Place) -> None:
    if place.flags & ENCRYPTED:
        raise ReadError("encrypted", place)
    if place.method not in METHODS:
        raise ReadError("unsupported", place)


def _data_start(place: Place, block: bytes) -> int:
    if len(block) < 30:
        raise ReadError("damaged", place)
    signature, name, extra = _HEADER.unpack_from(block)
    if signature != _SIGNATURE:
        raise ReadError("damaged", place)
    return 30 + int(name) + int(extra)


def _inflater(place: Place, payload: bytes) -> tuple[_Inflater, int]:
    """A decompressor and the number of packed bytes that are its own header."""
    if place.method == DEFLATED:
        return zlib.decompressobj(-15), 0
    if place.method == BZIP2:
        return bz2.BZ2Decompressor(), 0
    if len(payload) < 9:
        raise ReadError("damaged", place)
    # APPNOTE.TXT 5.8.8: version (2), size of properties (2), then lc/lp/pb and the dictionary size.
    properties, dictionary = payload[4], int.from_bytes(payload[5:9], "little")
    filters = [
        {
            "id": lzma.FILTER_LZMA1,
            "lc": properties % 9,
            "lp": properties // 9 % 5,
            "pb": properties // 45,
            "dict_size": dictionary,
        }
    ]
    try:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters), 9
    except (lzma.LZMAError, ValueError) as error:
        raise ReadError("damaged", place) from error


def _inflate(place: Place, payload: bytes, most: int) -> bytes:
    inflater, skip = _inflater(place, payload)
    return _step(place, inflater, payload[skip:] if skip else payload, most)


def _step(place: Place, inflater: _Inflater, data: bytes, most: int) -> bytes:
    try:
        return inflater.decompress(data, most)
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
        raise ReadError("damaged", place) from error


# --- loose files ----------------------------------------------------------------------------------


def _loose(place: Place, limit: int | None) -> bytes:
    """A loose file as it is now; it may have changed since it was listed."""
    pieces: list[bytes] = []
    try:
        number = os.open(text_to_disk(place.disk), _READ_ONLY)
        try:
            data = os.read(number, place.size + 1)
            if len(data) == place.size:
                return data
            length = 0
            while data:
                pieces.append(data)
                length += len(data)
                if limit is not None and length > limit:
                    raise ReadError("too-big", place)
                data = os.read(number, _PIECE)
        finally:
            os.close(number)
    except OSError as error:
        raise _os_error(error, place) from error
    return b"".join(pieces)


def _loose_part(place: Place, offset: int, count: int) -> bytes:
    data = b""
    try:
        number = os.open(text_to_disk(place.disk), _READ_ONLY)
        try:
            if offset:
                os.lseek(number, offset, os.SEEK_SET)
            while len(data) < count and (piece := os.read(number, count - len(data))):
                data += piece
        finally:
            os.close(number)
    except OSError as error:
        raise _os_error(error, place) from error
    return data


def _os_error(error: OSError, place: Place) -> ReadError:
    missing = isinstance(error, FileNotFoundError | NotADirectoryError)
    return ReadError("missing" if missing else "unreadable", place)


def places(files: pa.Table) -> list[Place]:
    """The place of each row of a listing (``Deliverable.files`` or rows of it)."""
    disks = files.column("disk").combine_chunks().dictionary_encode()
    names = disks.dictionary.to_pylist()  # one string object per archive keeps jobs small when pickled
    return [
        Place(names[disk], offset, packed or 0, size or 0, crc or 0, method or 0, flags or 0)
        for disk, offset, packed, size, crc, method, flags in zip(
            disks.indices.to_pylist(),
            *(
                files.column(name).to_pylist()
                for name in ("offset", "packed", "size", "crc", "method", "flags")
            ),
            strict=True,
        )
    ]
