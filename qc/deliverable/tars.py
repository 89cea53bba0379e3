"""The members of a tar archive: one pass over its headers, forward only.

A tar has no directory. Headers are read where they lie and contents are skipped; of a packed tar the pass
unpacks everything once. Formats: V7, ustar, PAX (POSIX.1-2001 ``pax``) and GNU (GNU tar manual, "Basic Tar
Format").
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from qc.deliverable.archives import MOST_MEMBERS, BrokenError, Member
from qc.deliverable.inflating import RAW
from qc.deliverable.names import UTF8_FLAG, member_names
from qc.deliverable.sources import Source

BLOCK = 512
_ZEROS = bytes(BLOCK)
#: Headers of small members lie near each other: so much is read ahead then, bytes.
_AHEAD = 1 << 16
#: A name, or the records of one PAX header, may be so long, bytes.
_MOST_EXTRA = 1 << 20

_FOLDER, _SPARSE = b"5", b"S"
_FILES = frozenset((b"0", b"\0", b"7"))
_LINKS = frozenset((b"1", b"2"))
#: Long names and links of GNU tar; records of PAX, of one member and of all that follow.
_LONG_NAME, _LONG_LINK, _PAX, _PAX_ALL = b"L", b"K", b"x", b"g"
_EXTRA = frozenset((_LONG_NAME, _LONG_LINK, _PAX, _PAX_ALL))
#: Links, devices, folders, pipes and labels: nothing follows their headers, whatever size is stated.
_BARE = frozenset((b"1", b"2", b"3", b"4", _FOLDER, b"6", b"V"))


def is_header(block: bytes) -> bool:
    """Whether ``block`` (512 bytes) is the header of a member: its checksum tells."""
    if len(block) < BLOCK or block[:1] == b"\0":
        return False
    try:
        stated = _number(block[148:156])
    except ValueError:
        return False
    counted = sum(block) - sum(block[148:156]) + 8 * 0x20
    if stated == counted:
        return True
    # Some old programs summed signed bytes.
    return stated == counted - 256 * sum(byte > 127 for byte in block[:148] + block[156:BLOCK])


class _Header(NamedTuple):
    """What a member's headers say together. ``stored`` bytes follow from ``offset`` on."""

    name: bytes
    flags: int
    type: bytes
    size: int
    stored: int
    offset: int


def read_tar(source: Source) -> tuple[Member, ...]:
    """The members of a tar archive, folders left out; links and special files are members without bytes.

    Raises :class:`~qc.deliverable.archives.BrokenError` (also if the end of the archive is missing: most
    often its transfer was cut short), ``OSError`` and :class:`~qc.deliverable.inflating.BadDataError`.
    """
    headers = list(_headers(_Window(source)))
    end = source.size
    names = member_names([(header.name, header.flags, b"") for header in headers])
    members = []
    for number, ((named, encoding), header) in enumerate(zip(names, headers, strict=True)):
        path = _without_here(named)
        if header.type == _FOLDER or path.endswith("/"):
            continue
        status, reason = "ok", None
        if header.type in _LINKS:
            status, reason = "unsupported", "link"
        elif header.type == _SPARSE:
            status, reason = "unsupported", "sparse"
        elif header.type not in _FILES:
            status, reason = "unsupported", "special-file"
        elif end is not None and header.offset + header.stored > end:
            raise BrokenError("damaged", "truncated")
        offset, packed, size = header.offset, header.stored, header.size
        members.append(Member(number, path, encoding, offset, packed, size, None, RAW, 0, status, reason))
    return tuple(members)


def _headers(window: _Window) -> Iterator[_Header]:
    """Headers of all members. Extended headers are taken together with the member that they belong to."""
    at = count = 0
    name: bytes | None = None
    records: dict[bytes, bytes] = {}
    while True:
        block = window.read(at, BLOCK)
        if len(block) < BLOCK:
            raise BrokenError("damaged", "truncated")
        if block == _ZEROS:
            return
        if not is_header(block):
            raise BrokenError("damaged", "headers-broken")
        type_, stored = block[156:157], _size(block[124:136])
        at += BLOCK
        if type_ in _EXTRA:
            extra = _extra(window, at, stored)
            at += _padded(stored)
            if type_ == _LONG_NAME:
                name = extra.split(b"\0", 1)[0]
            elif type_ == _PAX:
                records = _records(extra)
            continue
        if type_ == _SPARSE:
            at = _behind_sparse_map(window, block, at)
        if b"size" in records:
            stored = _decimal(records[b"size"])
        if type_ in _BARE:
            stored = 0
        yield _header(block, name, records, stored, at)
        at += _padded(stored)
        name, records = None, {}
        count += 1
        if count > MOST_MEMBERS:
            raise BrokenError("unsupported", "too-many")


