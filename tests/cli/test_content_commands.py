"""``qc checks``, ``qc schema check``, ``qc sql``, ``qc init``, ``qc demo``."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from qc import content, pipeline
from qc.checks import load
from qc.cli import demo
from qc.errors import QcError
from qc.plan import plans
from qc.report.preview import CheckOptions, Listener
from tests.cli import made
from tests.cli.conftest import Command
from tests.schemas.test_binding import COCO, LABELME, bound, written

# --- checks ---------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_every_check_is_listed(qc: Command, lang: str) -> None:
    ran = qc("checks", "list", "--lang", lang)
    assert ran.code == 0
    for check in load.shipped().checks.values():
        assert check.id in ran.out
    assert "screen." not in ran.out


def test_checks_as_json(qc: Command) -> None:
    rows = json.loads(qc("checks", "list", "--format", "json").out)
    assert [row["id"] for row in rows] == sorted(load.shipped().checks)


def test_a_check_tells_what_it_means(qc: Command) -> None:
    ran = qc("checks", "show", "shapes.outside-image")
    assert "tolerance = 1.0 px" in ran.out and "SELECT" in ran.out and "라벨 일관성" in ran.out


def test_a_misspelt_check_gets_a_proposal(qc: Command) -> None:
    ran = qc("checks", "show", "shapes.outside-imag")
    assert ran.code == 2 and "(비슷한 이름: shapes.outside-image)." in ran.err


def test_own_checks_are_listed_too(qc: Command, tmp_path: Path) -> None:
    text = (load.shipped().checks["files.unpaired-label"].source).read_text(encoding="utf-8")
    (tmp_path / "mine.sql").write_text(text.replace("files.unpaired-label", "mine.first"), encoding="utf-8")
    ran = qc("checks", "list", "--checks", tmp_path, "--format", "json")
    assert "mine.first" in {row["id"] for row in json.loads(ran.out)}


# --- schema check ---------------------------------------------------------------------------


def test_a_sound_schema(qc: Command, tmp_path: Path) -> None:
    path = tmp_path / "sound.json"
    path.write_text(
        json.dumps(
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "required": ["images"],
                "additionalProperties": False,
                "properties": {
                    "images": {"type": "array", "items": {"type": "string"}, "x-qc": {"row": "item"}}
                },
            }
        ),
        encoding="utf-8",
    )
    ran = qc("schema", "check", path)
    assert (ran.code, ran.err) == (0, "") and "문제가 없습니다" in ran.out


@pytest.mark.parametrize("text", ["{", '{"type": "strin"}', '{"properties": {"a": {"pattern": "("}}}'])
def test_a_faulty_schema(qc: Command, tmp_path: Path, text: str) -> None:
    path = tmp_path / "faulty.json"
    path.write_text(text, encoding="utf-8")
    ran = qc("schema", "check", path)
    assert ran.code == 1
    assert "오류" in ran.out and "schema." not in ran.out
    rows = json.loads(qc("schema", "check", path, "--format", "json").out)
    assert any(row["level"] == "error" and row["message"] != row["code"] for row in rows)


# --- sql ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = made.run(tmp_path_factory.mktemp("sql") / "run")
    with duckdb.connect(str(run / "facts.duckdb")) as con:
        con.execute("CREATE TABLE annotations AS SELECT range AS n, '소파' AS class FROM range(250)")
    return run


def test_sql_as_a_table(qc: Command, asked: Path) -> None:
    ran = qc("sql", asked, "SELECT class, count(*) AS n, NULL AS nothing FROM annotations GROUP BY ALL")
    assert ran.code == 0
    assert ran.out.split() == ["class", "n", "nothing", *ran.out.split()[3:4], "소파", "250", "NULL"]
    assert "1행" in ran.err


def test_sql_table_is_cut_and_says_so(qc: Command, asked: Path) -> None:
    ran = qc("sql", asked, "SELECT n FROM annotations ORDER BY n", "--limit", "10")
    assert ran.out.split()[-1] == "9" and "처음 10행만" in ran.err
    assert qc("sql", asked, "SELECT n FROM annotations ORDER BY n", "--limit", "0").out.split()[-1] == "249"


def test_sql_as_csv_and_json(qc: Command, asked: Path) -> None:
    query = "SELECT n, class, [n, n] AS pair, NULL AS nothing FROM annotations ORDER BY n"
    table = list(csv.reader(io.StringIO(qc("sql", asked, query, "--format", "csv").out)))
    assert len(table) == 251 and table[1] == ["0", "소파", "[0, 0]", ""]
    rows = json.loads(qc("sql", asked, query, "--format", "json").out)
    assert len(rows) == 250 and rows[249] == {"n": 249, "class": "소파", "pair": [249, 249], "nothing": None}
    assert json.loads(qc("sql", asked, "SELECT 1 WHERE false", "--format", "json").out) == []


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("DROP TABLE annotations", id="no change"),
        pytest.param("SELECT 1; SELECT 2", id="one statement"),
        pytest.param("SELECT * FROM read_text('/etc/passwd')", id="no files"),
        pytest.param("SELECT * FROM '/etc/passwd'", id="no files by name"),
        pytest.param("COPY annotations TO '/tmp/x.csv'", id="no writing"),
        pytest.param("SELECT nope FROM annotations", id="no such column"),
        pytest.param("SELEC", id="no SQL"),
        pytest.param("SELECT $1", id="parameter"),
    ],
)
def test_sql_that_cannot_be_asked_is_one_line(qc: Command, asked: Path, query: str) -> None:
    ran = qc("sql", asked, query)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "Traceback" not in ran.err


def test_sql_as_json_is_json(qc: Command, asked: Path) -> None:
    ran = qc("sql", asked, "SELECT 'nan'::DOUBLE AS n, [1.5, 'inf'::DOUBLE] AS l", "--format", "json")
    assert "NaN" not in ran.out and "Infinity" not in ran.out
    assert json.loads(ran.out) == [{"n": None, "l": [1.5, None]}]


def test_sql_of_a_damaged_run(qc: Command, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run")
    (run / "facts.duckdb").write_bytes(b"no database")
    ran = qc("sql", run, "SELECT 1")
    assert ran.code == 2 and "손상" in ran.err


def test_sql_without_facts(qc: Command, tmp_path: Path) -> None:
    assert qc("sql", made.run(tmp_path / "run"), "SELECT 1").code == 2


# --- init -----------------------------------------------------------------------------------


@pytest.fixture
def deliverable(tmp_path: Path) -> Path:
    root = tmp_path / "납품"
    for kind, ending in (("images", "jpg"), ("labels", "json")):
        (root / kind).mkdir(parents=True)
        for number in range(3):
            (root / kind / f"{number}.{ending}").write_bytes(b"{}")
    return root


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_init_writes_a_plan_that_loads(qc: Command, deliverable: Path, lang: str) -> None:
    ran = qc("init", deliverable, "--lang", lang)
    assert ran.code == 0, ran.err
    assert "qc.toml" in ran.out and "screen." not in ran.out
    assert plans.load("qc.toml").layout == "images-labels"
    assert "screen." not in Path("qc.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("below", [".", "labels"])
def test_init_writes_nothing_into_the_deliverable(
    qc: Command, deliverable: Path, monkeypatch: pytest.MonkeyPatch, below: str, lang: str
) -> None:
    monkeypatch.chdir(deliverable / below)
    ran = qc("init", deliverable, "--lang", lang)
    assert ran.code == 2 and str(deliverable) in ran.err
    assert not list(deliverable.rglob("qc.toml"))


def test_init_leaves_an_existing_plan_alone(qc: Command, deliverable: Path) -> None:
    Path("qc.toml").write_text("mine", encoding="utf-8")
    ran = qc("init", deliverable)
    assert ran.code == 2 and "이미 있는 파일은 바꾸지 않습니다" in ran.err
    assert Path("qc.toml").read_text(encoding="utf-8") == "mine"


# --- demo -----------------------------------------------------------------------------------


def demo_with(monkeypatch: pytest.MonkeyPatch, results: dict[str, str]) -> list[CheckOptions]:
    """The pipeline replaced by one that comes to ``results``, by the sample's folder name."""
    seen: list[CheckOptions] = []

    def check(options: CheckOptions, listener: Listener) -> Any:
        seen.append(options)
        assert options.out is not None
        listener.preview(made.preview(run=options.out))
        result = results[options.path.name]
        made.run(options.out, result=replace(made.verdict(), result=result))  # type: ignore[arg-type]
        return SimpleNamespace(path=options.out)

    monkeypatch.setattr(pipeline, "check", check)
    return seen


