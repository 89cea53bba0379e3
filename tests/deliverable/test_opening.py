"""Archives in a deliverable: packed in every way, in pieces, in one another; listed and read in place."""

from __future__ import annotations

import gzip
import io
import os
import random
import struct
import tarfile
import zipfile
import zlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from qc.deliverable.listing import Deliverable, open_deliverable
from qc.deliverable.locators import SMALL
from qc.deliverable.reading import Reader, places
from qc.facts.ids import file_id
from tests.deliverable import tars, zips

CHANCE = random.Random(7)
FILES = {f"라벨/{n:03}.json": CHANCE.randbytes(CHANCE.randint(0, 4000)) for n in range(60)}
Row = dict[str, Any]


def contents(path: Path) -> dict[str, bytes | str]:
    """What every readable file holds that is no archive; of what is not readable why."""
    found: dict[str, bytes | str] = {}
    deliverable = open_deliverable(path)
    rows = deliverable.files.to_pylist()
    with Reader() as reader:
        for row, place in zip(rows, places(deliverable.files), strict=True):
            name = "/".join(filter(None, (row["container_path"], row["path"])))
            if row["status"] != "ok":
                found[name] = row["reason"]
            elif row["kind"] != "archive":
                found[name] = data = reader.read(place)
                assert reader.head(place, 9) == data[:9]
                assert reader.tail(place, 9) in (data[-9:], b"")
    unchained(deliverable)
    return found


def unchained(deliverable: Deliverable) -> None:
    """Every container is a row, and the ids of rows are their places."""
    rows = {row["file"]: row for row in deliverable.files.to_pylist()}
    assert len(rows) == deliverable.files.num_rows
    for row in rows.values():
        assert row["container"] is None or rows[row["container"]]["status"] == "ok"
        assert (row["container"] is None) == (row["container_path"] is None)


def under(archive: str, files: dict[str, bytes] = FILES) -> dict[str, bytes]:
    return {f"{archive}/{name}": data for name, data in files.items()}


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


# --- tars -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "mode"),
    [("a.tar", "w"), ("a.tar.gz", "w:gz"), ("a.tgz", "w:gz"), ("a.tar.bz2", "w:bz2"), ("a.tar.xz", "w:xz"),
     ("a.tar", "w:gz"), ("a.tar.gz", "w")],
)  # fmt: skip
def test_tars_are_read_whatever_packs_them(tmp_path: Path, name: str, mode: str) -> None:
    """Downloads unpack on the way, and people rename."""
    tars.plain(tmp_path / name, FILES, mode=mode)
    assert contents(tmp_path) == under(name)
    assert contents(tmp_path / name) == under(name)


def test_members_of_a_tar_have_the_time_of_the_tar_and_no_checksum(tmp_path: Path) -> None:
    path = tars.plain(tmp_path / "a.tar", {"x.json": b"1"})
    os.utime(path, ns=(1, 1_600_000_000_000_000_000))
    row = open_deliverable(path).files.to_pylist()[1]
    assert {key: row[key] for key in ("mtime_ns", "crc", "packed", "size", "member", "container_path")} == {
        "mtime_ns": 1_600_000_000_000_000_000, "crc": None, "packed": 1, "size": 1, "member": 0,
        "container_path": "a.tar",
    }  # fmt: skip


@pytest.mark.parametrize("path", ["/etc/x.json", "../../x.json"])
def test_members_of_tars_may_not_be_written_anywhere(tmp_path: Path, path: str) -> None:
    tars.raw(tmp_path / "a.tar", tars.header(path.encode(), 1), tars.padded(b"1"))
    row = open_deliverable(tmp_path / "a.tar").files.to_pylist()[1]
    assert (row["path"], row["unsafe"]) == (path, "absolute" if path[0] == "/" else "parent")
    assert contents(tmp_path / "a.tar") == {f"a.tar/{path}": b"1"}
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.tar"]


