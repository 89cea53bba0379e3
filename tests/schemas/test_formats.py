"""The shipped formats on files as they are handed in: recognised among all, sound and broken ones to rows."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from qc.deliverable.listing import open_deliverable
from qc.plan import plans
from qc.schemas.binding import bind
from tests.facts.test_labels import read


def dumped(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


@dataclass(frozen=True)
class Case:
    """A sound file of a format, what it becomes (rows of some columns by table), and broken ones with the
    errors that they lead to: (class, keyword, pointer)."""

    extension: str
    sound: bytes
    rows: dict[str, list[tuple[Any, ...]]]
    broken: dict[str, tuple[bytes, list[tuple[str, str, str]]]] = field(default_factory=dict)


#: Columns that are looked at.
COLUMNS: dict[str, tuple[str, ...]] = {
    "items": ("pointer", "file_name", "duration_s"),
    "annotations": ("pointer", "declared_id", "class_ref"),
    "shapes": ("kind", "space", "x0", "y0", "x1", "y1", "valid"),
    "classes": ("declared_id", "class"),
    "spans": ("pointer", "start"),
    "turns": ("pointer", "speaker"),
}

SQUAD = {
    "version": "1.0",
    "data": [
        {"title": "t", "paragraphs": [
            {"context": "서울은 수도다.", "qas": [
                {"id": "q1", "question": "수도는?", "answers": [{"text": "서울", "answer_start": 0}]},
                {"guid": "q2", "question": "없는 것은?", "answers": [], "is_impossible": True},
            ]},
        ]},
    ],
}  # fmt: skip


def squad(**changes: Any) -> bytes:
    """With changes to the first question."""
    document = json.loads(json.dumps(SQUAD))
    document["data"][0]["paragraphs"][0]["qas"][0] |= changes
    return dumped(document)


def speech(**changes: Any) -> dict[str, Any]:
    """With changes to the utterance; None leaves a key out."""
    utterance = {
        "stt": "안녕", "scriptId": "1", "fileNm": "a.wav", "recrdTime": "5.000", "recrdQuality": "16K",
    }  # fmt: skip
    return {
        "발화정보": {key: value for key, value in (utterance | changes).items() if value is not None},
        "대화정보": {"recrdEnvrn": "실내"},
        "녹음자정보": {"gender": "여", "recorderId": "S01", "age": "20대"},
    }


def dialogue(**changes: Any) -> dict[str, Any]:
    """With changes to the only session."""
    person = {"participantID": "P1", "gender": "여성", "age": "20대"}
    turns = [{"speaker": "speaker1", "utterance": "안녕"}, {"speaker": "speaker2", "utterance": "그래"}]
    session = {"prevSessionID": "", "nthSession": "1", "numberOfTurns": "2", "dialog": turns}
    return {
        "FileInfo": {"filename": "a"},
        "participantsInfo": {"speaker1": person, "speaker2": person | {"participantID": "P2"}},
        "personaInfo": {},
        "topicInfo": {"topicTitle": "t"},
        "sessionInfo": [session | changes],
    }


VISITS = "TRAVEL_ID,VISIT_AREA_ID,VISIT_AREA_NM,VISIT_AREA_TYPE_CD,ROAD_NM_ADDR,LOTNO_ADDR,X_COORD,Y_COORD"
PHOTOS = "PHOTO_FILE_NM,TRAVEL_ID,VISIT_AREA_ID,PHOTO_FILE_X_COORD,PHOTO_FILE_Y_COORD"


def table(header: str, *rows: str) -> bytes:
    return "\r\n".join([header, *rows, ""]).encode("utf-8-sig")


CASES: dict[str, Case] = {
    "yolo-detection": Case(
        "txt",
        b"0 0.5 0.5 0.25 0.5\n1 0.25 0.75 0.5 0.5\n",
        {
            "annotations": [("/0", None, "0"), ("/1", None, "1")],
            "shapes": [
                ("box", "normalized", 0.375, 0.25, 0.625, 0.75, True),
                ("box", "normalized", 0.0, 0.5, 0.5, 1.0, True),
            ],
        },
        {
            "a name for the id": (b"car 0.5 0.5 0.2 0.2\n", [("FORMAT", "type", "/0/class")]),
            "a number missing": (
                b"0 0.5 0.5 0.2 0.2\n0 0.5 0.5 0.2\n",
                [("FILE", "ragged-row", "/1"), ("STRUCTURE", "required", "/1")],
            ),
            "a decimal comma": (b"0 0,5 0.5 0.2 0.2\n", [("FORMAT", "type", "/0/x")]),
        },
    ),
    "yolo-segmentation": Case(
        "txt",
        b"2 0.125 0.125 0.5 0.125 0.5 0.5\n0 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75\n",
        {
            "annotations": [("/0", None, "2"), ("/1", None, "0")],
            "shapes": [
                ("polygon", "normalized", 0.125, 0.125, 0.5, 0.5, True),
                ("polygon", "normalized", 0.25, 0.25, 0.75, 0.75, True),
            ],
        },
        {
            "two points": (b"0 0.1 0.1 0.2 0.2\n", [("FORMAT", "minItems", "/0/points")]),
            "a word among the points": (b"0 0.1 0.1 0.2 x 0.3 0.3\n", [("FORMAT", "type", "/0/points/3")]),
        },
    ),
    "squad-qa": Case(
        "json",
        dumped(SQUAD),
        {
            "items": [("/data/0/paragraphs/0", None, None)],
            "annotations": [
                ("/data/0/paragraphs/0/qas/0", "q1", None),
                ("/data/0/paragraphs/0/qas/1", "q2", None),
            ],
            "spans": [("/data/0/paragraphs/0/qas/0/answers/0", 0)],
        },
        {
            "a place before the text": (
                squad(answers=[{"text": "서울", "answer_start": -1}]),
                [("FORMAT", "minimum", "/data/0/paragraphs/0/qas/0/answers/0/answer_start")],
            ),
            "an answer without a place": (
                squad(answers=[{"text": "서울"}]),
                [("STRUCTURE", "required", "/data/0/paragraphs/0/qas/0/answers/0")],
            ),
            "a question of blanks": (
                squad(question="  "),
                [("FORMAT", "pattern", "/data/0/paragraphs/0/qas/0/question")],
            ),
        },
    ),
    "aihub-s17-speech": Case(
        "json",
        dumped(speech()),
        {"items": [("", "a.wav", 5.0)]},
        {
            "a unit": (dumped(speech(recrdTime="5초")), [("FORMAT", "type", "/발화정보/recrdTime")]),
            "no time": (
                dumped(speech(recrdTime="0.0")), [("FORMAT", "exclusiveMinimum", "/발화정보/recrdTime")],
            ),
            "no name": (dumped(speech(fileNm=None)), [("STRUCTURE", "required", "/발화정보")]),
        },
    ),
    "aihub-s24-dialogue": Case(
        "json",
        dumped(dialogue()),
        {
            "items": [("", None, None)],
            "turns": [("/sessionInfo/0/dialog/0", "speaker1"), ("/sessionInfo/0/dialog/1", "speaker2")],
        },
        {
            "in words": (
                dumped(dialogue(numberOfTurns="두 번")),
                [("FORMAT", "type", "/sessionInfo/0/numberOfTurns")],
            ),
            "nothing said": (
                dumped(dialogue(dialog=[])), [("STRUCTURE", "minItems", "/sessionInfo/0/dialog")],
            ),
        },
    ),
    "aihub-s26-visits": Case(
        "csv",
        table(VISITS, "t1,1,집,21,,,126.9,37.5", "t1,2,역,1,,,,"),
        {"items": [("/0", None, None), ("/1", None, None)]},
        {
            "outside Korea": (
                table(VISITS, "t1,1,집,21,,,37.5,126.9"),
                [("FORMAT", "minimum", "/0/X_COORD"), ("FORMAT", "maximum", "/0/Y_COORD")],
            ),
            "a column missing": (
                table(VISITS.removesuffix(",Y_COORD"), "t1,1,집,21,,,126.9"),
                [("STRUCTURE", "required", "/0")],
            ),
        },
    ),
    "aihub-s26-photos": Case(
        "csv",
        table(PHOTOS, "a.jpg,t1,1,126.9,37.5", "사진 2.jpg,t1,2,126.9,37.5"),
        {"items": [("/0", "a.jpg", None), ("/1", "사진 2.jpg", None)]},
        {
            "header again": (
                table(PHOTOS, "a.jpg,t1,1,126.9,37.5", PHOTOS, "b.jpg,t1,1,126.9,37.5"),
                [("FILE", "repeated-header", "")],
            ),
            "a comma in a name": (
                table(PHOTOS, "a,b.jpg,t1,1,126.9,37.5"),
                [("FILE", "ragged-row", "/0"), ("FORMAT", "pattern", "/0/TRAVEL_ID"),
                 ("FORMAT", "minimum", "/0/PHOTO_FILE_X_COORD"),
                 ("FORMAT", "maximum", "/0/PHOTO_FILE_Y_COORD")],
            ),
        },
    ),
}  # fmt: skip

BROKEN = [(name, how) for name, case in CASES.items() for how in case.broken]

#: Formats that describe the whole: they lie beside labels.
LISTS: dict[str, tuple[str, bytes]] = {
    "yolo-classes": ("classes.txt", "사람\n자동차\n".encode()),
    "yolo-data": ("data.yaml", "train: images\nnc: 2\nnames:\n  0: 사람\n  1: 자동차\n".encode()),
}


def found(folder: Path, files: dict[str, bytes], layout: str) -> tuple[dict[str, int], int]:
    """How many files are bound to which format, and how many to none."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    listed = open_deliverable(folder, layout=layout).files
    result = bind(listed, plans.default(), None)
    return {one.schema.id: one.files for one in result.bound}, result.unfit


