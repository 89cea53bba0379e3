"""The sample deliverables: what is committed is what the generator makes, and holds what it promises."""

from __future__ import annotations

import io
import json
import tomllib
import unicodedata
import zipfile
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from qc.documents.delimited import read_csv
from qc.documents.options import Options
from qc.documents.xmls import read_xml
from qc.globs import matches
from qc.plan.plans import load as load_plan
from sample_datasets import (
    dialogue_faults,
    drawing_faults,
    drawings,
    low_light,
    low_light_faults,
    night,
    shop,
    shop_faults,
    speech,
    speech_faults,
    travel,
    travel_faults,
)
from sample_datasets.clips import frames_of
from sample_datasets.generate import NAMES, main, make, write
from sample_datasets.planted import GATES, Dice, Expected, Fault, Planting, Sample, Unit, plant, read_expected
from sample_datasets.zips import Member, pack

FOLDER = Path(__file__).resolve().parent.parent / "sample_datasets"
FAULTY = [name for name in NAMES if name.endswith("faulty")]
PICTURES = (".jpg", ".png")
#: Checks that find what cannot be unpacked.
UNREAD = ("files.unreadable", "files.encrypted")
#: Mean difference of grey values (0..255) that other versions of Pillow, zlib and libjpeg may cause.
PICTURE_TOLERANCE = 4.0


@pytest.fixture(scope="module")
def samples() -> dict[str, Sample]:
    return {name: make(name) for name in NAMES}


def committed(name: str) -> dict[str, bytes]:
    base = FOLDER / name
    return {
        unicodedata.normalize("NFC", path.relative_to(base).as_posix()): path.read_bytes()
        for path in sorted(base.rglob("*"))
        if path.is_file()
    }


def members(data: bytes) -> list[tuple[bytes, int, bytes | None]]:
    """Stored name, flags and content (None if it cannot be unpacked) of every member, in order."""
    found: list[tuple[bytes, int, bytes | None]] = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            info.flag_bits &= ~0x1  # a member behind a password: its bytes are as good as spoilt
            raw = info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437")
            try:
                content = archive.open(info).read()
            except (zipfile.BadZipFile, zlib.error):
                content = None
            found.append((raw, info.flag_bits, content))
    return found


