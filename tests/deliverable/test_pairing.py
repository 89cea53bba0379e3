from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import duckdb
import pyarrow as pa
import pytest

from qc.deliverable.kinds import kinds, split_name
from qc.deliverable.listing import open_deliverable
from qc.deliverable.pairing import pair_by_name
from qc.facts.tables import FILES, PAIRS
from tests.deliverable import zips
from tests.deliverable.test_layouts import aihub

#: Path ('a.zip:b/c.json' is a member), split, group.
Row = tuple[str, str | None, str | None]
#: Label, source, rule.
Pair = tuple[str, str, str]


def pairs_of(files: pa.Table) -> list[Pair]:
    """Pairs as (label, source, rule), named by 'archive:path'."""
    with duckdb.connect() as con:
        con.execute(FILES.ddl())
        con.execute(PAIRS.ddl())
        con.register("listed", files.select(list(FILES.names)))
        con.execute("INSERT INTO files FROM listed")
        pair_by_name(con)
        assert con.execute("SELECT count(*) FROM duckdb_tables() WHERE temporary").fetchall() == [(0,)]
        name = "concat_ws(':', {0}.container_path, {0}.path)"
        return con.execute(
            f"SELECT {name.format('l')}, {name.format('s')}, rule FROM pairs JOIN files l ON label = l.file "
            "JOIN files s ON source = s.file ORDER BY ALL"
        ).fetchall()


def made(labels: Sequence[Row], sources: Sequence[Row]) -> pa.Table:
    """Rows of ``files`` from (path, split, group); 'a.zip:b/c.json' is a member."""
    rows: list[dict[str, object]] = []
    for kind, entries in (("label", labels), ("source", sources)):
        for number, (where, split, group) in enumerate(entries):
            container, _, path = where.rpartition(":")
            folder, _, name = path.rpartition("/")
            stem, extension = split_name(name)
            rows.append(
                {
                    "file": len(rows) + 1,
                    "container": crc32(container.encode()) if container else None,
                    "container_path": container or None,
                    "path": path,
                    "folder": folder,
                    "name": name,
                    "stem": stem,
                    "extension": extension,
                    "media": kinds().medium(name, extension),
                    "kind": kind,
                    "split": split,
                    "group_key": group,
                    "member": number,
                }
            )
    return pa.Table.from_pylist(rows, schema=FILES.schema)


def n(*paths: str) -> list[Row]:
    return [(path, None, None) for path in paths]


