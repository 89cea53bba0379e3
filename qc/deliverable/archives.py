"""The directory of a zip archive, parsed once and kept as plain values.

``zipfile`` is not used: it decodes unflagged names as CP437, gives up on the whole archive for one
odd entry, and builds an object per member. What a directory promises is checked against the
size of the file, never against contents; those are checked when a member is read.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from qc.deliverable.inflating import METHODS
from qc.deliverable.names import member_names
from qc.deliverable.sources import Parts, Pieces, Source, length_of

_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4sHHHH4xLLLHHHHHLL")
_ENTRY_SIZE = 46
_MAX_COMMENT = 0xFFFF
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
#: A stated number beyond is no less wrong if it is taken for this, and no column of a table holds it.
_LARGEST = 1 << 62
_HEADER = struct.Struct("<4s22xHH")
#: First bytes of a member, and of an entry of the directory.
SIGNATURE, _ENTRY_SIGNATURE = b"PK\x03\x04", b"PK\x01\x02"
#: An encrypted directory begins with this (APPNOTE.TXT 4.3.11).
_ENCRYPTED_DIRECTORY = b"PK\x06\x08"
_BEGINNINGS = (_ENTRY_SIGNATURE, _ENCRYPTED_DIRECTORY)
#: Flag bits: encrypted, strongly encrypted, masked local header.
ENCRYPTED = 0x1 | 0x40 | 0x2000
#: More members of one archive are not listed: some are made to fill memory.
MOST_MEMBERS = 20_000_000


class Member(NamedTuple):
    """A file in an archive. ``number`` is its position in the archive's directory, ``offset`` that of its
    local header (of its bytes, if ``method`` is :data:`~qc.deliverable.inflating.RAW`). ``crc`` is None
    where the archive states none. ``status`` and ``reason`` are those of :data:`qc.facts.tables.FILES`.
    """

    number: int
    path: str
    encoding: str
    offset: int
    packed: int
    size: int
    crc: int | None
    method: int
    flags: int
    status: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Directory:
    """What an archive says that it holds (folders left out), or why that cannot be told.

    ``status``: ``ok``, ``damaged``, ``encrypted``, ``unsupported`` or ``unreadable``; ``reason``: a code
    that ``files.reason`` holds. When it is not ``ok``, ``members`` is empty: half of a directory
    would make the other half look missing. ``disk`` is the locator in which the members' offsets count.
    """

    status: str
    reason: str | None
    members: tuple[Member, ...]
    disk: str = ""


class BrokenError(Exception):
    """Why the members of an archive cannot be told."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(status, reason)
        self.status, self.reason = status, reason


def read_zip(source: Source) -> tuple[Member, ...]:
    """The members of a zip archive.

    Raises :class:`BrokenError`, ``OSError`` and :class:`~qc.deliverable.inflating.BadDataError`.
    """
    size = length_of(source)
    directory = _find(source, size)
    block = source.read(directory.at, directory.length)
    if block[:4] == _ENCRYPTED_DIRECTORY:
        raise BrokenError("encrypted", "password")
    return _members(source, block, directory, size)


def data_start(header: bytes) -> int | None:
    """Where a member's data begin behind its local header, bytes; None if ``header`` is none."""
    if len(header) < 30:
        return None
    signature, name, extra = _HEADER.unpack_from(header)
    return 30 + int(name) + int(extra) if signature == SIGNATURE else None


class _Found(NamedTuple):
    """Where the directory lies, and how its offsets are to be read.

    ``shift`` is added to every offset (data before the archive); ``starts`` are the places of the disks of
    a divided archive; ``wraps`` if offsets lost what is above 32 bits.
    """

    at: int
    length: int
    shift: int
    starts: Sequence[int]
    wraps: bool


