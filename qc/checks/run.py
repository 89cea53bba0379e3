"""Runs checks: each query once, its answer streamed, counted, kept where it is wrong.

What a check answers about every subject goes to ``results/CHECK.parquet`` (``subject``, ``wrong``,
``waived``), which rates read; what is wrong goes, with its place, to ``findings.parquet``.
"""

from __future__ import annotations

import datetime
import tempfile
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from qc.budget import Budget
from qc.checks import place
from qc.checks.load import first_line
from qc.checks.lock import TimeLimitError, fresh, open_locked, time_limit
from qc.checks.model import MANY_ROWS, UNITS, Outcome, Status
from qc.content import folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qc.checks.grade import Task

#: ``results/CHECK.parquet``. ``waived`` is TRUE for a wrong subject all of whose findings are waived.
RESULTS = pa.schema([("subject", pa.uint64()), ("wrong", pa.bool_()), ("waived", pa.bool_())])

_BATCH = 131_072
#: Tables that bound the number of subjects: more rows than that is a join that fanned out.
_BOUND = {"file": "files", "item": "items", "annotation": "annotations"}


class AnswerError(Exception):
    """The query answered, but not in the form of a check."""


@dataclass(slots=True)
class _Answer:
    examined: int = 0
    wrong: int = 0
    unknown: int = 0
    values_examined: int = 0
    values_faulty: int = 0
    rows: pa.Table | None = None


def run_checks(
    facts: Path,
    tasks: Sequence[Task],
    *,
    results: Path,
    findings: Path,
    budget: Budget | None = None,
    today: datetime.date | None = None,
    reference: Path | None = None,
) -> list[Outcome]:
    """Runs ``tasks`` over the database ``facts``; writes the folder ``results`` and the file ``findings``.

    A check that fails becomes an outcome ``crashed``; nothing is raised for it. Outcomes come in the
    order of ``tasks``.
    """
    results.mkdir(parents=True, exist_ok=True)
    outcomes = []
    today = today or datetime.datetime.now().astimezone().date()
    with (
        _shared(budget or Budget(), findings.parent) as limits,
        closing(open_locked(facts, limits, reference)) as database,
        place.Desk(facts, limits, today) as desk,
    ):
        bounds = desk.bounds(_BOUND)
        for task in tasks:
            outcome = _run(
                task,
                desk,
                database,
                seconds=limits.seconds,
                results=results,
                bound=bounds.get(task.check.subject),
            )
            outcomes.append(outcome)
        desk.enrich()
        outcomes = [_after_waivers(o, t, desk, results) for o, t in zip(outcomes, tasks, strict=True)]
        desk.write(findings)
    return outcomes


