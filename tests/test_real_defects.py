"""Defects that users of released data sets have met, each planted in a made deliverable and found.

The deliverables have the shapes of those data sets (speech in zips, pictures with boxes, records of sensors,
travel logs in tables), made here and small. What was met is said beside each.
"""

from __future__ import annotations

import io
import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image

from qc.cli.running import run
from sample_datasets.zips import Member, pack

Json = dict[str, Any]


@dataclass
class Delivery:
    """Files by path, schemas by the glob of the labels that follow them, and what else the plan says."""

    files: dict[str, bytes] = field(default_factory=dict)
    schemas: dict[str, Json] = field(default_factory=dict)
    plan: str = ""

    def add(self, path: str, document: Any) -> None:
        """A JSON document."""
        self.files[path] = json.dumps(document, ensure_ascii=False).encode()


def row(properties: Json, required: Iterable[str] = (), **more: Any) -> Json:
    """The schema of an object."""
    return {"type": "object", "required": list(required), "properties": properties, **more}


def schema(root: Json, **document: Any) -> Json:
    """A schema whose root is an item, if it says nothing else."""
    own = {"row": "item"} if root["type"] == "object" else {}
    roles = {"document": {"kind": "json", **document}, **own}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "x-qc": roles, **root}


def picture(number: int) -> bytes:
    """A grey picture of 64 x 48 px, each different."""
    buffer = io.BytesIO()
    Image.new("L", (64, 48), 20 + number).save(buffer, "PNG")
    return buffer.getvalue()


# --- the deliverables -----------------------------------------------------------------------------------

TOP = "109.음성 데이터/01-1.정식개방데이터"
#: Speakers run to 40; these were delivered.
SPEAKERS = (*range(1, 25), 33, 40)
#: Delivered for training and for validation.
TWICE = 7


def speech() -> Delivery:
    """Utterances in zips, as they are handed in from Windows and from a Mac."""
    made = Delivery()
    # Bounded by a pattern it is no free text, and stays readable.
    speaker = {"type": "string", "pattern": "^S[0-9]{3}$", "x-qc": {"col": "groups.speaker"}}
    name = {"type": "string", "x-qc": {"col": "file_name"}}
    inner = row({"fileNm": name, "recorderId": speaker}, ("fileNm", "recorderId"))
    made.schemas["**/02.라벨링데이터/**"] = schema(row({"발화정보": inner}, ("발화정보",)))
    sources: dict[str, list[Member]] = {"TS_1": [], "VS_1": []}
    labels: dict[str, list[Member]] = {"TL_1": [], "VL_1": []}
    for number in SPEAKERS:
        for side in ("T", "V") if number == TWICE else ("V",) if number > 20 else ("T",):
            stem = f"발화_{side}{number:03d}"
            document = {"발화정보": {"fileNm": f"{stem}.wav", "recorderId": f"S{number:03d}"}}
            sound = Member(f"음성/{stem}.wav", b"RIFF" + bytes([number]) * 40 + side.encode())
            label = Member(f"라벨/{stem}.json", json.dumps(document, ensure_ascii=False).encode(), "nfd")
            sources[f"{side}S_1"].append(sound)
            labels[f"{side}L_1"].append(label)
    first = sources["TS_1"][0]
    sources["TS_1"][0] = first.renamed("/K-S1_0001.wav")
    nested = [member.renamed(f"VS_1/VS_1/{member.path}") for member in sources["VS_1"]]
    labels["TL_1"] += [
        Member("__MACOSX/라벨/._발화.json", b"\0\5\x16\7", "nfd"), Member("라벨/.DS_Store", b"\0", "nfd"),
    ]  # fmt: skip
    for split, archives in (
        ("Training", {"01.원천데이터/TS_1": sources["TS_1"], "02.라벨링데이터/TL_1": labels["TL_1"]}),
        ("Validation", {"01.원천데이터/VS_1": nested, "02.라벨링데이터/VL_1": labels["VL_1"]}),
    ):
        for name_, members in archives.items():
            made.files[f"{TOP}/{split}/{name_}.zip"] = pack(members)
    whole = made.files[f"{TOP}/Training/01.원천데이터/TS_1.zip"]
    made.files[f"{TOP}/Training/01.원천데이터/TS_1.zip.part0"] = whole[:200]
    made.files[f"{TOP}/Training/01.원천데이터/TS_9.zip.part1"] = whole[200:]
    made.files[f"{TOP}/Training/download.tar"] = bytes(1024)
    made.files[f"{TOP}/Validation/02.라벨링데이터/Thumbs.db"] = b"\xd0\xcf"
    return made