def _find(source: Source, size: int) -> _Found:
    """The central directory."""
    low = max(0, size - _MAX_COMMENT - _END.size - _END64_LOCATOR.size)
    tail = source.read(low, size - low)
    at = tail.rfind(b"PK\x05\x06")
    while at + _END.size > len(tail) and at >= 0:  # four bytes of a comment
        at = tail.rfind(b"PK\x05\x06", 0, at)
    if at < 0:
        raise BrokenError("damaged", "no-directory")
    _, disk, first_disk, _, entries, length, offset, _ = _END.unpack_from(tail, at)
    end = low + at
    at -= _END64_LOCATOR.size
    large = at >= 0 and tail[at : at + 4] == b"PK\x06\x07"
    starts: Sequence[int] = (0,)
    if isinstance(source, Pieces | Parts):
        starts = source.starts
    if large:
        end, disk, first_disk, length, offset = _zip64(source, tail, at, end, starts)
    elif _FULL32 in (length, offset) or (entries == _FULL16 and disk == _FULL16):
        raise BrokenError("damaged", "no-directory")
    if disk not in (0, _FULL16):
        if disk != len(starts) - 1 or first_disk > disk:
            raise BrokenError("damaged", "piece-missing")
        return _Found(starts[first_disk] + offset, length, 0, starts, False)
    start_at = end - length
    if start_at < 0:
        raise BrokenError("damaged", "directory-cut")
    # Something may stand between the directory and its end: it is found by its offset then.
    if start_at > offset and source.read(start_at, 4) not in _BEGINNINGS:
        if source.read(offset, 4) in _BEGINNINGS:
            return _Found(offset, length, 0, (), False)
        raise BrokenError("damaged", "directory-broken")
    shift = start_at - offset
    if shift < 0:
        raise BrokenError("damaged", "directory-cut")
    return _Found(start_at, length, shift, (), bool(shift) and not large and shift & _FULL32 == 0)


def _zip64(
    source: Source, tail: bytes, at: int, end: int, starts: Sequence[int]
) -> tuple[int, int, int, int, int]:
    """End of a ZIP64 directory, its disk numbers, length and offset (APPNOTE.TXT 4.3.14)."""
    _, disk, promised, disks = _END64_LOCATOR.unpack_from(tail, at)
    if disks > max(1, len(starts)):
        raise BrokenError("damaged", "piece-missing")
    if disks > 1 and disk < len(starts):
        promised += starts[disk]
    # Data before the archive shifts the promised place; then the record stands before the locator.
    for place in (promised, end - _END64_LOCATOR.size - _END64.size):
        if 0 <= place <= end - _END64.size:
            record = source.read(place, _END64.size)
            if len(record) == _END64.size and record[:4] == b"PK\x06\x06":
                _, _, _, _, disk, first_disk, _, _, length, offset = _END64.unpack(record)
                return place, disk, first_disk, min(length, _LARGEST), min(offset, _LARGEST)
    raise BrokenError("damaged", "no-directory")


class _Entry(NamedTuple):
    """An entry of the directory as it stands there, ``offset`` from the beginning of the source."""

    name: bytes
    flags: int
    extra: bytes
    offset: int
    packed: int
    size: int
    crc: int
    method: int
    made: int
    mode: int


#: Make entries and members faster than their classes do; there are millions.
_entry = partial(tuple.__new__, _Entry)
_member = partial(tuple.__new__, Member)


def _entries(block: bytes, directory: _Found) -> tuple[list[_Entry], bool]:
    """All entries, and whether the members lie in their order and apart, as nearly always."""
    entries = []
    at, end = 0, len(block)
    apart, behind = True, 0
    unpack = _ENTRY.unpack_from
    shift, starts = directory.shift, directory.starts
    while at < end:
        if at + _ENTRY_SIZE > end or block[at : at + 4] != _ENTRY_SIGNATURE:
            raise BrokenError("damaged", "directory-broken")
        _, made, _, flags, method, crc, packed, size, n, x, c, disk, _, mode, offset = unpack(block, at)
        at += _ENTRY_SIZE
        name = block[at : at + n]
        extra = block[at + n : at + n + x] if x else b""
        at += n + x + c
        if at > end:
            raise BrokenError("damaged", "directory-broken")
        if _FULL32 in (size, packed, offset):
            size, packed, offset, disk = _large(extra, size, packed, offset, disk)
        if starts:
            if disk >= len(starts):
                raise BrokenError("damaged", "piece-missing")
            offset += starts[disk]
        offset += shift
        apart = apart and offset >= behind
        behind = offset + 30 + packed
        entries.append(_entry((name, flags, extra, offset, packed, size, crc, method, made >> 8, mode >> 16)))
    return entries, apart


