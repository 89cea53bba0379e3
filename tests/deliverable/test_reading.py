from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import pytest

from qc.deliverable.contents import read_directory
from qc.deliverable.inflating import BOMB_RATIO, BOMB_SIZE
from qc.deliverable.listing import open_deliverable
from qc.deliverable.reading import Place, Reader, ReadError, places
from tests.deliverable import zips

BODY = b'{"a": [' + b"1, " * 5000 + b"2]}"


def only(path: Path, row: int = -1) -> Place:
    return places(open_deliverable(path).files)[row]


@pytest.mark.parametrize(
    "method",
    [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA],
    ids=["stored", "deflated", "bzip2", "lzma"],
)
@pytest.mark.parametrize(
    "body", [b"", b"x", BODY, bytes(range(256)) * 8000], ids=["empty", "one", "text", "big"]
)
def test_members_read_as_zipfile_reads_them(tmp_path: Path, method: int, body: bytes) -> None:
    path = zips.plain(tmp_path / "a.zip", {"first.json": b"1", "b.json": body}, method)
    place = next(p for p in places(open_deliverable(path).files) if p.size == len(body) and p.offset)
    with Reader() as reader:
        assert reader.read(place) == body
        for count in (0, 1, 100, 70_000, len(body) + 9):
            assert reader.head(place, count) == body[:count]
        tail = reader.tail(place, 100)
    assert tail == (body[-100:] if method == zipfile.ZIP_STORED else b"")


@pytest.mark.parametrize(
    "method",
    [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA],
    ids=["stored", "deflated", "bzip2", "lzma"],
)
def test_blocks_are_the_bytes_from_any_place_on(tmp_path: Path, method: int) -> None:
    body = bytes(range(256)) * 12_000
    zips.plain(tmp_path / "a.zip", {"b.json": body}, method)
    (tmp_path / "loose.json").write_bytes(body)
    members = [place for place in places(open_deliverable(tmp_path).files) if place.size == len(body)]
    assert len(members) == 2
    with Reader() as reader:
        for place in members:
            for start in (0, 1, 1 << 20, len(body) - 1, len(body), len(body) + 1):
                blocks = list(reader.blocks(place, start))
                assert b"".join(blocks) == body[start:]
                assert max(map(len, blocks), default=0) <= 1 << 20


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
@pytest.mark.parametrize("change", [{"crc": 1}, {"size": 2_999_999}, {"size": 3_000_001}], ids=repr)
def test_blocks_that_do_not_end_as_declared_are_damaged(
    tmp_path: Path, method: int, change: dict[str, int]
) -> None:
    path = zips.plain(tmp_path / "a.zip", {"b.json": bytes(3_000_000)[:-1] + b"x"}, method)
    place = next(p for p in places(open_deliverable(path).files) if p.size == 3_000_000)
    with Reader() as reader, pytest.raises(ReadError) as raised:
        for _ in reader.blocks(place._replace(**change)):  # type: ignore[arg-type]
            pass
    assert raised.value.code == "damaged"


def test_loose_files(tmp_path: Path) -> None:
    path = tmp_path / "라벨.json"
    path.write_bytes(BODY)
    place = only(tmp_path)
    with Reader() as reader:
        assert reader.read(place) == BODY
        assert reader.read(place, limit=len(BODY)) == BODY
        assert (reader.head(place, 7), reader.tail(place, 3)) == (BODY[:7], BODY[-3:])
        path.write_bytes(BODY * 3)  # grew since it was listed
        assert reader.read(place) == BODY * 3
        path.write_bytes(b"")
        assert reader.read(place) == b""


def test_places_are_picklable_and_share_their_archive(tmp_path: Path) -> None:
    zips.plain(tmp_path / "a.zip", {f"{n}.json": b"{}" for n in range(100)})
    members = places(open_deliverable(tmp_path).files)[1:]
    assert pickle.loads(pickle.dumps(members)) == members
    assert len(pickle.dumps(members)) < 100 * 60