CASES: dict[str, tuple[list[Row], list[Row], list[Pair]]] = {
    "same-folder": (n("a.json"), n("a.jpg"), [("a.json", "a.jpg", "P1")]),
    "sibling-folders": (
        n("x/labels/a.json"),
        n("x/images/a.jpg"),
        [("x/labels/a.json", "x/images/a.jpg", "P2")],
    ),
    "anywhere": (n("l/m/a.json"), n("q/a.jpg"), [("l/m/a.json", "q/a.jpg", "P1")]),
    "orphans": (n("a.json", "b.json"), n("a.jpg", "c.jpg"), [("a.json", "a.jpg", "P1")]),
    "whole-name": (
        n("a.jpg.json", "a.png.json"),
        n("a.jpg", "a.png"),
        [("a.jpg.json", "a.jpg", "P1"), ("a.png.json", "a.png", "P1")],
    ),
    "whole-name-extension-in-capitals": (
        n("l/a.jpg.json", "l/b.JPG.json", "l/c.MP4.xml"),
        n("s/a.JPG", "s/b.jpg", "s/c.mp4"),
        [
            ("l/a.jpg.json", "s/a.JPG", "P2"),
            ("l/b.JPG.json", "s/b.jpg", "P2"),
            ("l/c.MP4.xml", "s/c.mp4", "P5"),
        ],
    ),
    "whole-name-of-another-extension": (n("a.jpg.json"), n("a.png"), []),
    "extension-in-capitals": (n("a.JSON"), n("a.JPG"), [("a.JSON", "a.JPG", "P1")]),
    "case-of-the-stem": (n("A.json"), n("a.jpg"), []),
    "dots-in-the-stem": (n("a.1.0.json"), n("a.1.0.jpg", "a.1.jpg"), [("a.1.0.json", "a.1.0.jpg", "P1")]),
    "case-of-folders": (
        n("Labels/Cat/1.json", "Labels/Dog/1.json"),
        n("images/cat/1.jpg", "images/dog/1.jpg"),
        [("Labels/Cat/1.json", "images/cat/1.jpg", "P1"), ("Labels/Dog/1.json", "images/dog/1.jpg", "P1")],
    ),
    "several-media-of-one": (
        n("l/1.json"),
        n("s/1.jpg", "s/1.pcd"),
        [("l/1.json", "s/1.jpg", "P2"), ("l/1.json", "s/1.pcd", "P2")],
    ),
    "several-labels-of-one": (
        n("box/1.json", "seg/1.json"),
        n("img/1.jpg"),
        [("box/1.json", "img/1.jpg", "P2"), ("seg/1.json", "img/1.jpg", "P2")],
    ),
    "classes-below": (
        n("labels/cat/1.json", "labels/dog/1.json"),
        n("images/cat/1.jpg", "images/dog/1.jpg"),
        [("labels/cat/1.json", "images/cat/1.jpg", "P1"), ("labels/dog/1.json", "images/dog/1.jpg", "P1")],
    ),
    "scenes-above": (
        n("s1/json/1.json", "s2/json/1.json"),
        n("s1/img/1.jpg", "s2/img/1.jpg"),
        [("s1/json/1.json", "s1/img/1.jpg", "P2"), ("s2/json/1.json", "s2/img/1.jpg", "P2")],
    ),
    "an-orphan-takes-no-other's-source": (
        n("labels/cat/1.json", "labels/dog/1.json"),
        n("images/cat/1.jpg"),
        [("labels/cat/1.json", "images/cat/1.jpg", "P1")],
    ),
    "orphans-of-two-scenes-do-not-marry": (
        n("s1/json/1.json", "s2/json/2.json", "s1/json/2.json"),
        n("s2/img/1.jpg", "s1/img/2.jpg", "s2/img/2.jpg"),
        [
            ("s1/json/2.json", "s1/img/2.jpg", "P2"),
            ("s2/json/2.json", "s2/img/2.jpg", "P2"),
            ("s1/json/1.json", "s2/img/1.jpg", "P1"),
        ],
    ),
    "scattered-shards": (
        n("part1/a.json", "part2/b.json"),
        n("part2/a.jpg", "part1/b.jpg"),
        [("part1/a.json", "part2/a.jpg", "P2"), ("part2/b.json", "part1/b.jpg", "P2")],
    ),
    "camera-and-lidar": (
        n("label/s1/1.json", "label/s2/1.json"),
        n("raw/s1/camera/1.jpg", "raw/s1/lidar/1.pcd", "raw/s2/camera/1.jpg", "raw/s2/lidar/1.pcd"),
        [
            ("label/s1/1.json", "raw/s1/camera/1.jpg", "P1"),
            ("label/s1/1.json", "raw/s1/lidar/1.pcd", "P1"),
            ("label/s2/1.json", "raw/s2/camera/1.jpg", "P1"),
            ("label/s2/1.json", "raw/s2/lidar/1.pcd", "P1"),
        ],
    ),
    "camera-and-lidar-without-scenes": (
        n("label/1.json"),
        n("camera/1.jpg", "lidar/1.pcd"),
        [("label/1.json", "camera/1.jpg", "P2"), ("label/1.json", "lidar/1.pcd", "P2")],
    ),
    "cameras-of-a-scene": (
        n("s1/json/1.json"),
        n("s1/front/1.jpg", "s1/rear/1.jpg"),
        [("s1/json/1.json", "s1/front/1.jpg", "P2"), ("s1/json/1.json", "s1/rear/1.jpg", "P2")],
    ),
    "cameras-with-labels-of-their-own": (
        n("l/s1/front/1.json", "l/s1/rear/1.json"),
        n("s/s1/front/1.jpg", "s/s1/rear/1.jpg"),
        [("l/s1/front/1.json", "s/s1/front/1.jpg", "P1"), ("l/s1/rear/1.json", "s/s1/rear/1.jpg", "P1")],
    ),
    "shards-that-count-anew": (n("TL.zip:d/1.json"), n("TS_1.zip:d/1.jpg", "TS_2.zip:d/1.jpg"), []),
    "ambiguous": (n("l/1.json"), n("x/1.jpg", "y/1.jpg"), []),
    "ambiguous-but-for-the-tail": (
        n("l/y/1.json"),
        n("x/1.jpg", "y/1.jpg"),
        [("l/y/1.json", "y/1.jpg", "P1")],
    ),
    "splits-never-mix": ([("t/1.json", "training", None)], [("v/1.jpg", "validation", None)], []),
    "split-narrows": (
        [("l/1.json", "training", None)],
        [("x/1.jpg", "training", None), ("y/1.jpg", "validation", None)],
        [("l/1.json", "x/1.jpg", "P2")],
    ),
    "unknown-split": (
        [("l/1.json", None, None)],
        [("x/1.jpg", "training", None)],
        [("l/1.json", "x/1.jpg", "P2")],
    ),
    "groups-never-mix": (
        [("l/1.json", None, "cat"), ("l/2.json", None, "dog")],
        [("s/1.jpg", None, "dog"), ("s/2.jpg", None, "dog")],
        [("l/2.json", "s/2.jpg", "P2")],
    ),
    "groups-that-cannot-be-compared": (
        [("l/1.json", None, "all")],
        [("s/1.jpg", None, "cat")],
        [("l/1.json", "s/1.jpg", "P2")],
    ),
    "shards": (
        n("TL.zip:1.json", "TL.zip:2.json"),
        n("TS_1.zip:1.jpg", "TS_2.zip:2.jpg"),
        [("TL.zip:1.json", "TS_1.zip:1.jpg", "P6"), ("TL.zip:2.json", "TS_2.zip:2.jpg", "P6")],
    ),
    "one-stem-in-two-shards": (n("TL.zip:1.json"), n("TS_1.zip:1.jpg", "TS_2.zip:1.jpg"), []),
    "groups-with-equal-stems": (
        [("TL_a.zip:1.json", None, "a"), ("TL_b.zip:1.json", None, "b")],
        [("TS_a.zip:1.jpg", None, "a"), ("TS_b.zip:1.jpg", None, "b")],
        [("TL_a.zip:1.json", "TS_a.zip:1.jpg", "P1"), ("TL_b.zip:1.json", "TS_b.zip:1.jpg", "P1")],
    ),
    "video-and-xml": (
        n("a/1.xml", "a/2.json"),
        n("b/1.mp4", "b/2.mp4", "b/1.jpg"),
        [("a/1.xml", "b/1.jpg", "P2"), ("a/1.xml", "b/1.mp4", "P5"), ("a/2.json", "b/2.mp4", "P2")],
    ),
    "shards-of-one-split-each": (
        [("TL.zip:1.json", "training", None), ("VL.zip:1.json", "validation", None)],
        [("TS.zip:1.jpg", "training", None), ("VS.zip:1.jpg", "validation", None)],
        [("TL.zip:1.json", "TS.zip:1.jpg", "P1"), ("VL.zip:1.json", "VS.zip:1.jpg", "P1")],
    ),
    "nested-twice": (
        n("VL_x.zip:VL_x/VL_x/1.json"),
        n("VS_x_1.zip:VS_x_1/1.jpg", "VS_x_2.zip:2.jpg"),
        [("VL_x.zip:VL_x/VL_x/1.json", "VS_x_1.zip:VS_x_1/1.jpg", "P1")],
    ),
    "takes": (
        n("TL.zip:take_1/pose.csv", "TL.zip:take_1/ai.json", "TL.zip:take_2/pose.csv"),
        n("TS.zip:take_1/cam_1/01.jpg", "TS.zip:take_1/cam_2/01.jpg", "TS.zip:take_2/cam_1/01.jpg"),
        [
            ("TL.zip:take_1/ai.json", "TS.zip:take_1/cam_1/01.jpg", "P7"),
            ("TL.zip:take_1/ai.json", "TS.zip:take_1/cam_2/01.jpg", "P7"),
            ("TL.zip:take_1/pose.csv", "TS.zip:take_1/cam_1/01.jpg", "P7"),
            ("TL.zip:take_1/pose.csv", "TS.zip:take_1/cam_2/01.jpg", "P7"),
            ("TL.zip:take_2/pose.csv", "TS.zip:take_2/cam_1/01.jpg", "P7"),
        ],
    ),
    "takes-in-one-tree": (
        n("take_1/a.csv", "take_2/b.csv"),
        n("take_1/cam/01.jpg", "take_2/cam/01.jpg"),
        [("take_1/a.csv", "take_1/cam/01.jpg", "P7"), ("take_2/b.csv", "take_2/cam/01.jpg", "P7")],
    ),
    "takes-whose-frames-have-labels": (
        n("take_1/a.csv", "take_1/json/01.json", "take_2/b.csv", "take_2/json/01.json"),
        n("take_1/cam/01.jpg", "take_2/cam/01.jpg"),
        [
            ("take_1/a.csv", "take_1/cam/01.jpg", "P7"),
            ("take_2/b.csv", "take_2/cam/01.jpg", "P7"),
            ("take_1/json/01.json", "take_1/cam/01.jpg", "P2"),
            ("take_2/json/01.json", "take_2/cam/01.jpg", "P2"),
        ],
    ),
    "takes-of-other-splits-do-not-meet": (
        [
            ("TL/t1/a.csv", "training", None),
            ("TL/t2/a.csv", "training", None),
            ("VL/t1/a.csv", "validation", None),
        ],
        [("TS/t1/1.jpg", "training", None), ("VS/t2/1.jpg", "validation", None)],
        [("TL/t1/a.csv", "TS/t1/1.jpg", "P7")],
    ),
    "several-labels-of-a-take": (
        n(*(f"take_{t}/pose_{c}.csv" for t in (1, 2) for c in (1, 2))),
        n(*(f"take_{t}/cam_{c}/{i}.jpg" for t in (1, 2) for c in (1, 2) for i in range(10))),
        [
            (f"take_{t}/pose_{p}.csv", f"take_{t}/cam_{c}/{i}.jpg", "P7")
            for t in (1, 2)
            for p in (1, 2)
            for c in (1, 2)
            for i in range(10)
        ],
    ),
    "classes-are-no-takes": (
        n("labels/cat/L1.json", "labels/cat/L2.json", "labels/dog/L1.json", "labels/dog/L2.json"),
        n("images/cat/1.jpg", "images/cat/2.jpg", "images/dog/1.jpg", "images/dog/2.jpg"),
        [],
    ),
    "orphans-of-scenes-are-no-takes": (
        n("s1/json/1.json", "s2/json/5.json", "s3/json/6.json"),
        n("s1/img/1.jpg", "s2/img/7.jpg", "s3/img/8.jpg"),
        [("s1/json/1.json", "s1/img/1.jpg", "P2")],
    ),
    "lists-of-splits-are-no-takes": (
        [("training/labels/all.csv", "training", None), ("validation/labels/all.csv", "validation", None)],
        [("training/images/1.jpg", "training", None), ("validation/images/1.jpg", "validation", None)],
        [],
    ),
    "one-folder-is-no-take": (n("data/labels/all.csv"), n("data/images/1.jpg"), []),
    "no-labels": ([], n("a.jpg"), []),
    "no-sources": (n("a.json"), [], []),
}


