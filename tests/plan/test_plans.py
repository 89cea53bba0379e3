"""Plans: what they say, what they inherit, and every mistake told with its line."""

from __future__ import annotations

import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import duckdb
import hypothesis
import pytest
from hypothesis import strategies as st

from qc import content, globs
from qc.checks.model import EFFECTS, Check, CheckWords, Parameter
from qc.errors import QcError
from qc.indicators import UNITS, shipped
from qc.plan import plans, tomls
from qc.plan.text import Seen, SeenSchema, write_plan
from qc.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable

    Write = Callable[..., Path]

FULL = """
[project]
name = "저조도"
category = "028"
round = 2

[deliverable]
layout = "aihub"

[[schemas]]
match = "**/02.라벨링데이터/**/*.json"
schema = "aihub-s01-low-light"

[[schemas]]
match = "*.json"
schema = "own.json"

[targets]
file-validity = "99.5 %"
format-accuracy = [{unit = "value", target = 0.995}, {unit = "file", target = 0.98, min_coverage = 0.5}]
semantic-accuracy = {target = 0.9, basis = "lower"}
split-integrity = true
privacy = false

[checks."shapes.outside-image"]
effect = "note"
tolerance = 2

[checks."shapes.duplicate"]
enabled = false

[[classes]]
name = "승용차"
parent = "차량"
min = 100

[[classes]]
name = "보행자"

[[quantities]]
name = "전체"
counts = "item"
min = 1000

[[composition]]
name = "학습"
counts = "item"
by = "split"
value = "training"
share = "80 %"
tolerance = 0.02

[[waivers]]
check = "shapes.duplicate"
where = "Validation/**"
reason = "협의함"
by = "홍길동"
until = 2027-12-31
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(text: str, name: str = "qc.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    (tmp_path / "own.json").write_text("{}", encoding="utf-8")
    return _write


def _check(ident: str, **parameters: Parameter) -> Check:
    spoken = {lang: CheckWords("t", "m", "w", "f") for lang in ("ko", "en")}
    return Check(
        id=ident,
        subject="annotation",
        indicator="annotation-consistency",
        effect="measure",
        severity="error",
        certainty="certain",
        params=parameters,
        words=spoken,
        sql="SELECT 1",
        digest="",
        source=Path("x.sql"),
    )


CHECKS = {
    "shapes.outside-image": _check(
        "shapes.outside-image", tolerance=Parameter("tolerance", 1.0, min=0, max=50)
    ),
    "shapes.duplicate": _check(
        "shapes.duplicate",
        least=Parameter("least", 5),
        how=Parameter("how", "box", choices=("box", "polygon")),
    ),
}


def test_full_plan(write: Write) -> None:
    path = write(FULL)
    read = plans.load(path)
    assert (read.name, read.category, read.round, read.layout) == ("저조도", "028", 2, "aihub")
    assert [b.schema for b in read.schemas] == [
        "aihub-s01-low-light",
        str(path.parent.resolve() / "own.json"),
    ]
    assert read.targets == {
        ("file-validity", None): plans.Target(0.995),
        ("format-accuracy", "value"): plans.Target(0.995),
        ("format-accuracy", "file"): plans.Target(0.98, 0.5),
        ("semantic-accuracy", None): plans.Target(0.9, basis="lower"),
        ("split-integrity", None): plans.Target(None),
        # Asked for by [[quantities]] and [[composition]].
        ("quantity", None): plans.Target(None),
        ("diversity", None): plans.Target(None),
    }
    assert not read.default_targets
    assert read.checks["shapes.outside-image"].parameters == {"tolerance": 2}
    assert read.checks["shapes.duplicate"].enabled is False
    assert read.classes[0] == plans.PlannedClass("승용차", "차량", 100, None)
    assert read.waivers[0].until == "2027-12-31"
    plans.confirm(read, CHECKS)


def test_default_plan() -> None:
    standard = plans.default()
    assert standard.default_targets
    assert standard.target("file-validity", "file") == plans.Target(0.99)
    assert standard.target("structure-accuracy", "file") == plans.Target(0.995)
    assert standard.target("quantity", "") is None
    assert "privacy" in standard.scope


@pytest.mark.parametrize(("numbers", "counts"), [("", False), ("min = 5\n", True), ("max = 5\n", True)])
def test_a_number_of_a_class_is_a_quantity(write: Write, numbers: str, counts: bool) -> None:
    read = plans.load(write(f'[targets]\nprivacy = true\n[[classes]]\nname = "a"\n{numbers}'))
    assert ("quantity" in read.scope) == counts


def test_a_plan_may_say_itself_how_quantities_count(write: Write) -> None:
    read = plans.load(write('[targets]\nquantity = false\n[[classes]]\nname = "a"\nmin = 5\n'))
    assert "quantity" not in read.scope


def test_plan_without_targets_keeps_the_default_ones(write: Write) -> None:
    read = plans.load(write('[project]\nname = "a"\n'))
    assert read.default_targets
    assert read.targets == plans.default().targets


def test_extends(write: Write) -> None:
    write(
        '[targets]\nfile-validity = 0.9\nprivacy = true\n[checks."a.b"]\nx = 1\ny = 1\n'
        '[[schemas]]\nmatch = "*"\nschema = "base"\n[[classes]]\nname = "old"\n',
        "base.toml",
    )
    read = plans.load(
        write(
            'extends = "base.toml"\n[targets]\nprivacy = false\n[checks."a.b"]\ny = 2\neffect = "gate"\n'
            '[[schemas]]\nmatch = "b/*"\nschema = "own"\n[[classes]]\nname = "new"\n'
        )
    )
    assert read.scope == ("file-validity",)
    assert read.checks["a.b"] == plans.Regrade(effect="gate", parameters={"x": 1, "y": 2})
    bound = [read.binding_of(path) for path in ("b/1.json", "c/1.json")]
    assert [read.schemas[n].schema for n in bound if n is not None] == ["own", "base"]
    assert [c.name for c in read.classes] == ["new"]
    assert read.bases == ("base.toml",)


def test_plan_that_takes_over_the_default_targets(write: Write) -> None:
    assert plans.load(write('extends = "default"\n[project]\nname = "a"\n')).default_targets


def test_extends_a_shipped_plan(write: Write) -> None:
    read = plans.load(write('extends = "default"\n[targets]\nfile-validity = 0.5\n'))
    assert read.target("file-validity", "file") == plans.Target(0.5)
    assert not read.default_targets
    assert read.target("format-accuracy", "value") == plans.default().target("format-accuracy", "value")


def test_own_indicator(write: Write) -> None:
    read = plans.load(
        write(
            '[[indicators]]\nid = "style"\nunit = "item"\nname = {ko = "양식", en = "style"}\n'
            "[targets]\nstyle = 0.9\n"
        )
    )
    assert read.indicators["style"].name == {"ko": "양식", "en": "style"}
    assert read.scope == ("style",)


BROKEN = {
    "unknown table": ("[tagets]\na = 1", "errors.plan-unknown-key", "qc.toml:1", ("targets",)),
    "unknown key": ('[project]\n\nnmae = "a"', "errors.plan-unknown-key", "qc.toml:3", ("name",)),
    "unknown indicator": (
        "[targets]\ndiversty = 0.9", "errors.plan-unknown-indicator", "qc.toml:2", ("diversity",)
    ),
    "in second row": (
        '[[classes]]\nname = "a"\n[[classes]]\nnam = "b"', "errors.plan-required", "qc.toml:3", None
    ),
    "syntax": ("[project]\nname = 저조도", "errors.toml-syntax", "qc.toml:2", None),
    "syntax at the end": ('[project]\nname = """', "errors.toml-syntax", "qc.toml:2", None),
    "over 1": ("[targets]\nfile-validity = 99.5", "errors.plan-not-share", "qc.toml:2", None),
    "not a share": ('[targets]\nfile-validity = "high"', "errors.plan-not-share", "qc.toml:2", None),
    "effect": ('[checks."a.b"]\neffect = "warn"', "errors.plan-choice", "qc.toml:2", EFFECTS),
    "unit": ('[targets]\nprivacy = {target = 0.9, unit = "box"}', "errors.plan-choice", "qc.toml:2", UNITS),
    "unit twice": (
        "[targets]\nprivacy = [{target = 0.9}, {target = 0.8}]", "errors.plan-repeated", "qc.toml:2", None
    ),
    "flag": ('[checks."a.b"]\nenabled = "no"', "errors.plan-not-flag", "qc.toml:2", None),
    "text": ("[project]\nname = 1", "errors.plan-not-text", "qc.toml:2", None),
    "empty text": ('[project]\nname = " "', "errors.plan-not-text", "qc.toml:2", None),
    "whole": ("[project]\nround = 1.5", "errors.plan-not-whole", "qc.toml:2", None),
    "infinite": ("[project]\nround = inf", "errors.plan-not-number", "qc.toml:2", None),
    "below": ("[project]\nround = 0", "errors.plan-too-small", "qc.toml:2", None),
    "table": ('project = "a"', "errors.plan-not-table", "qc.toml:1", None),
    "rows": ('[schemas]\nmatch = "*"', "errors.plan-not-rows", "qc.toml:1", None),
    "schema file": (
        '[[schemas]]\nmatch = "*"\nschema = "gone.json"', "errors.plan-missing-file", "qc.toml:3", None
    ),
    "class twice": (
        '[[classes]]\nname = "a"\n[[classes]]\nname = "a"', "errors.plan-repeated", "qc.toml:4", None
    ),
    "min over max": ('[[classes]]\nname = "a"\nmin = 2\nmax = 1', "errors.plan-too-small", "qc.toml:4", None),
    "quantity of nothing": (
        '[[quantities]]\nname = "a"\ncounts = "item"', "errors.plan-required", "qc.toml:1", None
    ),
    "waiver without end": (
        '[[waivers]]\ncheck = "a.b"\nreason = "r"\nby = "b"', "errors.plan-required", "qc.toml:1", None
    ),
    "waiver's date": (
        '[[waivers]]\ncheck = "a.b"\nreason = "r"\nby = "b"\nuntil = "soon"', "errors.plan-not-date",
        "qc.toml:5", None,
    ),
    "base": ('extends = "defualt"', "errors.plan-unknown-base", "qc.toml:1", ("default",)),
    "own indicator is taken": (
        '[[indicators]]\nid = "privacy"\nname = {ko = "가", en = "a"}', "errors.plan-repeated",
        "qc.toml:2", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "key", "where", "known"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_plan(write: Write, text: str, key: str, where: str, known: tuple[str, ...] | None) -> None:
    with pytest.raises(QcError) as caught:
        plans.load(write(text))
    assert (caught.value.key, caught.value.values["where"]) == (key, where)
    if known is not None:
        assert caught.value.values["known"] == known
    for lang in ("ko", "en"):
        said = Words(lang).error(caught.value)
        assert where in said
        assert "{" not in said.replace("[{", "")


def test_missing_and_unreadable_plans(tmp_path: Path) -> None:
    cp949 = tmp_path / "qc.toml"
    cp949.write_bytes('name = "저조도"'.encode("cp949"))
    for path, key in (
        (tmp_path / "none.toml", "errors.file-missing"),
        (tmp_path, "errors.file-unreadable"),
        (cp949, "errors.toml-encoding"),
    ):
        with pytest.raises(QcError) as caught:
            plans.load(path)
        assert caught.value.key == key


def test_bom_and_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "qc.toml"
    path.write_bytes('\ufeff[project]\r\nname = "a"\r\nround = "x"\r\n'.encode())
    with pytest.raises(QcError) as caught:
        plans.load(path)
    assert caught.value.values["where"] == "qc.toml:3"


def test_cycle(write: Write) -> None:
    write('extends = "qc.toml"', "a.toml")
    with pytest.raises(QcError) as caught:
        plans.load(write('extends = "a.toml"'))
    assert caught.value.key == "errors.plan-cycle"
    assert caught.value.values["chain"] == ["qc.toml", "a.toml", "qc.toml"]


AGAINST_CHECKS = {
    "check": ('[checks."shapes.outside-imge"]', "errors.plan-unknown-check", "qc.toml:1"),
    "parameter": (
        '[checks."shapes.outside-image"]\ntolerence = 1', "errors.plan-unknown-parameter", "qc.toml:1"
    ),
    "type": ('[checks."shapes.outside-image"]\ntolerance = "1"', "errors.plan-parameter-type", "qc.toml:1"),
    "range": ('[checks."shapes.outside-image"]\ntolerance = 51', "errors.plan-parameter-range", "qc.toml:1"),
    "real for whole": ('[checks."shapes.duplicate"]\nleast = 1.5', "errors.plan-parameter-type", "qc.toml:1"),
    "choice": ('[checks."shapes.duplicate"]\nhow = "mask"', "errors.plan-choice", "qc.toml:1"),
    "waiver": (
        '\n[[waivers]]\ncheck = "shape.duplicate"\nreason = "r"\nby = "b"\nuntil = 2027-01-01',
        "errors.plan-unknown-check", "qc.toml:3",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "key", "where"), AGAINST_CHECKS.values(), ids=AGAINST_CHECKS.keys())
def test_against_checks(write: Write, text: str, key: str, where: str) -> None:
    read = plans.load(write(text))
    with pytest.raises(QcError) as caught:
        plans.confirm(read, CHECKS)
    assert (caught.value.key, caught.value.values["where"]) == (key, where)


def test_digest_follows_meaning(write: Write, tmp_path: Path) -> None:
    first = plans.load(write(FULL)).digest
    reordered = FULL.replace('category = "028"\nround = 2', 'round = 2\n# a comment\ncategory = "028"')
    assert plans.load(write(reordered)).digest == first
    elsewhere = tmp_path / "sub"
    elsewhere.mkdir()
    (elsewhere / "own.json").write_text("{}", encoding="utf-8")
    (elsewhere / "qc.toml").write_text(FULL, encoding="utf-8")
    assert plans.load(elsewhere / "qc.toml").digest == first
    for change in (
        ("99.5 %", "99.4 %"),
        ("tolerance = 2", "tolerance = 3"),
        ("협의함", "합의함"),
        ("min = 100", "min = 99"),
    ):
        assert plans.load(write(FULL.replace(*change))).digest != first


def test_tables(write: Write) -> None:
    tables = plans.plan_tables(plans.load(write(FULL)))
    assert tables["classes"].to_pylist() == [
        {"class": "차량/승용차", "name": "승용차", "parent": "차량", "min": 100, "max": None},
        {"class": "보행자", "name": "보행자", "parent": None, "min": None, "max": None},
    ]
    assert tables["parameters"].to_pylist() == [
        {"check": "shapes.outside-image", "name": "tolerance", "value": "2"}
    ]
    assert tables["composition"]["share"].to_pylist() == [0.8]
    assert tables["quantities"]["class"].to_pylist() == [None]
    empty = plans.plan_tables(plans.default())
    assert {name: table.schema for name, table in empty.items()} == dict(plans.TABLES)
    assert [name for name, table in empty.items() if table.num_rows] == ["targets"]


def test_waiver() -> None:
    waiver = plans.Waiver("a.b", "r", "b", "2027-01-31", "Validation/**")
    assert waiver.holds(datetime.date(2027, 1, 31))
    assert not waiver.holds(datetime.date(2027, 2, 1))


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("*.json", "a/b/c.json", True),
        ("a/*.json", "a/c.json", True),
        ("a/*.json", "a/b/c.json", False),
        ("a/**/*.json", "a/c.json", True),
        ("a/**/*.json", "a/b/b/c.json", True),
        ("**/02.라벨링데이터/**", "Training/02.라벨링데이터/TL_1.zip/a.json", True),
        ("**/02.라벨링데이터/**", "Training/02x라벨링데이터/a.json", False),
        ("./a/b.json", "a/b.json", True),
        ("a\\b.json", "a/b.json", True),
        ("a/", "a/b/c.json", True),
        ("[TV]L_?.zip/*", "VL_1.zip/a.json", True),
        ("[!T]L_?.zip/*", "TL_1.zip/a.json", False),
        ("a[1.json", "a[1.json", True),
        ("[z-a].json", "[z-a].json", True),
        ("a+(b)|c^$.json", "a+(b)|c^$.json", True),
        ("\u1112\u1161\u11ab/*", "한/a.json", True),
        ("a?c", "a/c", False),
        ("*.json", "a.json\n", False),
    ],
)
def test_globs(pattern: str, path: str, expected: bool) -> None:
    assert globs.matches(pattern, path) is expected


