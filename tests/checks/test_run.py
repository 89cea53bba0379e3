"""The engine: outcomes, stored answers, places, fingerprints, waivers."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from qc.budget import Budget
from qc.checks import derive
from qc.checks.grade import Task, tasks
from qc.checks.load import load, load_check, shipped
from qc.checks.model import Outcome
from qc.checks.place import COLUMNS
from qc.checks.run import run_checks
from qc.content import folder
from qc.errors import QcError
from qc.plan.model import Regrade
from qc.plan.plans import Waiver, default
from qc.words import Words
from tests.checks import support
from tests.checks.test_load import HEAD, SQL, TABLE, write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TODAY = datetime.date(2026, 3, 1)


class Place:
    """A run folder with facts, in which checks can be run."""

    def __init__(self, folder: Path, rows: Mapping[str, Sequence[support.Row]]) -> None:
        self.folder = folder
        self.facts = folder / "facts.duckdb"
        with duckdb.connect(str(self.facts)) as con:
            con.execute("BEGIN")
            support.create(con)
            support.insert(con, rows)
            con.execute("COMMIT")
        if rows is not FILES:
            derive.derive(self.facts, shipped(), folder / "derived")

    def run(self, *made: Task, budget: Budget | None = None) -> list[Outcome]:
        return run_checks(
            self.facts,
            made,
            results=self.folder / "results",
            findings=self.folder / "findings.parquet",
            budget=budget,
            today=TODAY,
        )

    def findings(self) -> list[dict[str, Any]]:
        with duckdb.connect() as con:
            table = con.sql(f"FROM '{self.folder / 'findings.parquet'}'").to_arrow_table()
        assert table.column_names == list(COLUMNS)
        rows: list[dict[str, Any]] = table.to_pylist()
        return rows

    def results(self, check: str) -> list[tuple[Any, ...]]:
        with duckdb.connect() as con:
            return con.execute(
                f"FROM '{self.folder / 'results' / f'{check}.parquet'}' ORDER BY subject"
            ).fetchall()


def task(check: Any, **changes: Any) -> Task:
    values = {name: p.default for name, p in check.params.items()}
    return Task(
        check, changes.pop("effect", check.effect), check.severity, values, changes.pop("waivers", ())
    )


def big(folder: Path, sql: str = SQL, **head: str) -> Any:
    text = HEAD + sql
    for old, new in head.items():
        text = text.replace(f'{old} = "', f'{old} = "{new}" # "', 1)
    return load_check(write(folder, text))


FILES = {"files": [{"file": n, "size": n * 4, "path": f"a/{n}.jpg"} for n in range(1, 6)]}


OUTCOMES = {
    "ran": (SQL, "ran", (5, 3, 0)),
    "fine": ("size > $limit AS wrong, size FROM files WHERE size < 5", "ran", (1, 0, 0)),
    "no subjects": ("size > $limit AS wrong, size FROM files WHERE false", "not-applicable", (0, 0, 0)),
    "all unknown": ("NULL AS wrong, $limit AS size FROM files", "not-checked", (0, 0, 5)),
    "some unknown": (
        "CASE WHEN file > 2 THEN size > $limit END AS wrong, size FROM files",
        "partly-checked",
        (3, 3, 2),
    ),
    "does not bind": ("size > $limit AS wrong, size / nothing FROM files", "crashed", (0, 0, 0)),
    "about no file": (
        "size > $limit AS wrong, size FROM (SELECT file + 90 AS file, size FROM files)",
        "crashed",
        (0, 0, 0),
    ),
    "one of them about no file": (
        "size > $limit AS wrong, size FROM (SELECT if(file = 1, 90, file) AS file, 0 AS size FROM files)",
        "crashed",
        (0, 0, 0),
    ),
    "twice about one file": (
        "size > $limit AS wrong, size FROM (SELECT 1::UBIGINT AS file, size FROM files)",
        "crashed",
        (0, 0, 0),
    ),
    "fails at work": ("CAST(name || $limit AS INTEGER) > 1 AS wrong, size FROM files", "crashed", (0, 0, 0)),
    "fans out": ("size > $limit AS wrong, size FROM files, range(3)", "crashed", (0, 0, 0)),
    "subject is NULL": ("size > $limit AS wrong, size, NULL AS f FROM files", "crashed", (0, 0, 0)),
}


@pytest.mark.parametrize(("sql", "status", "counts"), OUTCOMES.values(), ids=OUTCOMES)
def test_outcomes(tmp_path: Path, sql: str, status: str, counts: tuple[int, int, int]) -> None:
    place = Place(tmp_path, FILES)
    if not sql.startswith("SELECT"):
        sql = f"SELECT {'NULL AS file' if 'AS f ' in sql else 'file'}, {sql}"
    (outcome,) = place.run(task(big(tmp_path, sql)))
    assert outcome.status == status, outcome.error
    assert (outcome.examined, outcome.wrong, outcome.unknown) == counts
    assert (outcome.error is None) == (status != "crashed")
    assert outcome.parameters == {"limit": 10}
    stored = tmp_path / "results" / "files.big.parquet"
    assert stored.exists() == (status != "crashed")
    assert len(place.findings()) == counts[1]
    assert not list(tmp_path.glob("spill-*"))
    assert Outcome.from_json(json.loads(json.dumps(outcome.to_json()))) == outcome


def test_a_crash_does_not_stop_the_others_nor_leave_old_answers(tmp_path: Path) -> None:
    place = Place(tmp_path, FILES)
    good = big(tmp_path)
    place.run(task(good))
    bad = replace(good, sql="SELECT nothing")
    other = replace(good, id="files.other")
    crashed, fine = place.run(task(bad), task(other))
    assert (crashed.status, fine.status) == ("crashed", "ran")
    assert crashed.error is not None
    assert crashed.error.startswith("BinderException")
    assert not (tmp_path / "results" / "files.big.parquet").exists()


def test_time_limit_is_a_crash(tmp_path: Path) -> None:
    place = Place(tmp_path, FILES)
    sql = (
        "SELECT file, (SELECT count(*) FROM range(10000000) a, range(1000000) b "
        "WHERE a.range + b.range > file) > $limit AS wrong, size FROM files"
    )
    (outcome,) = place.run(task(big(tmp_path, sql)), budget=Budget(seconds=0.2))
    assert (outcome.status, outcome.error) == ("crashed", "time limit of 0.2 s")


def test_stored_answers_and_findings(tmp_path: Path) -> None:
    place = Place(tmp_path, FILES)
    place.run(task(big(tmp_path)))
    assert place.results("files.big") == [
        (1, False, False), (2, False, False), (3, True, False), (4, True, False), (5, True, False),
    ]  # fmt: skip
    first, *rest = place.findings()
    assert len(rest) == 2
    assert {k: first[k] for k in ("finding", "check", "subject_kind", "subject", "path", "pointer")} == {
        "finding": "F000001", "check": "files.big", "subject_kind": "file", "subject": "3",
        "path": "a/3.jpg", "pointer": None,
    }  # fmt: skip
    assert json.loads(first["values"]) == {"size": 12, "limit": 10}
    assert (first["severity"], first["effect"], first["indicator"]) == ("error", "measure", "file-validity")
    assert first["waived"] is False


BOXES: dict[str, list[support.Row]] = {
    "files": [
        {"file": 1, "path": "l/a.json", "kind": "label", "container_path": "T/TL.zip"},
        {"file": 2, "path": "l/b.json", "kind": "label"},
    ],
    "items": [
        {"item": 11, "file": 1, "key": "a.jpg", "width": 10, "height": 10},
        {"item": 12, "file": 2, "key": "b.jpg", "width": 10, "height": 10},
    ],
    "annotations": [
        {
            "annotation": 101,
            "file": 1,
            "item": 11,
            "pointer": "/x/10",
            "class": "개",
            "declared_id": "7",
            "content": 1,
        },
        {
            "annotation": 102,
            "file": 1,
            "item": 11,
            "pointer": "/x/2",
            "class": "말",
            "declared_id": "8",
            "content": 1,
        },
        {"annotation": 103, "file": 2, "item": 12, "pointer": "/x/0", "content": 5},
        {"annotation": 104, "file": 2, "item": 12, "pointer": "/x/1", "content": 5},
        {"annotation": 105, "file": 2, "item": 12, "pointer": "/x/2", "content": 6},
    ],
    "shapes": [
        {"annotation": n, "item": 11 if n < 103 else 12, "box": [5, 5, 50, 50]} for n in range(101, 106)
    ],
}


def test_places_of_annotations(tmp_path: Path) -> None:
    place = Place(tmp_path, BOXES)
    (outcome,) = place.run(task(shipped().checks["shapes.outside-image"]))
    assert (outcome.status, outcome.wrong, outcome.findings) == ("ran", 5, 5)
    rows = place.findings()
    assert [(r["container_path"], r["path"], r["pointer"], r["item"], r["class"]) for r in rows] == [
        (None, "l/b.json", "/x/0", 12, None), (None, "l/b.json", "/x/1", 12, None),
        (None, "l/b.json", "/x/2", 12, None), ("T/TL.zip", "l/a.json", "/x/2", 11, "말"),
        ("T/TL.zip", "l/a.json", "/x/10", 11, "개"),
    ]  # fmt: skip
    assert [r["finding"] for r in rows] == [f"F00000{n}" for n in range(1, 6)]
    assert json.loads(rows[0]["values"]) == {
        "kind": "box",
        "side": "right",
        "overflow": 45.0,
        "width": 10.0,
        "height": 10.0,
        "beyond": "45.0 px",
        "extent": "10 × 10 px",
        "allowed": "1 px",
    }


def test_findings_of_a_file_with_several_items_name_theirs(tmp_path: Path) -> None:
    rows = {**BOXES, "items": [{**i, "file": 1, "file_name": f"{i['item']}.jpg"} for i in BOXES["items"]]}
    for name in ("one", "each"):
        (tmp_path / name).mkdir()
    place = Place(tmp_path / "one", rows)
    place.run(task(shipped().checks["shapes.outside-image"]))
    assert [r["item_name"] for r in place.findings()] == [f"{r['item']}.jpg" for r in place.findings()]
    place = Place(tmp_path / "each", BOXES)
    place.run(task(shipped().checks["shapes.outside-image"]))
    assert {r["item_name"] for r in place.findings()} == {None}


def prints(folder: Path, rows: dict[str, list[support.Row]]) -> set[str]:
    folder.mkdir()
    place = Place(folder, rows)
    place.run(task(shipped().checks["shapes.outside-image"]))
    return {r["fingerprint"] for r in place.findings()}


def without(rows: dict[str, list[support.Row]], *annotations: int) -> dict[str, list[support.Row]]:
    """``rows`` without some annotations; those after them move up in their file."""
    kept = [dict(a) for a in rows["annotations"] if a["annotation"] not in annotations]
    for file in (1, 2):
        for number, row in enumerate(a for a in kept if a["file"] == file):
            row["pointer"] = f"/x/{number}"
            row["annotation"] += 1000 * (1 + number)  # Ids of rows depend on pointers.
    shapes = [{"annotation": a["annotation"], "item": a["item"], "box": [5, 5, 50, 50]} for a in kept]
    return {**rows, "annotations": kept, "shapes": shapes}


def test_fingerprints_name_the_thing_not_its_place(tmp_path: Path) -> None:
    before = prints(tmp_path / "before", BOXES)
    assert len(before) == 5
    # Two go: one with an id, one of two that are equal. The rest keep their names though all pointers move.
    after = prints(tmp_path / "after", without(BOXES, 102, 103))
    assert len(after) == 3
    assert after <= before


def test_fingerprints_do_not_follow_an_id_that_is_repeated(tmp_path: Path) -> None:
    rows = {**BOXES, "annotations": [{**a, "declared_id": "7"} for a in BOXES["annotations"]]}
    assert len(prints(tmp_path / "one", rows)) == 5


def test_annotation_and_item_of_one_pointer_are_kept_apart(tmp_path: Path) -> None:
    rows = {
        **BOXES,
        "items": [{**BOXES["items"][0], "item": 101}, BOXES["items"][1]],
        "item_media": [{"item": 101, "file": 1}],
        "media": [{"file": 1, "width": 20, "height": 20}],
    }
    place = Place(tmp_path, rows)
    place.run(task(shipped().checks["items.image-size"]), task(shipped().checks["shapes.outside-image"]))
    item, *_ = place.findings()
    assert (item["check"], item["subject"], item["item"], item["pointer"]) == (
        "items.image-size",
        "101",
        101,
        "",
    )


def test_groups_and_paths_have_a_finding_for_each_place(tmp_path: Path) -> None:
    rows: dict[str, list[support.Row]] = {
        "files": [{"file": n, "path": "a/x.jpg"} for n in (1, 2, 3)] + [{"file": 4, "path": "b/y.jpg"}],
        "documents": [{"file": 1}],
        "items": [{"item": 1, "file": 1}],
        "schema_paths": [{"path": "/a", "examined": 9, "format": 2}, {"path": "/b", "examined": 5}],
        "schema_errors": [
            {"file": 1, "error_class": "FORMAT", "path": "/a", "pointer": f"/a/{n}", "line": n, "ordinal": n}
            for n in (1, 2)
        ],
    }  # fmt: skip
    place = Place(tmp_path, rows)
    checks = shipped().checks
    group, path = place.run(task(checks["files.duplicate-name"]), task(checks["schema.format"]))
    assert (group.examined, group.wrong, group.findings) == (2, 1, 3)
    assert (path.examined, path.wrong, path.findings) == (2, 1, 2)
    assert (path.values_examined, path.values_faulty) == (14, 2)
    assert not (tmp_path / "results" / "schema.format.parquet").exists()
    found = place.findings()
    assert {r["group_id"] for r in found if r["subject_kind"] == "group"} == {"source|a/x.jpg"}
    assert [(r["subject"], r["pointer"], r["line"]) for r in found if r["subject_kind"] == "path"] == [
        ("s /a", "/a/1", 1), ("s /a", "/a/2", 2),
    ]  # fmt: skip
    assert len({r["fingerprint"] for r in found}) == 5


def test_dataset_and_class(tmp_path: Path) -> None:
    rows = {**BOXES, "plan.classes": [{"class": "개"}]}
    place = Place(tmp_path, rows)
    (outcome,) = place.run(task(shipped().checks["classes.out-of-vocabulary"]))
    assert (outcome.examined, outcome.wrong) == (2, 1)
    (finding,) = place.findings()
    assert (finding["class"], finding["path"], finding["pointer"]) == ("말", "l/a.json", "/x/2")
    assert json.loads(finding["values"]) == {"class": "말", "count": 1, "files": 1}


def test_numbers_that_json_does_not_have(tmp_path: Path) -> None:
    place = Place(tmp_path, FILES)
    sql = "SELECT file, size > $limit AS wrong, 'nan'::DOUBLE AS size FROM files WHERE file = 5"
    place.run(task(big(tmp_path, sql)))
    assert json.loads(place.findings()[0]["values"]) == {"size": None, "limit": 10}


@pytest.mark.parametrize(
    ("waivers", "status", "waived", "expired"),
    [
        pytest.param([{}], "waived", 3, False, id="whole check"),
        pytest.param([{"where": "a/4.jpg"}], "ran", 1, False, id="one file"),
        pytest.param(
            [{"where": "a/4.jpg"}, {"where": "a/[35].jpg"}], "waived", 3, False, id="two that cover all"
        ),
        pytest.param([{"until": "2026-02-28"}], "ran", 0, True, id="expired"),
        pytest.param([{"until": "2026-03-01"}], "waived", 3, False, id="last day"),
        pytest.param([{"where": "b/**"}], "ran", 0, False, id="another place"),
    ],
)
def test_waivers(
    tmp_path: Path, waivers: list[dict[str, str]], status: str, waived: int, expired: bool
) -> None:
    place = Place(tmp_path, FILES)
    given = {"check": "files.big", "reason": "agreed", "by": "Kim", "until": "2026-12-31"}
    made = tuple(Waiver(**{**given, **w}) for w in waivers)
    (outcome,) = place.run(task(big(tmp_path), waivers=made))
    assert (outcome.status, outcome.wrong, outcome.waived) == (status, 3, waived)
    assert outcome.waiver is not None
    assert (outcome.waiver["by"], outcome.waiver["expired"]) == ("Kim", expired)
    assert sum(r["waived"] for r in place.findings()) == waived
    assert sum(w for _, wrong, w in place.results("files.big") if wrong) == waived


def test_results_do_not_depend_on_threads(tmp_path: Path) -> None:
    rows = {"files": [{"file": n, "size": n % 40, "path": f"a/{n % 97}/{n}.jpg"} for n in range(1, 4000)]}
    place = Place(tmp_path, rows)
    stored = []
    for threads in (1, 4):
        place.run(task(big(tmp_path)), budget=Budget(threads=threads))
        stored.append((tmp_path / "findings.parquet").read_bytes())
    assert stored[0] == stored[1]


def test_empty_facts(tmp_path: Path) -> None:
    place = Place(tmp_path, {})
    outcomes = place.run(*tasks(shipped()))
    assert {o.status for o in outcomes} == {"not-applicable"}
    assert place.findings() == []


class TestTasks:
    def test_selection(self) -> None:
        library = shipped()
        chosen = tasks(library, select=("shapes", "files.un*"), ignore=("shapes.duplicate",))
        assert {t.check.id.partition(".")[0] for t in chosen} == {"files", "shapes"}
        assert "shapes.duplicate" not in {t.check.id for t in chosen}
        assert len(tasks(library)) == len(library.checks)

    def test_unknown_selection_names_the_nearest(self) -> None:
        with pytest.raises(QcError) as error:
            tasks(shipped(), select=("shapes.duplicates",))
        assert Words("en").error(error.value) == (
            "no check is called 'shapes.duplicates' (nearest: shapes.duplicate). All checks: qc checks list"
        )

    def test_unknown_selection_without_a_near_name_leaves_the_clause_out(self) -> None:
        with pytest.raises(QcError) as error:
            tasks(shipped(), select=("zzzzzzzz",))
        assert Words("ko").error(error.value) == ("'zzzzzzzz' 검사가 없습니다. 목록: qc checks list")

    def test_plan_changes_checks(self) -> None:
        plan = replace(
            default(),
            checks={
                "shapes.duplicate": Regrade(effect="note", severity="info", parameters={"iou": 1}),
                "files.unreadable": Regrade(enabled=False),
            },
        )
        made = {t.check.id: t for t in tasks(shipped(), plan)}
        assert "files.unreadable" not in made
        changed = made["shapes.duplicate"]
        assert (changed.effect, changed.severity, changed.values) == ("note", "info", {"iou": 1.0})
        assert isinstance(changed.values["iou"], float)

    @pytest.mark.parametrize(
        ("check", "regrade", "key"),
        [
            ("shapes.duplicate", Regrade(parameters={"iuo": 1}), "checks.no-such-parameter"),
            ("shapes.duplicate", Regrade(parameters={"iou": 2}), "checks.parameter-value"),
            ("shapes.order-confusion", Regrade(effect="measure"), "checks.cannot-measure"),
        ],
    )
    def test_what_does_not_fit(self, check: str, regrade: Regrade, key: str) -> None:
        with pytest.raises(QcError) as error:
            tasks(shipped(), replace(default(), checks={check: regrade}))
        assert error.value.key == key


class TestDerive:
    def test_ours_are_made_in_place(self, tmp_path: Path) -> None:
        place = Place(tmp_path, BOXES)
        assert not (tmp_path / "derived").exists()
        with duckdb.connect(str(place.facts), read_only=True) as con:
            assert con.execute("SELECT count(*) FROM annotation_shapes").fetchall() == [(5,)]
            assert con.execute("SELECT DISTINCT basis FROM item_sizes").fetchall() == [("declared",)]
        derive.derive(place.facts, shipped(), tmp_path / "derived")

    def test_those_of_others_may_use_ours(self, tmp_path: Path) -> None:
        place = Place(tmp_path, BOXES)
        text = TABLE.replace(
            "SELECT file, size FROM files", "SELECT file FROM items JOIN item_sizes USING (item)"
        )
        write(tmp_path, text, "checks/tables/big.sql")
        library = load([folder("checks"), tmp_path / "checks"])
        seconds = derive.derive(place.facts, library, tmp_path / "derived")
        assert set(seconds) == {*shipped().tables, "big"}
        assert [p.name for p in (tmp_path / "derived").iterdir()] == ["big.parquet"]
        with duckdb.connect(str(place.facts), read_only=True) as con:
            assert con.execute("FROM big ORDER BY file").fetchall() == [(1,), (2,)]

    @pytest.mark.parametrize(
        ("sql", "key"),
        [
            ("SELECT 1 AS file FROM files", "checks.table-not-unique"),
            ("SELECT file, nothing FROM files", "checks.sql"),
            ("SELECT content AS file FROM read_text('/etc/hostname')", "checks.sql"),
            ("WITH a AS (INSERT INTO files (file) VALUES (9) RETURNING *) SELECT file FROM a", "checks.sql"),
        ],
    )
    def test_refused(self, tmp_path: Path, sql: str, key: str) -> None:
        place = Place(tmp_path, FILES)
        text = TABLE.replace('"big"', '"mine"').replace("SELECT file, size FROM files", "")
        write(tmp_path, text + sql, "checks/tables/mine.sql")
        with pytest.raises(QcError) as error:
            derive.derive(place.facts, load([tmp_path / "checks"]), tmp_path / "derived")
        assert error.value.key == key

    def test_plan(self, tmp_path: Path) -> None:
        from qc.plan.plans import plan_tables  # noqa: PLC0415

        place = Place(tmp_path, FILES)
        for _ in range(2):
            derive.write_plan(place.facts, plan_tables(default()))
        with duckdb.connect(str(place.facts), read_only=True) as con:
            assert con.execute("SELECT count(*) > 0 FROM plan.targets").fetchall() == [(True,)]