@pytest.mark.parametrize(("labels", "sources", "expected"), CASES.values(), ids=CASES)
def test_pairs(
    labels: list[Row],
    sources: list[Row],
    expected: list[Pair],
) -> None:
    assert pairs_of(made(labels, sources)) == sorted(expected)
    # the order of the rows says nothing
    assert pairs_of(made(labels[::-1], sources[::-1])) == sorted(expected)


def test_a_delivery_from_its_disk_to_its_pairs(tmp_path: Path) -> None:
    found = pairs_of(open_deliverable(aihub(tmp_path)).files)
    assert len(found) == 4
    for label, source, rule in found:
        assert label.split("/")[0] == source.split("/")[0]
        assert Path(label).stem == Path(source).stem
        assert rule == "P6"


def test_names_in_cp949_and_nfd_meet(tmp_path: Path) -> None:
    """A label zipped on Windows, its image copied from a Mac: one name in two encodings and two forms."""
    zips.raw(tmp_path / "labels.zip", [zips.Entry("강아지.json".encode("cp949"))])
    zips.raw(
        tmp_path / "images.zip",
        [zips.Entry(unicodedata.normalize("NFD", "강아지.JPG").encode(), flags=zips.UTF8)],
    )
    found = open_deliverable(tmp_path).files
    assert "NFD" in found["name_form"].to_pylist()
    assert pairs_of(found) == [("labels.zip:강아지.json", "images.zip:강아지.JPG", "P1")]