def expected() -> dict[str, str]:
    return {sample.folder.name: sample.expected for sample in demo.samples()}


def test_demo_runs_every_sample_with_its_plan(qc: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = demo_with(monkeypatch, expected())
    ran = qc("demo")
    assert ran.code == 0, ran.err
    assert len(seen) == len(expected()) >= 4
    assert all(options.plan is not None and options.plan.is_file() for options in seen)
    assert ran.out.count("예상대로") == len(seen) + 1
    assert "먼저 고칠 것" in ran.out


def test_demo_fails_when_a_sample_ends_otherwise(qc: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    results = expected()
    results[min(results)] = "inconclusive"
    demo_with(monkeypatch, results)
    ran = qc("demo", "--quiet")
    assert ran.code == 1
    assert "적합이 나와야 하는데 판정 보류가 나왔습니다" in ran.out


def test_demo_without_samples(qc: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> Path:
        raise FileNotFoundError(name)

    monkeypatch.setattr(content, "folder", none)
    with pytest.raises(QcError):
        list(demo.samples())
    assert qc("demo").code == 2


def test_the_plan_of_a_mixed_deliverable_binds_what_was_seen(qc: Command, tmp_path: Path) -> None:
    folder = written(tmp_path / "data", {"a[1]/1.json": COCO, "a[1]/b/2.json": LABELME, "c/3.json": {"q": 1}})
    assert qc("init", folder).code == 0
    found = bound(folder, plans.load(Path("qc.toml")))
    assert [(one.schema.id, one.how, one.files) for one in found.bound] == [
        ("labelme", "planned", 1),
        ("coco-instances", "planned", 1),
    ]
    assert found.unfit == 1
