from __future__ import annotations

import os
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest

from qc.deliverable.listing import Deliverable, open_deliverable
from qc.deliverable.reading import Reader, places
from qc.errors import QcError
from qc.facts.ids import file_id
from qc.facts.tables import FILES
from tests.deliverable import zips

POSIX = pytest.mark.skipif(os.name != "posix", reason="names and links as POSIX has them")
NFD = unicodedata.normalize("NFD", "강아지")


def rows(deliverable: Deliverable, *columns: str) -> list[tuple[Any, ...]]:
    return list(zip(*(deliverable.files[name].to_pylist() for name in columns), strict=True))


def by_path(deliverable: Deliverable, column: str) -> dict[str, Any]:
    return dict(rows(deliverable, "path", column))


def test_every_column_of_loose_files(tmp_path: Path) -> None:
    zips.tree(tmp_path, {"나/b.JPG": "12345", "나.json": "{}", "a.tar.gz": "x"})
    os.utime(tmp_path / "나.json", ns=(1, 1_600_000_000_000_000_000))
    found = open_deliverable(tmp_path)
    assert found.files.column_names == [*FILES.names, "disk", "offset", "method", "flags"]
    assert found.files.schema.field("file").type == FILES.schema.field("file").type
    row = found.files.to_pylist()[1]
    assert row["file"] == file_id("deliverable", None, "나.json")
    hidden = ("file", "disk")
    assert {key: value for key, value in row.items() if value is not None and key not in hidden} == {
        "root": "deliverable", "path": "나.json", "name": "나.json", "stem": "나", "extension": "json",
        "folder": "", "depth": 0, "size": 2, "mtime_ns": 1_600_000_000_000_000_000, "name_encoding": "os",
        "name_form": "NFC", "media": "label", "kind": "label", "status": "ok",
    }  # fmt: skip
    assert rows(found, "path", "stem", "extension", "folder", "depth", "media", "kind", "status") == [
        ("a.tar.gz", "a.tar", "gz", "", 0, "archive", "archive", "damaged"),
        ("나.json", "나", "json", "", 0, "label", "label", "ok"),
        ("나/b.JPG", "b", "jpg", "나", 1, "image", "source", "ok"),
    ]
    assert (found.file_count, found.archive_count, found.byte_count) == (2, 1, 8)


def test_every_column_of_members(tmp_path: Path) -> None:
    zips.plain(tmp_path / "라벨.zip", {"빈/": b"", "나/b.json": b"12345" * 50, "a.json": b"1"})
    found = open_deliverable(tmp_path / "라벨.zip")
    row = found.files.to_pylist()[2]
    container = file_id("deliverable", None, "라벨.zip")
    assert row["file"] == file_id("deliverable", "라벨.zip", "나/b.json")
    assert {k: row[k] for k in ("container", "container_path", "path", "member", "size", "mtime_ns")} == {
        "container": container, "container_path": "라벨.zip", "path": "나/b.json", "member": 1, "size": 250,
        "mtime_ns": None,
    }  # fmt: skip
    assert row["packed"] < 250
    assert row["disk"] == str(tmp_path / "라벨.zip")
    assert found.files["file"][0].as_py() == container
    assert (found.name, found.file_count, found.archive_count) == ("라벨", 2, 1)


def test_rows_are_in_the_order_of_their_paths(tmp_path: Path) -> None:
    names = ["a/z.json", "a-b.json", "a.json", "a/b/c.json", "a b/x.json", "ab.json", "가/x.json", "Z/x.json"]
    zips.tree(tmp_path, dict.fromkeys(names, "{}"))
    zips.plain(tmp_path / "a.zip", dict.fromkeys(names, b"{}"))
    zips.plain(tmp_path / "a/a.zip", dict.fromkeys(reversed(names), b"{}"))
    found = rows(open_deliverable(tmp_path), "container_path", "path")
    assert found == sorted(found, key=lambda row: (row[0] or "", row[1]))
    assert len(found) == 3 * len(names) + 2
    assert [path for container, path in found if container == "a/a.zip"] == sorted(names)