def _members(source: Source, block: bytes, directory: _Found, end: int) -> tuple[Member, ...]:
    if len(block) < directory.length:
        raise BrokenError("damaged", "directory-cut")
    if len(block) > MOST_MEMBERS * _ENTRY_SIZE:
        raise BrokenError("unsupported", "too-many")
    entries, apart = _entries(block, directory)
    if directory.wraps:
        entries = _unwrapped(source, entries, directory.shift, end)
    overlapping = frozenset() if apart else _overlapping(entries, end)
    names = member_names([entry[:3] for entry in entries])
    members = []
    for number, ((path, encoding), entry) in enumerate(zip(names, entries, strict=True)):
        if path.endswith("/"):
            continue
        _, flags, _, offset, packed, size, crc, method, made, mode = entry
        status, reason = "ok", None
        if flags & ENCRYPTED:
            status, reason = "encrypted", "password"
        elif made == 3 and mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            status, reason = "unsupported", "link" if stat.S_ISLNK(mode) else "special-file"
        elif method not in METHODS:
            status, reason = "unsupported", "compression-method"
        elif offset + 30 + packed > end:
            status, reason = "damaged", "outside-archive"
        elif number in overlapping:
            status, reason = "damaged", "overlap"
        members.append(
            _member((number, path, encoding, offset, packed, size, crc, method, flags, status, reason))
        )
    return tuple(members)


def _large(extra: bytes, full: int, packed: int, offset: int, disk: int) -> tuple[int, int, int, int]:
    """Sizes, offset and disk from the ZIP64 extra field; only the saturated ones stand there, in order."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            field = extra[at + 4 : at + 4 + length]
            values = (min(value, _LARGEST) for value in struct.unpack_from(f"<{len(field) // 8}Q", field))
            wanted = [value == _FULL32 for value in (full, packed, offset)]
            full = next(values, full) if wanted[0] else full
            packed = next(values, packed) if wanted[1] else packed
            offset = next(values, offset) if wanted[2] else offset
            if disk == _FULL16 and len(field) >= 8 * sum(wanted) + 4:
                disk = int.from_bytes(field[8 * sum(wanted) :][:4], "little")
            break
        at += 4 + length
    return full, packed, offset, disk


def _overlapping(entries: Sequence[_Entry], size: int) -> frozenset[int]:
    """Numbers of the members that lie on one another, of those inside of the archive.

    No program that packs files writes such: they are made to let a small archive unpack to a huge one.
    """
    found = set()
    inside = [number for number, one in enumerate(entries) if one.offset + 30 + one.packed <= size]
    inside.sort(key=lambda number: entries[number].offset)
    furthest, end = -1, -1
    for number in inside:
        entry = entries[number]
        if entry.offset < end:
            found |= {furthest, number}
        if entry.offset + 30 + entry.packed > end:
            furthest, end = number, entry.offset + 30 + entry.packed
    return frozenset(found)


def _unwrapped(source: Source, entries: Sequence[_Entry], shift: int, size: int) -> list[_Entry]:
    """Entries of an archive over 4 GiB that was written without ZIP64, as macOS does.

    Of their offsets all that is above 32 bits is lost. They stand in their order, and a local header with the
    right name tells the place.
    """
    found, above = [], 0
    for entry in entries:
        low = entry.offset - shift
        for place in range(above + low, size, 1 << 32):
            header = source.read(place, 30 + len(entry.name))
            if header[:4] == SIGNATURE and header[30:] == entry.name:
                above = place - low
                found.append(entry._replace(offset=place))
                break
        else:
            found.append(entry._replace(offset=size))  # nowhere: it is told as outside of the archive
    return found
