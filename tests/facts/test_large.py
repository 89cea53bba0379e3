"""A document that is read in pieces gives the rows that it gives when it is read whole."""

from __future__ import annotations

import copy
import json
import random
import zipfile
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from qc import content
from qc.deliverable.listing import open_deliverable
from qc.deliverable.reading import Place, places
from qc.documents import limits, records, streaming, xmlstream
from qc.facts import labels, large, link, neighbours
from qc.facts.labels import read_labels
from qc.facts.producers import Job, Member, joined
from qc.facts.tables import TABLES
from tests.checks import support

Rows = dict[str, list[dict[str, Any]]]
KEY = b"k" * 32
#: Told of the way of reading alone, or made after linking.
APART = {"items_in_parts", "neighbours"}


def coco(**changes: Any) -> dict[str, Any]:
    chance = random.Random(1)
    annotations = []
    for number in range(60):
        x, y = chance.randrange(80), chance.randrange(30)
        annotations.append(
            {
                "id": number, "image_id": chance.randrange(12), "category_id": chance.randrange(4),
                "bbox": [x, y, 10, 9.5], "segmentation": [[x, y, x + 10, y, x, y + 9.5]], "iscrowd": 0,
            }
        )  # fmt: skip
    return {
        "info": {"name": '[{"\\'},
        "images": [
            {"id": n, "file_name": f"장면/{n}.jpg", "width": 100, "height": 50} for n in range(12)
        ],
        "annotations": annotations,
        "categories": [{"id": n, "name": f"출입문 {n}", "supercategory": None} for n in range(3)],
    } | changes  # fmt: skip


def broken_coco() -> dict[str, Any]:
    """Errors in the shell, in some members, references that lead nowhere, a key that is not known."""
    document = coco(licenses={}, info=[])
    for number in (3, 17, 18, 40, 41, 42, 43, 44, 59):
        document["annotations"][number] |= {"bbox": [1, 2], "iscrowd": "0"}
    del document["annotations"][5]["id"]
    document["annotations"][6] = None
    document["annotations"][7]["image_id"] = 77
    document["annotations"][8]["segmentaton"] = []
    document["images"][2]["width"] = "100"
    return document


def people() -> dict[str, Any]:
    """Keypoints, and masks as numbers, as a text, as outlines; some of them broken."""
    masks = [
        {"size": [2, 3], "counts": [1, 2, 3]}, {"size": [2, 3], "counts": "123"},
        {"size": [2, 3], "counts": [9]},
        [[0, 0, 9, 0, 9, 9]], {"size": [2, 3], "counts": "1 2"}, {"size": [2], "counts": None}, "none",
    ]  # fmt: skip
    document = coco()
    for number, one in enumerate(document["annotations"]):
        one |= {"segmentation": masks[number % 7], "keypoints": [number, 2, 2, 0, 0, 0, 9, 5, 1]}
        one["keypoints"] = one["keypoints"][: -1 if number % 11 == 5 else None]
    for one in document["categories"]:
        one["keypoints"] = ["코", "눈", "귀"]
    return document


def labelme() -> dict[str, Any]:
    shapes = [
        {
            "label": f"차 {n % 3}", "shape_type": "rectangle" if n % 2 else "polygon", "group_id": None,
            "points": [[n, n], [n + 9, n + 5]] if n % 2 else [[n, n], [n + 9, n], [n, n + 5]],
        }
        for n in range(40)
    ]  # fmt: skip
    return {"shapes": shapes, "imagePath": "a.png", "imageHeight": 90, "imageWidth": 99, "version": "5"}


