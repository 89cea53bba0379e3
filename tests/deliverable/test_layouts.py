from __future__ import annotations

import json
import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from qc import content
from qc.deliverable import layouts
from qc.deliverable.kinds import kinds
from qc.deliverable.listing import Deliverable, classified, open_deliverable
from qc.deliverable.manifest import Spot
from qc.deliverable.walking import walk
from qc.errors import QcError
from tests.deliverable import zips

COCO = json.dumps(
    {"info": {}, "images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [], "categories": []}
)


def roles(found: Deliverable) -> dict[str, tuple[str, str | None, str | None]]:
    names = ("container_path", "path", "kind", "split", "group_key")
    columns = zip(*(found.files[name].to_pylist() for name in names), strict=True)
    return {f"{c}:{p}" if c else p: (k, s, g) for c, p, k, s, g in columns if k != "archive"}


def aihub(base: Path) -> Path:
    """01-1.정식개방데이터 as the 2022 programme delivers it."""
    for split, code in (("Training", "T"), ("Validation", "V")):
        place = base / split
        zips.plain(place / f"01.원천데이터/{code}S_A_강아지_1.zip", {"a/1.jpg": b"x"})
        zips.plain(place / f"01.원천데이터/{code}S_A_강아지_2.zip", {"a/2.jpg": b"x"})
        zips.plain(place / f"02.라벨링데이터/{code}L_A_강아지.zip", {"a/1.json": b"{}", "a/2.json": b"{}"})
    return base


def test_aihub_2022(tmp_path: Path) -> None:
    found = open_deliverable(aihub(tmp_path))
    assert (found.layout.id, found.layout_reason.how) == ("aihub", "detected")
    assert [reason.key for reason in found.layout_reason.reasons] == [
        "layout.reason.aihub-folders",
        "layout.reason.aihub-archives",
        "layout.reason.aihub-splits",
    ]
    assert found.layout_reason.reasons[1].values == {"matched": 6, "total": 6}
    assert found.layout_reason.candidates[0].score == 1.0
    got = roles(found)
    label = got["Validation/02.라벨링데이터/VL_A_강아지.zip:a/1.json"]
    assert label == ("label", "validation", "a_강아지")
    source = got["Training/01.원천데이터/TS_A_강아지_2.zip:a/2.jpg"]
    assert source == ("source", "training", "a_강아지")


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("001.이름/01.데이터/1.Training/원천데이터/TS1/x.jpg", ("source", "training", None)),
        ("001.이름/01.데이터/2.Validation/라벨링데이터/x.json", ("label", "validation", None)),
        ("01.데이터/1_Training/라벨링데이터/x.json", ("label", "training", None)),
        ("01.데이터/2. Validation/원천데이터/x.jpg", ("source", "validation", None)),
        ("01.데이터/01.Training/[원천]강아지_TS/x.jpg", ("source", "training", None)),
        ("Training_1/01.원천데이터/x.jpg", ("source", "training", None)),
        ("Other/02.라벨링데이터/x.json", ("label", "other", None)),
        (
            "3.개방데이터/1.데이터/Validation/02.라벨링데이터/VL_고양이/VL_고양이/x.json",
            ("label", "validation", "고양이"),
        ),
        ("Training/01.원천데이터/TS_3/x.jpg", ("source", "training", None)),
        ("Training/02.라벨링데이터/TL_B/x.png", ("label", "training", "b")),
        ("Training/01.원천데이터/TS_B/x.json", ("source", "training", "b")),
        ("Training/02.라벨링데이터/README.txt", ("document", "training", None)),
    ],
)  # fmt: skip
def test_variants_of_aihub(tmp_path: Path, path: str, role: tuple[str, str | None, str | None]) -> None:
    found = open_deliverable(zips.tree(tmp_path, {path: "x"}), layout="aihub")
    assert roles(found)[path] == role
    assert found.layout_reason.how == "given"


@pytest.mark.parametrize(
    "name",
    ["TS_1.zip", "TS.zip", "VL_a_b.zip", "[원천]강아지_TS.zip", "강아지_VS_2.zip", "[라벨]x.zip"],
)
def test_names_of_archives_are_enough_for_aihub(tmp_path: Path, name: str) -> None:
    zips.plain(tmp_path / name, {"x.json": b"{}"})
    assert open_deliverable(tmp_path).layout.id == "aihub"
    split = "validation" if "V" in name else "training" if "TS" in name else None
    kind = "label" if "L" in name or "라벨" in name else "source"
    assert roles(open_deliverable(tmp_path))[f"{name}:x.json"][:2] == (kind, split)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"images/a.jpg": "x", "labels/a.json": "{}"},
            {"images/a.jpg": ("source", None, None), "labels/a.json": ("label", None, None)},
        ),
        (
            {"train/이미지/a.jpg": "x", "val/라벨/a.json": "{}"},
            {
                "train/이미지/a.jpg": ("source", "training", None),
                "val/라벨/a.json": ("label", "validation", None),
            },
        ),
        (
            {"images/test/a.png": "x", "masks/a.txt": "x", "annotations/test/a.png": "x"},
            {
                "images/test/a.png": ("source", "test", None),
                "masks/a.txt": ("other", None, None),
                "annotations/test/a.png": ("label", "test", None),
            },
        ),
    ],
    ids=["plain", "split-above", "split-below"],
)
def test_images_and_labels(
    tmp_path: Path, files: dict[str, str], expected: dict[str, tuple[str, str | None, str | None]]
) -> None:
    found = open_deliverable(zips.tree(tmp_path, files))
    assert (found.layout.id, found.layout_reason.how) == ("images-labels", "detected")
    assert roles(found) == expected


