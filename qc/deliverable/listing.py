"""Opens a deliverable in place: what files there are, in which layout, and what each of them is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qc.deliverable import layouts
from qc.deliverable.detecting import LayoutMatch, Survey, coco_keys, match
from qc.deliverable.kinds import kinds
from qc.deliverable.layouts import Layout
from qc.deliverable.manifest import Spot, spread
from qc.deliverable.reading import Reader, ReadError, places
from qc.deliverable.walking import walk
from qc.errors import QcError

#: How much of a label file is looked at to tell its layout, bytes from each end.
_PEEK = 1 << 16
#: Label files bigger than this are looked at only at their beginning when they are compressed.
_WHOLE = 1 << 22
#: Label files that are looked into until one has the keys of COCO.
_MOST_PEEKED = 10
_MEDIA = pa.array(["image", "video", "audio", "pointcloud"])


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
    found = match(_survey(table, spots), known, given)
    chosen = given or next(one for one in known if one.id == found.layout)
    files = _classified(table, spots, chosen)
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


def _classified(table: pa.Table, spots: Sequence[Spot], layout: Layout) -> pa.Table:
    """Fill kind, split and group_key, and take the column ``spot`` away."""
    numbers = table.column("spot").to_numpy()
    roles = [layout.classify(spot) for spot in spots]
    columns = {
        name: spread([role[at] for role in roles], numbers, pa.string())
        for at, name in enumerate(("kind", "split", "group_key"))
    }
    one_by_one = np.array([layout.needs_name(spot) for spot in spots], dtype=bool)
    if one_by_one.any():
        rows = np.flatnonzero(one_by_one[numbers])
        names = table.column("name").take(pa.array(rows)).to_pylist()
        own = [layout.classify(spots[numbers[row]], name) for row, name in zip(rows, names, strict=True)]
        mask = one_by_one[numbers]
        for at, name in enumerate(("kind", "split", "group_key")):
            replacement = pa.array([role[at] for role in own], type=pa.string())
            columns[name] = pc.replace_with_mask(columns[name], pa.array(mask), replacement)
    for name, column in columns.items():
        table = table.set_column(table.schema.get_field_index(name), name, column)
    return table.drop_columns(["spot"])


# --- what detection looks at ----------------------------------------------------------------------


def _survey(table: pa.Table, spots: Sequence[Spot]) -> Survey:
    counts = np.bincount(table.column("spot").to_numpy(), minlength=len(spots))
    wanted = [
        (spot, int(count))
        for spot, count in zip(spots, counts, strict=True)
        if count and spot.fixed is None and spot.media != "document"
    ]
    loose = pc.and_(pc.is_null(table.column("container")), pc.equal(table.column("media"), "archive"))
    rows = _label_rows(table, spots)

    def few_labels(most: int) -> list[str] | None:
        if not 0 < len(rows) <= most:
            return None
        labels = table.take(rows)
        stems = table.column("stem").filter(pc.is_in(table.column("media"), _MEDIA))
        if pc.any(pc.is_in(labels.column("stem"), stems.combine_chunks())).as_py():
            return None
        return list(labels.column("name").to_pylist())

    def keys() -> list[str]:
        labels = table.take(rows.slice(0, _MOST_PEEKED))
        return _peek(labels.filter(pc.equal(labels.column("status"), "ok")))

    return Survey(wanted, table.column("path").filter(loose).to_pylist(), few_labels, keys)


def _label_rows(table: pa.Table, spots: Sequence[Spot]) -> pa.Array:
    """Numbers of the rows that hold labels. No copy of them is made: they may be all there is."""
    is_label = np.array([spot.media == "label" and spot.fixed is None for spot in spots], dtype=bool)
    numbers = table.column("spot").to_numpy()
    return pa.array(np.flatnonzero(is_label[numbers]) if len(spots) else np.zeros(0, dtype=np.int64))


def _peek(labels: pa.Table) -> list[str]:
    """COCO keys of the first label file that has them."""
    with Reader() as reader:
        for place in places(labels):
            try:
                if place.offset is not None and place.size <= _WHOLE:
                    data = reader.read(place)
                    found = coco_keys(data[:_PEEK], data[-_PEEK:], len(data) <= 2 * _PEEK)
                else:
                    head = reader.head(place, _PEEK)
                    found = coco_keys(head, reader.tail(place, _PEEK), place.size <= 2 * _PEEK)
            except ReadError:
                continue
            if found:
                return found
    return []