def same_picture(one: bytes, other: bytes) -> bool:
    try:
        a, b = (ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB") for data in (one, other))
    except OSError:
        return one[:16] == other[:16]
    if a.size != b.size:
        return False
    difference = np.asarray(a, dtype=np.int16) - np.asarray(b, dtype=np.int16)
    return float(np.abs(difference).mean()) < PICTURE_TOLERANCE


def assert_same(path: str, one: bytes | None, other: bytes | None) -> None:
    assert (one is None) == (other is None), path
    if one is None or other is None:
        return
    if path.endswith(PICTURES) and one and other:
        assert same_picture(one, other), path
    elif path.endswith(".avi"):
        pictures = zip(frames_of(one), frames_of(other), strict=True)
        assert all(same_picture(a, b) for a, b in pictures), path
    else:
        assert one == other, path


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_sample_is_what_the_generator_makes(name: str, samples: dict[str, Sample]) -> None:
    made, there = samples[name].contents(), committed(name)
    assert there.keys() == made.keys()
    for path, data in made.items():
        if not path.endswith(".zip"):
            assert_same(path, there[path], data)
            continue
        mine, theirs = members(data), members(there[path])
        assert [(raw, flags) for raw, flags, _ in theirs] == [(raw, flags) for raw, flags, _ in mine]
        for (raw, _, a), (_, _, b) in zip(theirs, mine, strict=True):
            # The name's end is ASCII in every encoding.
            assert_same(f"{path}/{raw.decode('latin-1')}", a, b)


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_list_of_defects_is_the_generators(name: str, samples: dict[str, Sample]) -> None:
    there = (FOLDER / "expected" / f"{name}.csv").read_bytes()
    assert there == samples[name].expected_csv()
    assert read_expected(there.decode()) == samples[name].expected


def test_generating_twice_gives_the_same_bytes(tmp_path: Path, samples: dict[str, Sample]) -> None:
    low_light.drawn.cache_clear()
    drawings.drawn.cache_clear()
    shop.drawn.cache_clear()
    speech.sound.cache_clear()
    travel.photo.cache_clear()
    main(tmp_path)
    for name in NAMES:
        made = {p.relative_to(tmp_path / name).as_posix(): p.read_bytes()
                for p in (tmp_path / name).rglob("*") if p.is_file()}  # fmt: skip
        assert {unicodedata.normalize("NFC", k): v for k, v in made.items()} == samples[name].contents()


def test_samples_stay_small_and_their_paths_short() -> None:
    files = [path for name in NAMES for path in (FOLDER / name).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 2_500_000
    assert max(len(path.relative_to(FOLDER).as_posix()) for path in files) < 100


@pytest.mark.parametrize("name", [name for name in NAMES if name not in FAULTY])
def test_nothing_is_planted_in_a_clean_sample(name: str, samples: dict[str, Sample]) -> None:
    assert samples[name].expected == []


@pytest.mark.parametrize("name", FAULTY)
def test_without_gates_only_the_gate_defects_are_gone(name: str, samples: dict[str, Sample]) -> None:
    measured = make(name, gates=False).expected
    gates = {row.defect for row in samples[name].expected if row.gate == "yes"}
    assert gates
    assert measured == [row for row in samples[name].expected if row.defect not in gates]
    assert not {row.check for row in measured} & GATES


def test_every_check_has_two_defects_that_differ_in_place(samples: dict[str, Sample]) -> None:
    rows = [row for name in FAULTY for row in samples[name].expected]
    for check in sorted({row.check for row in rows}):
        mine = [row for row in rows if row.check == check]
        if {row.subject for row in mine} == {"dataset"}:
            continue
        assert len({row.defect for row in mine}) >= 2, check
        assert len({(row.container, row.path.rpartition("/")[0]) for row in mine}) >= 2, check
    confused = Counter(
        name for name in FAULTY for row in samples[name].expected if row.check == "shapes.order-confusion"
    )
    assert confused == {"s01-faulty": 1, "s06-faulty": 1, "s12-faulty": 1}


def test_every_place_of_an_expected_finding_exists(samples: dict[str, Sample]) -> None:
    for name in FAULTY:
        there = committed(name)
        for row in samples[name].expected:
            if row.path:
                assert content_at(there, row) is not None or row.check in UNREAD, row


def content_at(there: dict[str, bytes], row: Expected) -> bytes | None:
    if not row.container:
        return there[row.path]
    for raw, flags, content in members(there[row.container]):
        stored = raw.decode("utf-8" if flags & 0x800 else "cp949")
        # Control characters are shown by their pictures.
        shown = stored.translate({code: 0x2400 + code for code in range(0x20)})
        if unicodedata.normalize("NFC", shown) == row.path:
            return content
    raise KeyError(row)


@pytest.mark.parametrize("name", FAULTY)
def test_pointers_of_expected_findings_lead_somewhere(name: str, samples: dict[str, Sample]) -> None:
    there = committed(name)
    rows = [row for row in samples[name].expected if row.pointer]
    assert rows
    for row in rows:
        value = parsed(row.path, content_at(there, row) or b"")
        for step in row.pointer.split("/")[1:]:
            value = value[int(step) if isinstance(value, list) else step]


def parsed(path: str, data: bytes) -> Any:
    """The value of a document; in XML what stands once is a list of one wherever the samples repeat it."""
    if path.endswith(".csv"):
        return read_csv(data, Options(kind="csv")).value
    if not path.endswith(".xml"):
        return json.loads(data.decode())
    value = read_xml(data, Options()).value
    for track in value["annotations"]["track"]:
        track["box"] = track["box"] if isinstance(track["box"], list) else [track["box"]]
    return value


def test_training_names_are_cp949_and_validation_names_decomposed() -> None:
    for path, data in committed("s06-clean").items():
        for raw, flags, _ in members(data):
            if "/Training/" in path:
                assert not flags & 0x800
                assert "도" in raw.decode("cp949")
            elif b"__MACOSX" not in raw:
                assert flags & 0x800
                assert unicodedata.is_normalized("NFD", raw.decode())
                assert not unicodedata.is_normalized("NFC", raw.decode())


def test_one_defect_of_a_unit_does_not_hide_another() -> None:
    fault = Fault("a", 1, lambda planting: None, "")
    with pytest.raises(ValueError, match=r"\[1\]"):
        plant(Sample("s"), {}, [fault, fault], gates=True)


def test_what_a_fault_expects_stands_at_its_unit() -> None:
    unit = Unit(1, "x", {}, b"", "images/x.jpg", "labels/x.json", "S.zip", "L.zip")
    sample = Sample("s")
    planting = Planting("d", unit, sample, "note")
    planting.expect("files.unsafe-path", "file", source=True)
    planting.expect("shapes.degenerate", "annotation", pointer="/a/0")
    assert sample.expected == [
        Expected("d", "files.unsafe-path", "file", "S.zip", "images/x.jpg", "", "", "yes", "note"),
        Expected("d", "shapes.degenerate", "annotation", "L.zip", "labels/x.json", "/a/0", "", "no", "note"),
    ]


@pytest.mark.parametrize(
    ("plan", "classes"),
    [
        pytest.param("s01-clean", set(night.CLASSES), id="low light"),
        pytest.param("s06-clean", set(drawings.CLASSES.values()), id="drawings"),
        pytest.param("s12-clean", set(shop.CLASSES), id="shop"),
    ],
)
def test_the_plan_agrees_the_classes_that_are_drawn(plan: str, classes: set[str]) -> None:
    text = (FOLDER / "plans" / f"{plan}.toml").read_text(encoding="utf-8")
    assert {row["name"] for row in tomllib.loads(text)["classes"]} == classes


@pytest.mark.parametrize("name", NAMES)
def test_each_sample_has_a_plan(name: str) -> None:
    assert (FOLDER / "plans" / f"{name}.toml").is_file()


def test_night_scenes_are_dark_and_their_things_are_inside() -> None:
    for number in range(20):
        scene = night.draw_scene(Dice("test", number), 320, 240)
        assert np.asarray(scene.image.convert("L")).mean() < 60
        assert len(scene.things) >= 3
        for _, (left, top, right, bottom) in scene.things:
            assert 0 <= left < right <= 320
            assert 0 <= top < bottom <= 240


def test_clean_boxes_are_in_the_upright_picture() -> None:
    """Also where EXIF says that the stored picture is turned: two pictures of the sample are."""
    sample = make("s01-clean")
    orientations: Counter[int] = Counter()
    for path, data in sample.files.items():
        if path.endswith(".jpg"):
            image = Image.open(io.BytesIO(data))
            orientations[image.getexif().get(0x0112, 1)] += 1
            label = json.loads(sample.files[path.replace("images/", "labels/").replace(".jpg", ".json")])
            sections = {key.rstrip("."): value for key, value in label.items()}
            width, height = map(int, sections["Raw_Data_Info"]["Resolution"].split(", "))
            assert ImageOps.exif_transpose(image).size == (width, height)
            for annotation in sections["Learning_Data_Info"]["Annotations"]:
                left, top, right, bottom = annotation["Type_value"]
                assert 0 <= left < right <= width
                assert 0 <= top < bottom <= height
    assert orientations == {1: 58, 6: 2}


def test_both_spellings_of_the_sections_are_there() -> None:
    sample = make("s01-clean")
    spellings = Counter(
        key.endswith(".")
        for path, data in sample.files.items()
        if path.endswith(".json")
        for key in json.loads(data)
    )
    assert set(spellings) == {True, False}


def test_packed_archive_is_a_zip_that_others_can_read() -> None:
    data = pack([Member("a/", b""), Member("a/가.txt", b"x" * 100, "nfc"), Member("a/b", b"", "nfc")])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a/", "a/가.txt", "a/b"]
        assert archive.read("a/가.txt") == b"x" * 100


def test_a_damaged_member_cannot_be_unpacked() -> None:
    data = pack([Member("good", b"y" * 90), Member("bad", b"x" * 90, damaged=True)])
    assert [content for _, _, content in members(data)] == [b"y" * 90, None]


def test_writing_a_sample_replaces_what_was_there(tmp_path: Path) -> None:
    write(Sample("s", files={"a/b.txt": b"1"}), tmp_path)
    write(Sample("s", files={"c.txt": b"2"}), tmp_path)
    assert [p.name for p in (tmp_path / "s").rglob("*")] == ["c.txt"]


def test_an_unknown_sample_is_refused() -> None:
    with pytest.raises(KeyError, match="s02-clean"):
        make("s02-clean")


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(low_light_faults.FAULTS, id="low light"),
        pytest.param(drawing_faults.FAULTS, id="drawings"),
        pytest.param(shop_faults.FAULTS, id="shop"),
        pytest.param(speech_faults.FAULTS, id="speech"),
        pytest.param(dialogue_faults.FAULTS, id="dialogues"),
        pytest.param(travel_faults.FAULTS, id="travel"),
    ],
)
def test_defects_have_ids_of_their_own(faults: tuple[Fault, ...]) -> None:
    assert len({fault.defect for fault in faults}) == len(faults)


@pytest.mark.parametrize("name", NAMES)
def test_plans_are_understood(name: str) -> None:
    plan = load_plan(FOLDER / "plans" / f"{name}.toml")
    assert {indicator for indicator, _ in plan.targets} >= {"file-validity", "structure-accuracy"}


def test_the_plan_of_the_drawings_binds_their_labels() -> None:
    plan = load_plan(FOLDER / "plans" / "s06-faulty.toml")
    labels = {row.container for row in make("s06-faulty").expected if row.path.endswith(".json")}
    assert labels
    for archive in labels:
        assert matches(plan.schemas[0].match, f"{archive}/구조도/구조도면_0001.json"), archive
    assert not matches(
        plan.schemas[0].match, f"{drawings.BATCHES[0].source_archive}/구조도/구조도면_0001.png"
    )