@pytest.mark.parametrize("name", CASES)
def test_it_is_recognised_among_all_formats(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    files = {f"{n}.{case.extension}": case.sound for n in range(3)}
    assert found(tmp_path, files, "text") == ({name: 3}, 0)


@pytest.mark.parametrize(("name", "how"), BROKEN)
def test_a_broken_file_among_sound_ones_is_of_their_format(tmp_path: Path, name: str, how: str) -> None:
    case = CASES[name]
    files = {f"{n}.{case.extension}": case.sound for n in range(9)}
    files[f"9.{case.extension}"] = case.broken[how][0]
    assert found(tmp_path, files, "text") == ({name: 10}, 0)


@pytest.mark.parametrize("name", CASES)
def test_rows_of_a_sound_file(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    tables = read(tmp_path, case.sound, schema=name, extension=case.extension)
    assert "schema_errors" not in tables
    assert tables["documents"][0]["valid"] is True
    for table_, rows in case.rows.items():
        assert [tuple(row[column] for column in COLUMNS[table_]) for row in tables[table_]] == rows


@pytest.mark.parametrize(("name", "how"), BROKEN)
def test_errors_of_a_broken_file(tmp_path: Path, name: str, how: str) -> None:
    case = CASES[name]
    data, errors = case.broken[how]
    rows = read(tmp_path, data, schema=name, extension=case.extension)["schema_errors"]
    told = [(row["error_class"], row["keyword"], row["pointer"]) for row in rows]
    assert sorted(told) == sorted(errors)


def test_groups_are_kept_where_the_schema_bounds_them(tmp_path: Path) -> None:
    """Speakers and travels tell whether one is in two splits; a name in their place is kept nowhere."""
    (item,) = read(tmp_path, dumped(speech()), schema="aihub-s17-speech")["items"]
    assert dict(item["groups"]) == {"speaker": "S01"}
    (item,) = read(tmp_path, dumped(dialogue()), schema="aihub-s24-dialogue")["items"]
    assert dict(item["groups"]) == {"speaker1": "P1", "speaker2": "P2"}
    sound = CASES["aihub-s26-visits"].sound
    items = read(tmp_path, sound, schema="aihub-s26-visits", extension="csv")["items"]
    assert [dict(item["groups"]) for item in items] == [{"travel": "t1"}, {"travel": "t1"}]
    named = speech() | {"녹음자정보": {"gender": "여", "recorderId": "홍 길 동"}}
    rows = read(tmp_path, dumped(named), schema="aihub-s17-speech")
    assert "홍 길 동" not in str(rows)


def test_keys_of_other_tables_are_references(tmp_path: Path) -> None:
    """An item has no column for what it refers to: the reference stands by itself."""
    refs = read(tmp_path, CASES["aihub-s26-photos"].sound, schema="aihub-s26-photos", extension="csv")["refs"]
    assert [(r["kind"], r["space"], r["scope"], r["value"], r["pointer"]) for r in refs] == [
        ("item", "travel", "dataset", "t1", "/0/TRAVEL_ID"),
        ("item", "travel", "dataset", "t1", "/1/TRAVEL_ID"),
    ]
    ids = read(tmp_path, CASES["aihub-s26-visits"].sound, schema="aihub-s26-visits", extension="csv")["ids"]
    assert {(r["space"], r["value"]) for r in ids} == {("travel", "t1")}


def test_tables_of_several_kinds_in_one_folder(tmp_path: Path) -> None:
    """Each is its own format: what stands in one folder need not be of one kind."""
    files = {
        "csv/tn_visit_area_info_A.csv": CASES["aihub-s26-visits"].sound,
        "csv/tn_tour_photo_A.csv": CASES["aihub-s26-photos"].sound,
        "csv/tc_codea.csv": table("cd_a,cd_nm", "1,집"),
    }
    assert found(tmp_path, files, "text") == ({"aihub-s26-visits": 1, "aihub-s26-photos": 1}, 1)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_classes_beside_its_labels(tmp_path: Path, name: str) -> None:
    path, data = LISTS[name]
    files = {f"labels/{n}.txt": CASES["yolo-detection"].sound for n in range(3)}
    files |= {f"images/{n}.jpg": b"\xff\xd8\xff" for n in range(3)} | {path: data, f"labels/{path}": data}
    assert found(tmp_path, files, "yolo") == ({"yolo-detection": 3, name: 2}, 0)
    rows = read(tmp_path, data, schema=name, extension=path.rpartition(".")[2])
    assert [tuple(row[c] for c in COLUMNS["classes"]) for row in rows["classes"]] == [
        ("0", "사람"),
        ("1", "자동차"),
    ]


def test_prose_is_no_list_of_classes(tmp_path: Path) -> None:
    """Its lines would be taken for names, and names are kept."""
    files = {"a.txt": "오늘은 날씨가 좋다\n내일도 좋겠다\n".encode(), "classes.txt": b"cat\ndog\n"}
    assert found(tmp_path, {"a.txt": files["a.txt"]}, "text") == ({}, 1)
    assert found(tmp_path, files, "text") == ({}, 2)


def test_labels_without_objects_do_not_hide_the_format(tmp_path: Path) -> None:
    """A picture without objects has an empty label; most of a set may be such."""
    files = {f"{n}.txt": CASES["yolo-detection"].sound if n % 4 == 0 else b"" for n in range(12)}
    assert found(tmp_path, files, "text") == ({"yolo-detection": 12}, 0)


def test_a_table_of_unknown_columns_is_not_guessed(tmp_path: Path) -> None:
    """What promises nothing cannot be met: it is said that no format fits. Named, it counts rows."""
    data = table("시간,값", "1,2", "2,3,4")
    assert found(tmp_path, {"a.csv": data}, "text") == ({}, 1)
    rows = read(tmp_path, data, schema="generic-csv", extension="csv")
    assert [row["pointer"] for row in rows["items"]] == ["/0", "/1"]
    assert [(row["error_class"], row["keyword"]) for row in rows["schema_errors"]] == [("FILE", "ragged-row")]


def test_tables_of_many_names_are_alike(tmp_path: Path) -> None:
    """One for each recording: they are not told apart by their names, and a broken one goes with the rest."""
    files = {f"{chr(97 + n)}.csv": CASES["aihub-s26-photos"].sound for n in range(20)}
    files["z.csv"] = table("PHOTO_FILE_NM,TRAVEL_ID,VISIT_AREA_ID,X,Y", "a.jpg,t1,1,126.9,37.5")
    assert found(tmp_path, files, "text") == ({"aihub-s26-photos": 21}, 0)