PICTURE = {"space": "picture", "scope": "file"}
BOX = {"type": "box", "order": "xywh", "space": "pixel"}
#: A list of items at the root, with annotations in them and a reference to another item of the list.
LIST: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "x-qc": {"row": "item"},
        "required": ["id", "name", "objects"],
        "properties": {
            "id": {"type": "integer", "x-qc": {"id": PICTURE}},
            "name": {"type": "string", "x-qc": {"col": "file_name"}},
            "objects": {
                "type": "array",
                "items": {
                    "type": "object",
                    "x-qc": {"row": "annotation"},
                    "required": ["class", "box"],
                    "properties": {
                        "class": {"enum": ["차", "사람"], "x-qc": {"col": "class"}},
                        "same_as": {"type": "integer", "x-qc": {"ref": PICTURE}},
                        "box": {
                            "type": "array", "minItems": 4, "items": {"type": "number"},
                            "x-qc": {"shape": BOX},
                        },
                        "state": {
                            "type": "object",
                            "x-qc": {"key": "attribute"},
                            "additionalProperties": {"enum": ["예", "아니오"]},
                        },
                    },
                },
            },
        },
    },
}  # fmt: skip
#: Rows of a table.
TABLE: dict[str, Any] = {
    "x-qc": {"document": {"kind": "csv"}},
    "type": "array",
    "minItems": 3,
    "items": {
        "type": "object",
        "x-qc": {"row": "item"},
        "required": ["id", "file", "width"],
        "properties": {
            "id": {"type": "integer", "x-qc": {"id": PICTURE}},
            "file": {"type": "string", "x-qc": {"col": "file_name"}},
            "width": {"type": "integer", "minimum": 1, "x-qc": {"col": "width"}},
        },
    },
}