def test_a_single_zip_with_a_tree_in_it(tmp_path: Path) -> None:
    path = zips.plain(tmp_path / "납품.zip", {"납품/images/a.jpg": b"x", "납품/labels/a.json": b"{}"})
    found = open_deliverable(path)
    assert found.layout.id == "images-labels"
    assert roles(found)["납품.zip:납품/labels/a.json"][0] == "label"


def test_two_archives_for_two_sides(tmp_path: Path) -> None:
    zips.plain(tmp_path / "images.zip", {"a.jpg": b"x"})
    zips.plain(tmp_path / "labels.zip", {"a.json": b"{}"})
    found = open_deliverable(tmp_path)
    assert found.layout.id == "images-labels"
    assert roles(found) == {
        "images.zip:a.jpg": ("source", None, None),
        "labels.zip:a.json": ("label", None, None),
    }


def test_flat(tmp_path: Path) -> None:
    found = open_deliverable(zips.tree(tmp_path, {"a.jpg": "x", "a.json": "{}", "memo.txt": "x"}))
    assert (found.layout.id, found.layout_reason.how) == ("flat", "detected")
    assert [role[0] for role in roles(found).values()] == ["source", "label", "other"]


@pytest.mark.parametrize(
    "files",
    [
        {"annotations.json": COCO},
        {"annotations.json": COCO, "images/a.jpg": "x", "images/b.jpg": "x"},
        {"annotations.json": COCO, "a.jpg": "x"},
        {"annotations/instances_train2017.json": COCO, "train2017/a.jpg": "x"},
        {"big.json": '{"images": [' + "0," * 200_000 + "0]}"},
        {"big.json": '{"annotations": [' + "0," * 200_000 + '0], "categories": [1]}'},
    ],
    ids=["alone", "with-images", "beside-images", "original", "big", "big-images-last"],
)
@pytest.mark.parametrize("packed", [False, True], ids=["loose", "zip"])
def test_coco(tmp_path: Path, files: dict[str, str], packed: bool) -> None:
    path = zips.tree(tmp_path / "d", files)
    if packed:
        path = zips.plain(tmp_path / "d.zip", {name: data.encode() for name, data in files.items()})
    found = open_deliverable(path)
    assert (found.layout.id, found.layout_reason.how) == ("coco-file", "detected")
    assert {kind for kind, _, _ in roles(found).values()} <= {"label", "source"}


def test_coco_file_named_itself(tmp_path: Path) -> None:
    path = (
        zips.tree(tmp_path, {"instances_val2017.json": COCO, "other.json": "{}"}) / "instances_val2017.json"
    )
    found = open_deliverable(path)
    assert (found.layout.id, found.name) == ("coco-file", "instances_val2017")
    assert roles(found) == {"instances_val2017.json": ("label", "validation", None)}


def test_few_labels_each_of_one_image_are_no_coco_file(tmp_path: Path) -> None:
    found = open_deliverable(zips.tree(tmp_path, {"images/a.jpg": "x", "labels/a.json": COCO}))
    assert found.layout.id == "images-labels"


def test_nothing_fits(tmp_path: Path) -> None:
    found = open_deliverable(zips.tree(tmp_path, {"x/a.json": "[]", "b.jpg": "x"}))
    assert (found.layout.id, found.layout_reason.how) == ("flat", "fallback")
    assert [reason.key for reason in found.layout_reason.reasons] == ["layout.reason.fallback"]


def test_a_layout_that_extends_another(tmp_path: Path) -> None:
    """Its own rules come first; words of both are known; what the other one says is part of its digest."""
    own = tmp_path / "own.toml"
    text = OWN.replace('id = "own"', 'id = "own"\nextends = "aihub"')
    text = text.replace('[[rules]]\nsplit = "other"', "")
    own.write_text(text, encoding="utf-8")
    files = {"Training/02.라벨링데이터/src_1.jpg": "x", "Training/02.라벨링데이터/1.json": "1"}
    found = open_deliverable(zips.tree(tmp_path / "d", files), layout=str(own))
    assert roles(found) == {
        "Training/02.라벨링데이터/1.json": ("label", "training", None),
        "Training/02.라벨링데이터/src_1.jpg": ("source", "training", "training"),
    }
    plain = tmp_path / "plain.toml"
    plain.write_text(OWN, encoding="utf-8")
    assert layouts.read(own).digest != layouts.read(plain).digest


