"""Bytes of a file or an archive member, read in place.

The directory of an archive is parsed once, when the deliverable is listed. From then on a
member is a :class:`Place`: one positioned read brings its local header and its data, so a zip costs
hardly more than a folder. Nothing is ever extracted.
"""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Iterator
from typing import NamedTuple, Self

import pyarrow as pa

from qc.deliverable.archives import ENCRYPTED, data_start
from qc.deliverable.inflating import (
    BOMB_RATIO,
    BOMB_SIZE,
    DEFLATED,
    METHODS,
    RAW,
    STORED,
    BadDataError,
    Feed,
    unpacker,
)
from qc.deliverable.names import text_to_disk
from qc.deliverable.sources import Sources

#: Room for a name and extra fields in the first read of a member, bytes.
_SLACK = 30 + 512
#: Loose files are read in pieces of at most this many bytes.
_PIECE = 1 << 20
#: Without O_NONBLOCK, opening a pipe that lies in a deliverable would wait for ever.
_READ_ONLY = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


class Place(NamedTuple):
    """Where the bytes of a file are. Small, hashable, picklable.

    ``disk`` is the path of a loose file, or a locator (:mod:`qc.deliverable.locators`) of the archive.
    ``offset`` is that of the local header there, None for a loose file; ``packed`` and ``size`` are bytes in
    the archive and when read; ``crc``, ``method`` and ``flags`` as the archive's directory states them (0 for
    a loose file). By the method :data:`~qc.deliverable.inflating.RAW` the bytes themselves lie at ``offset``
    and there is no ``crc``.
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


class Reader:
    """Reads places; keeps a bounded number of archives open. Use one per thread.

    >>> with Reader() as reader:                                             # doctest: +SKIP
    ...     data = reader.read(place)
    """

    def __init__(self) -> None:
        self._sources = Sources()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all archives; the reader can be used again."""
        self._sources.close()

    def read(self, place: Place, limit: int | None = None) -> bytes:
        """All bytes of ``place``. Raises :class:`ReadError`; ``too-big`` over ``limit`` bytes, and for a
        member that is packed as only bombs are (:data:`BOMB_RATIO`).

        What comes out of an archive never exceeds the declared size, and its CRC-32, if it has one, holds.
        """
        if limit is not None and place.size > limit:
            raise ReadError("too-big", place)
        if place.offset is None:
            return _loose(place, limit)
        if place.method == RAW:
            return self._raw(place, 0, place.size)
        if place.size > BOMB_SIZE and place.size > BOMB_RATIO * place.packed:
            raise ReadError("too-big", place)
        payload, _ = self._packed(place, place.packed)
        data = payload if place.method == STORED else _inflate(place, payload, place.size + 1)
        if len(data) != place.size or zlib.crc32(data) != place.crc:
            raise ReadError("damaged", place)
        return data

    def blocks(self, place: Place, start: int = 0) -> Iterator[bytes]:
        """The bytes of ``place`` from ``start`` on, block by block: so what is larger than memory is read.

        Raises :class:`ReadError` while it goes on. Whether the declared size and CRC-32 hold is known at the
        end, and then only if it began at the start.
        """
        size, crc = start, 0
        for block in self._blocks(place, start):
            size += len(block)
            crc = 0 if start or place.offset is None else zlib.crc32(block, crc)
            if place.offset is not None and size > place.size:
                raise ReadError("damaged", place)
            yield block
        if place.offset is not None and (size != max(place.size, start) or not (start or _holds(place, crc))):
            raise ReadError("damaged", place)

    def _blocks(self, place: Place, start: int) -> Iterator[bytes]:
        if place.offset is None:
            yield from _loose_blocks(place, start)
        elif place.method in (RAW, STORED):
            first = place.offset if place.method == RAW else self._packed(place, 0)[1]
            for at in range(start, place.size, _PIECE):
                yield self._at(place, first + at, min(_PIECE, place.size - at))
        else:
            yield from self._unpacked(place, start)

    def _unpacked(self, place: Place, start: int) -> Iterator[bytes]:
        if place.size > BOMB_SIZE and place.size > BOMB_RATIO * place.packed:
            raise ReadError("too-big", place)
        at = self._packed(place, 0)[1]
        end = at + place.packed

        def feed(most: int) -> bytes:
            nonlocal at
            more = self._at(place, at, min(most, end - at)) if at < end else b""
            at += len(more)
            return more

        try:
            unpacked = unpacker(place.method, feed, place.size)
            while block := unpacked.read(_PIECE):
                if start < len(block):
                    yield block[start:] if start else block
                start = max(0, start - len(block))
        except BadDataError as error:
            raise _bad_data(error, place) from error

    def head(self, place: Place, count: int) -> bytes:
        """The first ``count`` bytes (fewer if the file is shorter); no checksum can be tested.

        Raises :class:`ReadError`.
        """
        if place.offset is None:
            return _loose_part(place, 0, count)
        count = min(count, place.size)
        if count <= 0:  # to zlib, 0 means without limit
            return b""
        if place.method == RAW:
            return self._raw(place, 0, count)
        if place.method == STORED:
            return self._packed(place, min(count, place.packed))[0]
        piece, start = self._packed(place, min(place.packed, max(count, 4096)))
        if place.method == DEFLATED and len(found := _inflate(place, piece, count)) == count:
            return found
        at = 0

        def feed(most: int) -> bytes:
            nonlocal at
            more = piece[at : at + most] or self._at(place, start + at, min(most, place.packed - at))
            at += len(more)
            return more

        return _step(place, feed, count)

    def tail(self, place: Place, count: int) -> bytes:
        """The last ``count`` bytes of what is not compressed; of what is, nothing: ``b""``.

        Raises :class:`ReadError`.
        """
        if place.offset is None:
            return _loose_part(place, max(0, place.size - count), count)
        if place.method == RAW:
            count = min(count, place.size)
            return self._raw(place, place.size - count, count)
        if place.method != STORED or not place.packed:
            return b""
        _, start = self._packed(place, 0)
        count = min(count, place.packed)
        return self._at(place, start + place.packed - count, count)

    # --- archives ---------------------------------------------------------------------------------

    def _at(self, place: Place, offset: int, count: int) -> bytes:
        try:
            return self._sources.get(place.disk).read(offset, count)
        except OSError as error:
            raise _os_error(error, place) from error
        except BadDataError as error:
            raise _bad_data(error, place) from error

    def _raw(self, place: Place, start: int, count: int) -> bytes:
        """``count`` bytes of a member that lies as it is."""
        assert place.offset is not None
        data = self._at(place, place.offset + start, count)
        if len(data) != count:
            raise ReadError("damaged", place)
        return data

    def _packed(self, place: Place, count: int) -> tuple[bytes, int]:
        """The first ``count`` packed bytes of a member, and where they start in the archive."""
        _refuse(place)
        assert place.offset is not None
        block = self._at(place, place.offset, _SLACK + count)
        start = data_start(block)
        if start is None:
            raise ReadError("damaged", place)
        missing = start + count - len(block)
        if missing > 0:
            block += self._at(place, place.offset + len(block), missing)
            if len(block) < start + count:
                raise ReadError("damaged", place)
        return block[start : start + count], place.offset + start