#: Elements of one name in the root, others beside and among them.
ELEMENTS: dict[str, Any] = {
    "x-qc": {"document": {"kind": "xml"}},
    "type": "object",
    "required": ["all"],
    "properties": {
        "all": {
            "type": "object",
            "required": ["meta", "image"],
            "additionalProperties": False,
            "properties": {
                "version": {"type": "string"},
                "meta": {"type": "object", "properties": {"size": {"type": "integer"}}},
                "class": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "x-qc": {"row": "class"},
                        "required": ["@id", "name"],
                        "properties": {
                            "@id": {"type": "integer", "x-qc": {"id": {"space": "class", "scope": "file"}}},
                            "name": {"type": "string", "x-qc": {"col": "name"}},
                        },
                    },
                },
                "image": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "x-qc": {"row": "item"},
                        "required": ["@name", "@width"],
                        "properties": {
                            "@name": {"type": "string", "x-qc": {"col": "file_name"}},
                            "@width": {"type": "integer", "minimum": 1, "x-qc": {"col": "width"}},
                            "box": {
                                "type": "array",
                                "items": {
                                    "type": "object",
                                    "x-qc": {
                                        "row": "annotation",
                                        "shape": {"of": ["@x", "@y", "@w", "@h"], **BOX},
                                    },
                                    "properties": {
                                        **{f"@{name}": {"type": "number"} for name in "xywh"},
                                        "@class": {
                                            "type": "integer",
                                            "x-qc": {"ref": {"space": "class", "scope": "file"}},
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}


#: A class on each line, its index the id.
NAMES: dict[str, Any] = {
    "x-qc": {"document": {"kind": "lines"}},
    "type": "array",
    "items": {
        "type": "string",
        "x-qc": {"row": "class", "col": "name", "id": {"space": "class", "from": "index"}},
    },
}
#: One text in a document, its tags beside it, and a list that can be divided.
TAGGED: dict[str, Any] = {
    "type": "object",
    "x-qc": {"row": "item"},
    "properties": {
        "notes": {"type": "array", "items": {"type": "string"}},
        "form": {"type": "array", "items": {"type": "string"}},
        "tag": {
            "type": "array",
            "items": {"enum": ["O", "B-차", "I-차"]},
            "x-qc": {"decode": {"scheme": "BIO", "tokens": "form", "joined": " "}},
        },
    },
}


def tokens() -> str:
    """Sentences of tokens with tags; in some tags that follow nothing, are none, or lack."""
    tags = ["O", "B-PS", "I-PS", "O", "I-OG", "I-PS", "B-OG", "X", ""]
    lines = ["## 토큰과 태그"]
    for n in range(60):
        lines += [f"## 문장 {n}", *(f"가{m}\t{tags[(n + m) % 9]}" for m in range(n % 7 + 1))]
        lines += ["나"] if n == 40 else []
        lines.append("")
    return "\n".join(lines)


def elements(*, faulty: bool = False) -> str:
    """Pictures and classes by turns; faulty: numbers that are none, keys too many, a class too few."""
    out = ['<?xml version="1.0" encoding="utf-8"?>\n<all><version>1</version><meta><size>3</size></meta>']
    for n in range(40):
        boxes = "".join(
            f'<box x="{n}" y="{m}.5" w="9" h="{"x" if faulty and n == 9 else 9}" class="{(n + m) % 5}"/>\n'
            for m in range(n % 4)
        )
        width = 0 if faulty and n in (3, 30) else 99
        out.append(f'<image name="그림 {n}.jpg" width="{width}">{boxes}</image>')
        if n % 10 == 9:
            out.append(f'<class id="{n // 10}"><name>차 {n}</name></class>')
        if faulty and n == 20:
            out.append("<image/><other/>")
    return "\n".join([*out, "</all>"])


#: Pictures with boxes in them, as CVAT writes them.
XML: dict[str, Any] = {
    "x-qc": {"document": {"kind": "xml"}},
    "type": "object",
    "required": ["annotations"],
    "properties": {
        "annotations": {
            "type": "object",
            "required": ["image"],
            "properties": {
                "version": {"type": "string"},
                "image": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "x-qc": {"row": "item"},
                        "required": ["@name", "@width"],
                        "properties": {
                            "@name": {"type": "string", "x-qc": {"col": "file_name"}},
                            "@width": {"type": "integer", "minimum": 1, "x-qc": {"col": "width"}},
                            "box": {
                                "type": "array",
                                "items": {
                                    "type": "object",
                                    "x-qc": {
                                        "row": "annotation",
                                        "shape": BOX | {"of": ["@x", "@y", "@w", "@h"]},
                                    },
                                    "properties": {
                                        "@label": {"enum": ["차", "사람"], "x-qc": {"col": "class"}},
                                        **{name: {"type": "number"} for name in ("@x", "@y", "@w", "@h")},
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}


def xml(*, faulty: bool = False) -> bytes:
    found = "".join(
        f'<image name="그림 {n}.jpg" width="{"x" if faulty and n % 9 == 5 else n + 1}">\n'
        + "".join(f'<box label="차" x="{m}" y="{n}.5" w="9" h="9"/>' for m in range(n % 4))
        + ("<unknown>&lt;</unknown>" if faulty and n == 20 else "")
        + "</image>\n"
        for n in range(50)
    )
    return f"<annotations><version>1.1</version>\n{found}</annotations>".encode()


def pictures() -> list[dict[str, Any]]:
    return [
        {
            "id": n,
            "name": f"그림 {n}.jpg",
            "objects": [
                {"class": "차", "box": [n, m, 5, 5], "state": {"가림": "예", "잘림": "아니오"}, "same_as": n}
                for m in range(n % 4)
            ],
        }
        for n in range(50)
    ]


def faulty_pictures() -> list[Any]:
    found: list[Any] = copy.deepcopy(pictures())
    found[3]["objects"][0]["class"] = "자동차"
    found[7]["objects"] = [{"box": [1, "a", 3, 4], "same_as": 999}]
    found[30] |= {"id": "x", "다른": 1}
    found[31]["objects"] = {}
    return found


def text(value: Any, **options: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, **options).encode()


def lines(values: list[Any]) -> bytes:
    return b"".join(text(value) + b"\n" for value in values)


ROWS = "".join(f"{n},그림 {n}.jpg,{n * 10 + 1}\n" for n in range(80))
JSON_LINES = LIST | {"x-qc": {"document": {"kind": "jsonl"}}}
TWICE = text(coco()).replace(b'"iscrowd": 0', b'"iscrowd": 1, "iscrowd": 0', 7)

#: Schema and bytes.
CASES: dict[str, tuple[Any, bytes]] = {
    "coco": ("coco-instances", text(coco())),
    "coco, written over lines": ("coco-instances", text(coco(), indent=1)),
    "coco, categories and images last": (
        "coco-instances",
        text({name: coco()[name] for name in ("annotations", "categories", "images", "info")}),
    ),
    "coco, empty": ("coco-instances", text(coco(images=[], annotations=[], categories=[]), indent=70)),
    "keypoints and masks": ("coco-keypoints", text(people(), indent=1)),
    "names of classes, their index the id": (NAMES, "\n".join(f"차 {n}" for n in range(300)).encode()),
    "tags of tokens": ("conll-bio", tokens().encode()),
    "tags beside tokens": (
        TAGGED,
        text(
            {
                "tag": ["O", "B-차", "I-차", "I-차"] * 225,
                "notes": ["나"] * 90,
                "form": [f"가{n}" for n in range(900)],
            }
        ),
    ),
    "coco, no list where one should be": ("coco-instances", text(coco(categories="none"))),
    "coco with errors": ("coco-instances", text(broken_coco(), indent=1)),
    "coco with NaN": ("coco-instances", text(coco()).replace(b"9.5]", b"NaN]", 9)),
    "coco with keys that stand twice": ("coco-instances", TWICE),
    "coco with a list that stands twice": (
        "coco-instances",
        text(coco())[:-1] + b', "categories": [{"id": 1, "name": "x"}]}',
    ),
    "coco in cp949": ("coco-instances", json.dumps(coco(), ensure_ascii=False).encode("cp949")),
    "coco in utf-16": ("coco-instances", json.dumps(coco(), ensure_ascii=False).encode("utf-16")),
    "coco with a mark": ("coco-instances", b"\xef\xbb\xbf" + text(coco())),
    "coco with control characters": ("coco-instances", text(coco()).replace(b"/1.jpg", b"\t1.jpg")),
    "coco with half a character": ("coco-instances", text(coco()).replace(b"/1.jpg", b"\\ud8001.jpg")),
    "coco with broken bytes": ("coco-instances", text(coco()).replace(b"/1.jpg", b"\xff1.jpg")),
    "coco, cut off": ("coco-instances", text(coco())[:-2000]),
    "coco with a comma too many": ("coco-instances", text(coco()).replace(b"}], ", b"},], ", 1)),
    "coco without a comma": ("coco-instances", text(coco()).replace(b'}, {"id": 5,', b'} {"id": 5,')),
    "coco with something behind it": ("coco-instances", text(coco()) + b"]"),
    "labelme": ("labelme", text(labelme())),
    "a list at the root": (LIST, text(pictures(), indent=2)),
    "a list at the root with errors": (LIST, text(faulty_pictures(), indent=2)),
    "json lines": (JSON_LINES, lines(pictures())),
    "json lines with errors": (JSON_LINES, lines(faulty_pictures()) + b"{no\n" + lines(pictures())),
    "a table": (TABLE, f"id,file,width\n{ROWS}".encode()),
    "a table with errors": (
        TABLE,
        f"id;file;width\n{ROWS}x,a.jpg,0\n1,2\nid,file,width\n{ROWS}".replace(",", ";").encode("cp949"),
    ),
    "elements": (ELEMENTS, elements().encode()),
    "elements with errors": (ELEMENTS, elements(faulty=True).encode()),
    "elements in utf-16": (ELEMENTS, elements().replace("utf-8", "euc-kr").encode("utf-16")),
    "elements, cut off": (ELEMENTS, elements().encode()[:3000]),
    "xml": (XML, xml()),
    "xml with errors": (XML, xml(faulty=True)),
    "xml, cut off": (XML, xml()[:-200]),
    "a table that is too short": (TABLE, "id,file,width\n1,그림,20\n2,a,30\n".encode()),
}  # fmt: skip


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is a large document, pieces are of a few members, parts of a few pieces."""
    monkeypatch.setattr(limits, "WHOLE", 0)
    monkeypatch.setattr(streaming, "PIECE", 400)
    monkeypatch.setattr(xmlstream, "PIECE", 400)
    monkeypatch.setattr(records, "BLOCK", 400)
    monkeypatch.setattr(large, "PART", 1500)


def read(folder: Path, name: str) -> Rows:
    """The tables of a case, their rows in one order."""
    return in_order(made_of(folder, name))


def in_order(made: dict[str, pa.Table]) -> Rows:
    return {table: sorted(rows.to_pylist(), key=repr) for table, rows in made.items() if rows.num_rows}


def made_of(folder: Path, name: str) -> dict[str, pa.Table]:
    schema, data = CASES[name]
    path = folder / "labels.json"
    path.write_bytes(data)
    if not isinstance(schema, str):
        (folder / "schema.json").write_text(json.dumps(schema), encoding="utf-8")
        schema = str(folder / "schema.json")
    place = Place(str(path), None, len(data), len(data), 0, 0, 0)
    options = {"schemas": {"s": schema}, "text_key": KEY}
    made = joined(read_labels(Job("labels", "key", (Member(5, place, "s", "json", "labels"),), options)))
    for table, rows in made.items():
        assert rows.schema.equals(TABLES[table].schema), table
    return made


def linked(folder: Path, name: str) -> Rows:
    """The tables of a case after linking."""
    with duckdb.connect() as con:
        support.create(con)
        for table, rows in made_of(folder, name).items():
            con.register("read", rows)
            con.execute(f"INSERT INTO {table} SELECT * FROM read")
            con.unregister("read")
        link.link(con)
        neighbours.reduce(con)
        return {
            table: sorted(con.sql(f"SELECT * FROM {table}").to_arrow_table().to_pylist(), key=repr)
            for table in TABLES
        }


def schema_refers_to_itself(name: str) -> bool:
    """References lead from members of a list to members of the same list."""
    return CASES[name][0] in (LIST, JSON_LINES)


@pytest.mark.parametrize("name", CASES)
def test_pieces_give_the_rows_of_the_whole(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    whole = read(tmp_path, name)
    taken: list[int] = []
    request.getfixturevalue("tiny")
    monkeypatch = request.getfixturevalue("monkeypatch")
    whole_again = labels._Chunk.whole

    def counted(*arguments: Any) -> Any:
        taken.append(1)
        return whole_again(*arguments)

    monkeypatch.setattr(labels._Chunk, "whole", counted)
    parts = read(tmp_path, name)
    assert not taken
    assert sorted(parts.keys() - APART) == sorted(whole.keys() - APART)
    for row in parts.get("refs", ()):
        if schema_refers_to_itself(name):  # whether it resolves is left to linking, all members being read
            assert row["resolves"] is None
            row["resolves"] = False
    for table in sorted(whole.keys() - APART):
        assert repr(parts[table]) == repr(whole[table]), table


@pytest.mark.usefixtures("tiny")
def test_only_items_that_come_in_several_parts_are_looked_at_again(tmp_path: Path) -> None:
    found = read(tmp_path, "coco")
    again = {row["item"] for row in found["items_in_parts"]}
    assert again <= {row["item"] for row in found["items"]}
    assert len(again) > 6
    for name in ("a list at the root", "json lines"):
        assert "items_in_parts" not in read(tmp_path, name)  # an item has its annotations in it


@pytest.mark.parametrize(
    "name",
    ["coco", "coco, categories and images last", "coco with errors", "labelme", "a list at the root"],
)
def test_after_linking_nothing_tells_that_it_was_read_in_pieces(
    name: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "_SHAPES", 30)
    whole = linked(tmp_path, name)
    request.getfixturevalue("tiny")
    parts = linked(tmp_path, name)
    for table in sorted(TABLES.keys() - {"items_in_parts"}):
        assert repr(parts[table]) == repr(whole[table]), table
    assert bool(whole["neighbours"])
    assert bool(parts["items_in_parts"]) == (name != "a list at the root")


def test_references_to_members_of_the_same_list_are_told_after_linking(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("tiny")
    found = linked(tmp_path, "a list at the root with errors")
    assert {row["value"]: row["resolves"] for row in found["refs"]} == {"999": False, "30": False}


def test_all_labels_of_a_deliverable_in_archives(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Defects planted in documents that lie deflated in archives, the ones that no schema is bound to too."""
    files = open_deliverable(content.folder("sample_datasets") / "s06-faulty").files
    labels_ = files.filter(pc.equal(files["kind"], "label"))
    schemas = ["aihub-s06-drawings", None]
    members = tuple(
        Member(file, place, schemas[number % 7 == 6], extension, stem)
        for number, (file, place, extension, stem) in enumerate(
            zip(
                labels_["file"].to_pylist(), places(labels_), labels_["extension"].to_pylist(),
                labels_["stem"].to_pylist(), strict=True,
            )
        )
    )  # fmt: skip
    assert any(member.place.offset for member in members)
    job = Job("labels", "key", members, {"schemas": {schemas[0]: schemas[0]}, "text_key": KEY})
    whole = in_order(joined(read_labels(job)))
    request.getfixturevalue("tiny")
    parts = in_order(joined(read_labels(job)))
    assert {error["keyword"] for error in whole["schema_errors"]} > {"required", "enum"}
    for table in sorted(whole.keys() - APART):
        assert repr(parts[table]) == repr(whole[table]), table


def test_a_member_whose_checksum_is_wrong_gives_nothing(tmp_path: Path, tiny: None) -> None:
    data = CASES["coco"][1]
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labels.json", data)
    listed = open_deliverable(tmp_path / "a.zip").files
    place = next(place for place in places(listed) if place.size == len(data))
    member = Member(5, place._replace(crc=place.crc ^ 1), "s", "json", "labels")
    options = {"schemas": {"s": "coco-instances"}, "text_key": KEY}
    found = in_order(joined(read_labels(Job("labels", "key", (member,), options))))
    assert found.keys() == {"documents", "coverage"}
    assert [(row["status"], row["reason"]) for row in found["coverage"]] == [("failed", "damaged")]


@pytest.mark.usefixtures("tiny")
def test_what_cannot_be_divided_is_read_whole_up_to_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = {"type": "array", "items": {"type": "object"}, "uniqueItems": True}
    monkeypatch.setitem(CASES, "unique", (schema, text([{"a": n} for n in range(500)])))
    assert [row["status"] for row in read(tmp_path, "unique")["documents"]] == ["ok"]
    monkeypatch.setattr(limits, "LARGEST", 1_000)
    found = read(tmp_path, "unique")
    assert [row["status"] for row in found["documents"]] == ["too-big"]
    assert [(row["status"], row["reason"]) for row in found["coverage"]] == [("skipped", "too-big")]


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("limit", ["LARGEST_SHELL", "LARGEST_MEMBER"])
def test_a_part_that_is_too_large_by_itself_is_a_limit_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    long = {"note": "x" * 5_000}
    changes = {"info": long} if limit == "LARGEST_SHELL" else {"images": [*coco()["images"], long]}
    monkeypatch.setitem(CASES, "long", ("coco-instances", text(coco(**changes))))
    assert [row["status"] for row in read(tmp_path, "long")["documents"]] == ["ok"]
    monkeypatch.setattr(streaming, limit, 2_000)
    found = read(tmp_path, "long")
    assert found.keys() == {"documents", "coverage"}
    assert [(row["status"], row["reason"]) for row in found["coverage"]] == [("skipped", "too-big")]