def fishes() -> Delivery:
    """Pictures with a label each: corners for sides, names without extension, numbers as text."""
    made = Delivery()
    box = {
        "type": "array", "minItems": 4, "maxItems": 4, "items": {"type": "number"},
        "x-qc": {"shape": {"type": "box", "order": "xywh"}},
    }  # fmt: skip
    mark = row({"bbox": box}, ("bbox",), **{"x-qc": {"row": "annotation"}})
    image = row(
        {"file_name": {"type": "string", "x-qc": {"col": "file_name"}}, "weight": {"type": "number"},
         "width": {"type": "integer", "x-qc": {"col": "width"}},
         "height": {"type": "integer", "x-qc": {"col": "height"}},
         "annotations": {"type": "array", "items": mark}},
        ("file_name", "annotations"),
    )  # fmt: skip
    made.schemas["labels/**"] = schema(image)
    for number in range(1, 13):
        stem = f"fish_{number:03d}"
        made.files[f"images/{stem}.png"] = picture(number)
        boxes = [[30, 20, 60, 44], [5 + number, 25, 50, 46]]
        made.add(
            f"labels/{stem}.json",
            {"file_name": stem, "weight": f"{number}.5", "width": 64, "height": 48,
             "annotations": [{"bbox": one} for one in boxes]},
        )  # fmt: skip
    return made


def records() -> Delivery:
    """Records of sensors: values now text, now list; keys with a dot, and misspelt."""
    made = Delivery()
    either = {"type": ["string", "array"]}
    heat = row({"sensibleHeat": {"type": "number"}, "latentHeat": {"type": "number"}}, ("sensibleHeat",))
    made.schemas["*.json"] = schema(
        row(
            {"status_detail": either, "en_inside": {"type": "string"}, "Feeding": heat},
            ("Feeding",),
            patternProperties={r"^Raw_Data_Info\.?$": {"title": "Raw_Data_Info", "type": "object"}},
        )
    )
    for number in range(1, 11):
        document: Json = {
            "status_detail": ["균열"] if number == 4 else "균열",
            "en_insdie" if number == 7 else "en_inside": "y",
            "Raw_Data_Info." if number == 2 else "Raw_Data_Info": {},
            # A capital i for an l, in every file.
            "Feeding": {"sensibleHeat": 1.5, "IatentHeat": 2.0},
        }
        made.add(f"rec_{number:02d}.json", document)
    made.files["rec_11.json"] = made.files["rec_10.json"].replace("균".encode(), b"\xea\xb7")
    return made