@pytest.mark.parametrize("write", [zips.streamed, zips.zip64], ids=["data-descriptors", "zip64"])
def test_forms_of_archives(tmp_path: Path, write: object) -> None:
    path = write(tmp_path / "a.zip", {"가/x.json": BODY, "y.json": b"{}"})  # type: ignore[operator]
    files = open_deliverable(path).files
    with Reader() as reader:
        named = zip(files["path"].to_pylist(), places(files), strict=True)
        contents = {name: reader.read(place) for name, place in named if place.offset is not None}
    assert contents == {"가/x.json": BODY, "y.json": b"{}"}


@pytest.mark.parametrize("write", [zips.plain, zips.zip64], ids=["zip", "zip64"])
def test_data_before_and_after_an_archive_does_no_harm(tmp_path: Path, write: object) -> None:
    path = write(tmp_path / "a.zip", {"x.json": BODY})  # type: ignore[operator]
    path.write_bytes(b"#!/bin/sh self-extracting\n" + path.read_bytes() + b"\0" * 700)
    with Reader() as reader:
        assert reader.read(only(path)) == BODY


def test_many_archives_keep_few_open(tmp_path: Path) -> None:
    for number in range(40):
        zips.plain(tmp_path / f"{number:02}.zip", {"x.json": str(number).encode()})
    members = [place for place in places(open_deliverable(tmp_path).files) if place.offset is not None]
    with Reader() as reader:
        assert [int(reader.read(place)) for place in members] == list(range(40))
        assert len(reader._sources) <= 32
        assert int(reader.read(members[0])) == 0
    assert not len(reader._sources)


def damaged(path: Path, at: int, value: bytes) -> None:
    data = bytearray(path.read_bytes())
    data[at : at + len(value)] = value
    path.write_bytes(data)


def read_code(place: Place, limit: int | None = None) -> str:
    with Reader() as reader, pytest.raises(ReadError) as caught:
        reader.read(place, limit)
    assert pickle.loads(pickle.dumps(caught.value)).code == caught.value.code
    return caught.value.code


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_damaged_data_are_told_by_every_method(tmp_path: Path, method: int) -> None:
    path = zips.plain(tmp_path / "a.zip", {"x.json": BODY}, method)
    place = only(path)
    assert place.offset is not None
    damaged(path, place.offset + 50, b"\xff\x00\xff\x00\xff\x00")
    assert read_code(place) == "damaged"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"offset": 3}, "damaged"),
        ({"offset": 10**9}, "damaged"),
        ({"size": len(BODY) - 1}, "damaged"),
        ({"size": len(BODY) + 1}, "damaged"),
        ({"packed": 5}, "damaged"),
        ({"packed": 10**6}, "damaged"),
        ({"crc": 1}, "damaged"),
        ({"flags": 1}, "encrypted"),
        ({"method": 10}, "unsupported"),
        ({"disk": "nowhere.zip"}, "missing"),
    ],
    ids=["header", "beyond", "smaller", "bigger", "cut", "packed", "crc", "encrypted", "method", "missing"],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, change: dict[str, object], code: str) -> None:
    place = only(zips.plain(tmp_path / "a.zip", {"x.json": BODY}))
    assert read_code(place._replace(**change)) == code  # type: ignore[arg-type]


def test_limits(tmp_path: Path) -> None:
    zips.plain(tmp_path / "a.zip", {"x.json": BODY})
    (tmp_path / "b.json").write_bytes(b"12345")
    loose, member = (next(p for p in places(open_deliverable(tmp_path).files) if p.size == size)
                     for size in (5, len(BODY)))  # fmt: skip
    assert read_code(member, limit=100) == "too-big"
    assert read_code(loose, limit=4) == "too-big"
    (tmp_path / "b.json").write_bytes(b"1234567890")  # grew over the limit since it was listed
    assert read_code(loose, limit=6) == "too-big"
    (tmp_path / "b.json").unlink()
    assert read_code(loose) == "missing"