SIGNS = "ab/*?[]!^-\\.+$가"


@hypothesis.settings(max_examples=150, deadline=None)
@hypothesis.given(st.text(SIGNS, max_size=8), st.text(SIGNS, max_size=6))
def test_globs_mean_the_same_in_duckdb(pattern: str, path: str) -> None:
    row = duckdb.execute("SELECT regexp_matches(?, ?)", [path, globs.regex(pattern)]).fetchone()
    assert row == (globs.matches(pattern, path),)


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_written_plan_is_read_back(write: Write, lang: Any) -> None:
    seen = Seen(
        name='납품 "1차"\t\x7f',
        category="028",
        layout="aihub",
        layout_reason="Training, Validation",
        schemas=(SeenSchema("**/02.라벨링데이터/**", "aihub-s01-low-light", "20/20"),),
        classes=('문"', "창\\호"),
    )
    text = write_plan(seen, Words(lang))
    read = plans.load(write(text))
    assert read.name == seen.name
    assert (read.category, read.layout) == ("028", "aihub")
    assert read.targets == plans.default().targets
    assert [(b.match, b.schema) for b in read.schemas] == [("**/02.라벨링데이터/**", "aihub-s01-low-light")]
    # Everything that is switched off can be switched on.
    on = "\n".join(
        line[1:] if line[:1] == "#" and line[1:2] not in (" ", "") else line for line in text.split("\n")
    )
    switched = plans.load(write(on))
    assert [c.name for c in switched.classes] == list(seen.classes)
    assert switched.quantities
    assert switched.composition
    assert switched.waivers


