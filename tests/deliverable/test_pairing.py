from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import duckdb
import pyarrow as pa
import pytest

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
            rows.append(
                {
                    "file": len(rows) + 1,
                    "container": crc32(container.encode()) if container else None,
                    "container_path": container or None,
                    "path": path,
                    "folder": folder,
                    "name": name,
                    "stem": name.rpartition(".")[0],
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
        [("TL.zip:1.json", "TS_1.zip:1.jpg", "P1"), ("TL.zip:2.json", "TS_2.zip:2.jpg", "P1")],
    ),
    "one-stem-in-two-shards": (n("TL.zip:1.json"), n("TS_1.zip:1.jpg", "TS_2.zip:1.jpg"), []),
    "groups-with-equal-stems": (
        [("TL_a.zip:1.json", None, "a"), ("TL_b.zip:1.json", None, "b")],
        [("TS_a.zip:1.jpg", None, "a"), ("TS_b.zip:1.jpg", None, "b")],
        [("TL_a.zip:1.json", "TS_a.zip:1.jpg", "P1"), ("TL_b.zip:1.json", "TS_b.zip:1.jpg", "P1")],
    ),
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
        assert rule == "P1"


def test_names_in_cp949_and_nfd_meet(tmp_path: Path) -> None:
    zips.raw(tmp_path / "labels.zip", [zips.Entry("강아지.json".encode("cp949"))])
    zips.tree(tmp_path, {"images/강아지.jpg": "x"})
    assert pairs_of(open_deliverable(tmp_path).files) == [
        ("labels.zip:강아지.json", "images/강아지.jpg", "P1")
    ]


def test_thousands_of_equal_stems_end_soon_and_unpaired() -> None:
    labels = n(*(f"l{i}/1.json" for i in range(3000)))
    sources = n(*(f"s{i}/1.jpg" for i in range(3000)))
    assert pairs_of(made(labels, sources)) == []