def travels() -> Delivery:
    """Tables of a travel log: joined as they were, saved by different programs; and a YAML beside them."""
    made = Delivery()
    photo = row(
        {
            "PHOTO_FILE_NM": {"type": "string", "x-qc": {"col": "file_name"}},
            "TRAVEL_ID": {"type": "string"},
            "X_COORD": {"type": "number"},
        },
        ("PHOTO_FILE_NM", "TRAVEL_ID", "X_COORD"),
        **{"x-qc": {"row": "item"}},
    )
    made.schemas["**/*.csv"] = schema({"type": "array", "items": photo}, kind="csv")
    head = "PHOTO_FILE_NM,TRAVEL_ID,X_COORD\r\n"
    joined = f"{head}가.png,T1,127.1\r\n{head}나.png,T2,127.2\r\n"
    made.files["tables/a.csv"] = joined.encode("utf-8-sig")
    made.files["tables/b.csv"] = (head + "다.png,T3,127.3\r\n").encode("cp949")
    made.files["tables/c.csv"] = (head + "라.png,T4,127.4\r\n마,바.png,T5,127.5\r\n").encode()
    made.files["tables/d.csv"] = b"PHOTO_FILE_NM,TRAVEL_ID,TRAVEL_ID,X_COORD\r\nx.png,T6,T7,127.6\r\n"
    made.files["tables/e.csv"] = (head + "사.png,T8,없음\r\n").encode()
    for number, name in enumerate("가나다라마사x"):
        made.files[f"photos/{name}.png"] = picture(number)
    made.schemas["**/*.yaml"] = schema(row({"name": {"type": "string"}}), kind="yaml")
    made.files["tables/about.yaml"] = b"name: a\nname: b\n"
    return made


# --- what must be found ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """A finding: its check, archive and path, pointer, line, and what its message speaks of."""

    check: str
    place: str
    pointer: str | None
    line: int | None
    values: Json

    def fits(self, check: str, place: str, more: Mapping[str, Any]) -> bool:
        known = {"pointer": self.pointer, "line": self.line, **self.values}
        there = self.place == place or (place.endswith("/") and self.place.startswith(place))
        return self.check == check and there and more.items() <= known.items()


