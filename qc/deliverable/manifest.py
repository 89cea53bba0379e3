"""The rows of a listing, collected column by column.

Rows come in order of their path. What a row owes to its folder and extension alone is kept once a
*spot* (folder, extension, kind fixed by the name) and spread over the rows at the end, so that
neither layouts nor names cost anything per file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from xxhash import xxh3_64_intdigest

from qc.deliverable.kinds import Fixed, Kinds, split_name
from qc.facts.ids import SEPARATOR, file_id
from qc.facts.tables import FILES

#: Columns that only opening needs; they travel with the table of files, after its own.
PRIVATE = pa.schema(
    [("disk", pa.string()), ("offset", pa.int64()), ("method", pa.int64()), ("flags", pa.int64())]
)
#: Rows after which lists become an Arrow batch, so that millions of files need no Python objects. Few
#: enough to stay in the processor's cache.
_BATCH = 1 << 13

#: What is kept for every row until its batch is full; ``spot`` stands for the rest.
_PER_ROW = (
    "spot", "path", "member", "name", "stem", "size", "packed", "crc", "mtime_ns", "name_encoding",
    "name_form", "unsafe", "status", "reason", "disk", "offset", "method", "flags",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spot:
    """A folder with an extension. ``place`` is the folder from the deliverable's root, an archive
    being a folder, ending with '/' ('' at the root): what layouts look at."""

    place: str
    folder: str
    extension: str
    media: str
    fixed: Fixed | None

    @property
    def depth(self) -> int:
        """Folders above a file of this spot, in its container."""
        return self.folder.count("/") + 1 if self.folder else 0


@dataclass(slots=True)
class Folder:
    """A folder whose files are being added: ``folder`` is its path in its container, ``place`` as in
    :class:`Spot`; ``spots`` numbers those of its files by extension."""

    folder: str
    place: str
    junk: bool
    spots: dict[str, int] = field(default_factory=dict)

    def path(self, name: str) -> str:
        """Path in the container of what is called ``name`` here."""
        return f"{self.folder}/{name}" if self.folder else name


@dataclass(frozen=True, slots=True)
class Container:
    """An archive whose members are being added; both None for loose files."""

    id: int | None = None
    path: str | None = None


class Manifest:
    """Collects rows; :meth:`table` makes ``FILES`` columns plus :data:`PRIVATE` plus ``spot``."""

    def __init__(self, root: str, kinds: Kinds) -> None:
        self.root = root
        self.kinds = kinds
        self.spots: list[Spot] = []
        self._batches: list[tuple[str, int, pa.RecordBatch]] = []

    def rows(self, container: Container) -> Rows:
        """A collector for the rows of one container, to be closed by :meth:`Rows.close`."""
        return Rows(self, container)

    def folder(self, folder: str, container: Container) -> Folder:
        """A folder of a container, by its path there ('' for the top)."""
        top = f"{container.path}/" if container.path else ""
        place = top + (f"{folder}/" if folder else "")
        return Folder(folder, place, self.kinds.junk_folder(place))

    def spot(self, folder: Folder, name: str, stem: str, extension: str) -> int:
        """Number of the spot of a file."""
        odd = self.kinds.odd(name, extension)
        number = None if odd else folder.spots.get(extension)
        if number is None:
            fixed: Fixed | None = "junk" if folder.junk else self.kinds.fixed(name, stem, extension)
            media = self.kinds.medium(name, extension)
            number = len(self.spots)
            self.spots.append(Spot(folder.place, folder.folder, extension, media, fixed))
            if not odd:
                folder.spots[extension] = number
        return number

    def add(self, container: Container, batch: pa.RecordBatch) -> None:
        """Take rows of ``container``; those of one container come in order."""
        # Columns made from lists have room to grow. In one piece of the right size a row takes a third less.
        batch = pa.ipc.read_record_batch(batch.serialize(), batch.schema)
        self._batches.append((container.path or "", len(self._batches), batch))

    def table(self) -> pa.Table:
        """All rows by (container path, path, member); ids are unique; ``kind``, ``split``,
        ``group_key`` and ``alone`` still NULL. The extra column ``spot`` numbers :attr:`spots`."""
        schema = _schema()
        # Containers were opened in the order of their paths among loose files; these come first.
        batches = [batch for _, _, batch in sorted(self._batches, key=lambda entry: entry[:2])]
        table = pa.Table.from_batches(batches, schema=schema)
        return _unique_ids(table, self.root)


class Rows:
    """Rows of one container."""

    def __init__(self, manifest: Manifest, container: Container) -> None:
        self._manifest = manifest
        self._container = container
        self._prefix = SEPARATOR.join((manifest.root, container.path or "", ""))
        self._rows: list[tuple[Any, ...]] = []

    def add(
        self,
        folder: Folder,
        name: str,
        *,
        size: int,
        disk: str,
        path: str | None = None,
        member: int | None = None,
        packed: int | None = None,
        crc: int | None = None,
        mtime_ns: int | None = None,
        encoding: str = "os",
        form: str = "ascii",
        unsafe: str | None = None,
        status: str = "ok",
        reason: str | None = None,
        offset: int | None = None,
        method: int | None = None,
        flags: int | None = None,
    ) -> None:
        """Add a file called ``name`` in ``folder``; rows are added in the order of their paths.

        ``path`` is for stored paths that are not simply both joined (``'/a.jpg'``).
        """
        stem, extension = split_name(name)
        if path is None:
            path = folder.path(name)
        spot = self._manifest.spot(folder, name, stem, extension)
        # fmt: off
        self._rows.append((spot, path, member, name, stem, size, packed, crc, mtime_ns, encoding, form,
                           unsafe, status, reason, disk, offset, method, flags))
        # fmt: on
        if len(self._rows) >= _BATCH:
            self.close()

    def add_plain(
        self, folder: Folder, name: str, disk: str, facts: os.stat_result, read_as: tuple[str, str]
    ) -> bool:
        """:meth:`add` for an ordinary loose file, without the cost of naming what it has not;
        ``read_as`` are encoding and form. False, and nothing is added, for an archive."""
        stem, extension = split_name(name)
        spot = self._manifest.spot(folder, name, stem, extension)
        if self._manifest.spots[spot].media == "archive":
            return False
        # fmt: off
        self._rows.append((spot, folder.path(name), None, name, stem, facts.st_size, None, None,
                           facts.st_mtime_ns, *read_as,
                           None, "ok", None, disk, None, None, None))
        # fmt: on
        if len(self._rows) >= _BATCH:
            self.close()
        return True

    def close(self) -> None:
        """Hand what was added to the manifest."""
        if self._rows:
            columns = dict(zip(_PER_ROW, zip(*self._rows, strict=True), strict=True))
            self._manifest.add(self._container, self._batch(columns, len(self._rows)))
            self._rows = []

    def _batch(self, columns: Mapping[str, Sequence[Any]], count: int) -> pa.RecordBatch:
        prefix = self._prefix
        constant: dict[str, Any] = {
            "root": self._manifest.root,
            "container": self._container.id,
            "container_path": self._container.path,
        }
        ids = [xxh3_64_intdigest(f"{prefix}{path}{SEPARATOR}0".encode()) for path in columns["path"]]
        by_spot = _by_spot(self._manifest.spots, np.array(columns["spot"], dtype=np.int32))
        by_spot["file"] = pa.array(ids, pa.uint64())
        arrays = []
        for one in _schema():
            if one.name in by_spot:
                arrays.append(by_spot[one.name])
            elif one.name in constant:
                arrays.append(_repeat(constant[one.name], one.type, count))
            elif one.name in columns:
                arrays.append(pa.array(columns[one.name], type=one.type))
            else:
                arrays.append(pa.nulls(count, one.type))
        return pa.RecordBatch.from_arrays(arrays, schema=_schema())


def _schema() -> pa.Schema:
    return pa.schema([*FILES.schema, *PRIVATE, pa.field("spot", pa.int32())])


def _repeat(value: Any, kind: pa.DataType, count: int) -> pa.Array:
    return pa.nulls(count, kind) if value is None else pa.repeat(pa.scalar(value, kind), count)


def spread(values: Sequence[Any], spots: np.ndarray[Any, np.dtype[np.int32]], kind: pa.DataType) -> pa.Array:
    """The value of each row's spot, from ``values`` numbered like the spots."""
    return pa.array(values, type=kind).take(pa.array(spots))