def test_the_listing_does_not_depend_on_where_it_lies_or_when(tmp_path: Path) -> None:
    for where in ("one", "two"):
        zips.tree(tmp_path / where / "d", {"b.json": "{}", "a.json": "{}"})
        zips.plain(tmp_path / where / "d" / "c.zip", {"x.json": b"{}"})
    one, two = (open_deliverable(tmp_path / where / "d").files.drop_columns(["disk", "mtime_ns"])
                for where in ("one", "two"))  # fmt: skip
    assert one.equals(two)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_hangul_folders_and_names_in_both_forms(tmp_path: Path, form: Any) -> None:
    name = unicodedata.normalize(form, "강아지/사진.jpg")
    zips.tree(tmp_path, {name: "x"})
    zips.plain(tmp_path / "z.zip", {name: b"x"})
    found = open_deliverable(tmp_path)
    assert rows(found, "path", "folder", "name_form")[1:] == [("강아지/사진.jpg", "강아지", form)] * 2
    with Reader() as reader:  # opened by the name as stored
        assert [reader.read(p) for p in places(found.files) if p.size == 1] == [b"x", b"x"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems hold one of the two")
def test_names_that_differ_only_in_form_are_two_files(tmp_path: Path) -> None:
    for folder in ("강아지", NFD):
        zips.tree(tmp_path / folder, {"강아지.json": folder, f"{NFD}.json": folder})
        zips.plain(tmp_path / folder / "a.zip", {"x.json": b"{}"})
    files = open_deliverable(tmp_path).files
    assert pc.count_distinct(files["file"]).as_py() == len(files) == 8
    assert set(files["path"].to_pylist()) == {"강아지/강아지.json", "강아지/a.zip", "x.json"}
    archives = {row["file"] for row in files.to_pylist() if row["kind"] == "archive"}
    assert set(files["container"].drop_null().to_pylist()) == archives


def test_members_of_one_name_are_told_apart(tmp_path: Path) -> None:
    zips.raw(tmp_path / "a.zip", [zips.Entry(b"x.json", data) for data in (b"1", b"22", b"333")])
    files = open_deliverable(tmp_path / "a.zip").files.slice(1)
    assert files["member"].to_pylist() == [0, 1, 2]
    assert files["file"].to_pylist() == [file_id("deliverable", "a.zip", "x.json", n) for n in range(3)]
    with Reader() as reader:
        assert [reader.read(place) for place in places(files)] == [b"1", b"22", b"333"]


@pytest.mark.parametrize(
    ("name", "path", "danger"),
    [
        (b"/K-S1.wav", "/K-S1.wav", "absolute"),
        (b"../../etc/x.json", "../../etc/x.json", "parent"),
        (b"..\\x.json", "../x.json", "parent"),
        (b"C:\\x.json", "C:/x.json", "drive"),
        (b"a\x1b[2J.json", "a␛[2J.json", "control"),
        (b"a\x00b.json", "a␀b.json", "control"),
    ],
    ids=["absolute", "parent", "backslash", "drive", "escape", "nul"],
)
def test_unsafe_members_are_listed_and_read_but_never_written(
    tmp_path: Path, name: bytes, path: str, danger: str
) -> None:
    zips.raw(tmp_path / "in" / "a.zip", [zips.Entry(name, b"7"), zips.Entry(b"ok.json", b"8")])
    found = open_deliverable(tmp_path / "in")
    assert by_path(found, "unsafe") == {"a.zip": None, path: danger, "ok.json": None}
    assert set(by_path(found, "status").values()) == {"ok"}
    with Reader() as reader:
        assert reader.read(places(found.files)[by_row(found, path)]) == b"7"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.zip", "in"]


def by_row(found: Deliverable, path: str) -> int:
    return int(found.files["path"].to_pylist().index(path))


def test_members_with_korean_names_in_cp949(tmp_path: Path) -> None:
    names = ["라벨/똠방각하.json", "라벨/호.json"]
    zips.raw(tmp_path / "TL_1.zip", [zips.Entry(name.encode("cp949")) for name in names])
    found = open_deliverable(tmp_path / "TL_1.zip")
    assert rows(found, "path", "name_encoding", "name_form")[1:] == [(n, "cp949", "NFC") for n in names]


LINK = 0o120777


@pytest.mark.parametrize(
    ("entry", "status", "reason"),
    [
        (zips.Entry(b"x.json", flags=1), "encrypted", "password"),
        (zips.Entry(b"x.json", method=10), "unsupported", "compression-method"),
        (zips.Entry(b"x.json", b"/etc/passwd", mode=LINK), "unsupported", "link"),
        (zips.Entry(b"x.json", mode=0o010644), "unsupported", "special-file"),
        (zips.Entry(b"inner.ZIP"), "damaged", "not-a-zip"),
        (zips.Entry(b"x.json", mode=0o100644), "ok", None),
    ],
    ids=["encrypted", "implode", "link", "pipe", "no zip", "ordinary"],
)
def test_members_that_cannot_be_read(
    tmp_path: Path, entry: zips.Entry, status: str, reason: str | None
) -> None:
    zips.raw(tmp_path / "a.zip", [entry])
    assert rows(open_deliverable(tmp_path), "status", "reason")[1] == (status, reason)


def test_a_damaged_archive_does_not_stop_the_listing(tmp_path: Path) -> None:
    good = zips.plain(tmp_path / "b.zip", {"x.json": b"{}"}).read_bytes()
    (tmp_path / "a.zip").write_bytes(good[:-25])
    (tmp_path / "c.zip").write_bytes(b"not found")
    zips.tree(tmp_path, {"d.zip.part0": "x", "e.z01": "x", "f.7z": "x", "g.alz": "x"})
    found = open_deliverable(tmp_path)
    assert [row for row in rows(found, "path", "kind", "status", "reason") if row[1] == "archive"] == [
        ("a.zip", "archive", "damaged", "no-directory"),
        ("b.zip", "archive", "ok", None),
        ("c.zip", "archive", "damaged", "not-a-zip"),
        ("d.zip.part0", "archive", "damaged", "not-a-zip"),
        ("e.z01", "archive", "damaged", "piece-missing"),
        ("f.7z", "archive", "unsupported", "archive-format"),
        ("g.alz", "archive", "unsupported", "archive-format"),
    ]
    assert rows(found, "path", "container_path")[-1] == ("x.json", "b.zip")


@POSIX
def test_links_are_followed_only_inside(tmp_path: Path) -> None:
    outside = zips.tree(tmp_path / "outside", {"secret.json": "1", "more/x.json": "2"})
    inside = zips.tree(tmp_path / "d", {"a.json": "123", "sub/b.json": "4"})
    for name, target in {"in.json": inside / "a.json", "out.json": outside / "secret.json", "loop": inside,
                         "folder": outside / "more", "gone.json": inside / "no"}.items():  # fmt: skip
        (inside / name).symlink_to(target)
    found = open_deliverable(inside)
    assert rows(found, "path", "size", "status", "reason") == [
        ("a.json", 3, "ok", None),
        ("folder", 0, "unsupported", "link"),
        ("gone.json", 0, "unsupported", "link"),
        ("in.json", 3, "ok", None),
        ("loop", 0, "unsupported", "link"),
        ("out.json", 0, "unsupported", "link"),
        ("sub/b.json", 1, "ok", None),
    ]
    (tmp_path / "to-d").symlink_to(inside)
    assert by_path(open_deliverable(tmp_path / "to-d"), "status")["in.json"] == "ok"


@POSIX
def test_what_is_no_file_and_names_that_are_no_text(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    stored = tmp_path / os.fsdecode("한글.json".encode("cp949"))
    try:
        stored.write_bytes(b"12")
    except OSError:
        pytest.skip("this file system holds only UTF-8 names")
    (tmp_path / "new\nline.json").write_bytes(b"3")
    found = open_deliverable(tmp_path)
    assert rows(found, "path", "status", "unsafe", "name_encoding") == [
        ("new␊line.json", "ok", "control", "os"),
        ("pipe.json", "unsupported", None, "os"),
        ("한글.json", "ok", None, "cp949"),
    ]
    with Reader() as reader:
        assert [reader.read(place) for place in places(found.files)[::2]] == [b"3", b"12"]


@POSIX
def test_a_folder_that_may_not_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zips.tree(tmp_path, {"a.json": "1", "shut/b.json": "1"})
    real = os.scandir

    def scandir(path: str) -> Any:
        if path.endswith("shut"):
            raise PermissionError(path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert rows(open_deliverable(tmp_path), "path", "kind", "status", "reason") == [
        ("a.json", "label", "ok", None),
        ("shut", "other", "unreadable", "system-refused"),
    ]


def test_what_operating_systems_leave_behind(tmp_path: Path) -> None:
    junk = [
        ".DS_Store",
        "Thumbs.db",
        "__MACOSX/a.json",
        "a/._b.jpg",
        "@eaDir/x.jpg",
        "~$표.xlsx",
        "a/b.json.tmp",
    ]
    zips.tree(tmp_path, {**dict.fromkeys(junk, "x"), "README.txt": "x", "설명서.hwp": "x", "a/b.jpg": "x"})
    zips.plain(tmp_path / "z.zip", {**dict.fromkeys(junk, b"x"), "c.json": b"x"})
    found = open_deliverable(tmp_path)
    kinds = rows(found, "path", "kind")
    assert sorted(path for path, kind in kinds if kind == "junk") == sorted(junk * 2)
    assert [path for path, kind in kinds if kind == "document"] == ["README.txt", "설명서.hwp"]
    assert found.file_count == 4


def test_an_empty_folder_and_an_empty_archive(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    found = open_deliverable(tmp_path / "empty")
    assert (found.files.num_rows, found.file_count, found.byte_count) == (0, 0, 0)
    assert (found.layout.id, found.layout_reason.how) == ("flat", "fallback")
    zips.plain(tmp_path / "e.zip", {})
    assert rows(open_deliverable(tmp_path / "e.zip"), "path", "status") == [("e.zip", "ok")]


def test_more_rows_than_a_batch_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zips.tree(tmp_path, {f"{n:02}.json": "{}" for n in range(25)})
    zips.plain(tmp_path / "a.zip", {f"{n:02}.json": b"{}" for n in range(25)})
    whole = open_deliverable(tmp_path).files
    monkeypatch.setattr("qc.deliverable.manifest._BATCH", 7)
    assert open_deliverable(tmp_path).files.equals(whole)


@pytest.mark.parametrize(
    ("path", "layout", "key"),
    [
        ("nowhere", None, "errors.path-missing"),
        (".", "aihub-2032", "errors.layout-unknown"),
        (".", "nowhere.toml", "errors.layout-unknown"),
    ],
)
def test_wrong_use(tmp_path: Path, path: str, layout: str | None, key: str) -> None:
    with pytest.raises(QcError) as caught:
        open_deliverable(tmp_path / path, layout)
    assert caught.value.key == key
