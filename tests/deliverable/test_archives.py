"""Zip archives as programs write them and as people break or abuse them."""

from __future__ import annotations

import bz2
import io
import lzma
import random
import struct
import zipfile
import zlib
from pathlib import Path

import pyarrow as pa
import pytest

from qc.deliverable.archives import BrokenError, Member, read_zip
from qc.deliverable.contents import read_directory
from qc.deliverable.inflating import DEFLATE64, XZ, ZSTD, BadDataError, unpacker
from qc.deliverable.reading import Place, Reader, ReadError
from tests.deliverable import deflate64, zips

BODY = b'{"a": [' + b"1, " * 5000 + b"2]}"
NOISE = random.Random(1).randbytes(65535)
HOLE = 1 << 32
MATCHES = [(300, 40000), (65538, 50000), (3, 32769), (1000, 65536)]


def place(path: Path, member: Member) -> Place:
    return Place(
        str(path), member.offset, member.packed, member.size, member.crc or 0, member.method, member.flags
    )


def contents(path: Path) -> dict[str, bytes | str]:
    """What the readable members hold; of others why they are not."""
    found = read_directory(str(path))
    assert (found.status, found.reason) == ("ok", None)
    with Reader() as reader:
        return {
            m.path: reader.read(place(path, m)) if m.status == "ok" else m.reason or "" for m in found.members
        }


# --- methods --------------------------------------------------------------------------------------

PACKED = {
    "deflate64": (DEFLATE64, deflate64.packed(BODY), BODY),
    "deflate64, far back": (
        DEFLATE64,
        deflate64.stored(NOISE) + deflate64.copies(MATCHES),
        deflate64.unpacked(NOISE, MATCHES),
    ),
    "zstandard": (ZSTD, pa.Codec("zstd").compress(BODY, asbytes=True), BODY),
    "xz": (XZ, lzma.compress(BODY, lzma.FORMAT_XZ), BODY),
}  # fmt: skip


@pytest.mark.parametrize("name", PACKED)
def test_methods_that_zipfile_does_not_know(tmp_path: Path, name: str) -> None:
    method, packed, body = PACKED[name]
    path = zips.raw(tmp_path / "a.zip", [zips.Entry(b"x.json", body, method=method, packed=packed)])
    assert contents(path) == {"x.json": body}
    (member,) = read_directory(str(path)).members
    with Reader() as reader:
        for count in (0, 1, 100, 70_000, len(body) + 9):
            assert reader.head(place(path, member), count) == body[:count]


