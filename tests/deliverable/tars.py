"""Tar archives: as :mod:`tarfile` writes them, and header by header."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

BLOCK = 512


def plain(path: Path, members: Mapping[str, bytes], form: int = tarfile.PAX_FORMAT, mode: str = "w") -> Path:
    """A tar as :mod:`tarfile` writes it; ``mode`` is ``w``, ``w:gz``, ``w:bz2`` or ``w:xz``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode, format=form) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            archive.addfile(entry(name, data), io.BytesIO(data))
    return path


def entry(name: str, data: bytes = b"", type_: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    """The header of a member."""
    made = tarfile.TarInfo(name)
    made.size, made.type, made.linkname = len(data), type_, target
    return made


def header(
    name: bytes,
    size: int = 0,
    type_: bytes = b"0",
    *,
    base256: bool = False,
    magic: bytes = b"ustar\x0000",
    rest: bytes = b"",
) -> bytes:
    """A header byte by byte, with the right checksum; ``rest`` stands from byte 345 on."""
    length = b"\x80" + size.to_bytes(11, "big") if base256 else b"%011o\0" % size
    block = name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + length + b"0" * 11 + b"\0"
    block = (block + b" " * 8 + type_).ljust(257, b"\0") + magic.ljust(8, b"\0")
    return summed((block.ljust(345, b"\0") + rest).ljust(BLOCK, b"\0"))


def summed(block: bytes) -> bytes:
    """A header with its checksum."""
    return block[:148] + b"%06o\0 " % (sum(block[:148]) + 8 * 0x20 + sum(block[156:])) + block[156:]


def pax(**records: str) -> bytes:
    """A PAX header with records; "_" in a key is "."."""
    made = b""
    for key, value in records.items():
        record = f" {key.replace('_', '.')}={value}\n".encode()
        length = len(record) + len(str(len(record) + 3))
        made += str(length).encode() + record
    return header(b"PaxHeaders/x", len(made), b"x") + padded(made)


def padded(data: bytes) -> bytes:
    """``data`` filled up to whole blocks."""
    return data + b"\0" * (-len(data) % BLOCK)


def raw(path: Path, *parts: bytes) -> Path:
    """A tar of these bytes with its end."""
    path.write_bytes(b"".join(parts) + bytes(2 * BLOCK))
    return path
