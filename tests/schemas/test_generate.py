"""What a generated extractor takes from documents, and that dirt never makes it raise."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qc.errors import QcError
from qc.facts.attributes import Attributes, map_column
from qc.schemas import library
from qc.schemas.generate import Collected, Extractor, generate
from qc.schemas.naming import Names
from qc.schemas.paths import count_any
from qc.schemas.tree import build, generic_path


def rows_of(extractor: Extractor, document: Any) -> dict[str, list[dict[str, Any]]]:
    """Rows by kind as collected, with their attributes; shapes as (place, value)."""
    rows: list[list[tuple[Any, ...]]] = [[] for _ in extractor.rows]
    shapes: list[Collected] = [([], []) for _ in extractor.shapes]
    attributes: list[Collected] = [([], []) for _ in extractor.attributes]
    extractor.extract(document, 7, rows, shapes, attributes)
    made = [
        [dict(zip(site.columns, row, strict=True)) for row in found]
        for site, found in zip(extractor.rows, rows, strict=True)
    ]
    for site_, collected in zip(extractor.attributes, attributes, strict=True):
        taken = Attributes(site_, Names(lambda text: f"~{len(text)}"))
        taken.take(*collected, valid=True)
        for owner, pairs in enumerate(map_column([taken], len(made[site_.row])).to_pylist()):
            made[site_.row][owner].setdefault(site_.column, []).extend(pairs)
    out: dict[str, list[dict[str, Any]]] = {"shape": []}
    for place, (values, owners) in zip(extractor.shapes, shapes, strict=True):
        pointers = [row["pointer"] for row in made[place.row]]
        out["shape"] += [
            {"at": pointers[owner] + place.suffix, "value": value}
            for value, owner in zip(values, owners, strict=True)
        ]
    for site, found_ in zip(extractor.rows, made, strict=True):
        numbers = dict(site.around)
        kept = [{k: v for k, v in row.items() if k != "file" and k not in numbers} for row in found_]
        out.setdefault(site.kind, []).extend(kept)
    return out


def item(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "x-qc": {"row": "item"}, "properties": properties}


BOX = {"type": "array", "x-qc": {"shape": {"type": "box", "order": "xywh"}}}
PLACED = {"space": "category", "scope": "dataset"}
NAME = {"row": "class", "col": "name"}
SPAN = {"sequence": "ok", "field": "form"}
BIO = {"decode": {"scheme": "BIO", "tokens": "form"}}

CASES: dict[str, tuple[dict[str, Any], Any, dict[str, list[dict[str, Any]]]]] = {
    "a column": (
        item(name={"x-qc": {"col": "file_name"}}),
        {"name": "a.jpg"},
        {"item": [{"pointer": "", "file_name": "a.jpg"}]},
    ),
    "media that an item names, as texts and as objects": (
        item(
            pdf={"type": "string", "x-qc": {"row": "media", "col": "file_name"}},
            views={"items": {"type": "string", "x-qc": {"row": "media", "col": "file_name"}}},
            cameras={
                "items": {
                    "type": "object",
                    "x-qc": {"row": "media"},
                    "properties": {
                        "at": {"x-qc": {"col": "channel"}},
                        "file": {"x-qc": {"col": "file_name"}},
                    },
                }
            },
        ),
        {
            "pdf": "a.pdf",
            "views": ["0.jpg", 7, "2.jpg"],
            "cameras": [{"at": "front", "file": "c.jpg"}, "d.jpg"],
        },
        {
            "item": [{"pointer": ""}],
            "media": [
                {"pointer": "/pdf", "file_name": "a.pdf"},
                {"pointer": "/views/0", "file_name": "0.jpg"},
                {"pointer": "/views/2", "file_name": "2.jpg"},
                {"pointer": "/cameras/0", "channel": "front", "file_name": "c.jpg"},
            ],
        },
    ),
    "columns below plain objects, whatever the order of keys": (
        item(
            boxes={
                "type": "array",
                "items": {"type": "object", "x-qc": {"row": "annotation"}, "properties": {}},
            },
            meta={"type": "object", "properties": {"w": {"x-qc": {"col": "width"}}}},
        ),
        {"boxes": [{}], "meta": {"w": 5}},
        {"item": [{"pointer": "", "width": 5}], "annotation": [{"pointer": "/boxes/0"}]},
    ),
    "an inner row inherits what it does not say": (
        {
            "type": "array",
            "items": {
                "type": "object",
                "x-qc": {"row": "track"},
                "properties": {
                    "boxes": {
                        "items": {
                            "type": "object",
                            "x-qc": {"row": "annotation"},
                            "properties": {"f": {"x-qc": {"col": "frame"}}},
                        }
                    },
                    "label": {"x-qc": {"col": "class"}},
                },
            },
        },
        [{"boxes": [{"f": 3}], "label": "넘어짐"}],
        {
            "track": [{"pointer": "/0", "class": "넘어짐"}],
            "annotation": [{"pointer": "/0/boxes/0", "class": "넘어짐", "frame": 3}],
        },
    ),
    "groups of a pattern": (
        item(r={"type": "string", "x-qc": {"groups": "^(?<width>\\d+), ?(?<height>\\d+)$"}}),
        {"r": "1920, 1080"},
        {"item": [{"pointer": "", "width": 1920.0, "height": 1080.0}]},
    ),
    "a key that is a pattern": (
        {
            "type": "object",
            "x-qc": {"row": "item"},
            "patternProperties": {"^A\\.?$": {"properties": {"id": {"x-qc": {"id": "image"}}}}},
        },
        {"A.": {"id": 3}},
        {"item": [{"pointer": "", "declared_id": 3, "declared_id@": "/A./id"}]},
    ),
    "attributes: bounded kept, free text digested": (
        item(
            a={
                "type": "array",
                "items": {
                    "x-qc": {"row": "annotation"},
                    "properties": {
                        "attrs": {
                            "x-qc": {"key": "attribute"},
                            "properties": {"weather": {"enum": ["맑음"]}},
                            "additionalProperties": {"type": "string"},
                        }
                    },
                },
            }
        ),
        {"a": [{"attrs": {"weather": "맑음", "note": "홍길동", "n": 2, "ok": True, "none": None}}]},
        {
            "item": [{"pointer": ""}],
            "annotation": [
                {
                    "pointer": "/a/0",
                    "attrs": [("weather", "맑음"), ("note", "~3"), ("n", "2"), ("ok", "true")],
                }
            ],
        },
    ),
    "a branch is chosen by its constant, not by validity": (
        item(
            a={
                "items": {
                    "x-qc": {"row": "annotation"},
                    "properties": {"t": {"type": "string"}, "v": {}},
                    "oneOf": [
                        {"properties": {"t": {"const": "box"}, "v": {**BOX, "minItems": 4}}},
                        {"properties": {"t": {"const": "tag"}, "v": {"type": "string"}}},
                    ],
                }
            }
        ),
        {"a": [{"t": "box", "v": [1]}, {"t": "tag", "v": "x"}, {"t": "?", "v": [1, 2, 3, 4]}]},
        {
            "item": [{"pointer": ""}],
            "annotation": [{"pointer": "/a/0"}, {"pointer": "/a/1"}, {"pointer": "/a/2"}],
            "shape": [{"at": "/a/0/v", "value": [1]}],
        },
    ),
    "roles behind $ref and allOf": (
        {
            "allOf": [{"$ref": "#/$defs/base"}],
            "$defs": {"base": item(n={"$ref": "#/$defs/name"}), "name": {"x-qc": {"col": "file_name"}}},
        },
        {"n": "x"},
        {"item": [{"pointer": "", "file_name": "x"}]},
    ),
    "names of classes, their index the id": (
        {"items": {"x-qc": {**NAME, "id": PLACED | {"from": "index"}}}},
        ["차", 7, None, ["사람"], "사람"],
        {
            "class": [
                {"pointer": "/0", "name": "차", "declared_id": 0},
                {"pointer": "/1", "name": 7, "declared_id": 1},
                {"pointer": "/4", "name": "사람", "declared_id": 4},
            ]
        },
    ),
    "names of classes, a list or an object": (
        {
            "properties": {
                "names": {
                    "oneOf": [
                        {
                            "type": "array",
                            "items": {"x-qc": {**NAME, "id": PLACED | {"from": "index"}}},
                        },
                        {
                            "type": "object",
                            "additionalProperties": {"x-qc": {**NAME, "id": PLACED | {"from": "key"}}},
                        },
                    ]
                }
            }
        },
        {"names": {"0": "차", "a/b": "사람"}},
        {
            "class": [
                {"pointer": "/names/0", "name": "차", "declared_id": "0"},
                {"pointer": "/names/a~1b", "name": "사람", "declared_id": "a/b"},
            ]
        },
    ),
    "the index of an object, found below a branch": (
        {
            "items": {
                "oneOf": [
                    {
                        "type": "object",
                        "x-qc": {"row": "class", "id": PLACED | {"from": "index"}},
                        "properties": {"n": {"x-qc": {"col": "name"}}},
                    },
                    {"type": "string"},
                ]
            }
        },
        ["x", {"n": "차"}],
        {"class": [{"pointer": "/1", "declared_id": 1, "name": "차"}]},
    ),
    "rows under other keys than those that have a name or a pattern": (
        {
            "properties": {"version": {}},
            "patternProperties": {"^x-": {}},
            "additionalProperties": item(f={"x-qc": {"col": "file_name"}}),
        },
        {"version": {"f": "1"}, "x-y": {"f": "2"}, "a": {"f": "3"}},
        {"item": [{"pointer": "/a", "file_name": "3"}]},
    ),
    "spans that tags mark": (
        {"items": item(form={"type": "array"}, tag={"type": "array", "x-qc": BIO})},
        [{"form": ["가", "나", " ", "다"], "tag": ["B-PS", "I-PS", "O", "B-OG"]}, {"form": "라", "tag": "O"}],
        {
            "item": [{"pointer": "/0"}, {"pointer": "/1"}],
            "span": [
                {"pointer": "/0/tag/0", "start": 0, "stop": 2, "class": "PS", **SPAN},
                {"pointer": "/0/tag/3", "start": 3, "stop": 4, "class": "OG", **SPAN},
            ],
        },
    ),
    "pointers are escaped": (
        item(**{'a/b~"{': {"items": {"x-qc": {"row": "annotation"}, "properties": {"b": BOX}}}}),
        {'a/b~"{': [{"b": [1, 2, 3, 4]}]},
        {
            "item": [{"pointer": ""}],
            "annotation": [{"pointer": '/a~1b~0"{/0'}],
            "shape": [{"at": '/a~1b~0"{/0/b', "value": [1, 2, 3, 4]}],
        },
    ),
}


@pytest.mark.parametrize(("schema", "document", "expected"), CASES.values(), ids=CASES)
def test_rows(schema: dict[str, Any], document: Any, expected: dict[str, Any]) -> None:
    found = rows_of(generate(build(schema)), document)
    assert {k: v for k, v in found.items() if v} == expected


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a column outside any row": ({"properties": {"a": {"x-qc": {"col": "class"}}}}, "roles.no-row"),
    "no such column": (item(a={"x-qc": {"col": "colour"}}), "roles.no-column"),
    "a map without a name": (item(a={"x-qc": {"col": "attrs"}}), "roles.no-name"),
    "no such role": (item(a={"x-qc": {"rôle": 1}}), "roles.unknown"),
    "a role that is not compiled yet": (item(a={"x-qc": {"zip": ["a", "b"]}}), "roles.unsupported"),
    "tags of no scheme": (item(a={"x-qc": {"decode": {"scheme": "XYZ", "tokens": "t"}}}), "roles.malformed"),
    "tags that are something else, too": (item(a={"x-qc": {**BIO, "col": "batch"}}), "roles.malformed"),
    "tags beside nothing": (item(a={"items": {"x-qc": BIO}}), "roles.decode-place"),
    "tags outside any row": ({"properties": {"a": {"x-qc": BIO}}}, "roles.no-row"),
    "many values for one column": (item(a={"items": {"x-qc": {"col": "width"}}}), "roles.several"),
    "a shape outside an annotation": (item(a=BOX), "roles.shape-place"),
    "an unknown order": (item(a={"x-qc": {"shape": {"type": "box", "order": "yxyx"}}}), "roles.malformed"),
    "a reference to a space without ids": (item(a={"x-qc": {"ref": "image"}}), "roles.no-space"),
    "a reference to another file, without the kind of row": (
        item(a={"x-qc": {"ref": PLACED}}),
        "roles.no-space",
    ),
    "a reference to another file, in its own": (
        item(a={"x-qc": {"ref": {"space": "category", "row": "class"}}}),
        "roles.no-space",
    ),
    "a reference to rows that cannot be referred to": (
        item(a={"x-qc": {"ref": PLACED | {"row": "span"}}}),
        "roles.malformed",
    ),
    "an option of a reference that there is not": (
        item(a={"x-qc": {"ref": PLACED | {"from": "index"}}}),
        "roles.malformed",
    ),
    "an index where no list is": (
        {"additionalProperties": {"x-qc": {"row": "class", "id": PLACED | {"from": "index"}}}},
        "roles.id-place",
    ),
    "an index below its row": (
        {"items": item(a={"x-qc": {"id": PLACED | {"from": "index"}}})},
        "roles.id-place",
    ),
    "two meanings of one place": (
        item(a={"x-qc": {"col": "width"}, "allOf": [{"x-qc": {"col": "height"}}]}),
        "roles.contradictory",
    ),
    "branches that nothing tells apart": (
        item(a={"oneOf": [{"minItems": 1, "x-qc": {"col": "width"}}, {"minItems": 2}]}),
        "roles.branches",
    ),
    "roles below recursion": (
        {"$ref": "#/$defs/n", "$defs": {"n": {**item(), "properties": {"k": {"$ref": "#/$defs/n"}}}}},
        "roles.recursive",
    ),
}


@pytest.mark.parametrize(("schema", "key"), REFUSED.values(), ids=REFUSED)
def test_refused_when_loaded(schema: dict[str, Any], key: str) -> None:
    with pytest.raises(QcError) as caught:
        generate(build(schema))
    assert caught.value.key == key


VALID: dict[str, Any] = {
    "coco-instances": {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 9, "height": 9}],
        "categories": [{"id": 1, "name": "c"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1],
             "segmentation": [[0, 0, 1, 0, 1, 1]]},
            {"id": 2, "image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1], "iscrowd": 1,
             "segmentation": {"size": [9, 9], "counts": "a"}},
        ],
    },
    "coco-keypoints": {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 9, "height": 9}],
        "categories": [{"id": 1, "name": "person", "keypoints": ["코", "눈"], "skeleton": [[1, 2]]}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1], "num_keypoints": 1, "area": 2.0,
             "iscrowd": 0, "keypoints": [1, 1, 2, 0, 0, 0], "segmentation": [[0, 0, 1, 0, 1, 1]]},
        ],
    },
    "labelme": {
        "shapes": [
            {"label": "p", "points": [[0, 0], [1, 0], [1, 1]], "shape_type": "polygon"},
            {"label": "r", "points": [[0, 0], [1, 1]], "shape_type": "rectangle", "flags": {}},
        ],
        "imagePath": "a.jpg", "imageHeight": 5, "imageWidth": 5,
    },
    "aihub-s01-low-light": {
        "Raw_Data_Info.": {"Resolution": "1920, 1080"},
        "Source_Data_Info.": {"Source_Data_ID": "A1", "Shooting_ID": "s"},
        "Learning_Data_Info.": {
            "Annotations": [{"Class_ID": "c", "Type": "Bounding_box", "Type_value": [1, 2, 3, 4]}]
        },
    },
    "aihub-s06-drawings": {
        "images": [{"id": 1, "file_name": "a.png", "width": 9, "height": 9}],
        "categories": [{"id": 4, "name": "c"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 4, "bbox": [0, 0, 1, 1],
             "attributes": {"구조_출입문": "여닫이"}}
        ],
    },
    "pascal-voc": {
        "annotation": {
            "filename": "a.jpg", "size": {"width": 9, "height": 8, "depth": 3},
            "object": [
                {"name": "c", "truncated": 0, "bndbox": {"xmin": 1, "ymin": 1, "xmax": 3, "ymax": 4.5}},
            ],
        }
    },
    "cvat-images": {
        "annotations": {
            "version": "1.1",
            "meta": {"task": {"id": 1, "labels": {"label": [{"name": "c"}]}}},
            "image": [
                {"@id": 0, "@name": "a.jpg", "@width": 9, "@height": 9,
                 "box": [{"@label": "c", "@occluded": 1, "@xtl": 0, "@ytl": 0, "@xbr": 1, "@ybr": 2}],
                 "tag": [{"@label": "c", "attribute": [{"@name": "n", "#text": "t"}]}]},
            ],
        }
    },
    "cvat-video": {
        "annotations": {
            "version": "1.1",
            "meta": {
                "task": {"id": 1, "size": 2, "labels": {"label": [{"name": "c"}]},
                         "original_size": {"width": 9, "height": 9}},
                "source": "a.mp4",
            },
            "track": [
                {"@id": 0, "@label": "c",
                 "box": [{"@frame": 0, "@outside": 0, "@keyframe": 1,
                          "@xtl": 0, "@ytl": 0, "@xbr": 1, "@ybr": 2}]},
            ],
        }
    },
    "yolo-detection": [{"class": 0, "x": 0.5, "y": 0.5, "w": 0.2, "h": 0.2}],
    "yolo-segmentation": [{"class": 1, "points": [0.1, 0.1, 0.4, 0.1, 0.4, 0.5]}],
    "yolo-classes": ["사람", "자동차"],
    "yolo-data": {"train": "images/train", "val": "images/val", "nc": 2, "names": {"0": "사람", "1": "차"}},
    "squad-qa": {
        "data": [
            {"title": "t", "paragraphs": [
                {"context": "가나다", "qas": [
                    {"id": "q1", "question": "나?", "answers": [{"text": "나", "answer_start": 1}]},
                    {"guid": "q2", "question": "라?", "answers": [], "is_impossible": True},
                ]},
            ]},
        ],
    },
    "conll-bio": [
        {"comments": ["a"], "form": ["가", "나", "는", " ", "다"], "tag": ["B-PS", "I-PS", "O", "O", "B-OG"]},
    ],
    "generic-csv": [{"a": "1", "나": ""}, {"a": "2", "나": "x"}],
    "aihub-s17-speech": {
        "발화정보": {
            "stt": "안녕", "scriptId": "1", "fileNm": "a.wav", "recrdTime": 5.0, "recrdQuality": "16K",
        },
        "대화정보": {"recrdEnvrn": "실내"},
        "녹음자정보": {"gender": "여", "recorderId": "S01", "age": "20대"},
    },
    "aihub-s24-dialogue": {
        "FileInfo": {"filename": "a"},
        "participantsInfo": {
            who: {"participantID": "P1", "gender": "여성", "age": "20대"} for who in ("speaker1", "speaker2")
        },
        "personaInfo": {}, "topicInfo": {"topicTitle": "t"},
        "sessionInfo": [
            {"prevSessionID": "", "nthSession": 1, "numberOfTurns": 1,
             "dialog": [{"speaker": "speaker1", "utterance": "안녕"}]},
        ],
    },
    "aihub-s26-visits": [
        {"TRAVEL_ID": "t1", "VISIT_AREA_ID": "1", "VISIT_AREA_NM": "집", "VISIT_AREA_TYPE_CD": "21",
         "ROAD_NM_ADDR": "", "LOTNO_ADDR": "", "X_COORD": 126.9, "Y_COORD": None},
    ],
    "aihub-s26-photos": [
        {"PHOTO_FILE_NM": "a.jpg", "TRAVEL_ID": "t1", "VISIT_AREA_ID": "1",
         "PHOTO_FILE_X_COORD": 126.9, "PHOTO_FILE_Y_COORD": 37.5},
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", VALID)
def test_both_counters_agree_on_valid_documents(name: str) -> None:
    """The generated counter does not look at required keys; the walking one looks at all."""
    schema, document = library.load(name), VALID[name]
    assert schema.validator.is_valid(document)
    extractor = schema.extractor
    index = {site.path: i for i, site in enumerate(extractor.paths)}
    keys, counts = extractor.count(document)
    assert list(counts) == count_any(schema.tree, document, index)
    assert keys <= keys_in(document)
    # A list of texts is one attribute; whatever has keys has more.
    assert sum(counts) > (len(document) if keys else 0)


@pytest.mark.parametrize(("name", "kinds"), [
    ("coco-instances", ["box", "box", "mask", "polygon"]),
    ("coco-keypoints", ["box", "keypoints", "polygon"]), ("labelme", ["box", "polygon"]),
    ("aihub-s01-low-light", ["box"]), ("aihub-s06-drawings", ["box"]),
    ("pascal-voc", ["box"]), ("cvat-images", ["box"]), ("cvat-video", ["box"]),
])  # fmt: skip
def test_each_geometry_is_taken_once_by_its_own_kind(name: str, kinds: list[str]) -> None:
    """Two branches must not both take one value: their constants share the generated module."""
    extractor = library.load(name).extractor
    shapes: list[Collected] = [([], []) for _ in extractor.shapes]
    rows: list[list[tuple[Any, ...]]] = [[] for _ in extractor.rows]
    extractor.extract(VALID[name], 7, rows, shapes, [([], []) for _ in extractor.attributes])
    taken = [
        site.shape["type"] for site, (values, _) in zip(extractor.shapes, shapes, strict=True) for _ in values
    ]
    assert sorted(taken) == kinds


def test_every_shipped_format_has_a_valid_document_here() -> None:
    assert set(VALID) == {schema.id for schema in library.shipped_schemas()}


def keys_in(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(keys_in, value.values()))
    return sum(map(keys_in, value)) if isinstance(value, list) else 0


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
ANYTHING = st.recursive(
    SCALARS, lambda s: st.lists(s, max_size=3) | st.dictionaries(st.text(max_size=3), s, max_size=3)
)


def dirty(document: Any) -> st.SearchStrategy[Any]:
    """``document`` with any part replaced by anything, or keys missing."""
    if isinstance(document, dict):
        parts = {k: dirty(v) for k, v in document.items()}
        whole: st.SearchStrategy[Any] = st.fixed_dictionaries({}, optional=parts)
    elif isinstance(document, list):
        whole = st.tuples(*map(dirty, document)).map(list)
    else:
        whole = st.just(document)
    return st.one_of(whole, whole, whole, ANYTHING)


@pytest.mark.parametrize("name", VALID)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_dirt_never_raises(name: str, data: st.DataObject) -> None:
    document = data.draw(dirty(VALID[name]))
    schema = library.load(name)
    rows_of(schema.extractor, document)
    index = {site.path: i for i, site in enumerate(schema.extractor.paths)}
    counts = count_any(schema.tree, document, index)
    if schema.validator.is_valid(document):
        keys, counted = schema.extractor.count(document)
        assert list(counted) == counts
        assert keys <= keys_in(document)


INNER: dict[str, Any] = {"properties": {"x": {"properties": {"y": {}}}}}
DOCUMENT = {"a": {"x": {"y": 1}}, "b": {"x": {"y": 1, "z": 2}}}


@pytest.mark.parametrize(
    ("schema", "document", "keys"),
    [
        pytest.param({"properties": {"a": INNER, "b": INNER}}, DOCUMENT, 7, id="by name"),
        pytest.param({"patternProperties": {"^[ab]$": INNER}}, DOCUMENT, 7, id="by pattern"),
        pytest.param({"properties": {"a": INNER}, "additionalProperties": INNER}, DOCUMENT, 7, id="the rest"),
        pytest.param({"items": {"properties": {"a": INNER, "b": INNER}}}, [DOCUMENT], 7, id="in an array"),
        pytest.param({"properties": {"a": INNER}}, DOCUMENT, 4, id="b is not known"),
        pytest.param(
            {"properties": {"a": INNER, "b": INNER}, "patternProperties": {"^a$": INNER}}, DOCUMENT, 2,
            id="by name and by pattern",
        ),
        pytest.param(
            {"properties": {"a": INNER},
             "anyOf": [{"properties": {"a": INNER}}, {"properties": {"b": INNER}}]},
            DOCUMENT, 2, id="in branches",
        ),
        pytest.param(
            {"type": ["array", "object"], "items": {"properties": {"a": INNER}}, "required": ["a"],
             "properties": {"a": {}}}, [DOCUMENT], 4, id="an array or an object",
        ),
    ],
)  # fmt: skip
def test_keys_are_counted_once_however_many_ways_lead_to_them(
    schema: dict[str, Any], document: Any, keys: int
) -> None:
    assert generate(build(schema)).count(document)[0] == keys <= keys_in(document)


@pytest.mark.parametrize(
    ("path", "missing", "expected"),
    [
        (("annotations", 3, "bbox"), None, "/annotations/*/bbox"),
        (("annotations", 3, "bbox", 2), None, "/annotations/*/bbox"),
        (("annotations", 3), None, "/annotations/*"),
        (("annotations", 3), "id", "/annotations/*/id"),
        ((), "images", "/images"),
        ((), None, ""),
        (("nothing", "known"), None, "/nothing/known"),
    ],
)
def test_generic_path(path: tuple[str | int, ...], missing: str | None, expected: str) -> None:
    assert generic_path(library.load("coco-instances").tree, path, missing) == expected


def test_references_by_anchor_and_own_name() -> None:
    """Whatever the validator follows inside the file, roles are found behind it, too."""
    box = {"$anchor": "box", "type": "array", "items": {"type": "number"}}
    root = "https://example.invalid/a.json"
    for ref in ("#box", "#/$defs/a%20b~1c", "a.json#box", root + "#/$defs/a%20b~1c"):
        schema = {"$id": root, "properties": {"bbox": {"$ref": ref}}, "$defs": {"a b/c": box}}
        assert build(schema).properties["bbox"].types == frozenset({"array"}), ref
    for ref in ("#nothing", "b.json#box", "https://example.invalid/b.json"):
        with pytest.raises(QcError, match="schema-ref"):
            build({"$id": root, "properties": {"bbox": {"$ref": ref}}, "$defs": {"x": box}})
    assert build({"$ref": "https://json-schema.org/draft/2020-12/schema"}).roles == {}