@pytest.mark.parametrize("name", PACKED)
def test_damage_is_told_by_every_method(tmp_path: Path, name: str) -> None:
    method, packed, body = PACKED[name]
    cut = zips.Entry(b"cut.json", body, method=method, packed=packed[: len(packed) // 2])
    bent = zips.Entry(b"bent.json", body[:-1] + b"?", method=method, packed=packed)  # another checksum
    path = zips.raw(tmp_path / "a.zip", [cut, bent])
    with Reader() as reader:
        for member in read_directory(str(path)).members:
            with pytest.raises(ReadError) as caught:
                reader.read(place(path, member))
            assert caught.value.code == "damaged"


@pytest.mark.parametrize("name", PACKED)
def test_what_unpacks_to_more_than_stated_is_cut_off(tmp_path: Path, name: str) -> None:
    method, packed, body = PACKED[name]
    feed = io.BytesIO(packed).read
    assert unpacker(method, feed, 10).read(10) == body[:10]


def test_a_dictionary_that_no_memory_holds_is_refused() -> None:
    header = b"\x09\x14\x05\x00" + bytes([93]) + (0xFFFFFFFF).to_bytes(4, "little")
    with pytest.raises(BadDataError) as caught:
        unpacker(14, io.BytesIO(header + b"\0" * 100).read)
    assert caught.value.reason == "bomb"


@pytest.mark.parametrize(
    ("method", "packed"),
    [(-2, zlib.compress(BODY, wbits=31)), (12, bz2.compress(BODY)), (95, lzma.compress(BODY))],
    ids=["gzip", "bzip2", "xz"],
)
def test_several_packed_files_in_a_row_are_one(method: int, packed: bytes) -> None:
    """As ``cat a.gz b.gz`` makes them; zeros behind them are padding of tapes."""
    for behind, times in ((b"", 1), (packed, 2), (packed + b"\0" * 700, 2)):
        assert unpacker(method, io.BytesIO(packed + behind).read).read(10**6) == BODY * times
    with pytest.raises(BadDataError) as caught:
        unpacker(method, io.BytesIO(packed + packed[:-9]).read).read(10**6)
    assert caught.value.reason == "truncated"


# --- directories ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bent",
    [
        {"before": b"#!/bin/sh self-extracting\n" * 40},
        {"between": b"PK\x05\x05" + struct.pack("<H", 200) + b"s" * 200},
    ],
    ids=["before", "signature"],
)
def test_other_bytes_in_an_archive_do_no_harm(tmp_path: Path, bent: dict[str, bytes]) -> None:
    path = zips.raw(tmp_path / "a.zip", [zips.Entry(b"x.json", b"1"), zips.Entry(b"y.json", b"2")], **bent)
    assert contents(path) == {"x.json": b"1", "y.json": b"2"}


def test_a_comment_may_hold_what_ends_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.json", b"1")
        archive.comment = b"made by \x50\x4b\x05\x06"
    assert contents(path) == {"x.json": b"1"}


def test_the_unicode_path_field_names_a_member(tmp_path: Path) -> None:
    stored = "라벨.json".encode("cp949")
    named = "라벨 1.json".encode()
    field = struct.pack("<HHBL", 0x7075, 5 + len(named), 1, zlib.crc32(stored)) + named
    path = zips.raw(tmp_path / "a.zip", [zips.Entry(stored, b"1", extra=field)])
    assert contents(path) == {"라벨 1.json": b"1"}


class Holed:
    """Bytes with a hole of 4 GiB before ``border``, of which no disk knows."""

    def __init__(self, data: bytes, border: int) -> None:
        self._data, self._border = data, border
        self.size: int | None = len(data) + HOLE
        self.stamp = ()

    def read(self, offset: int, count: int) -> bytes:
        end, border = min(offset + count, len(self._data) + HOLE), self._border
        hole = max(0, min(end, border + HOLE) - max(offset, border))
        behind = self._data[max(offset - HOLE, border) : max(end - HOLE, border)]
        return self._data[offset : min(end, border)] + bytes(hole) + behind

    def close(self) -> None:
        pass


def test_large_archives_of_macos_that_lost_the_upper_half_of_their_offsets(tmp_path: Path) -> None:
    entries = [zips.Entry(name, name * 3) for name in (b"a.json", b"b.json", b"c.json", b"d.json")]
    data = zips.raw(tmp_path / "a.zip", entries).read_bytes()
    offsets = [member.offset for member in read_directory(str(tmp_path / "a.zip")).members]
    found = read_zip(Holed(data, offsets[2]))
    assert [m.offset for m in found] == [*offsets[:2], offsets[2] + HOLE, offsets[3] + HOLE]
    assert {m.status for m in found} == {"ok"}


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (b"", "damaged", "empty"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html><title>Login</title>", "damaged", "web-page"),
        (b"<html><body>404", "damaged", "web-page"),
        (b"Rar!\x1a\x07\x01\x00", "damaged", "other-format"),
        (b"\x1f\x8b\x08\x00", "damaged", "other-format"),
        (b"hello", "damaged", "not-a-zip"),
        (b"PK\x03\x04 and then the line was cut", "damaged", "no-directory"),
    ],
    ids=["empty", "page", "error", "rar", "gzip", "text", "cut"],
)
def test_what_is_called_zip_and_is_none(tmp_path: Path, data: bytes, status: str, reason: str) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    found = read_directory(str(path))
    assert (found.status, found.reason, found.members) == (status, reason, ())


