"""``--since``: only what changed is read, and the result is that of a whole run, in every table."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from qc import pipeline
from qc.errors import QcError
from qc.report.preview import CheckOptions, Preview, Silent
from qc.runs import chunks
from qc.runs.chunks import Bounds
from qc.runs.folder import Run
from sample_datasets.generate import make

PLANS = Path(__file__).resolve().parent.parent / "sample_datasets" / "plans"
#: So few files to a chunk that a sample has dozens.
SMALL = {"labels": Bounds(files=6), "media": Bounds(files=6, at_most=64 << 10)}


class Heard(Silent):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.previews: list[Preview] = []
        self.notes: list[str] = []
        self.totals: list[tuple[int, int]] = []
        self.done = [0, 0]

    def preview(self, preview: Preview) -> None:
        self.previews.append(preview)

    def note(self, key: str, **values: object) -> None:
        self.notes.append(key)

    def total(self, files: int, work: float) -> None:
        self.totals.append((files, round(work)))

    def advance(self, files: int, work: float) -> None:
        self.done[0] += files


def lay_out(name: str, folder: Path) -> None:
    """Make ``folder`` hold the sample ``name``; what is the same already is not touched."""
    contents = {folder / path: data for path, data in make(name).contents().items()}
    for path in [path for path in folder.rglob("*") if path.is_file() and path not in contents]:
        path.unlink()
    for path, data in contents.items():
        if not path.is_file() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


@dataclass(frozen=True, slots=True)
class Rounds:
    """A deliverable as it was handed in again; a run of the round before, and a whole one of this."""

    data: Path
    plan: Path
    before: Path
    whole: Path

    def check(self, out: Path, since: Path | None = None, **options: Any) -> tuple[Run, Heard]:
        heard = Heard()
        asked = CheckOptions(self.data, plan=self.plan, out=out, jobs=1, since=since, lang="en", **options)
        return pipeline.check(asked, heard), heard


@pytest.fixture(scope="module", params=["s01", "s06"], ids=["folders", "archives"])
def rounds(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    base = tmp_path_factory.mktemp("rounds")
    made = Rounds(base / "data", PLANS / f"{request.param}-faulty.toml", base / "before", base / "whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "BOUNDS", SMALL)
        lay_out(f"{request.param}-clean", made.data)
        made.check(made.before)
        lay_out(f"{request.param}-faulty", made.data)
        made.check(made.whole)
        yield made


def facts(run: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, in an order of their own."""
    with duckdb.connect(run / "facts.duckdb", read_only=True) as con:
        names = con.execute(
            "SELECT table_schema, table_name FROM information_schema.tables ORDER BY ALL"
        ).fetchall()
        return {
            f"{schema}.{name}": sorted(con.execute(f'FROM "{schema}"."{name}"').fetchall(), key=repr)
            for schema, name in names
        }


def result(run: Path) -> dict[str, Any]:
    """Findings, outcomes without their times, verdict."""
    outcomes = json.loads((run / "outcomes.json").read_text(encoding="utf-8"))
    return {
        "findings": pq.read_table(run / "findings.parquet").to_pylist(),
        "csv": (run / "findings.csv").read_bytes(),
        "outcomes": [{k: v for k, v in one.items() if k != "seconds"} for one in outcomes],
        "verdict": json.loads((run / "verdict.json").read_text(encoding="utf-8")),
    }


def same(run: Path, other: Path) -> None:
    mine, others = facts(run) | result(run), facts(other) | result(other)
    assert mine.keys() == others.keys()
    for name in mine:
        assert mine[name] == others[name], name


def half_of(run: Path, out: Path) -> Path:
    """What a run that was killed while it read leaves."""
    shutil.copytree(run, out)
    for path in out.iterdir():
        if path.name not in {"run.json", "chunks", "lock"}:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    info = json.loads((out / "run.json").read_text(encoding="utf-8"))
    (out / "run.json").write_text(json.dumps(info | {"state": "unfinished"}), encoding="utf-8")
    for chunk in sorted((out / "chunks").iterdir())[::2]:
        shutil.rmtree(chunk)
    return out


