"""The store is all chunks of the run, no others, in every table."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from qc.budget import Budget
from qc.engines import ProcessEngine
from qc.errors import QcError
from qc.facts.tables import TABLES
from qc.runs import store
from qc.runs.chunks import Bounds, plan_chunks
from qc.runs.folder import Run
from qc.runs.supervisor import run_jobs
from tests.runs import toy

SMALL = Budget(threads=2, memory_mib=256)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, tuple[str, ...]]:
    folder = tmp_path_factory.mktemp("store")
    files = toy.deliver(folder / "in", {f"{number:03d}.txt": str(number % 3) for number in range(40)})
    run = Run.create(folder / "run", "a", folder / "in")
    jobs = plan_chunks(files, toy.PRODUCER, {}, Bounds(files=8))
    with ProcessEngine(1) as engine:
        keys = run_jobs(jobs, run.chunks, engine).keys
    store.write_files(run, files)
    run.close()
    return run, keys


def count(run: Run, table: str) -> int:
    with store.connect(run, budget=SMALL) as con:
        return int(con.execute(f'SELECT count(*) FROM "{table}"').fetchall()[0][0])


def test_every_table_is_there_with_its_columns(made: tuple[Run, tuple[str, ...]]) -> None:
    run, keys = made
    store.build(run, keys, SMALL)
    with store.connect(run, budget=SMALL) as con:
        store.show_bulk(con, run, keys)
        for name, table in TABLES.items():
            described = con.execute(f'DESCRIBE "{name}"').fetchall()
            assert [(row[0], row[1]) for row in described] == [(c.name, c.sql) for c in table.columns]
    assert {name: count(run, name) for name in ("files", "annotations", "coverage", "items")} == {
        "files": 40, "annotations": 39, "coverage": 40, "items": 0,
    }  # fmt: skip


def test_what_chunks_count_is_summed(made: tuple[Run, tuple[str, ...]]) -> None:
    run, keys = made
    assert len(keys) > 3
    store.build(run, keys, SMALL)
    with store.connect(run, budget=SMALL) as con:
        rows = con.execute("FROM schema_paths").fetchall()
    assert rows == [("toy", "/annotations/*", True, 40, 39, 0, 0)]


def test_only_the_chunks_of_the_run(made: tuple[Run, tuple[str, ...]]) -> None:
    run, keys = made
    store.build(run, keys[1:], SMALL)
    left_out = pq.ParquetFile(run.chunks / keys[0] / "coverage.parquet").read().num_rows
    assert count(run, "coverage") == 40 - left_out


def test_building_again_forgets_what_was_added(made: tuple[Run, tuple[str, ...]]) -> None:
    run, keys = made
    store.build(run, keys, SMALL)
    with store.connect(run, read_only=False, budget=SMALL) as con:
        con.execute("CREATE TABLE item_sizes AS SELECT 1 AS item; DELETE FROM annotations")
    (run.path / "facts.duckdb.tmp").write_bytes(b"half of one")
    store.build(run, keys, SMALL)
    assert count(run, "annotations") == 39
    with store.connect(run, budget=SMALL) as con, pytest.raises(duckdb.CatalogException):
        con.execute("FROM item_sizes")
    assert [path.name for path in run.path.glob("facts*")] == ["facts.duckdb"]


def test_readers_cannot_write(made: tuple[Run, tuple[str, ...]]) -> None:
    run, keys = made
    store.build(run, keys, SMALL)
    with store.connect(run, budget=SMALL) as con, pytest.raises(duckdb.InvalidInputException):
        con.execute("DELETE FROM files")


def test_a_finished_run_still_sorts_more_than_fits_into_memory(tmp_path: Path) -> None:
    with Run.create(tmp_path / "run", "a", tmp_path / "in") as run:
        store.write_files(run, toy.many(1))
        store.build(run, [], SMALL)
        run.finish()
    with store.connect(run, budget=Budget(threads=1, memory_mib=48)) as con:
        wide = "SELECT DISTINCT hash(range)::VARCHAR || repeat('x', 60) FROM range(600000)"
        rows = con.execute(f"SELECT count(*) FROM ({wide})").fetchall()
    assert rows == [(600_000,)]
    assert not run.work.exists()


def test_a_chunk_that_is_missing_is_told(made: tuple[Run, tuple[str, ...]]) -> None:
    run, keys = made
    with pytest.raises(LookupError, match="nowhere"):
        store.build(run, [*keys, "nowhere"], SMALL)


def test_not_built_yet(tmp_path: Path) -> None:
    with Run.create(tmp_path / "run", "a", tmp_path / "in") as run, pytest.raises(FileNotFoundError):
        store.connect(run)


def test_a_run_without_chunks(tmp_path: Path) -> None:
    with Run.create(tmp_path / "run's", "a", tmp_path / "in") as run:
        store.write_files(run, toy.many(3))
        assert pq.ParquetFile(run.files).schema_arrow.names == list(TABLES["files"].names)
        store.build(run, [], SMALL)
        assert count(run, "files") == 3


def test_unwritable(tmp_path: Path) -> None:
    with Run.create(tmp_path / "run", "a", tmp_path / "in") as run:
        run.files.mkdir()
        with pytest.raises(QcError) as caught:
            store.write_files(run, toy.many(1))
        assert caught.value.key == "errors.run-unwritable"
        assert not list(run.path.glob("*.tmp"))
        run.files.rmdir()
        store.write_files(run, toy.many(1))
        run.facts.mkdir()
        (run.facts / "in the way").touch()
        store.build(run, [], SMALL)  # it is ours, and goes
        assert run.facts.is_file()


def test_memory_is_bounded() -> None:
    with duckdb.connect(config=Budget(threads=2, memory_mib=300, temp=Path("w")).config()) as con:
        rows = con.execute("SELECT current_setting('memory_limit'), current_setting('threads')").fetchall()
    assert rows == [("300.0 MiB", 2)]