def test_a_tar_may_be_read_in_any_order(tmp_path: Path) -> None:
    """Of a large one not all is kept: the way back leads to a restart, or to the beginning."""
    files = {f"{n}.json": CHANCE.randbytes(400_000) for n in range(40)}
    for name, mode in (("a.tar.gz", "w:gz"), ("b.tar.xz", "w:xz")):
        tars.plain(tmp_path / name, files, mode=mode)
        listed = open_deliverable(tmp_path / name).files.slice(1)
        named = list(zip(listed["path"].to_pylist(), places(listed), strict=True))
        CHANCE.shuffle(named)
        with Reader() as reader:
            for path, place in named[:10]:
                assert reader.read(place) == files[path]


def test_a_packed_file_is_its_content(tmp_path: Path) -> None:
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(b"{}"))
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b"a,b\n")[:-5])
    assert contents(tmp_path) == {"a.json.gz/a.json": b"{}", "b.csv.gz": "truncated"}


# --- archives in archives ---------------------------------------------------------------------------


@pytest.mark.parametrize("method", [0, 8, 12, 14], ids=["stored", "deflated", "bzip2", "lzma"])
def test_zips_in_zips(tmp_path: Path, method: int) -> None:
    zips.plain(tmp_path / "out.zip", {"가/in.zip": zipped(FILES), "a.json": b"1", "z.json": b"2"}, method)
    expected = under("out.zip/가/in.zip") | {"out.zip/a.json": b"1", "out.zip/z.json": b"2"}
    assert contents(tmp_path) == expected


def test_the_chain_of_containers(tmp_path: Path) -> None:
    inner = {"x.json": b"1"}
    middle = {"가/in.tar": tarred({"in.zip": zipped(inner)})}
    zips.plain(tmp_path / "d" / "out.zip", middle, zipfile.ZIP_STORED)
    rows = open_deliverable(tmp_path).files.to_pylist()
    chain = [(row["container_path"], row["path"], row["kind"]) for row in rows]
    assert chain == [
        (None, "d/out.zip", "archive"),
        ("d/out.zip", "가/in.tar", "archive"),
        ("d/out.zip/가/in.tar", "in.zip", "archive"),
        ("d/out.zip/가/in.tar/in.zip", "x.json", "label"),
    ]
    for outer, row in pairwise(rows):
        assert row["container"] == outer["file"]
    assert rows[3]["file"] == file_id("deliverable", "d/out.zip/가/in.tar/in.zip", "x.json")


def tarred(files: dict[str, bytes], mode: str = "w") -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            archive.addfile(tars.entry(name, data), io.BytesIO(data))
    return made.getvalue()


def test_archives_of_all_kinds_in_one_another(tmp_path: Path) -> None:
    deep = tarred({"in.zip": zipped(FILES, zipfile.ZIP_STORED), "b.json": b"2"}, "w:gz")
    zips.plain(tmp_path / "out.zip", {"mid.tar.gz": deep, "c.json": b"3"})
    assert contents(tmp_path) == under("out.zip/mid.tar.gz/in.zip") | {
        "out.zip/mid.tar.gz/b.json": b"2", "out.zip/c.json": b"3",
    }  # fmt: skip


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_large_zip_in_a_zip_is_not_held_in_memory(tmp_path: Path, method: int) -> None:
    files = {f"{n:03}.bin.json": CHANCE.randbytes(300_000) for n in range(40)}
    inner = zipped(files)
    assert len(inner) > SMALL
    zips.plain(tmp_path / "out.zip", {"in.zip": inner}, method)
    assert contents(tmp_path) == under("out.zip/in.zip", files)


def test_two_archives_of_one_name(tmp_path: Path) -> None:
    entries = [zips.Entry(b"in.zip", zipped({"x.json": body})) for body in (b"1", b"22")]
    zips.raw(tmp_path / "a.zip", entries)
    deliverable = open_deliverable(tmp_path)
    unchained(deliverable)
    assert [row["size"] for row in deliverable.files.to_pylist()[3:]] == [1, 2]


