"""Tar archives in all their formats, whole and broken."""

from __future__ import annotations

import gzip
import random
import tarfile
from pathlib import Path

import pytest

from qc.deliverable.archives import Directory
from qc.deliverable.contents import read_directory
from qc.deliverable.reading import Place, Reader
from tests.deliverable import tars

LONG = "폴더/" * 40 + "이름이 아주 긴 라벨 파일.json"
MEMBERS = {"a.json": b"1" * 511, "라벨/나.json": b"", LONG: b"3" * 512, "b.json": b"4" * 513, "z" * 99: b"5"}


def contents(path: Path) -> dict[str, bytes | str]:
    """What the readable members hold; of others why they are not."""
    found = read_directory(str(path))
    assert (found.status, found.reason) == ("ok", None)
    return held(found)


def held(found: Directory) -> dict[str, bytes | str]:
    with Reader() as reader:
        return {
            m.path: reader.read(Place(found.disk, m.offset, m.packed, m.size, 0, m.method, m.flags))
            if m.status == "ok"
            else m.reason or ""
            for m in found.members
        }


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT], ids=["pax", "gnu"])
def test_formats_and_packings(tmp_path: Path, form: int, mode: str) -> None:
    assert contents(tars.plain(tmp_path / "a.tar.gz", MEMBERS, form, mode)) == MEMBERS


def test_names_of_ustar_are_joined_from_two_fields(tmp_path: Path) -> None:
    name = "f" * 90 + "/" + "n" * 90
    assert contents(tars.plain(tmp_path / "a.tar", {name: b"1"}, tarfile.USTAR_FORMAT)) == {name: b"1"}


@pytest.mark.parametrize("encoding", ["utf-8", "cp949"])
def test_korean_names_without_a_stated_encoding(tmp_path: Path, encoding: str) -> None:
    name = "라벨/똠방각하.json"
    path = tars.raw(tmp_path / "a.tar", tars.header(name.encode(encoding)), tars.header(b"b.json"))
    found = read_directory(str(path))
    assert [(m.path, m.encoding) for m in found.members] == [(name, encoding), ("b.json", "utf-8")]


@pytest.mark.parametrize("magic", [b"", b"ustar  "], ids=["V7", "GNU"])
def test_headers_of_old_programs(tmp_path: Path, magic: bytes) -> None:
    """What GNU keeps where ustar has the beginning of a name is none."""
    rest = b"00000000000\0" * 2 if magic else b""
    path = tars.raw(
        tmp_path / "a.tar",
        tars.header(b"./", type_=b"5", magic=magic, rest=rest),
        tars.header(b"./folder/", type_=b"\0", magic=magic, rest=rest),
        tars.header(b"./folder/a.json", 3, b"\0", magic=magic, rest=rest, base256=True),
        tars.padded(b"abc"),
    )
    assert contents(path) == {"folder/a.json": b"abc"}


def test_what_is_no_file_is_told_and_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        archive.addfile(tars.entry("to", type_=tarfile.SYMTYPE, target="/etc/passwd"))
        archive.addfile(tars.entry("same", type_=tarfile.LNKTYPE, target="to"))
        archive.addfile(tars.entry("pipe", type_=tarfile.FIFOTYPE))
        archive.addfile(tars.entry("device", type_=tarfile.CHRTYPE))
        archive.addfile(tars.entry("folder", type_=tarfile.DIRTYPE))
        archive.addfile(tars.entry("later.json"))
    assert contents(path) == {
        "to": "link", "same": "link", "pipe": "special-file", "device": "special-file", "later.json": b"",
    }  # fmt: skip


def test_sparse_members_are_told_and_passed_over(tmp_path: Path) -> None:
    old = bytearray(tars.header(b"old.bin", 512, b"S", magic=b"ustar  "))
    old[482], old[483:495] = 1, b"%011o\0" % 99999
    new = {"GNU_sparse_major": "1", "GNU_sparse_realsize": "99999", "GNU_sparse_name": "new.bin"}
    path = tars.raw(
        tmp_path / "a.tar",
        tars.summed(bytes(old)), bytes(504) + b"\1" + bytes(7), bytes(512), tars.padded(b"x" * 512),
        tars.pax(**new),
        tars.header(b"GNUSparseFile.0/new.bin", 1024), bytes(1024),
        tars.header(b"a.json", 1), tars.padded(b"1"),
    )  # fmt: skip
    assert contents(path) == {"old.bin": "sparse", "new.bin": "sparse", "a.json": b"1"}
    assert {m.size for m in read_directory(str(path)).members[:2]} == {99999}


