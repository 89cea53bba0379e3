"""The directory of a zip archive, parsed once and kept as plain values.

``zipfile`` is not used: it decodes unflagged names as CP437, gives up on the whole archive for one
odd entry, and builds an object per member. What a directory promises is checked against the
size of the file, never against contents; those are checked when a member is read.
"""

from __future__ import annotations

import os
import stat
import struct
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from qc.deliverable.names import member_names, text_to_disk
from qc.deliverable.reading import ENCRYPTED, METHODS

_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4sHHHH4xLLLHHHHHLL")
_ENTRY_SIZE = 46
_MAX_COMMENT = 0xFFFF
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF


class Member(NamedTuple):
    """An entry of an archive's directory. ``number`` is its position there, ``offset`` that of its
    local header in the file. ``status`` and ``reason`` are those of :data:`qc.facts.tables.FILES`.
    """

    number: int
    path: str
    encoding: str
    offset: int
    packed: int
    size: int
    crc: int
    method: int
    flags: int
    status: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Directory:
    """What an archive says that it holds (folders left out), or why that cannot be told.

    ``status``: ``ok``, ``damaged``, ``unsupported`` or ``unreadable``; ``reason``: a code that
    ``files.reason`` holds. When it is not ``ok``, ``members`` is empty: half of a directory
    would make the other half look missing.
    """

    status: str
    reason: str | None
    members: tuple[Member, ...]


class _BrokenError(Exception):
    def __init__(self, status: str, reason: str) -> None:
        super().__init__(status, reason)
        self.directory = Directory(status, reason, ())


def read_directory(disk: str) -> Directory:
    """The directory of the zip archive at ``disk`` (as in :class:`~qc.deliverable.reading.Place`).

    Never raises for what the file holds or for a file that cannot be opened.
    """
    try:
        with open(text_to_disk(disk), "rb") as file:  # noqa: PTH123 - may carry a Windows prefix
            size = file.seek(0, os.SEEK_END)
            block, shift = _directory_bytes(file, size)
        return Directory("ok", None, _members(block, shift, size))
    except OSError:
        return Directory("unreadable", "system-refused", ())
    except _BrokenError as broken:
        return broken.directory


def _directory_bytes(file: BinaryIO, size: int) -> tuple[bytes, int]:
    """The central directory, and how far offsets in it are shifted (data before the archive)."""
    file.seek(max(0, size - _MAX_COMMENT - _END.size - _END64_LOCATOR.size))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        file.seek(0)
        start = file.read(4)
        raise _BrokenError("damaged", "no-directory" if start[:2] == b"PK" else "not-a-zip")
    _, disk, first_disk, _, entries, length, offset, _ = _END.unpack_from(tail, at)
    end = size - len(tail) + at
    at -= _END64_LOCATOR.size
    if at >= 0 and tail[at : at + 4] == b"PK\x06\x07":
        end, disk, first_disk, length, offset = _zip64(file, tail, at, end)
    elif _FULL32 in (length, offset) or (entries == _FULL16 and disk == _FULL16):
        raise _BrokenError("damaged", "no-directory")
    if disk != first_disk or disk not in (0, _FULL16):
        raise _BrokenError("unsupported", "split-archive")
    start_at = end - length
    if start_at < 0 or start_at < offset:
        raise _BrokenError("damaged", "directory-cut")
    file.seek(start_at)
    return file.read(length), start_at - offset


def _zip64(file: BinaryIO, tail: bytes, at: int, end: int) -> tuple[int, int, int, int, int]:
    """End of a ZIP64 directory, its disk numbers, length and offset (APPNOTE.TXT 4.3.14)."""
    _, _, promised, disks = _END64_LOCATOR.unpack_from(tail, at)
    if disks > 1:
        raise _BrokenError("unsupported", "split-archive")
    # Data before the archive shifts the promised place; then the record stands before the locator.
    for place in (promised, end - _END64_LOCATOR.size - _END64.size):
        if 0 <= place <= end - _END64.size:
            file.seek(place)
            record = file.read(_END64.size)
            if len(record) == _END64.size and record[:4] == b"PK\x06\x06":
                _, _, _, _, disk, first_disk, _, _, length, offset = _END64.unpack(record)
                return place, disk, first_disk, length, offset
    raise _BrokenError("damaged", "no-directory")


def _members(block: bytes, shift: int, size: int) -> tuple[Member, ...]:
    entries, stored = [], []
    at, end = 0, len(block)
    unpack = _ENTRY.unpack_from
    while at < end:
        if at + _ENTRY_SIZE > end or block[at : at + 4] != b"PK\x01\x02":
            raise _BrokenError("damaged", "directory-broken")
        _, made, _, flags, method, crc, packed, full, n, x, c, _, _, mode, offset = unpack(block, at)
        at += _ENTRY_SIZE
        name, extra = block[at : at + n], block[at + n : at + n + x]
        at += n + x + c
        if at > end:
            raise _BrokenError("damaged", "directory-broken")
        if _FULL32 in (full, packed, offset):
            full, packed, offset = _large(extra, full, packed, offset)
        stored.append((name, flags, extra))
        entries.append((offset + shift, packed, full, crc, method, flags, made >> 8, mode >> 16))
    members = []
    for number, ((path, encoding), entry) in enumerate(zip(member_names(stored), entries, strict=True)):
        offset, packed, full, crc, method, flags, made, mode = entry
        if path.endswith("/"):
            continue
        status, reason = "ok", None
        if flags & ENCRYPTED:
            status, reason = "encrypted", "password"
        elif made == 3 and mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            status, reason = "unsupported", "link" if stat.S_ISLNK(mode) else "special-file"
        elif method not in METHODS:
            status, reason = "unsupported", "compression-method"
        elif offset + 30 + packed > size:
            status, reason = "damaged", "outside-archive"
        members.append(
            Member(number, path, encoding, offset, packed, full, crc, method, flags, status, reason)
        )
    return tuple(members)


def _large(extra: bytes, full: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Sizes and offset from the ZIP64 extra field; only the saturated ones stand there, in order."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            values = iter(struct.unpack_from(f"<{min(length, len(extra) - at - 4) // 8}Q", extra, at + 4))
            full = next(values, full) if full == _FULL32 else full
            packed = next(values, packed) if packed == _FULL32 else packed
            offset = next(values, offset) if offset == _FULL32 else offset
            break
        at += 4 + length
    return full, packed, offset