def test_files_whose_names_matter_are_told_apart_in_bulk(tmp_path: Path) -> None:
    """Ten thousand names, three kinds of them: a layout is asked once for each kind."""
    own = tmp_path / "own.toml"
    own.write_text(OWN, encoding="utf-8")
    names = [f"K{n % 3}/{('src', 'lab', 'x')[n % 4 % 3]}_{n}.json" for n in range(10_000)]
    zips.plain(tmp_path / "d.zip", dict.fromkeys(names, b""))
    layout = layouts.load(str(own))
    asked = []

    class Counting(type(layout)):  # type: ignore[misc]
        def classify(self, spot: Spot, name: str | None = None) -> layouts.Role:
            asked.append(name)
            role: layouts.Role = super().classify(spot, name)
            return role

    found = open_deliverable(tmp_path / "d.zip", layout=str(own))
    manifest = walk(tmp_path / "d.zip", "deliverable", kinds())
    counted = Counting(**{one.name: getattr(layout, one.name) for one in fields(layout)})
    table = classified(manifest.table(), manifest.spots, counted)
    assert len(asked) < 30
    told = dict(zip(table["path"].to_pylist(), table["kind"].to_pylist(), strict=True))
    assert told == dict(zip(found.files["path"].to_pylist(), found.files["kind"].to_pylist(), strict=True))
    kind_of = {"src": "source", "lab": "label", "x": "other"}
    assert [told[name] for name in names] == [kind_of[re.split("[/_]", name)[1]] for name in names]


OWN = """
id = "own"
[ko]
title = "우리"
[en]
title = "ours"
[[rules]]
folder = '^(?P<group>[^/]+)/'
name = '^(?P<kind>src|lab)_'
[[rules]]
split = "other"
[values.kind]
source = ["src"]
label = ["lab"]
"""


def test_a_layout_of_ones_own(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(OWN, encoding="utf-8")
    files = zips.tree(tmp_path / "d", {"K1/src_1.json": "1", "K1/lab_1.json": "1", "K1/1.json": "1"})
    assert roles(open_deliverable(files, layout=str(own))) == {
        "K1/src_1.json": ("source", "other", "k1"),
        "K1/lab_1.json": ("label", "other", "k1"),
        "K1/1.json": ("other", "other", None),
    }


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('id = "own"', "", "id"),
        ("name =", "nam =", "nam"),
        ('split = "other"', 'split = "holdout"', "holdout"),
        ("[^/]+", "[^/+", "position"),
        ("[values.kind]", "[values.colour]", "colour"),
        ("[[rules]]", "[[rules]", ""),
        ("[ko]", "[[detect]]\nmeasure = 'feeling'\n[ko]", "feeling"),
        ("[ko]", "[[detect]]\nmeasure = 'sides'\npattern = 'a'\n[ko]", "2 patterns"),
        ('id = "own"', 'id = "own"\nextends = "../secret"', "no shipped layout"),
        ("^(?P<kind>src|lab)_", "^(?P<kind>src|lab)(_)", "(?:"),
        ("^(?P<kind>src|lab)_", "^(?P<kind>src|lab)(?=_)", "name"),
        ('split = "other"', 'alone = "yes"', "true or false"),
    ],
    ids=[
        "id",
        "key",
        "split",
        "pattern",
        "values",
        "toml",
        "measure",
        "patterns",
        "extends",
        "unnamed-group",
        "lookaround",
        "alone",
    ],
)
def test_broken_layouts_say_what_is_wrong(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in OWN
    path = tmp_path / "own.toml"
    path.write_text(OWN.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(QcError) as caught:
        open_deliverable(tmp_path, layout=str(path))
    assert caught.value.key == "errors.layout-broken"
    assert says in str(caught.value.values["detail"])


def test_all_words_are_there() -> None:
    words = tomllib.loads((content.folder("reports") / "words" / "layout.toml").read_text(encoding="utf-8"))
    reasons = words["layout"]["reason"]
    for layout in layouts.shipped():
        assert layout.title["ko"] != layout.title["en"]
        for evidence in layout.detect:
            assert evidence.reason.removeprefix("layout.reason.") in reasons
    for measure in layouts.MEASURES:
        assert measure in reasons


def test_the_documentation_names_every_layout_and_its_example_loads(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "layouts.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE) != []
    assert set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)) == {one.id for one in layouts.shipped()}
    shown = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert shown is not None
    own = tmp_path / "own.toml"
    own.write_text(shown[1], encoding="utf-8")
    files = zips.tree(
        tmp_path / "d", {"train/raw/K1/a.jpg": "x", "train/gt/K1/a.json": "1", "gt/K1/palette.json": "1"}
    )
    found = open_deliverable(files, layout=str(own))
    assert roles(found) == {
        "gt/K1/palette.json": ("label", None, "k1"),
        "train/gt/K1/a.json": ("label", "training", "k1"),
        "train/raw/K1/a.jpg": ("source", "training", "k1"),
    }
    assert found.files["alone"].to_pylist() == [True, None, None]
