"""Real archives, some of them bent: what contractors' programs write and what transfers break."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

UTF8 = 0x800


@dataclass(frozen=True)
class Entry:
    """A member to be written byte by byte: what :mod:`zipfile` would refuse or correct.

    ``packed`` is what stands in the archive, if it is not ``data`` itself."""

    name: bytes
    data: bytes = b"{}"
    flags: int = 0
    method: int = 0
    mode: int = 0
    extra: bytes = b""
    packed: bytes | None = None


def plain(path: Path, members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """An archive as :mod:`zipfile` writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def raw(path: Path, entries: Sequence[Entry], *, before: bytes = b"", between: bytes = b"") -> Path:
    """An archive with exactly these names, flags, attributes and bytes; other bytes may stand ``before`` all
    and ``between`` the directory and its end, and no offset knows of them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    body, directory = io.BytesIO(), io.BytesIO()
    for entry in entries:
        offset, crc, size = body.tell(), zlib.crc32(entry.data), len(entry.data)
        packed = entry.data if entry.packed is None else entry.packed
        common = struct.pack("<HHHHLLLHH", entry.flags, entry.method, 0, 0x21, crc, len(packed), size,
                             len(entry.name), len(entry.extra))  # fmt: skip
        body.write(b"PK\x03\x04" + struct.pack("<H", 20) + common + entry.name + entry.extra + packed)
        made = 3 << 8 | 20
        directory.write(b"PK\x01\x02" + struct.pack("<HH", made, 20) + common)
        directory.write(struct.pack("<HHHLL", 0, 0, 0, entry.mode << 16, offset) + entry.name + entry.extra)
    start, length = body.tell(), directory.tell()
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, len(entries), len(entries), length, start, 0)
    path.write_bytes(before + body.getvalue() + directory.getvalue() + between + end)
    return path


def streamed(path: Path, members: Mapping[str, bytes]) -> Path:
    """An archive written to a pipe: sizes and CRC follow the data (data descriptors, flag bit 3)."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = b""

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    path.write_bytes(pipe.data)
    return path


def zip64(path: Path, members: Mapping[str, bytes]) -> Path:
    """An archive whose directory keeps sizes and offsets in ZIP64 fields, as those over 4 GiB do."""
    body, directory = io.BytesIO(), io.BytesIO()
    full = 0xFFFFFFFF
    for name, data in members.items():
        encoded, offset = name.encode(), body.tell()
        head = struct.pack("<HHHHL", UTF8, 0, 0, 0x21, zlib.crc32(data))
        body.write(b"PK\x03\x04" + struct.pack("<H", 45) + head)
        body.write(struct.pack("<LLHH", len(data), len(data), len(encoded), 0) + encoded + data)
        extra = struct.pack("<HHQQQ", 1, 24, len(data), len(data), offset)
        directory.write(b"PK\x01\x02" + struct.pack("<HH", 45, 45) + head)
        directory.write(struct.pack("<LLHHHHHLL", full, full, len(encoded), len(extra), 0, 0, 0, 0, full))
        directory.write(encoded + extra)
    start, length, count = body.tell(), directory.tell(), len(members)
    end = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, length, start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, start + length, 1)
    last = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, full, full, 0)
    path.write_bytes(body.getvalue() + directory.getvalue() + end + locator + last)
    return path


def tree(base: Path, files: Mapping[str, bytes | str]) -> Path:
    """A folder with these files."""
    for name, data in files.items():
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    base.mkdir(parents=True, exist_ok=True)
    return base