@contextmanager
def _shared(budget: Budget, folder: Path) -> Iterator[Budget]:
    """``budget`` for each of two databases that are open at once, the facts and the desk; with a place to
    spill: a million findings with their places do not fit into every budget."""
    half = replace(budget, memory_mib=budget.memory_mib // 2)
    if half.temp is not None:
        yield half
        return
    with tempfile.TemporaryDirectory(prefix="spill-", dir=folder, ignore_cleanup_errors=True) as temp:
        yield replace(half, temp=Path(temp))


def _run(
    task: Task,
    desk: place.Desk,
    database: duckdb.DuckDBPyConnection,
    *,
    seconds: float,
    results: Path,
    bound: int | None,
) -> Outcome:
    started = time.perf_counter()
    answer, status, error = _Answer(), None, None
    stored = results / f"{task.check.id}.parquet"
    stored.unlink(missing_ok=True)
    try:
        con = fresh(database)
        try:
            with time_limit(con, seconds):
                if task.check.subject in MANY_ROWS:
                    answer = _grouped(task, con, desk)
                else:
                    answer = _streamed(task, con, stored, bound)
        finally:
            con.close()
        _demand_subjects(task, answer, desk, stored)
        if answer.rows is not None:
            desk.add(task, answer.rows)
    except TimeLimitError:
        status, error = "crashed", f"time limit of {seconds:g} s"
    except (duckdb.Error, pa.ArrowException, AnswerError) as failure:
        status, error = "crashed", f"{type(failure).__name__}: {first_line(failure)}"
    if status == "crashed":
        answer = _Answer()
        stored.unlink(missing_ok=True)
    check = task.check
    return Outcome(
        check=check.id,
        subject=check.subject,
        indicator=check.indicator,
        effect=task.effect,
        severity=task.severity,
        certainty=check.certainty,
        status="crashed" if status else _status(answer),
        examined=answer.examined,
        wrong=answer.wrong,
        unknown=answer.unknown,
        findings=answer.rows.num_rows if answer.rows is not None else 0,
        values_examined=answer.values_examined,
        values_faulty=answer.values_faulty,
        parameters=dict(task.values),
        seconds=round(time.perf_counter() - started, 4),
        error=error,
    )


def _status(answer: _Answer) -> Status:
    if not answer.examined:
        return "not-checked" if answer.unknown else "not-applicable"
    return "partly-checked" if answer.unknown else "ran"


def _streamed(task: Task, con: duckdb.DuckDBPyConnection, stored: Path, bound: int | None) -> _Answer:
    """One row is one subject: counted as it streams by, stored when it can enter a rate."""
    check = task.check
    answer, wrong_rows, seen = _Answer(), [], 0
    writer = None
    temporary = stored.with_suffix(".tmp")
    reader: Any = con.sql(check.sql, params=task.values).to_arrow_reader(_BATCH)
    try:
        _demand(reader.schema.names, (*check.key, "wrong"))
        keep = check.subject in UNITS
        if keep:
            # Ids are hashes: neither dictionaries nor compression nor statistics gain anything.
            writer = pq.ParquetWriter(
                temporary, RESULTS, compression="none", use_dictionary=False, write_statistics=False
            )
        for batch in reader:
            wrong = batch.column("wrong").cast(pa.bool_())
            true, null = pc.sum(wrong).as_py() or 0, wrong.null_count
            seen += batch.num_rows
            answer.wrong += true
            answer.unknown += null
            answer.examined += batch.num_rows - null
            if bound is not None and seen > bound:
                raise AnswerError(f"more rows than subjects ({bound}): a join is not unique")
            if writer is not None:
                subject = batch.column(check.subject)
                if subject.null_count:
                    raise AnswerError(f"{check.subject} is NULL")
                waived = pa.repeat(pa.scalar(False), batch.num_rows)
                writer.write_batch(
                    pa.record_batch([subject.cast(pa.uint64()), wrong, waived], schema=RESULTS)
                )
            if true:
                wrong_rows.append(batch.filter(wrong))
    finally:
        reader.close()
        if writer is not None:
            writer.close()
    if writer is not None:
        temporary.replace(stored)
    if wrong_rows:
        answer.rows = pa.Table.from_batches(wrong_rows)
    return answer


def _grouped(task: Task, con: duckdb.DuckDBPyConnection, desk: place.Desk) -> _Answer:
    """A subject has several rows (members, places): counted by its key, wrong if any row is."""
    check = task.check
    table: Any = con.sql(check.sql, params=task.values).to_arrow_table()
    _demand(table.column_names, (*check.key, "wrong"))
    values = check.subject == "path"
    if values:
        _demand(table.column_names, ("examined", "faulty"))
    counts = desk.count(table, check.key, values=values)
    answer = _Answer(*counts)
    wrong = table.filter(pc.field("wrong").cast(pa.bool_()))
    answer.rows = wrong if wrong.num_rows else None
    return answer


def _demand_subjects(task: Task, answer: _Answer, desk: place.Desk, stored: Path) -> None:
    """Refuse an answer about subjects that do not exist, or twice about one: its counts would be no counts.

    Of shipped checks, which have cases, only what is wrong is looked at; of others everything.
    """
    kind, shipped = task.check.subject, task.check.source.is_relative_to(folder("checks"))
    asked = stored if kind in UNITS and not shipped else answer.rows
    strangers, repeated = (0, 0) if asked is None else desk.strangers(kind, asked)
    if strangers:
        raise AnswerError(f"{strangers} rows are about no {kind} that exists")
    if repeated and not shipped:
        raise AnswerError(f"{repeated} rows are about a {kind} that another row is about")


def _demand(names: Sequence[str], wanted: Sequence[str]) -> None:
    for name in wanted:
        if name not in names:
            raise AnswerError(f"no column {name}")


def _after_waivers(outcome: Outcome, task: Task, desk: place.Desk, results: Path) -> Outcome:
    """``outcome`` with what is waived counted apart, in its numbers and in its stored results."""
    if not task.waivers or outcome.status == "crashed":
        return outcome
    active = [w for w in task.waivers if w.holds(desk.today)]
    shown = active or task.waivers
    said: dict[str, Any] = {
        "reason": shown[0].reason,
        "by": shown[0].by,
        "until": shown[0].until,
        "where": shown[0].where,
        "expired": not active,
        "waivers": len(shown),
    }
    waived = desk.waived(outcome.check)
    stored = results / f"{outcome.check}.parquet"
    if len(waived) and stored.exists() and outcome.subject in UNITS:
        _mark(stored, pa.array([int(s) for s in waived], pa.uint64()))
    whole = bool(active) and len(waived) == outcome.wrong
    status: Status = "waived" if whole and outcome.wrong else outcome.status
    return replace(outcome, waiver=said, waived=len(waived), status=status)


def _mark(stored: Path, waived: pa.Array[Any]) -> None:
    table = pq.read_table(stored)
    flags = pc.is_in(table.column("subject"), value_set=waived)
    temporary = stored.with_suffix(".tmp")
    pq.write_table(table.set_column(2, "waived", flags), temporary, compression="none", use_dictionary=False)
    temporary.replace(stored)
