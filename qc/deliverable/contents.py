"""What an archive holds, whatever kind of archive it is.

A zip must be called zip and be one. Of a tar it does not matter how it is packed: programs unpack it by what
it is, and downloads often change that without changing its name.
"""

from __future__ import annotations

from collections.abc import Sequence

from qc.deliverable.archives import BrokenError, Directory, Member, data_start, read_zip
from qc.deliverable.inflating import BZIP2, GZIP, RAW, STORED, XZ, ZSTD, BadDataError
from qc.deliverable.locators import joined, part, unpacked
from qc.deliverable.sources import Source, Sources, length_of
from qc.deliverable.tars import BLOCK, is_header, read_tar

#: First bytes of what a file is.
_SIGNATURES = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PK\x07\x08", "zip"),
    (b"PK00PK\x03\x04", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"ALZ\x01", "alz"),
    (b"EGGA", "egg"),
)
#: What servers answer instead of a file: a web page, or an error as XML.
_PAGE = (b"<!doctype", b"<html", b"<head", b"<body", b"<script", b"<?xml")
_PACKED = {"gzip": GZIP, "bzip2": BZIP2, "xz": XZ, "zstd": ZSTD}
#: Endings of names of packed files, and of packed tars: what the unpacked file is called.
_ENDINGS = ((".tgz", ".tar"), (".tbz2", ".tar"), (".tbz", ".tar"), (".txz", ".tar"), (".tzst", ".tar"),
            (".gz", ""), (".bz2", ""), (".xz", ""), (".zst", ""))  # fmt: skip
_TARS = (".tar", *(ending for ending, _ in _ENDINGS))


def read_directory(disk: str, name: str | None = None, sources: Sources | None = None) -> Directory:
    """What the archive ``disk`` (a locator, :mod:`qc.deliverable.locators`) called ``name`` holds.

    Never raises for what it holds, nor for a file that cannot be opened.
    """
    own = Sources() if sources is None else sources
    try:
        return _read(own, disk, disk if name is None else name)
    except (OSError, BadDataError, BrokenError) as error:
        return refused(error)
    finally:
        if sources is None:
            own.close()


def is_readable(name: str) -> bool:
    """Whether an archive of this name is of a kind that is read."""
    return name.lower().endswith((".zip", *_TARS))


def refused(error: OSError | BadDataError | BrokenError) -> Directory:
    """Of an archive that could not be opened: why."""
    if isinstance(error, OSError):
        return Directory("unreadable", "system-refused", ())
    if isinstance(error, BrokenError):
        return Directory(error.status, error.reason, ())
    return Directory("unsupported" if error.reason == "bomb" else "damaged", error.reason, ())


def locator_of(member: Member, directory: Directory, sources: Sources) -> str:
    """Locator of the bytes of a member of ``directory``.

    Raises :class:`~qc.deliverable.archives.BrokenError`, ``OSError`` and
    :class:`~qc.deliverable.inflating.BadDataError`.
    """
    at = _begins(member, directory, sources)
    if member.method in (RAW, STORED):
        return part(directory.disk, at, member.packed)
    return unpacked(directory.disk, member.method, at, member.packed, member.size)


def locator_of_pieces(members: Sequence[Member], directory: Directory, sources: Sources) -> str:
    """Locator of members of ``directory``, one behind the other. Raises as :func:`locator_of`.

    Only as they lie: pieces that are packed once more cannot be read as one.
    """
    parts = []
    if len(members) == 1:
        return locator_of(members[0], directory, sources)
    for member in members:
        if member.method not in (RAW, STORED):
            raise BrokenError("unsupported", "packed-pieces")
        parts.append((_begins(member, directory, sources), member.packed))
    return joined(directory.disk, parts)


def _begins(member: Member, directory: Directory, sources: Sources) -> int:
    """Where the bytes of a member begin."""
    if member.method == RAW:
        return member.offset
    start = data_start(sources.get(directory.disk).read(member.offset, 30))
    if start is None:
        raise BrokenError("damaged", "damaged")
    return member.offset + start


def _read(sources: Sources, disk: str, name: str) -> Directory:
    source = sources.get(disk)
    head = source.read(0, BLOCK)
    if not head:
        raise BrokenError("damaged", "empty")
    kind, low = _kind(head), name.lower()
    if low.endswith(".zip"):
        return Directory("ok", None, _zip(source, kind), disk)
    if not is_readable(name):
        raise BrokenError("unsupported", "archive-format")
    if kind == "tar":
        return Directory("ok", None, read_tar(source), disk)
    if kind not in _PACKED:
        raise BrokenError("damaged", _misnamed(kind) or "not-an-archive")
    return _packed(sources, disk, _PACKED[kind], name)


def _zip(source: Source, kind: str) -> tuple[Member, ...]:
    try:
        return read_zip(source)
    except BrokenError as broken:
        if broken.reason != "no-directory" or kind == "zip":
            raise
        raise BrokenError("damaged", _misnamed(kind) or "not-a-zip") from None


def _packed(sources: Sources, disk: str, method: int, name: str) -> Directory:
    """A packed tar, or one packed file: an archive with one member."""
    packed = length_of(sources.get(disk))
    source = sources.get(unpacked(disk, method, 0, packed))
    is_tar = _kind(source.read(0, BLOCK)) == "tar"
    members = read_tar(source) if is_tar else ()
    size = length_of(source)  # whether it is whole shows at its end
    if not is_tar:
        path = next((name[: -len(old)] + new for old, new in _ENDINGS if name.lower().endswith(old)), name)
        members = (Member(0, path, "os", 0, size, size, None, RAW, 0, "ok", None),)
    return Directory("ok", None, members, unpacked(disk, method, 0, packed, size))


def _misnamed(kind: str) -> str | None:
    if kind == "html":
        return "web-page"
    return None if kind == "other" else "other-format"


def _kind(head: bytes) -> str:
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if is_header(head[:BLOCK]):
        return "tar"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:9].lower()
    return "html" if start.startswith(_PAGE) else "other"