Finder = Callable[[Callable[[], Delivery]], list[Found]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Finder:
    """All findings of a deliverable, which is made and checked once."""
    done: dict[str, list[Found]] = {}

    def find(make: Callable[[], Delivery]) -> list[Found]:
        if make.__name__ not in done:
            done[make.__name__] = _check(make(), tmp_path_factory.mktemp(make.__name__))
        return done[make.__name__]

    return find


def _check(delivery: Delivery, folder: Path) -> list[Found]:
    plan = [delivery.plan]
    for number, (match, content) in enumerate(delivery.schemas.items()):
        (folder / f"s{number}.json").write_text(json.dumps(content), encoding="utf-8")
        plan.append(f'[[schemas]]\nmatch = "{match}"\nschema = "s{number}.json"\n')
    (folder / "qc.toml").write_text("\n".join(plan), encoding="utf-8")
    for path, data in delivery.files.items():
        (folder / "data" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "data" / path).write_bytes(data)
    out, given = folder / "out", str(folder / "qc.toml")
    code = run(["check", str(folder / "data"), "--plan", given, "--out", str(out), "--quiet"])
    assert code in (0, 1, 3)
    outcomes = json.loads((out / "outcomes.json").read_text(encoding="utf-8"))
    assert [(o["check"], o["error"]) for o in outcomes if o["status"] == "crashed"] == []
    return [
        Found(
            r["check"],
            unicodedata.normalize("NFC", " > ".join(filter(None, (r["container_path"], r["path"])))),
            r["pointer"],
            r["line"],
            json.loads(r["values"] or "{}"),
        )
        for r in pq.read_table(out / "findings.parquet").to_pylist()
    ]


def people() -> Delivery:
    """Pictures with keypoints and masks as COCO has them; no schema is given."""
    delivery = Delivery()
    annotations: list[dict[str, Any]] = [
        {
            "id": n, "image_id": n, "category_id": 1, "bbox": [8, 8, 16, 8], "num_keypoints": 2, "iscrowd": 0,
            "keypoints": [8 + n, 8, 2, 0, 0, 0, 24, 16, 1],
            # Of 48 rows: 8 columns outside, then 8 pixels of each of 16 columns from the ninth row on.
            "segmentation": {"size": [48, 64], "counts": [392, *[8, 40] * 15, 8, 1912]},
        }
        for n in range(12)
    ]  # fmt: skip
    annotations[2]["keypoints"].pop()
    annotations[4]["segmentation"]["size"] = [64, 64]
    annotations[5]["segmentation"]["counts"] = "12S"
    annotations[6]["segmentation"]["counts"] = [48 * 64]
    annotations[7]["keypoints"][0] = 640
    annotations[8]["segmentation"] = [[8, 8, 24, 8, 24, 16, 8]]
    for n in range(12):
        delivery.files[f"images/{n}.png"] = picture(n)
    delivery.add(
        "person_keypoints.json",
        {
            "images": [{"id": n, "file_name": f"{n}.png", "width": 64, "height": 48} for n in range(12)],
            "annotations": annotations,
            "categories": [{"id": 1, "name": "사람", "keypoints": ["코", "눈", "귀"], "skeleton": [[1, 2]]}],
        },
    )
    return delivery


def sentences() -> Delivery:
    """Named entities as KLUE has them, a character and its tag a line; no schema is given."""
    tags = {"홍길동": "PS", "서울": "LC"}
    lines = ["## 토큰, 레이블 구분자 : \\t"]
    for n in range(30):
        lines.append(f"## s{n}")
        for word in ("홍길동", "은", " ", "서울", "에"):
            entity = tags.get(word)
            for at, sign in enumerate(word):
                lines.append(f"{sign}\t{'BI'[min(at, 1)]}-{entity}" if entity else f"{sign}\tO")
        lines.append("")
    first = lines.index("## s7") + 1
    lines[first] = lines[first].replace("B-PS", "I-PS")  # the last sentence's span would go on here
    last = lines.index("## s20") + 7
    lines[last] = lines[last].replace("I-LC", "I-OG")
    return Delivery({"dev.tsv": "\n".join(lines).encode()})


TRAINING, VALIDATION = f"{TOP}/Training", f"{TOP}/Validation"
TS, TL = f"{TRAINING}/01.원천데이터/TS_1.zip", f"{TRAINING}/02.라벨링데이터/TL_1.zip"
VS, VL = f"{VALIDATION}/01.원천데이터/VS_1.zip", f"{VALIDATION}/02.라벨링데이터/VL_1.zip"

#: What was met -> (deliverable, check, place, what must be said there). Of what many files have, a finding
#: shows one: the place is their folder then.
DEFECTS: dict[str, tuple[Callable[[], Delivery], str, str, Json]] = {
    "1 members with an absolute path": (
        speech, "files.unsafe-path", f"{TS} > /K-S1_0001.wav", {"reason": "absolute"},
    ),
    "2 Korean names in CP949 without a mark": (speech, "files.name-encoding", TS, {"reason": "cp949"}),
    "3 header again in mid-table": (
        travels, "documents.repeated-header", "tables/a.csv", {"line": 3, "total": 1},
    ),
    "3 a comma in a value that is not quoted": (travels, "documents.ragged-row", "tables/c.csv", {"line": 3}),
    "3 tables in UTF-8 with a mark and in CP949": (travels, "files.encoding-mixed", "tables/", {"kinds": 3}),
    "3 a table in CP949": (travels, "documents.encoding", "tables/b.csv", {"encoding": "CP949"}),
    "3 two columns of one name": (travels, "documents.faulty-table", "tables/d.csv", {}),
    "3 text for a number in a table": (travels, "schema.format", "tables/e.csv", {"path": "/*/X_COORD"}),
    "4 a folder in itself": (speech, "files.double-nesting", f"{VS} > VS_1/VS_1/음성/", {"above": "VS_1"}),
    "5 a piece of an archive that was joined": (
        speech, "files.leftover-part", f"{TS}.part0", {"reason": "whole-beside"},
    ),
    "5 a piece of an archive whose others are missing": (
        speech, "files.part-missing", f"{TRAINING}/01.원천데이터/TS_9.zip.part1", {},
    ),
    "5 a download that was left": (
        speech, "files.residue", f"{TRAINING}/download.tar", {"reason": "download"},
    ),
    "7 corners where sides were promised": (
        fishes, "shapes.order-confusion", "labels/", {"promised": "xywh", "other": "xyxy"},
    ),
    "8 file names without extension": (
        fishes, "items.name-without-extension", "labels/", {"count": 12, "items": 12},
    ),
    "9 now a text, now a list": (
        records, "schema.mixed-types", "rec_04.json",
        {"path": "/status_detail", "forms": "string 10 · array 1"},
    ),
    "10 a key with a trailing dot in some files": (
        records, "schema.mixed-keys", "rec_02.json",
        {"usual": "Raw_Data_Info", "form": "Raw_Data_Info."},
    ),
    "11 numbers as texts": (
        fishes, "schema.format", "labels/fish_001.json", {"path": "/weight", "faulty": 12},
    ),
    "13 speakers that were left out": (
        speech, "ids.gaps", "", {"series": "speaker S", "high": 40, "present": 26, "gaps": "25-32, 34-39"},
    ),
    "14 letters that changed places": (
        records, "schema.mixed-keys", "rec_07.json", {"usual": "en_inside", "form": "en_insdie"},
    ),
    "14 a capital i for an l": (
        records, "schema.mixed-keys", "rec_01.json",
        {"usual": "latentHeat", "form": "IatentHeat", "occurrences": 11},
    ),
    "17 decomposed names": (speech, "files.name-encoding", VL, {"reason": "nfd"}),
    "17 what a Mac leaves": (speech, "files.junk", TL, {"count": 2, "names": ".DS_Store 1, __MACOSX/ 1"}),
    "17 what Windows leaves": (speech, "files.junk", f"{VALIDATION}/02.라벨링데이터/Thumbs.db", {"count": 1}),
    "a speaker in training and validation": (
        speech, "split.same-group", f"{VL} > 라벨/발화_V007.json", {"value": "S007", "split": "validation"},
    ),
    "a keypoint without its sign": (
        people, "shapes.incomplete-points", "person_keypoints.json",
        {"pointer": "/annotations/2", "kind": "keypoints"},
    ),
    "an outline of seven numbers": (
        people, "shapes.incomplete-points", "person_keypoints.json",
        {"pointer": "/annotations/8", "kind": "polygon"},
    ),
    "a mask of another picture": (
        people, "shapes.degenerate", "person_keypoints.json",
        {"pointer": "/annotations/4", "reason": "wrong-sum"},
    ),
    "a mask that was cut off": (
        people, "shapes.degenerate", "person_keypoints.json",
        {"pointer": "/annotations/5", "reason": "broken-code"},
    ),
    "a mask of nothing": (
        people, "shapes.degenerate", "person_keypoints.json",
        {"pointer": "/annotations/6", "reason": "zero-area"},
    ),
    "a keypoint outside the picture": (
        people, "shapes.outside-image", "person_keypoints.json",
        {"pointer": "/annotations/7", "kind": "keypoints"},
    ),
    "a span that nothing begins": (
        sentences, "spans.tag-sequence", "dev.tsv", {"pointer": "/7/tag/0", "class": "PS", "count": 1},
    ),
    "a span of two classes": (
        sentences, "spans.tag-sequence", "dev.tsv", {"pointer": "/20/tag/6", "class": "OG", "count": 1},
    ),
    "broken characters": (records, "documents.broken-text", "rec_11.json", {"line": 1}),
    "a key twice in YAML": (travels, "documents.invalid-markup", "tables/about.yaml", {"line": 2}),
}  # fmt: skip


@pytest.mark.parametrize(("make", "check", "place", "said"), DEFECTS.values(), ids=DEFECTS)
def test_found_at_its_place(
    found: Finder, make: Callable[[], Delivery], check: str, place: str, said: Json
) -> None:
    findings = found(make)
    assert any(one.fits(check, place, said) for one in findings), [f for f in findings if f.check == check]