@pytest.mark.parametrize("finished", [True, False], ids=["finished", "unfinished"])
def test_the_result_is_that_of_a_whole_run(finished: bool, rounds: Rounds, tmp_path: Path) -> None:
    before = rounds.before if finished else half_of(rounds.before, tmp_path / "half")
    kept = {path: path.read_bytes() for path in before.rglob("*") if path.is_file()}
    run, heard = rounds.check(tmp_path / "run", since=before)
    same(run.path, rounds.whole)
    assert {path: path.read_bytes() for path in before.rglob("*") if path.is_file()} == kept

    (preview,) = heard.previews
    assert preview.since == before
    assert preview.taken_files > 0
    assert preview.read_files > 0
    assert run.info["since"]["run"] == str(before)
    assert run.info["since"]["files"] == preview.taken_files
    assert run.info["reading"]["files"] == preview.taken_files + preview.read_files
    # Only what is read is counted while it is.
    assert [files for files, _ in heard.totals] == [preview.read_files] == [heard.done[0]]
    assert heard.notes == []


def test_more_is_taken_over_of_a_finished_run_and_all_of_an_equal_one(rounds: Rounds, tmp_path: Path) -> None:
    half = half_of(rounds.before, tmp_path / "half")
    followed = [half, rounds.before, rounds.whole]
    made = [rounds.check(tmp_path / f"run-{n}", since=before) for n, before in enumerate(followed)]
    taken = [heard.previews[0].taken_files for _, heard in made]
    assert taken[0] < taken[1] < taken[2]
    run, heard = made[-1]
    assert heard.previews[0].read_files == 0
    assert run.info["reading"]["worker_seconds"] == 0
    same(run.path, rounds.whole)


def test_other_checks_of_the_same_data_read_nothing(rounds: Rounds, tmp_path: Path) -> None:
    """Which checks are asked decides nothing of what is read."""
    run, heard = rounds.check(tmp_path / "run", since=rounds.whole, select=("shapes",))
    assert heard.previews[0].read_files == 0
    alone, _ = rounds.check(tmp_path / "alone", select=("shapes",))
    same(run.path, alone.path)


def test_a_run_that_follows_can_be_followed_and_the_first_one_deleted(rounds: Rounds, tmp_path: Path) -> None:
    first = tmp_path / "first"
    shutil.copytree(rounds.whole, first)
    second, _ = rounds.check(tmp_path / "second", since=first)
    shutil.rmtree(first)
    third, heard = rounds.check(tmp_path / "third", since=second.path)
    assert heard.previews[0].read_files == 0
    same(third.path, rounds.whole)


def test_nothing_in_common_is_said_and_everything_read(rounds: Rounds, tmp_path: Path) -> None:
    key = tmp_path / "plan" / "qc.key"
    key.parent.mkdir()
    key.write_text("ab" * 32, encoding="ascii")
    plan = key.with_name("qc.toml")
    plan.write_text('extends = "default"\n', encoding="utf-8")
    heard, out = Heard(), tmp_path / "run"
    options = CheckOptions(rounds.data, plan=plan, out=out, jobs=1, since=rounds.whole, media="none")
    run = pipeline.check(options, heard)
    assert heard.notes == ["since.other-text-key"]
    assert (heard.previews[0].taken_files, run.info["since"]["files"]) == (0, 0)


@pytest.mark.parametrize("case", ["no run", "no folder", "itself"])
def test_what_cannot_be_followed_is_said_before_anything_is_listed(
    case: str, rounds: Rounds, tmp_path: Path
) -> None:
    path, key = {
        "no run": (tmp_path, "errors.run-missing"),
        "no folder": (tmp_path / "none", "errors.run-missing"),
        "itself": (rounds.whole, "errors.since-itself"),
    }[case]
    with pytest.raises(QcError) as caught:
        rounds.check(rounds.whole if case == "itself" else tmp_path / "run", since=path)
    assert caught.value.key == key
    assert not (tmp_path / "run").exists()
