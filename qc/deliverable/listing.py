"""Opens a deliverable in place: what files there are, in which layout, and what each of them is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qc.deliverable import layouts
from qc.deliverable.detecting import LayoutMatch, match
from qc.deliverable.kinds import kinds
from qc.deliverable.layouts import Layout, Role, distinct_matches
from qc.deliverable.manifest import Spot, spread
from qc.deliverable.surveying import Survey
from qc.deliverable.walking import walk
from qc.errors import QcError
from qc.facts.tables import FILES


@dataclass(frozen=True)
class Deliverable:
    """A deliverable as listed.

    ``files``: the columns of ``FILES`` and, for opening, ``disk`` (path of the file or archive),
    ``offset`` (of the local header; NULL for a loose file), ``method``, ``flags``; sorted by
    (container_path, path, member), loose files first. ``name`` is that of the folder, or of the
    file without its extension. ``file_count`` counts what can hold data: not archives, not junk.
    ``byte_count`` is what lies on disk.
    """

    path: Path
    name: str
    root: str
    files: pa.Table
    layout: Layout
    layout_reason: LayoutMatch
    file_count: int
    archive_count: int
    byte_count: int


def open_deliverable(path: str | Path, layout: str | None = None, root: str = "deliverable") -> Deliverable:
    """List a folder, a zip, a folder of zips or a single label file.

    ``layout`` is the id of a shipped layout or the path of a layout file; without it the layout is
    detected. Raises ``QcError``: ``errors.path-missing``, ``errors.path-unreadable`` (path),
    ``errors.layout-unknown`` (layout, known), ``errors.layout-broken`` (path, detail).
    """
    where = Path(path).expanduser()
    given = layouts.load(layout) if layout is not None else None
    try:
        if not where.exists():
            raise QcError("errors.path-missing", path=str(path))
        where = where.resolve()
        manifest = walk(where, root, kinds())
    except OSError as error:
        raise QcError("errors.path-unreadable", path=str(path)) from error
    table, spots = manifest.table(), manifest.spots
    known = layouts.shipped()
    survey = Survey(table, spots, kinds())
    found = match(survey, known, given)
    chosen = given or next(one for one in known if one.id == found.layout)
    files = _data_themselves(classified(table, spots, chosen), survey)
    kind = files.column("kind").combine_chunks()
    loose = files.column("container").is_null()
    return Deliverable(
        path=where,
        name=where.name if where.is_dir() else where.stem,
        root=root,
        files=files,
        layout=chosen,
        layout_reason=found,
        file_count=len(files) - pc.sum(pc.is_in(kind, pa.array(["archive", "junk"]))).as_py()
        if len(files)
        else 0,
        archive_count=files.filter(pc.and_(loose, pc.equal(kind, "archive"))).num_rows,
        byte_count=pc.sum(files.column("size").filter(loose)).as_py() or 0,
    )


def classified(table: pa.Table, spots: Sequence[Spot], layout: Layout) -> pa.Table:
    """Fill the columns of :class:`Role`, and take the column ``spot`` away.

    Files of one spot in whose names the layout finds the same are alike: one of them stands for all.
    """
    numbers = table.column("spot").to_numpy()
    cases, roles = numbers, [layout.classify(spot) for spot in spots]
    patterns = [tuple(layout.name_patterns(spot)) for spot in spots]
    for some in {one for one in patterns if one}:
        asked = np.array([one == some for one in patterns], dtype=bool)
        rows = np.flatnonzero(asked[numbers])
        names = table.column("name").take(pa.array(rows)).combine_chunks()
        found = distinct_matches(names, some).to_numpy()
        alike = numbers[rows] * (found.max(initial=0) + 1) + found
        _, first, case = np.unique(alike, return_index=True, return_inverse=True)
        cases = cases.copy()
        cases[rows] = len(roles) + case
        roles += [layout.classify(spots[numbers[rows[at]]], names[int(at)].as_py()) for at in first]
    for at, name in enumerate(Role._fields):
        column = spread([role[at] for role in roles], cases, FILES.schema.field(name).type)
        table = table.set_column(table.schema.get_field_index(name), name, column)
    return table.drop_columns(["spot"])


def _data_themselves(files: pa.Table, survey: Survey) -> pa.Table:
    """Mark labels as standing alone where they are the data and no file is a source (rule P10)."""
    kind = files.column("kind")
    if survey.texts is None or pc.any(pc.equal(kind, "source")).as_py():
        return files
    alone = pc.if_else(pc.equal(kind, "label"), True, files.column("alone"))
    return files.set_column(files.schema.get_field_index("alone"), "alone", alone)