def _holds(place: Place, crc: int) -> bool:
    return place.method == RAW or crc == place.crc


def _refuse(place: Place) -> None:
    if place.flags & ENCRYPTED:
        raise ReadError("encrypted", place)
    if place.method not in METHODS:
        raise ReadError("unsupported", place)


def _inflate(place: Place, payload: bytes, most: int) -> bytes:
    if place.method != DEFLATED:
        return _step(place, io.BytesIO(payload).read, most)
    try:  # nearly all members: without a detour
        return zlib.decompressobj(-15).decompress(payload, most)
    except zlib.error as error:
        raise ReadError("damaged", place) from error


def _step(place: Place, feed: Feed, most: int) -> bytes:
    try:
        return unpacker(place.method, feed, place.size).read(most)
    except BadDataError as error:
        raise _bad_data(error, place) from error


def _bad_data(error: BadDataError, place: Place) -> ReadError:
    return ReadError("too-big" if error.reason == "bomb" else "damaged", place)


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


def _loose_blocks(place: Place, start: int) -> Iterator[bytes]:
    try:
        number = os.open(text_to_disk(place.disk), _READ_ONLY)
        try:
            if start:
                os.lseek(number, start, os.SEEK_SET)
            while block := os.read(number, _PIECE):
                yield block
        finally:
            os.close(number)
    except OSError as error:
        raise _os_error(error, place) from error


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
