"""Which schema holds for which file: one format, several, none; the plan's globs; kinds without a reader."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from qc.deliverable.listing import open_deliverable
from qc.plan import plans
from qc.plan.model import Plan
from qc.schemas import binding, library
from qc.schemas.binding import PARTS, Bindings, bind, named_labels
from tests.schemas.test_generate import VALID

COCO, LABELME = VALID["coco-instances"], VALID["labelme"]


def written(folder: Path, documents: dict[str, Any]) -> Path:
    for name, document in documents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return folder


def bound(folder: Path, plan: Plan | None = None, given: str | None = None) -> Bindings:
    files = open_deliverable(folder, layout="flat").files
    return bind(files.filter(pc.equal(files.column("kind"), "label")), plan or plans.default(), given)


def seen(found: Bindings) -> dict[str, tuple[int, tuple[str, ...]]]:
    return {one.schema.id: (one.files, one.places) for one in found.bound}


def test_each_folder_has_its_format(tmp_path: Path) -> None:
    documents = {f"a/{n}.json": COCO for n in range(6)} | {f"b/c/{n}.json": LABELME for n in range(5)}
    found = bound(written(tmp_path, documents))
    assert seen(found) == {"coco-instances": (6, ("a",)), "labelme": (5, ("b/c",))}
    assert (found.unfit, len(found.by_file), found.closest) == (0, 11, None)
    assert all(one.fit and one.fit.valid == one.fit.sampled for one in found.bound)


def test_the_schema_of_each_file_in_any_order(tmp_path: Path) -> None:
    documents = {f"a/{n}.json": COCO for n in range(3)} | {f"b/{n}.json": LABELME for n in range(3)}
    folder = written(tmp_path, documents | {"c/1.json": {"foreign": 1}, "c/2.xml": "<a/>"})
    files = open_deliverable(folder, layout="flat").files
    found = bind(files, plans.default(), None)
    backwards = files.take(list(reversed(range(len(files)))))
    schemas = found.schema_of(backwards.column("file")).to_pylist()
    expected = {"a": "coco-instances", "b": "labelme", "c": None}
    assert schemas == [expected[path[0]] for path in backwards.column("path").to_pylist()]


def test_an_archive_is_a_part_of_its_own(tmp_path: Path) -> None:
    written(tmp_path, {f"x/{n}.json": LABELME for n in range(3)})
    with zipfile.ZipFile(tmp_path / "x" / "l.zip", "w") as archive:
        for n in range(4):
            archive.writestr(f"deep/{n}/{n}.json", json.dumps(COCO))
    assert seen(bound(tmp_path)) == {"coco-instances": (4, ("x/l.zip",)), "labelme": (3, ("x",))}


def test_what_fits_nothing_is_left_out_with_the_closest_format(tmp_path: Path) -> None:
    documents = {f"a/{n}.json": LABELME for n in range(4)}
    documents |= {f"b/{n}.json": {"images": [], "foreign": n, "other": 1} for n in range(3)}
    found = bound(written(tmp_path, documents))
    assert seen(found) == {"labelme": (4, ("a",))}
    assert found.unfit == 3
    assert found.closest is not None and found.closest.known == pytest.approx(1 / 3)


def test_a_folder_of_wrong_labels_goes_with_the_rest_of_its_format(tmp_path: Path) -> None:
    """Half of its keys are gone: alone it fits too little, but it is nothing else."""
    poor = {key: value for key, value in LABELME.items() if key in ("shapes", "imagePath")}
    poor["shapes"] = [{"label": "a", "points": [[1, 2], [3, 4]], "x": 1, "y": 2} for _ in range(4)]
    documents = {f"{folder}/{n}.json": LABELME for n in range(9) for folder in "ab"}
    found = bound(written(tmp_path, documents | {f"c/{n}.json": poor for n in range(3)}))
    assert seen(found) == {"labelme": (21, ("a", "b", "c"))}
    assert bound(written(tmp_path / "alone", {"1.json": poor})).unfit == 1


def test_what_cannot_be_parsed_goes_with_the_only_format(tmp_path: Path) -> None:
    documents = {"a/1.json": LABELME, "b/1.json": '{"shapes": ['}
    assert seen(bound(written(tmp_path, documents))) == {"labelme": (2, ("a", "b"))}


def test_of_very_many_folders_those_above_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binding, "SAMPLE", 4)
    documents = {f"a/{n:03}/1.json": LABELME for n in range(PARTS + 1)}
    documents |= {f"b/{n:03}/1.json": COCO for n in range(3)}
    assert seen(bound(written(tmp_path, documents))) == {
        "labelme": (PARTS + 1, ("a",)),
        "coco-instances": (3, ("b",)),
    }


def test_kinds_without_a_reader_are_counted_and_no_schema_is_bound_to_them(tmp_path: Path) -> None:
    documents = {"1.json": LABELME, "2.kdx": "<a/>", "3.kdx": "<a/>", "4.csv": "a,b"}
    files = open_deliverable(written(tmp_path, documents), layout="flat").files
    at = files.column_names.index("kind")  # whatever the layout says of them
    labels = files.set_column(at, "kind", pa.array(["label"] * len(files)))
    found = bind(labels, plans.default(), "labelme")
    assert seen(found) == {"labelme": (1, ())}
    assert found.unread == {"kdx": 2}
    assert found.unfit == 1


RECORDS = {
    "type": "array",
    "items": {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}},
}
FORMATS: dict[str, dict[str, Any]] = {
    "boxes": {"type": "object", "x-qc": {"document": {"kind": "json"}}},
    "rows": {"x-qc": {"document": {"kind": "csv"}}, **RECORDS},
    "yolo": {"x-qc": {"document": {"kind": "lines", "columns": ["a"]}}, **RECORDS},
    "odd": {"x-qc": {"document": {"kind": "jsonl", "extensions": ["log"]}}, **RECORDS},
}


def test_a_schema_holds_for_files_of_its_kind_only_whatever_its_glob_matches(tmp_path: Path) -> None:
    for name, schema in FORMATS.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(schema), encoding="utf-8")
    plan = tmp_path / "qc.toml"
    plan.write_text(
        "".join(f'[[schemas]]\nmatch = "**"\nschema = "{name}.json"\n' for name in FORMATS), encoding="utf-8"
    )
    names = ("1.json", "2.csv", "3.txt", "4.log", "5.xml", "6.yaml", "7.jsonl")
    folder = written(tmp_path / "data", dict.fromkeys(names, "a\n1\n"))
    files = open_deliverable(folder, layout="flat").files
    labels = files.set_column(files.column_names.index("kind"), "kind", pa.array(["label"] * len(files)))
    found = bind(labels, plans.load(plan), None)
    owners = zip(
        labels.column("name").to_pylist(), found.schema_of(labels.column("file")).to_pylist(), strict=True
    )
    # A table may be called .txt: the first of the plan's schemas that reads such files has it.
    assert dict(owners) == {
        "1.json": "boxes", "2.csv": "rows", "3.txt": "rows", "4.log": "odd",
        "5.xml": None, "6.yaml": None, "7.jsonl": None,
    }  # fmt: skip
    assert found.unfit == 3
    assert found.cost is not None


@pytest.mark.parametrize("picture", [False, True])
def test_what_the_plan_names_is_a_label_also_where_the_layout_cannot_tell(
    tmp_path: Path, picture: bool
) -> None:
    (tmp_path / "rows.json").write_text(json.dumps(FORMATS["rows"]), encoding="utf-8")
    plan = tmp_path / "qc.toml"
    plan.write_text('[[schemas]]\nmatch = "tables/*.csv"\nschema = "rows.json"\n', encoding="utf-8")
    written(tmp_path / "data", dict.fromkeys(("tables/1.csv", "tables/2.xml", "3.csv"), "a\n1\n"))
    if picture:
        (tmp_path / "data" / "4.jpg").write_bytes(b"x")
    files = open_deliverable(tmp_path / "data", layout="flat").files
    before = dict(zip(files["path"].to_pylist(), files["kind"].to_pylist(), strict=True))
    named = named_labels(files, plans.load(plan))
    told = zip(named["path"].to_pylist(), named["kind"].to_pylist(), named["alone"].to_pylist(), strict=True)
    kinds = {path: (kind, alone) for path, kind, alone in told}
    assert before["tables/1.csv"] == "other"
    assert kinds["tables/1.csv"] == ("label", None if picture else True)
    assert {path: kind for path, (kind, _) in kinds.items() if path != "tables/1.csv"} == {
        path: kind for path, kind in before.items() if path != "tables/1.csv"
    }
    assert named.schema == files.schema
    assert named_labels(files, plans.default()) is files


def test_a_format_that_is_not_json_is_detected_by_its_own_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One element that the schema calls a list, numbers as texts: as the schema reads them they fit."""
    number = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    root = {"type": "object", "required": ["b"], "properties": {"b": {"type": "array", "items": number}}}
    schema = {
        "x-qc": {"document": {"kind": "xml"}},
        "type": "object",
        "required": ["a"],
        "properties": {"a": root},
    }
    (tmp_path / "own.json").write_text(json.dumps(schema), encoding="utf-8")
    shipped = (*library.shipped_schemas(), library.load(tmp_path / "own.json"))
    monkeypatch.setattr(library, "shipped_schemas", lambda: shipped)
    documents = {f"a/{n}.xml": f"<a><b><n>{n}</n></b></a>" for n in range(3)} | {
        "a/1.json": LABELME,
        "a/x.xml": "<a",
    }
    files = open_deliverable(written(tmp_path / "data", documents), layout="flat").files
    labels = files.set_column(files.column_names.index("kind"), "kind", pa.array(["label"] * len(files)))
    found = bind(labels, plans.default(), None)
    assert seen(found) == {"own": (4, ("a",)), "labelme": (1, ("a",))}
    own = next(one for one in found.bound if one.schema.id == "own")
    assert own.fit is not None
    assert (own.fit.score, own.fit.valid, own.fit.sampled) == (1, 3, 3)


def test_a_glob_that_matches_nothing_is_known_and_two_of_one_schema_are_told_apart(tmp_path: Path) -> None:
    folder = written(tmp_path / "data", {"a/1.json": LABELME, "b/1.json": LABELME, "c/1.json": COCO})
    plan = tmp_path / "qc.toml"
    plan.write_text(
        "".join(
            f'[[schemas]]\nmatch = "{match}"\nschema = "labelme"\n'
            for match in ("a/*.json", "b/*.json", "z/**")
        ),
        encoding="utf-8",
    )
    found = bound(folder, plans.load(plan))
    assert [(one.schema.id, one.how, one.files, one.match) for one in found.bound] == [
        ("labelme", "planned", 1, "a/*.json"),
        ("labelme", "planned", 1, "b/*.json"),
        ("labelme", "planned", 0, "z/**"),
        ("coco-instances", "detected", 1, None),
    ]


def test_without_labels() -> None:
    found = bind(
        open_deliverable(Path(__file__).parent, layout="flat").files.slice(0, 0), plans.default(), None
    )
    assert (found.bound, found.unfit, found.cost) == ((), 0, None)