def test_a_size_beyond_octal_digits_stands_in_a_record(tmp_path: Path) -> None:
    path = tars.raw(
        tmp_path / "a.tar", tars.pax(size="3"),
        tars.header(b"a.json", 0), tars.padded(b"abc"), tars.header(b"b.json", 0),
    )  # fmt: skip
    assert contents(path) == {"a.json": b"abc", "b.json": b""}


def test_equal_names_are_two_members(tmp_path: Path) -> None:
    """As ``tar -r`` leaves them."""
    path = tars.raw(tmp_path / "a.tar", *[tars.header(b"a.json", 1), tars.padded(b"1")] * 2)
    assert [(m.number, m.path) for m in read_directory(str(path)).members] == [(0, "a.json"), (1, "a.json")]


def bent(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


@pytest.mark.parametrize(
    ("bend", "reason"),
    [
        (lambda data: b"", "empty"),
        (lambda data: data[: 512 * 3], "truncated"),
        (lambda data: data[: 512 * 3 + 100], "truncated"),
        (lambda data: data[: 512 * 4], "truncated"),
        (lambda data: data[: 512 * 6], "truncated"),
        (lambda data: bent(data, 512 * 3 + 3, b"?"), "headers-broken"),
        (lambda data: bent(data, 3, b"?"), "not-an-archive"),
        (lambda data: b"<html>" + data, "web-page"),
        (lambda data: b"PK\3\4" + data, "other-format"),
    ],
    ids=["empty", "between", "in a header", "in data", "no end", "header", "first", "page", "zip"],
)
@pytest.mark.parametrize("packed", [False, True], ids=["tar", "tar.gz"])
def test_broken_tars(tmp_path: Path, bend: object, reason: str, packed: bool) -> None:
    data = tars.plain(tmp_path / "good.tar", {f"{n}.json": b"1" * 600 for n in range(2)}).read_bytes()
    path = tmp_path / "a.tar"
    path.write_bytes(bend(data))  # type: ignore[operator]
    if packed and path.stat().st_size and reason in ("truncated", "headers-broken"):
        path.write_bytes(gzip.compress(path.read_bytes()))
    found = read_directory(str(path))
    assert (found.status, found.reason, found.members) == ("damaged", reason, ())


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_a_packed_tar_that_was_cut_short(tmp_path: Path, mode: str) -> None:
    noise = random.Random(2)
    path = tars.plain(tmp_path / "a.tgz", {f"{n}.json": noise.randbytes(3000) for n in range(50)}, mode=mode)
    data = path.read_bytes()
    for end in (len(data) // 2, len(data) - 6):
        path.write_bytes(data[:end])
        found = read_directory(str(path))
        assert (found.status, found.reason) == ("damaged", "truncated")
    path.write_bytes(bent(data, len(data) // 2, b"\xff\x00\xff\x00"))
    assert read_directory(str(path)).status == "damaged"


def test_any_bytes_are_members_or_a_reason(tmp_path: Path) -> None:
    good = tars.plain(tmp_path / "good.tar", MEMBERS).read_bytes()
    chance = random.Random(5)
    path = tmp_path / "a.tar"
    for _ in range(400):
        data = bytearray(good)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.choice((0, 0x20, 0x37, 0x80, 0xFF))
        path.write_bytes(data)
        found = read_directory(str(path))
        assert (found.status == "ok") == (found.reason is None)
        held(found)


# --- one packed file --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "inside"), [("a.json.gz", "a.json"), ("가.CSV.GZ", "가.CSV"), ("x.tgz", "x.tar")]
)
def test_a_packed_file_is_its_content(tmp_path: Path, name: str, inside: str) -> None:
    (tmp_path / name).write_bytes(gzip.compress(b"123") + gzip.compress(b"45"))
    found = read_directory(str(tmp_path / name), name)
    assert held(found) == {inside: b"12345"}
