"""Which schema holds for which file: one format, several, none; the plan's globs; kinds without a reader."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest

from qc.deliverable.listing import open_deliverable
from qc.plan import plans
from qc.plan.model import Plan
from qc.schemas import binding
from qc.schemas.binding import PARTS, Bindings, bind
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
    documents = {"1.json": LABELME, "2.xml": "<a/>", "3.xml": "<a/>", "4.csv": "a,b"}
    found = bound(written(tmp_path, documents), given="labelme")
    assert seen(found) == {"labelme": (1, ())}
    assert found.unread["xml"] == 2
    assert found.unfit == 0


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