def test_an_archive_that_holds_itself_ends(tmp_path: Path) -> None:
    """A zip whose only member is itself, over again: each level is made from the one below."""
    data = zipped({"x.json": b"1"})
    for _ in range(9):
        data = zipped({"r.zip": data})
    (tmp_path / "r.zip").write_bytes(data)
    assert list(contents(tmp_path).items()) == [("r.zip/r.zip/r.zip/r.zip/r.zip", "nested-depth")]


def test_a_bomb_of_archives_in_archives_is_not_unpacked(tmp_path: Path) -> None:
    """Three archives of sixteen archives of a tar: 1 GB in 10 kB."""
    tar = zipped({"zeros.tar": tarred({"x.bin": bytes(20 << 20)})})
    once = {f"{n}.zip": tar for n in range(16)}
    zips.plain(tmp_path / "bomb.zip", {f"{n}.zip": zipped(once) for n in range(3)})
    rows = open_deliverable(tmp_path).files
    assert os.path.getsize(tmp_path / "bomb.zip") < 20_000  # noqa: PTH202
    assert sum(row["status"] == "ok" and row["name"] == "x.bin" for row in rows.to_pylist()) < 5
    assert {row["reason"] for row in rows.to_pylist()} == {None, "bomb"}


def test_a_packed_bomb_is_not_unpacked(tmp_path: Path) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = b"".join(packer.compress(bytes(1 << 20)) for _ in range(200)) + packer.flush()
    twice = gzip.compress(data)
    (tmp_path / "a.tar.gz").write_bytes(twice)
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(twice))
    zips.plain(tmp_path / "c.zip", {"a.json.gz": data})
    found = contents(tmp_path)
    assert found["c.zip/a.json.gz"] == "bomb"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("in.7z", b"7z\xbc\xaf\x27\x1c", "archive-format"),
        ("in.rar", b"Rar!", "archive-format"),
        ("in.part1.rar", b"Rar!", "archive-format"),
        ("in.alz", b"ALZ\1", "archive-format"),
        ("in.egg", b"EGGA", "archive-format"),
        ("in.7z.001", b"7z\xbc\xaf\x27\x1c", "archive-format"),
        ("in.zip", b"<html>", "web-page"),
        ("in.zip", b"", "empty"),
    ],
)
def test_archives_that_cannot_be_read_say_why(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    zips.tree(tmp_path, {name: data})
    zips.plain(tmp_path / "out.zip", {name: data})
    assert contents(tmp_path) == {name: reason, f"out.zip/{name}": reason}


def test_an_encrypted_archive_in_an_archive(tmp_path: Path) -> None:
    zips.raw(tmp_path / "out.zip", [zips.Entry(b"in.zip", zipped(FILES), flags=1)])
    assert contents(tmp_path) == {"out.zip/in.zip": "password"}


# --- pieces ---------------------------------------------------------------------------------------


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def by_offset(data: bytes, size: int) -> dict[str, bytes]:
    return {f"part{size * n}": piece for n, piece in enumerate(pieces(data, size))}


def by_letter(data: bytes, size: int) -> dict[str, bytes]:
    return {f"part{chr(97 + n // 26)}{chr(97 + n % 26)}": piece for n, piece in enumerate(pieces(data, size))}


def from_one(data: bytes, size: int) -> dict[str, bytes]:
    return {f"{n:03}": piece for n, piece in enumerate(pieces(data, size), 1)}


def from_zero(data: bytes, size: int) -> dict[str, bytes]:
    return {f"part{n}": piece for n, piece in enumerate(pieces(data, size))}


NAMING = [by_offset, by_letter, from_one, from_zero]


@pytest.mark.parametrize("naming", NAMING, ids=lambda one: one.__name__)
@pytest.mark.parametrize("name", ["TL_1.zip", "TL_1.tar", "TL_1.tar.gz"])
@pytest.mark.parametrize("inside", [False, True], ids=["on disk", "in a tar"])
def test_pieces_are_read_as_one(tmp_path: Path, naming: Any, name: str, inside: bool) -> None:
    data = zipped(FILES) if name.endswith("zip") else tarred(FILES, "w:gz" if name.endswith("gz") else "w")
    made = {f"d/{name}.{number}": piece for number, piece in naming(data, len(data) // 11).items()}
    assert len(made) in (11, 12)
    if inside:
        tars.plain(tmp_path / "download.tar", dict(CHANCE.sample(sorted(made.items()), len(made))))
    else:
        zips.tree(tmp_path, made)
    assert contents(tmp_path) == under(f"download.tar/d/{name}" if inside else f"d/{name}")
    rows = open_deliverable(tmp_path).files.to_pylist()
    first = next(row for row in rows if row["path"] == min(made, key=lambda one: list(made).index(one)))
    assert {row["container"] for row in rows if row["kind"] == "label"} == {first["file"]}


def test_one_piece_stands_for_all_on_the_command_line(tmp_path: Path) -> None:
    made = {f"TL_1.zip.{number}": piece for number, piece in from_one(zipped(FILES), 9000).items()}
    zips.tree(tmp_path, made | {"other.json": b"1"})
    for number in ("001", "003"):
        assert contents(tmp_path / f"TL_1.zip.{number}") == under("TL_1.zip")


@pytest.mark.parametrize("naming", NAMING, ids=lambda one: one.__name__)
@pytest.mark.parametrize("lost", [0, 4, -1], ids=["first", "middle", "last"])
def test_a_missing_piece_is_told_of_all(tmp_path: Path, naming: Any, lost: int) -> None:
    made = naming(zipped(FILES), 9000)
    made.pop(list(made)[lost])
    zips.tree(tmp_path, {f"TL_1.zip.{number}": piece for number, piece in made.items()})
    assert contents(tmp_path) == {f"TL_1.zip.{number}": "piece-missing" for number in made}


def test_pieces_left_over_beside_the_whole(tmp_path: Path) -> None:
    data = zipped(FILES)
    zips.tree(tmp_path, {f"TL_1.zip.{number}": piece for number, piece in by_offset(data, 50_000).items()})
    (tmp_path / "TL_1.zip").write_bytes(data)
    assert contents(tmp_path) == under("TL_1.zip")
    rows = open_deliverable(tmp_path).files.to_pylist()
    assert sum(row["kind"] == "archive" for row in rows) > 2


def volumes(data: bytes, sizes: list[int]) -> dict[str, bytes]:
    """A zip on several disks (APPNOTE.TXT 8.3): offsets in its directory count from the disk they name."""
    marked = b"PK\x07\x08" + data
    end = marked.rindex(b"PK\x05\x06")
    start = struct.unpack_from("<L", marked, end + 16)[0] + 4
    borders = [0, *[sum(sizes[: n + 1]) for n in range(len(sizes))]]

    def placed(offset: int) -> tuple[int, int]:
        disk = max(n for n, border in enumerate(borders) if border <= offset)
        return disk, offset - borders[disk]

    made = bytearray(marked)
    at = start
    while at < end:
        name, extra, comment = struct.unpack_from("<HHH", made, at + 28)
        disk, offset = placed(struct.unpack_from("<L", made, at + 42)[0] + 4)
        struct.pack_into("<H", made, at + 34, disk)
        struct.pack_into("<L", made, at + 42, offset)
        at += 46 + name + extra + comment
    disk, offset = placed(start)
    struct.pack_into("<HH", made, end + 4, len(sizes), disk)
    struct.pack_into("<L", made, end + 16, offset)
    parts = [bytes(made[a:b]) for a, b in zip(borders, [*borders[1:], len(made)], strict=True)]
    return {f"z{n:02}": part for n, part in enumerate(parts[:-1], 1)} | {"zip": parts[-1]}


@pytest.mark.parametrize("inside", [False, True], ids=["on disk", "in a tar"])
def test_volumes_are_read_as_one(tmp_path: Path, inside: bool) -> None:
    data = zipped(FILES)
    made = {f"TL_1.{number}": part for number, part in volumes(data, [10_000, 10_001, 20_000]).items()}
    if inside:
        tars.plain(tmp_path / "download.tar", made)
    else:
        zips.tree(tmp_path, made)
    assert contents(tmp_path) == under("download.tar/TL_1.zip" if inside else "TL_1.zip")
    rows = open_deliverable(tmp_path).files.to_pylist()
    last = next(row for row in rows if row["path"] == "TL_1.zip")
    assert {row["container"] for row in rows if row["kind"] == "label"} == {last["file"]}


@pytest.mark.parametrize("lost", ["z01", "z02", "z03", "zip"])
def test_a_missing_volume_is_told_of_all(tmp_path: Path, lost: str) -> None:
    made = volumes(zipped(FILES), [10_000, 10_001, 20_000])
    del made[lost]
    zips.tree(tmp_path, {f"TL_1.{number}": part for number, part in made.items()})
    assert contents(tmp_path) == {f"TL_1.{number}": "piece-missing" for number in made}


def test_volumes_left_over_beside_a_whole_zip(tmp_path: Path) -> None:
    zips.tree(tmp_path, {"a.zip": zipped({"x.json": b"1"}), "a.z01": b"PK\x07\x08 of another time"})
    assert contents(tmp_path) == {"a.zip/x.json": b"1", "a.z01": "leftover-piece"}


@pytest.mark.skipif(os.name != "posix", reason="links as POSIX has them")
def test_a_link_is_no_piece(tmp_path: Path) -> None:
    """It could lead anywhere."""
    made = from_one(zipped(FILES), 50_000)
    outside = zips.tree(tmp_path / "outside", made)
    zips.tree(tmp_path / "d", {"a.zip.001": made["001"]})
    for number in list(made)[1:]:
        (tmp_path / "d" / f"a.zip.{number}").symlink_to(outside / number)
    assert set(contents(tmp_path / "d").values()) == {"piece-missing", "link"}


def test_pieces_that_are_packed_once_more(tmp_path: Path) -> None:
    made = {f"a.zip.{number}": piece for number, piece in from_one(zipped(FILES), 30_000).items()}
    zips.plain(tmp_path / "stored.zip", made, zipfile.ZIP_STORED)
    zips.plain(tmp_path / "packed.zip", made)
    packed = {f"packed.zip/{name}": "packed-pieces" for name in made}
    assert contents(tmp_path) == under("stored.zip/a.zip") | packed


def test_nothing_is_written(tmp_path: Path) -> None:
    zips.plain(tmp_path / "in" / "out.zip", {"in.tar.gz": tarred({"in.zip": zipped(FILES)}, "w:gz")})
    before = sorted(tmp_path.rglob("*"))
    contents(tmp_path / "in")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("inside", [False, True], ids=["on disk", "in a tar"])
def test_archives_in_pieces_are_known_by_the_name_of_the_whole(tmp_path: Path, inside: bool) -> None:
    """As the downloader of AI-Hub leaves them, in its tar or beside it."""
    made: dict[str, bytes] = {}
    for side, ending in (("TS", "jpg"), ("TL", "json")):
        data = zipped({f"{n}.{ending}": CHANCE.randbytes(300) for n in range(20)})
        made |= {f"{side}_강아지.zip.{number}": piece for number, piece in by_offset(data, 3000).items()}
    if inside:
        tars.plain(tmp_path / "download.tar", made)
    else:
        zips.tree(tmp_path, made)
    found = open_deliverable(tmp_path)
    assert found.layout.id == "aihub"
    rows = found.files.to_pylist()
    roles = {(row["kind"], row["split"], row["group_key"]) for row in rows}
    assert {("source", "training", "강아지"), ("label", "training", "강아지")} <= roles