def test_written_plan_of_nothing_known(write: Write) -> None:
    read = plans.load(write(write_plan(Seen("x"), Words("ko"))))
    assert (read.schemas, read.layout, read.category) == ((), None, None)


def test_shipped_plans_and_indicators() -> None:
    for path in (content.folder("schemas") / "plans").glob("*.toml"):
        assert plans.load(path).scope
    for indicator in shipped().values():
        assert indicator.unit in ("", *UNITS)
        for both in (indicator.name, indicator.characteristic, indicator.about):
            assert all(both[lang].strip() for lang in ("ko", "en"))


def test_find(write: Write, tmp_path: Path) -> None:
    assert plans.find(tmp_path) is None
    assert plans.find(write("").parent) == tmp_path / "qc.toml"


def test_plan_is_frozen() -> None:
    with pytest.raises(TypeError):
        plans.default().targets["privacy", None] = plans.Target(0.0)  # type: ignore[index]
    assert isinstance(plans.default().checks, MappingProxyType)


def test_line_of_inner_keys() -> None:
    text = 'a = 1\n[b."c.d"]\n# x = 0\nx.y = 1\n[[e]]\n[[e]]\nf = {g = 1}\n[e.h]\ni = 1\n'
    ways: list[tuple[tomls.Way, int]] = [
        (("a",), 1),
        (("b", "c.d", "x", "y"), 4),
        (("b", "c.d", "z"), 2),
        (("e", 1, "f", "g"), 7),
        (("e", 1, "h", "i"), 9),
        (("e", 0), 5),
    ]
    assert [tomls.line_of(text, way) for way, _ in ways] == [line for _, line in ways]
    assert tomls.line_of(text, ("nothing",)) is None
