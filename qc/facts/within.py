"""References that stay inside their file are resolved while it is read.

Most label formats name items and classes by ids of the same document. Done here, in the workers, it spares
the link phase a join and a rewrite of its largest tables; what leads out of the file is left to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from qc.schemas.generate import RowSite
from qc.schemas.roles import ROWS

#: Typed columns of the rows of a site, by name.
Columns = dict[str, Any]
#: id of the row by (file, declared id).
_Targets = dict[tuple[int, str], int]


class Within:
    """What the rows of a chunk declare in the scope of their files."""

    def __init__(self, sites: Sequence[RowSite], columns: Sequence[Columns]) -> None:
        self.targets: dict[str, _Targets] = {}
        self.declaring: dict[str, set[int]] = {}
        self.names: dict[int, str | None] = {}
        for site, data in zip(sites, columns, strict=True):
            rows = ROWS[site.kind].columns[0].name
            if site.kind == "class" and rows in data:
                named = data.get("class", data.get("name"))
                if named is not None:
                    self.names |= dict(zip(data[rows].to_pylist(), named.to_pylist(), strict=True))
            for link in site.ids:
                if link.link.scope == "file":
                    self._declare(link.link.space, data["file"], data[link.column], data[rows])

    def _declare(self, space: str, files: pa.Array, values: pa.Array, rows: pa.Array) -> None:
        targets = self.targets.setdefault(space, {})
        declaring = self.declaring.setdefault(space, set())
        for file, value, row in zip(files.to_pylist(), values.to_pylist(), rows.to_pylist(), strict=True):
            if value is not None:
                targets.setdefault((file, value), row)  # of an id declared twice the first place counts
                declaring.add(file)

    def find(self, space: str, files: pa.Array, values: pa.Array) -> tuple[pa.Array, pa.Array]:
        """``target`` and ``resolves`` of references to ``space`` in the scope of their files.

        ``resolves`` is NULL where a file declares nothing of that space: it could not be told.
        """
        targets, declaring = self.targets.get(space, {}), self.declaring.get(space, set())
        keys = list(zip(files.to_pylist(), values.to_pylist(), strict=True))
        found = [targets.get(key) for key in keys]
        resolves = [
            (target is not None if file in declaring else None)
            for target, (file, _) in zip(found, keys, strict=True)
        ]
        return pa.array(found, pa.uint64()), pa.array(resolves, pa.bool_())

    def complete(self, data: Columns, kinds: Mapping[str, str], links: Mapping[str, pa.Array]) -> None:
        """Give rows their ``item`` and ``class`` where a reference names them.

        ``links`` are the targets found by space, ``kinds`` the kind of row that a space identifies.
        """
        for space, targets in links.items():
            if kinds.get(space) == "item" and "item" not in data:
                data["item"] = targets
            elif kinds.get(space) == "class" and "class" not in data:
                names = self.names
                data["class"] = pa.array([names.get(t) for t in targets.to_pylist()], pa.string())
