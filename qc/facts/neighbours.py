"""Neighbours after linking: of the items that got annotations from other files, and by classes from there.

While a file is read, the annotations that name their item in it have met already (:mod:`qc.facts.meeting`).
In most deliverables these are all, and nothing is left to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from qc.facts.meeting import COLUMNS, neighbours

if TYPE_CHECKING:
    import duckdb


#: Shapes that meet at once, but for one item that has more: bounds memory.
_SHAPES = 500_000

#: First and last item of batches of about that many shapes.
_BATCHES = """
SELECT min(item), max(item)
FROM (
    SELECT item, sum(count(*)) OVER (ORDER BY item) // $shapes AS batch
    FROM shapes WHERE item IN (SELECT item FROM linked_items) GROUP BY item
)
GROUP BY batch ORDER BY batch
"""

_OBJECTS = f"""
SELECT {", ".join(f"s.{name}" for name in COLUMNS)}, a.class
FROM shapes s JOIN annotations a USING (annotation)
WHERE s.item BETWEEN $first AND $last AND s.item IN (SELECT item FROM linked_items)
"""

_OUTLINES = "SELECT n, coordinates, ring_sizes FROM wanted LEFT JOIN outlines USING (shape) ORDER BY n"

_CLASSES = """
UPDATE neighbours SET same_class = a.class IS NOT DISTINCT FROM b.class
FROM annotations a, annotations b
WHERE a.annotation = neighbours.a AND b.annotation = neighbours.b AND (
    neighbours.a IN (SELECT annotation FROM linked_classes)
    OR neighbours.b IN (SELECT annotation FROM linked_classes))
"""


def reduce(con: duckdb.DuckDBPyConnection) -> None:
    """Completes the table ``neighbours`` after :func:`qc.facts.link.link` on the same connection.

    Items in ``linked_items`` are done anew with all their annotations; pairs with an annotation of
    ``linked_classes`` are asked for their classes again. Both are empty afterwards.
    """
    con.execute("DELETE FROM neighbours WHERE item IN (SELECT item FROM linked_items)")
    for first, last in con.execute(_BATCHES, {"shapes": _SHAPES}).fetchall():
        shapes: Any = con.sql(_OBJECTS, params={"first": first, "last": last}).to_arrow_table()
        met = neighbours(shapes, lambda wanted: _outlines(con, wanted))
        con.register("met", met)
        con.execute("INSERT INTO neighbours SELECT * FROM met")
        con.unregister("met")
    if con.execute("SELECT 1 FROM linked_classes LIMIT 1").fetchall():
        con.execute(_CLASSES)
    con.execute("DELETE FROM linked_items")
    con.execute("DELETE FROM linked_classes")


def _outlines(con: duckdb.DuckDBPyConnection, wanted: pa.Array) -> pa.Table:
    """Outlines of shapes, in their order."""
    con.register("wanted", pa.table({"shape": wanted, "n": np.arange(len(wanted))}))
    rows: Any = con.sql(_OUTLINES).to_arrow_table()
    con.unregister("wanted")
    return rows