@pytest.mark.parametrize(("size", "packed", "bomb"), [(1, 1, True), (0, 1, False), (1, 2, False)])
def test_a_bomb_is_not_unpacked(tmp_path: Path, size: int, packed: int, bomb: bool) -> None:
    """Told by what the directory states: nothing of it is read."""
    place = only(zips.plain(tmp_path / "a.zip", {"x.json": BODY}))
    place = place._replace(size=BOMB_SIZE + size, packed=BOMB_SIZE // BOMB_RATIO * packed)
    assert read_code(place) == ("too-big" if bomb else "damaged")


def test_a_member_that_lies_about_its_size_is_not_unpacked(tmp_path: Path) -> None:
    path = zips.plain(tmp_path / "bomb.zip", {"x.json": b"0" * 50_000_000})
    place = only(path)._replace(size=1000)
    with Reader() as reader:
        assert reader.head(place, 10) == b"0" * 10
    assert read_code(place) == "damaged"


# --- directories ----------------------------------------------------------------------------------


def test_the_directory_is_what_zipfile_reads(tmp_path: Path) -> None:
    path = zips.plain(tmp_path / "a.zip", {"b/": b"", "b/x.json": BODY, "가.json": b"1"})
    with zipfile.ZipFile(path) as archive:
        expected = [(i.filename, i.header_offset, i.compress_size, i.file_size, i.CRC, i.compress_type)
                    for i in archive.infolist() if not i.is_dir()]  # fmt: skip
    members = read_directory(str(path)).members
    assert [(m.path, m.offset, m.packed, m.size, m.crc, m.method) for m in members] == expected
    assert [m.number for m in members] == [1, 2]


def bytes_of(tmp_path: Path) -> bytes:
    return zips.plain(tmp_path / "good.zip", {"x.json": BODY, "y.json": BODY}).read_bytes()


@pytest.mark.parametrize(
    ("bend", "status", "reason"),
    [
        (lambda data: b"", "damaged", "empty"),
        (lambda data: b"hello, no zip at all", "damaged", "not-a-zip"),
        (lambda data: data[:-30], "damaged", "no-directory"),
        (lambda data: data[: len(data) // 2], "damaged", "no-directory"),
        (lambda data: data[200:], "damaged", "directory-cut"),
        (lambda data: data.replace(b"PK\x01\x02", b"PK\x01\x09"), "damaged", "directory-broken"),
        (lambda data: data[:-18] + b"\1\0\1\0" + data[-14:], "damaged", "piece-missing"),
    ],
    ids=["empty", "text", "no-end", "half", "no-beginning", "signature", "split"],
)
def test_broken_directories(tmp_path: Path, bend: object, status: str, reason: str) -> None:
    path = tmp_path / "bad.zip"
    path.write_bytes(bend(bytes_of(tmp_path)))  # type: ignore[operator]
    found = read_directory(str(path))
    assert (found.status, found.reason, found.members) == (status, reason, ())


def test_every_cut_of_an_archive_is_a_value(tmp_path: Path) -> None:
    data = zips.zip64(tmp_path / "good.zip", {"x.json": b"{}"}).read_bytes()
    path = tmp_path / "cut.zip"
    for end in range(len(data)):
        path.write_bytes(data[:end])
        assert read_directory(str(path)).status in ("damaged", "unsupported")


def test_an_archive_that_is_not_there(tmp_path: Path) -> None:
    assert read_directory(str(tmp_path / "no.zip")).status == "unreadable"


def test_a_directory_may_point_beyond_its_archive(tmp_path: Path) -> None:
    path = zips.plain(tmp_path / "a.zip", {"x.json": BODY, "y.json": b"{}"})
    data = bytearray(path.read_bytes())
    first = data.index(b"PK\x01\x02")
    data[first + 20 : first + 24] = (10**6).to_bytes(4, "little")
    path.write_bytes(data)
    assert [(m.status, m.reason) for m in read_directory(str(path)).members] == [
        ("damaged", "outside-archive"),
        ("ok", None),
    ]