def _by_spot(spots: list[Spot], numbers: np.ndarray[Any, np.dtype[np.int32]]) -> dict[str, pa.Array]:
    used, local = np.unique(numbers, return_inverse=True)
    mine = [spots[number] for number in used]
    local = local.astype(np.int32)
    return {
        "folder": spread([spot.folder for spot in mine], local, pa.string()),
        "extension": spread([spot.extension for spot in mine], local, pa.string()),
        "media": spread([spot.media for spot in mine], local, pa.string()),
        "depth": spread([spot.depth for spot in mine], local, pa.int64()),
    }


def _unique_ids(table: pa.Table, root: str) -> pa.Table:
    """Number rows with equal (container path, path), in order, where there are any."""
    ids = table.column("file").to_numpy().copy()
    unique, counts = np.unique(ids, return_counts=True)
    if len(unique) == len(ids):
        return table
    seen: dict[int, int] = {}
    for row in np.flatnonzero(np.isin(ids, unique[counts > 1])):
        ordinal = seen[ids[row]] = seen.get(ids[row], -1) + 1
        if ordinal:
            container, path = table["container_path"][int(row)].as_py(), table["path"][int(row)].as_py()
            ids[row] = file_id(root, container, path, ordinal)
    return table.set_column(table.schema.get_field_index("file"), "file", pa.array(ids))