def test_an_encrypted_directory_is_told(tmp_path: Path) -> None:
    data = bytearray(zips.plain(tmp_path / "a.zip", {"x.json": b"1"}).read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at : at + 4] = b"PK\x06\x08"
    (tmp_path / "a.zip").write_bytes(data)
    found = read_directory(str(tmp_path / "a.zip"))
    assert (found.status, found.reason) == ("encrypted", "password")


# --- bombs ----------------------------------------------------------------------------------------


def overlapping(path: Path, count: int, *, quoted: bool) -> Path:
    """Many members over one kernel, as "a better zip bomb" has them: all at one place, or each header quoted
    inside the member before."""
    kernel = zlib.compress(b"0" * 100_000, wbits=-15)
    names = [f"{n:04}.json".encode() for n in range(count)]
    lengths = [len(kernel) + (50 * (count - n) if quoted else 0) for n in range(count)]
    common = [
        struct.pack("<HHHHLLLHH", 0, 8, 0, 0x21, 1, length, 100_000, len(name), 0)
        for name, length in zip(names, lengths, strict=True)
    ]
    body, offsets = b"", []
    for name, fields in zip(names, common, strict=True):
        if quoted or not body:
            body += b"PK\x03\x04" + struct.pack("<H", 20) + fields + name
        offsets.append(len(body) - 30 - len(name))
    body += kernel + b"\0" * 50 * count
    directory = b"".join(
        b"PK\x01\x02" + struct.pack("<HH", 20, 20) + fields + struct.pack("<HHHLL", 0, 0, 0, 0, offset) + name
        for name, fields, offset in zip(names, common, offsets, strict=True)
    )
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(body), 0)
    path.write_bytes(body + directory + end)
    return path


@pytest.mark.parametrize("quoted", [False, True], ids=["one place", "quoted"])
def test_members_that_lie_on_one_another_are_not_read(tmp_path: Path, quoted: bool) -> None:
    path = overlapping(tmp_path / "a.zip", 300, quoted=quoted)
    assert {(m.status, m.reason) for m in read_directory(str(path)).members} == {("damaged", "overlap")}


def test_members_out_of_order_are_not_members_that_overlap(tmp_path: Path) -> None:
    path = zips.raw(tmp_path / "a.zip", [zips.Entry(f"{n}.json".encode(), b"1" * n) for n in range(9)])
    data = path.read_bytes()
    start = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entries = [data[at : at + 52] for at in range(start, end, 52)]
    path.write_bytes(data[:start] + b"".join(reversed(entries)) + data[end:])
    assert [m.status for m in read_directory(str(path)).members] == ["ok"] * 9


def test_more_members_than_memory_holds_are_not_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = zips.plain(tmp_path / "a.zip", {f"{n}.json": b"1" for n in range(9)})
    monkeypatch.setattr("qc.deliverable.archives.MOST_MEMBERS", 5)
    found = read_directory(str(path))
    assert (found.status, found.reason) == ("unsupported", "too-many")


def test_any_bytes_are_a_directory_or_a_reason(tmp_path: Path) -> None:
    members = {f"{n}.json": BODY[:50] for n in range(4)}
    good = zips.zip64(tmp_path / "good.zip", members).read_bytes()
    chance = random.Random(4)
    path = tmp_path / "a.zip"
    with Reader() as reader:
        for _ in range(400):
            data = bytearray(good)
            for _ in range(chance.randint(1, 6)):
                data[chance.randrange(len(data))] = chance.choice((0, 1, 0x7F, 0xFF))
            path.write_bytes(data)
            for member in read_directory(str(path)).members:
                try:
                    reader.read(place(path, member), 1 << 20)
                except ReadError:
                    continue
            reader.close()


def test_broken_archives_raise_nothing_else() -> None:
    with pytest.raises(BrokenError):
        read_zip(Holed(b"PK\x05\x06" * 20, 10))
