"""Media of items: by the names inside labels (P3, P4, P8, P9), else by the pairs of their files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from qc.deliverable.pairing import pair_by_name
from qc.facts.item_media import MOST_OF_A_NAME, listed_media, reduce
from tests.checks import support

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        support.create(con)
        yield con


@pytest.fixture
def con(database: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    support.clear(database)
    return database


def rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return con.execute(sql).fetchall()


LABEL = {"file": 9, "path": "L/9.json", "kind": "label"}


def media(
    con: duckdb.DuckDBPyConnection,
    files: Sequence[support.Row],
    items: Sequence[support.Row],
    pairs: Sequence[support.Row] = (),
    label: Mapping[str, Any] = LABEL,
) -> list[tuple[Any, ...]]:
    support.insert(
        con, {"files": [dict(label), *files], "items": [{"file": 9, **i} for i in items], "pairs": pairs}
    )
    reduce(con)
    return rows(con, "SELECT item, file, rule FROM item_media ORDER BY item, file")


@pytest.mark.parametrize(
    ("declared", "files", "expected"),
    [
        pytest.param("1.jpg", {1: "a/1.jpg", 2: "a/2.jpg"}, 1, id="name"),
        pytest.param("1.jpg", {1: "a/1.JPG"}, None, id="case counts"),
        pytest.param("1.jpg", {1: "a/1.png"}, None, id="extension counts"),
        pytest.param("1", {1: "a/1.png"}, 1, id="stem when no extension is declared"),
        pytest.param("a.b", {1: "x/a.b", 2: "x/a.b.png"}, 1, id="whole name before stem"),
        pytest.param("1", {1: "a/1.png", 2: "b/1.png"}, None, id="several stems"),
        pytest.param("b/1.jpg", {1: "a/1.jpg", 2: "b/1.jpg"}, 2, id="by its folder"),
        pytest.param("x\\b\\1.jpg", {1: "a/1.jpg", 2: "b/1.jpg"}, 2, id="folder with backslashes"),
        pytest.param("c/b/1.jpg", {1: "a/b/1.jpg", 2: "c/b/1.jpg"}, 2, id="longest equal end"),
        pytest.param("1.jpg", {1: "a/1.jpg", 2: "b/1.jpg"}, None, id="ambiguous stays unlinked"),
        pytest.param("/가/가.jpg".replace("가", "\u1100\u1161"), {1: "가/가.jpg"}, 1, id="NFD"),
        pytest.param(None, {1: "9.jpg"}, None, id="no name and no pair"),
    ],
)
def test_media_by_declared_name(
    con: duckdb.DuckDBPyConnection, declared: str | None, files: dict[int, str], expected: int | None
) -> None:
    found = media(
        con, [{"file": f, "path": p} for f, p in files.items()], [{"item": 5, "file_name": declared}]
    )
    assert found == ([] if expected is None else [(5, expected, "P3")])
    assert rows(con, "SELECT label, source, rule FROM pairs") == [(9, f, r) for _, f, r in found]


@pytest.mark.parametrize(
    ("ids", "label", "rule"),
    [
        pytest.param(("1", "2", "3"), {}, "P8", id="a list with ids"),
        pytest.param((None, None, None), {}, "P4", id="one label of several"),
        pytest.param((None, None, None), {"path": "p.csv", "media": "table"}, "P9", id="rows of a table"),
    ],
)
def test_labels_that_name_many(
    con: duckdb.DuckDBPyConnection, ids: Sequence[str | None], label: Mapping[str, Any], rule: str
) -> None:
    files = [{"file": n, "path": f"batch/{n}.jpg"} for n in (1, 2)]
    names = ("batch/1.jpg", "2.jpg", "3.jpg")
    items = [
        {"item": 5 + n, "file_name": name, "declared_id": id_}
        for n, (name, id_) in enumerate(zip(names, ids, strict=True))
    ]
    assert media(con, files, items, label={**LABEL, **label}) == [(5, 1, rule), (6, 2, rule)]
    assert rows(con, "SELECT label, source, rule FROM pairs ORDER BY source") == [(9, 1, rule), (9, 2, rule)]


def test_many_rows_of_a_table_may_name_one_photo(con: duckdb.DuckDBPyConnection) -> None:
    """A place visited twice, one photo: both rows are of it."""
    items = [{"item": 5, "file_name": "a.jpg"}, {"item": 6, "file_name": "a.jpg"}]
    found = media(con, [{"file": 1, "path": "p/a.jpg"}], items, label={**LABEL, "media": "table"})
    assert found == [(5, 1, "P9"), (6, 1, "P9")]


@pytest.mark.parametrize(
    ("label", "files", "expected"),
    [
        pytest.param(
            "task_1/annotations.xml",
            {1: "task_1/images/a.jpg", 2: "task_2/images/a.jpg"},
            1,
            id="in the label's folder",
        ),
        pytest.param(
            "TL/scene_2/x.json", {1: "TS/scene_1/a.jpg", 2: "TS/scene_2/a.jpg"}, 2, id="in such a folder"
        ),
        pytest.param(
            "TL/day/2/x.json", {1: "TS/night/2/a.jpg", 2: "TS/day/2/a.jpg"}, 2, id="in more such folders"
        ),
        pytest.param(
            "TL/day/x.json",
            {n: f"TS/{t}/cam_{n}/a.jpg" for n, t in enumerate(("day", "night", "dawn", "dusk", "noon"), 1)},
            1,
            id="below a folder of that name",
        ),
        pytest.param("TL/x.json", {1: "TS/1/a.jpg", 2: "TS/2/a.jpg"}, None, id="in any folder"),
        pytest.param(
            "TL/scene_2/x.json", {1: "TS/scene_1/a.jpg", 2: "TS/scene_3/a.jpg"}, None, id="in other folders"
        ),
    ],
)
def test_of_equal_names_the_nearest(
    con: duckdb.DuckDBPyConnection, label: str, files: Mapping[int, str], expected: int | None
) -> None:
    sources = [{"file": file, "path": path} for file, path in files.items()]
    found = media(con, sources, [{"item": 5, "file_name": "a.jpg"}], label={**LABEL, "path": label})
    assert found == ([] if expected is None else [(5, expected, "P3")])


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        pytest.param("000001.jpg", None, id="a name in every camera of the scene"),
        pytest.param("cam_3/000001.jpg", 73, id="a camera of the label's scene"),
        pytest.param("scene_9/cam_3/000001.jpg", 93, id="a camera of another scene"),
        pytest.param("/home/kim/data/scene_9/cam_3/000001.jpg", 93, id="below a folder of another computer"),
        pytest.param("scene_9\\cam_3\\000001", 93, id="without extension"),
        pytest.param("scene_0/cam_3/000001.jpg", 73, id="a scene that is not there"),
        pytest.param("scene_7/000001.jpg", None, id="a folder that is not there"),
    ],
)
def test_names_that_thousands_of_files_have(
    con: duckdb.DuckDBPyConnection, declared: str, expected: int | None
) -> None:
    """Frames are called alike in every camera of every scene: nobody compares each with each."""
    scenes = [
        {"file": 10 * n + c, "path": f"TS/scene_{n}/cam_{c}/000001.jpg"}
        for n in range(1, 1000)
        for c in range(1, MOST_OF_A_NAME + 3)
    ]
    label = {"file": 70, "path": "TL/scene_7/list.json", "kind": "label"}
    support.insert(
        con, {"files": [*scenes, label], "items": [{"item": 5, "file": 70, "file_name": declared}]}
    )
    reduce(con)
    found = rows(con, "SELECT file FROM item_media")
    assert found == ([] if expected is None else [(expected,)])


@pytest.mark.parametrize(
    ("names", "files", "expected"),
    [
        pytest.param(
            ["b1/6.jpg", "b8/6.jpg", "b10/6.jpg"],
            {1: "pictures/b8/6.jpg"},
            [(6, 1)],
            id="the one that agrees best",
        ),
        pytest.param(["b1/6.jpg", "b8/6.jpg"], {1: "6.jpg"}, [], id="nobody knows whose it is"),
        pytest.param(["b1/6.jpg", "b1/6.jpg"], {1: "6.jpg"}, [(5, 1), (6, 1)], id="listed twice"),
        pytest.param(
            ["b1/6.jpg", "b1/7.jpg"], {1: "6.jpg", 2: "7.jpg"}, [(5, 1), (6, 2)], id="folders not kept"
        ),
    ],
)
def test_a_picture_serves_the_item_whose_path_it_has(
    con: duckdb.DuckDBPyConnection,
    names: Sequence[str],
    files: Mapping[int, str],
    expected: list[tuple[int, int]],
) -> None:
    sources = [{"file": file, "path": path} for file, path in files.items()]
    items = [{"item": 5 + n, "file_name": name} for n, name in enumerate(names)]
    assert [(item, file) for item, file, _ in media(con, sources, items)] == expected


def test_own_pair_where_no_name_is_declared(con: duckdb.DuckDBPyConnection) -> None:
    pairs = [{"label": 9, "source": 1, "rule": "P2"}]
    assert media(con, [{"file": 1}], [{"item": 5}], pairs) == [(5, 1, "P2")]
    assert rows(con, "SELECT count(*) FROM pairs") == [(1,)]


def test_own_pair_goes_before_the_name_of_another_picture(con: duckdb.DuckDBPyConnection) -> None:
    files = [{"file": 1, "path": "S/9.jpg"}, {"file": 2, "path": "S/8.jpg"}]
    pairs = [{"label": 9, "source": 1}]
    assert media(con, files, [{"item": 5, "file_name": "8.jpg"}], pairs) == [(5, 1, "P1")]


def test_all_own_pairs_are_media_of_the_item(con: duckdb.DuckDBPyConnection) -> None:
    files = [
        {"file": 1, "path": "s/9.jpg", "media": "image"},
        {"file": 2, "path": "s/9.pcd", "media": "pointcloud"},
        {"file": 3, "path": "s/front/8.jpg", "media": "image"},
        {"file": 4, "path": "s/rear/8.jpg", "media": "image"},
        {"file": 8, "path": "l/8.json", "kind": "label"},
    ]
    pairs = [{"label": 9, "source": 1}, {"label": 9, "source": 2}]
    pairs += [{"label": 8, "source": 3}, {"label": 8, "source": 4}]
    media(con, files, [{"item": 5}, {"item": 6, "file": 8}], pairs)
    assert rows(con, "SELECT item, file, channel, rule FROM item_media ORDER BY file") == [
        (5, 1, "image", "P1"), (5, 2, "pointcloud", "P1"), (6, 3, "front", "P1"), (6, 4, "rear", "P1"),
    ]  # fmt: skip


def test_an_item_that_names_several_media(con: duckdb.DuckDBPyConnection) -> None:
    """S03: one label names a pdf, a txt and a jpg; others list their cameras."""
    names = {
        "/source_data_name_pdf": "a.pdf",
        "/source_data_name_jpg": "a.jpg",
        "/views/0": "v0.jpg",
        "/views/1": "v1.jpg",
        "/cameras/0/file": "c.jpg",
    }
    support.insert(
        con,
        {
            "files": [LABEL, *({"file": n, "path": f"s/{name}"} for n, name in enumerate(names.values(), 1))],
            "items": [{"item": 5, "file": 9, "file_name": "a.jpg"}],
            "named_media": [
                {"named": n, "item": 5, "file": 9, "pointer": pointer, "file_name": name}
                for n, (pointer, name) in enumerate(names.items())
            ],
        },
    )
    con.execute("UPDATE named_media SET channel = 'front', part = 3 WHERE file_name = 'c.jpg'")
    reduce(con)
    assert rows(con, "SELECT item, file, channel, part, rule FROM item_media ORDER BY file") == [
        (5, 1, "source_data_name_pdf", None, "P4"),
        (5, 2, "source_data_name_jpg", None, "P4"),
        (5, 3, "views", 0, "P4"),
        (5, 4, "views", 1, "P4"),
        (5, 5, "front", 3, "P4"),
    ]


TAKES: list[support.Row] = [
    {"file": 9, "path": "TL/take_1/pose.csv", "kind": "label", "media": "table"},
    {"file": 8, "path": "TL/take_2/pose.csv", "kind": "label", "media": "table"},
    {"file": 1, "path": "TS/take_1/cam_1/01.jpg"},
    {"file": 2, "path": "TS/take_1/cam_2/01.jpg"},
    {"file": 3, "path": "TS/take_2/cam_1/01.jpg"},
]


def test_media_of_a_take(con: duckdb.DuckDBPyConnection) -> None:
    support.insert(con, {"files": TAKES, "items": [{"item": 5, "file": 9}, {"item": 6, "file": 8}]})
    pair_by_name(con)
    reduce(con)
    assert rows(con, "SELECT item, file, channel, rule FROM item_media ORDER BY file") == [
        (5, 1, "cam_1", "P7"), (5, 2, "cam_2", "P7"), (6, 3, "cam_1", "P7"),
    ]  # fmt: skip


def test_what_a_label_names_says_more_than_its_folder(con: duckdb.DuckDBPyConnection) -> None:
    items: list[dict[str, Any]] = [
        {"item": 4, "file": 9, "file_name": "cam_1/01.jpg"},
        {"item": 5, "file": 9},
        {"item": 6, "file": 8},
    ]
    support.insert(con, {"files": TAKES, "items": items})
    pair_by_name(con)
    reduce(con)
    assert rows(con, "SELECT item, file, rule FROM item_media ORDER BY item") == [(4, 1, "P9"), (6, 3, "P7")]
    assert rows(con, "SELECT label, source, rule FROM pairs ORDER BY source") == [(9, 1, "P9"), (8, 3, "P7")]


def test_one_pair_does_not_serve_a_list(con: duckdb.DuckDBPyConnection) -> None:
    assert media(con, [{"file": 1}], [{"item": 5}, {"item": 6}], [{"label": 9, "source": 1}]) == []


@pytest.mark.parametrize(
    ("label", "source", "linked"),
    [
        ({"split": "training"}, {"split": "validation"}, False),
        ({"split": "training"}, {"split": "training"}, True),
        ({"split": "training"}, {}, True),
        ({"group_key": "개"}, {"group_key": "말"}, False),
        ({"group_key": "개"}, {"group_key": "개"}, True),
    ],
)
def test_never_across_splits_or_groups(
    con: duckdb.DuckDBPyConnection, label: dict[str, str], source: dict[str, str], linked: bool
) -> None:
    found = media(
        con,
        [{"file": 1, "path": "1.jpg", **source}],
        [{"item": 5, "file_name": "1.jpg"}],
        label={**LABEL, **label},
    )
    assert bool(found) == linked


def test_again_adds_nothing(con: duckdb.DuckDBPyConnection) -> None:
    media(con, [{"file": 1, "path": "1.jpg"}], [{"item": 5, "file_name": "1.jpg"}])
    before = rows(con, "SELECT * FROM item_media"), rows(con, "SELECT * FROM pairs")
    reduce(con)
    assert (rows(con, "SELECT * FROM item_media"), rows(con, "SELECT * FROM pairs")) == before
    assert len(before[0]) == 1


def test_media_that_lists_name_and_those_that_are_there(con: duckdb.DuckDBPyConnection) -> None:
    items = [{"item": 11, "file": 1}, {"item": 12, "file": 1}, {"item": 21, "file": 2}]
    support.insert(con, {"items": items})
    assert listed_media(con) is None
    con.execute("UPDATE items SET file_name = item || '.jpg'")
    con.execute("INSERT INTO item_media (item, file, rule) VALUES (12, 9, 'P8'), (21, 8, 'P3')")
    assert listed_media(con) == (2, 1)  # the item of the other file is alone there
