"""Rates of a run: distinct wrong subjects over distinct examined ones, by (indicator, unit)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qc.checks.model import UNITS

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from qc.checks.model import Outcome

#: What a reader of documents could not do. 'failed' is not among them: there the data is at fault,
#: and the checks of file validity say so.
NOT_EXAMINED = ("skipped", "crashed", "timeout")


@dataclass(frozen=True, slots=True)
class Rate:
    """Subjects of one unit under one indicator, each counted once.

    ``examined`` includes the wrong and the waived ones; ``unknown`` are those of which no check could
    tell. ``reach`` is the part of the files that was examined at all: what was never read has no
    subjects that could be counted. ``sampled``: drawn from more than was examined.
    """

    indicator: str
    unit: str
    examined: int
    wrong: int
    unknown: int = 0
    waived: int = 0
    reach: float = 1.0
    sampled: bool = False

    @property
    def rate(self) -> float | None:
        """Share of faultless subjects, 0..1."""
        return (self.examined - self.wrong) / self.examined if self.examined else None

    @property
    def coverage(self) -> float:
        """Share of the subjects that was examined, 0..1."""
        known = self.examined + self.unknown
        return self.reach * self.examined / known if known else 0.0


def reach(con: duckdb.DuckDBPyConnection) -> float:
    """Part of the label files that was examined, 0..1, from the tables ``files`` and ``coverage``."""
    marks = ", ".join("?" for _ in NOT_EXAMINED)
    row = con.execute(
        f"""
        SELECT count(*), fsum(CASE
            WHEN c.status IS NULL OR c.status IN ({marks}) THEN 0
            WHEN c.status = 'failed' THEN 1
            ELSE coalesce(c.weight, 1) END)
        FROM files f LEFT JOIN coverage c ON c.file = f.file AND c.producer = 'labels'
        WHERE f.kind = 'label'
        """,
        list(NOT_EXAMINED),
    ).fetchone()
    files, examined = row or (0, 0)
    return float(examined) / files if files else 1.0


def rates(
    con: duckdb.DuckDBPyConnection, results: Path, outcomes: Iterable[Outcome], reach: float = 1.0
) -> tuple[Rate, ...]:
    """The rates of a run, sorted by indicator and unit; (indicator, unit) without subjects have none.

    ``con`` may be any connection that can read Parquet; ``results`` is the folder of
    ``CHECK.parquet`` (subject, wrong, waived); ``reach`` as by :func:`reach`.
    """
    counted: dict[tuple[str, str], list[Path]] = {}
    values: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.effect != "measure" or outcome.certainty != "certain" or outcome.status == "crashed":
            continue
        stored = results / f"{outcome.check}.parquet"
        if outcome.subject == "path":
            values.setdefault(outcome.indicator, []).append(outcome)
        elif outcome.subject in UNITS and stored.is_file():
            counted.setdefault((outcome.indicator, outcome.subject), []).append(stored)
    found = [_values(indicator, group, reach) for indicator, group in values.items()]
    for (indicator, unit), stores in counted.items():
        # A file that was not examined is still a subject: checks answer NULL for it.
        found.append(_counted(con, indicator, unit, stores, 1.0 if unit == "file" else reach))
    return tuple(sorted((r for r in found if r.examined or r.unknown), key=lambda r: (r.indicator, r.unit)))


def _values(indicator: str, outcomes: list[Outcome], reach: float) -> Rate:
    faulty = sum(o.values_faulty for o in outcomes if o.status != "waived")
    waived = sum(o.values_faulty for o in outcomes if o.status == "waived")
    examined = sum(o.values_examined for o in outcomes)
    return Rate(indicator, "value", examined, faulty, 0, waived, reach)


def _counted(
    con: duckdb.DuckDBPyConnection, indicator: str, unit: str, stores: list[Path], reach: float
) -> Rate:
    if len(stores) == 1:
        # A check answers once for each subject; only several checks must be brought together.
        answers = "SELECT wrong AND NOT waived AS wrong, wrong AND waived AS waived FROM read_parquet(?)"
    else:
        answers = """
            SELECT bool_or(wrong AND NOT waived) AS wrong, bool_or(wrong AND waived) AS waived
            FROM read_parquet(?) GROUP BY subject"""
    row = con.execute(
        f"""
        SELECT count(wrong), count(*) FILTER (wrong), count(*) - count(wrong),
               count(*) FILTER (waived AND NOT wrong)
        FROM ({answers})
        """,
        [[str(path) for path in stores]],
    ).fetchone()
    examined, wrong, unknown, waived = row or (0, 0, 0, 0)
    return Rate(indicator, unit, examined, wrong, unknown, waived, reach)
