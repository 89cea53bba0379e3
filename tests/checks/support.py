"""Small tables of facts, written as rows that say only what a case is about."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from qc.facts.tables import TABLES
from qc.plan.plans import TABLES as PLAN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

Row = dict[str, Any]
Rows = "Mapping[str, Sequence[Row]]"

DEFAULTS: dict[str, Row] = {
    "documents": {"format": "json", "schema": "s", "encoding": "utf-8", "lane": "fast", "status": "ok"},
    "items": {"layer": "delivered", "pointer": ""},
    "annotations": {"layer": "delivered"},
    "shapes": {"layer": "delivered", "space": "pixel", "origin": 0, "valid": True},
    "media": {"status": "ok", "format": "JPEG"},
    "coverage": {"producer": "labels", "status": "full", "weight": 1.0},
    "ids": {"kind": "annotation", "space": "annotation", "scope": "file"},
    "refs": {"kind": "annotation", "scope": "file"},
    "schema_errors": {
        "schema": "s",
        "path": "/a",
        "keyword": "required",
        "pointer": "",
        "total": 1,
        "ordinal": 0,
    },
    "schema_paths": {"schema": "s", "required": False, "files": 1, "structure": 0, "format": 0},
    "pairs": {"rule": "P1"},
    "neighbours": {"kind": "box", "same_class": True, "capped": 0},
}


def filled(table: str, row: Row) -> Row:
    """``row`` with the defaults of its table, and what follows from what it says."""
    row = {**DEFAULTS.get(table, {}), **row}
    row = {key: None if value == "NULL" else value for key, value in row.items()}  # TOML has no null.
    row = {key: list(value.items()) if isinstance(value, dict) else value for key, value in row.items()}
    if table == "files":
        path = PurePosixPath(row.setdefault("path", f"{row['file']}.jpg"))
        folder = path.parent.as_posix()
        row = {
            "root": "deliverable", "name": path.name, "stem": path.stem, "extension": path.suffix[1:],
            "folder": "" if folder == "." else folder, "size": 100, "status": "ok", "kind": "source", **row,
        }  # fmt: skip
    if table == "annotations":
        row.setdefault("pointer", f"/annotations/{row['annotation']}")
    if table == "shapes":
        row.setdefault("shape", row["annotation"])
        row.setdefault("kind", "box")
        if "box" in row:
            row.update(_box(row.pop("box"), row.setdefault("ordering", "xywh")))
        if "points" in row:
            row.update(_outline(row.pop("points")))
    return row


def _box(values: Sequence[float], order: str) -> Row:
    a, b, c, d = map(float, values)
    x1, y1 = (a + c, b + d) if order == "xywh" else (c, d)
    return {
        "v0": a, "v1": b, "v2": c, "v3": d, "x0": a, "y0": b, "x1": x1, "y1": y1, "area": (x1 - a) * (y1 - b),
    }  # fmt: skip


def _outline(points: Sequence[Sequence[float]]) -> Row:
    xs, ys = [float(p[0]) for p in points], [float(p[1]) for p in points]
    flat = [value for point in zip(xs, ys, strict=True) for value in point]
    return {
        "kind": "polygon", "ordering": "flat", "coordinates": flat,
        "x0": min(xs), "y0": min(ys), "x1": max(xs), "y1": max(ys), "vertices": len(xs), "rings": 1,
        "area": (max(xs) - min(xs)) * (max(ys) - min(ys)),
    }  # fmt: skip


def create(con: duckdb.DuckDBPyConnection) -> None:
    """All tables of facts and of the plan, empty."""
    for table in TABLES.values():
        con.execute(table.ddl())
    con.execute("CREATE SCHEMA plan")
    for name, schema in PLAN.items():
        con.register("planned", schema.empty_table())
        con.execute(f'CREATE TABLE plan."{name}" AS SELECT * FROM planned')
        con.unregister("planned")


def insert(con: duckdb.DuckDBPyConnection, rows: Mapping[str, Sequence[Row]]) -> None:
    """Adds ``rows`` by table (``plan.classes`` too); an unknown column is an error."""
    for name, given in _with_outlines(rows).items():
        if name.startswith("plan."):
            table = pa.Table.from_pylist(list(given), schema=PLAN[name.removeprefix("plan.")])
        else:
            full = [filled(name, row) for row in given]
            unknown = {key for row in full for key in row} - set(TABLES[name].names)
            assert not unknown, f"{name} has no column {sorted(unknown)}"
            table = pa.Table.from_pylist(full, schema=TABLES[name].schema)
        con.register("given", table)
        con.execute(f"INSERT INTO {name} SELECT * FROM given")
        con.unregister("given")


def _with_outlines(rows: Mapping[str, Sequence[Row]]) -> dict[str, Sequence[Row]]:
    """The points that rows of shapes bring, as the rows of ``outlines`` that they are."""
    shapes = [filled("shapes", row) for row in rows.get("shapes", ())]
    bulk = [c for c in TABLES["outlines"].names if c != "shape"]
    outlines = [
        {"shape": s["shape"], **{c: s.pop(c, None) for c in bulk}} for s in shapes if "coordinates" in s
    ]
    return {**rows, **({"shapes": shapes} if shapes else {}), **({"outlines": outlines} if outlines else {})}


def clear(con: duckdb.DuckDBPyConnection) -> None:
    """Empties all tables of :func:`create`."""
    for name in (*TABLES, *(f"plan.{n}" for n in PLAN)):
        con.execute(f"DELETE FROM {name}")