def _header(block: bytes, name: bytes | None, records: dict[bytes, bytes], stored: int, at: int) -> _Header:
    type_, flags, size = block[156:157], 0, stored
    if b"GNU.sparse.name" in records or b"GNU.sparse.size" in records or b"GNU.sparse.major" in records:
        type_ = _SPARSE
    own = records.get(b"GNU.sparse.name", records.get(b"path"))
    if own is not None:
        name, flags = own, UTF8_FLAG
    if name is None:
        name = _text(block[:100])
        prefix = _text(block[345:500]) if block[257:263] == b"ustar\0" else b""  # GNU keeps times there
        name = prefix + b"/" + name if prefix else name
    if type_ == _SPARSE:
        real = records.get(b"GNU.sparse.realsize", records.get(b"GNU.sparse.size"))
        size = _size(block[483:495]) if real is None else _decimal(real)
    return _Header(name, flags, type_, size, stored, at)


def _extra(window: _Window, at: int, size: int) -> bytes:
    if size > _MOST_EXTRA:
        raise BrokenError("damaged", "headers-broken")
    extra = window.read(at, size)
    if len(extra) < size:
        raise BrokenError("damaged", "truncated")
    return extra


def _behind_sparse_map(window: _Window, block: bytes, at: int) -> int:
    """Where the data of an old GNU sparse member begin: its map may go on in further blocks."""
    more = block[482]
    while more:
        block = window.read(at, BLOCK)
        if len(block) < BLOCK:
            raise BrokenError("damaged", "truncated")
        at += BLOCK
        more = block[504]
    return at


def _records(data: bytes) -> dict[bytes, bytes]:
    """Records ``LENGTH KEY=VALUE\\n`` of a PAX header."""
    records = {}
    at = 0
    while at < len(data):
        blank = data.find(b" ", at, at + 12)
        length = _decimal(data[at:blank]) if blank > at else 0
        record = data[at : at + length]
        key, equals, value = record[blank + 1 - at :].partition(b"=")
        if not equals or record[-1:] != b"\n":
            raise BrokenError("damaged", "headers-broken")
        records[key] = value[:-1]
        at += length
    return records


def _decimal(text: bytes) -> int:
    if not text.isdigit() or len(text) > 18:
        raise BrokenError("damaged", "headers-broken")
    return int(text)


def _size(field: bytes) -> int:
    try:
        size = _number(field)
    except ValueError:
        size = -1
    if not 0 <= size < 1 << 62:
        raise BrokenError("damaged", "headers-broken")
    return size


def _number(field: bytes) -> int:
    """A number in octal digits, or in GNU's base 256. Raises ``ValueError``."""
    if field[0] & 0x80:
        number = int.from_bytes(field, "big") - (1 << 8 * len(field) - 1)
        return number if field[0] == 0x80 else -1
    return int(_text(field).strip() or b"0", 8)


def _text(field: bytes) -> bytes:
    return field.split(b"\0", 1)[0]


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _without_here(path: str) -> str:
    while path.startswith("./"):
        path = path[2:].lstrip("/")
    return path


class _Window:
    """Reads small pieces of a source, forward, many with one call where they lie near each other."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._at, self._data = 0, b""

    def read(self, at: int, count: int) -> bytes:
        """``count`` bytes at ``at``, fewer only at the end."""
        start = at - self._at
        if start >= 0 and start + count <= len(self._data):
            return self._data[start : start + count]
        near = at - self._at - len(self._data) < _AHEAD
        self._at, self._data = at, self._source.read(at, max(count, _AHEAD if near else BLOCK))
        return self._data[:count]
