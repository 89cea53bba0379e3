"""Writes zip archives byte by byte, so that names can be stored as real deliverables store them.

:mod:`zipfile` always writes UTF-8 for names beyond ASCII. Deliverables made on Korean Windows hold CP949
bytes without the UTF-8 flag, and those made on a Mac hold decomposed (NFD) names; some repeat a name,
start it with ``/`` or climb out with ``..``. Layout of the records: APPNOTE.TXT 6.3, sections 4.3.7-4.3.16.
"""

from __future__ import annotations

import struct
import unicodedata
import zlib
from dataclasses import dataclass, replace
from typing import Literal

#: How a member's name is stored: CP949 bytes without the UTF-8 flag, or UTF-8 (flag set) in NFC or NFD.
Naming = Literal["cp949", "nfc", "nfd"]

_UTF8_FLAG = 0x800
_ENCRYPTED_FLAG = 0x1
_DATE = (2022 - 1980) << 9 | 11 << 5 | 30
_TIME = 12 << 11
_MADE_BY_DOS, _MADE_BY_UNIX = 0, 3


@dataclass(frozen=True, slots=True)
class Member:
    """One member. ``path`` ends with '/' for a folder; ``damaged`` spoils the packed bytes after packing, and
    ``encrypted`` spoils them and says that a password is needed."""

    path: str
    data: bytes
    naming: Naming = "cp949"
    damaged: bool = False
    encrypted: bool = False

    def renamed(self, path: str) -> Member:
        """The same content under another stored path."""
        return replace(self, path=path)

    @property
    def stored_name(self) -> bytes:
        """The name's bytes as they stand in the archive."""
        if self.naming == "cp949":
            return self.path.encode("cp949")
        return unicodedata.normalize(self.naming.upper(), self.path).encode()  # type: ignore[arg-type]


def pack(members: list[Member]) -> bytes:
    """A zip archive of the members in the given order, deflated (stored when that is smaller)."""
    body, directory = bytearray(), bytearray()
    for member in members:
        name = member.stored_name
        method, packed = _deflate(member.data)
        if member.damaged or member.encrypted:
            packed = bytes(255 - byte for byte in packed)
        flags = 0 if member.naming == "cp949" or name.isascii() else _UTF8_FLAG
        flags |= _ENCRYPTED_FLAG if member.encrypted else 0
        common = struct.pack(
            "<5H3L2H",
            20,
            flags,
            method,
            _TIME,
            _DATE,
            zlib.crc32(member.data),
            len(packed),
            len(member.data),
            len(name),
            0,
        )
        system = _MADE_BY_DOS if member.naming == "cp949" else _MADE_BY_UNIX
        mode = 0 if system == _MADE_BY_DOS else (0o100644 << 16)
        attributes = 0x10 if member.path.endswith("/") else mode
        directory += struct.pack("<L2B", 0x02014B50, 20, system) + common
        directory += struct.pack("<3H2L", 0, 0, 0, attributes, len(body)) + name
        body += struct.pack("<L", 0x04034B50) + common + name + packed
    end = struct.pack("<L4H2LH", 0x06054B50, 0, 0, len(members), len(members), len(directory), len(body), 0)
    return bytes(body + directory + end)


def _deflate(data: bytes) -> tuple[int, bytes]:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(data) + packer.flush()
    return (8, packed) if len(packed) < len(data) else (0, data)