def test_thousands_of_equal_stems_end_soon_and_unpaired() -> None:
    labels = n(*(f"l{i}/1.json" for i in range(3000)))
    sources = n(*(f"s{i}/1.jpg" for i in range(3000)))
    assert pairs_of(made(labels, sources)) == []


@pytest.mark.parametrize("spills", [True, False], ids=["with-a-disk", "without"])
def test_what_does_not_fit_into_memory_spills(tmp_path: Path, spills: bool) -> None:
    """400,000 files in 40,000 folders in 48 MB: a hundredth of the largest deliverables, in less than that of
    the memory. Without a disk to spill to it cannot be done, so the test does ask for more than there is."""
    with duckdb.connect(tmp_path / "facts.duckdb", config={"threads": 1}) as con:
        con.execute(FILES.ddl())
        con.execute(PAIRS.ddl())
        con.execute(
            """INSERT INTO files BY NAME
            SELECT hash(i, kind) AS file, kind, 'd' || (i // 10) AS folder, 'IMG_' || i AS stem,
                'IMG_' || i || '.' || extension AS name, extension, media
            FROM range(200_000) r(i),
                (VALUES ('label', 'json', 'label'), ('source', 'jpg', 'image')) v(kind, extension, media)"""
        )
        con.execute("CHECKPOINT")
        con.execute("SET preserve_insertion_order = false")
        con.execute(f"SET temp_directory = '{(tmp_path / 'spill').as_posix() if spills else ''}'")
        con.execute("SET memory_limit = '48MB'")
        if spills:
            pair_by_name(con)
            assert con.execute("SELECT count(*), count(DISTINCT label) FROM pairs").fetchall() == [
                (200_000, 200_000)
            ]
        else:
            with pytest.raises(duckdb.OutOfMemoryException):
                pair_by_name(con)
