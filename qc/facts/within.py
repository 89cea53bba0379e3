"""References that stay inside their file are resolved while it is read.

Most label formats name items and classes by ids of the same document. Done here, in the workers, it spares
the link phase a join and a rewrite of its largest tables; what leads out of the file is left to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from qc.facts.hashing import GOLDEN, Words, mix, of_texts
from qc.schemas.roles import ROWS
from qc.schemas.sites import RowSite

#: Typed columns of the rows of a site, by name.
Columns = dict[str, Any]


class Within:
    """What the rows of a chunk declare in the scope of their files, as far as references ask for it."""

    def __init__(self, sites: Sequence[RowSite], columns: Sequence[Columns]) -> None:
        self.spaces = {link.link.space: site.kind for site in sites for link in site.ids}
        asked = {link.link.space for site in sites for link in site.refs if link.link.scope == "file"}
        declared: dict[str, list[tuple[Words, Words, Words, pa.Array]]] = {}
        for site, data in zip(sites, columns, strict=True):
            for link in site.ids:
                if link.link.space in asked and link.link.scope == "file":
                    rows = data[ROWS[site.kind].columns[0].name]
                    files, values = data["file"].to_numpy(), data[link.column]
                    named = data.get("class", data.get("name", pa.nulls(len(values), pa.string())))
                    there = values.is_valid().to_numpy(zero_copy_only=False)
                    keys = _keys(files, values)[there]
                    rows_there = rows.to_numpy()[there]
                    declared.setdefault(link.link.space, []).append(
                        (keys, rows_there, files[there], named.filter(pa.array(there)))
                    )
        self.declared = {space: _Space(parts) for space, parts in declared.items()}

    def find(self, space: str, files: pa.Array, values: pa.Array) -> Found:
        """Where references to ``space`` lead, in the scope of their files."""
        return self.declared.get(space, _NOTHING).find(files.to_numpy(), values)

    def complete(self, data: Columns, found: Mapping[str, Found]) -> None:
        """Give rows their ``item`` and ``class`` where a reference names them (by space in ``found``)."""
        for space, link in found.items():
            if self.spaces.get(space) == "item" and "item" not in data:
                data["item"] = link.target
            elif self.spaces.get(space) == "class" and "class" not in data:
                data["class"] = link.name


class Found:
    """References: the row each leads to, whether it resolves, and the class that the row defines.

    ``resolves`` is NULL where a file declares nothing of that space: it could not be told.
    """

    def __init__(self, target: pa.Array, resolves: pa.Array, name: pa.Array) -> None:
        self.target, self.resolves, self.name = target, resolves, name


class _Space:
    """Ids of one space: sorted keys of (file, id), with row and name of each; of equal ones the first."""

    def __init__(self, parts: Sequence[tuple[Words, Words, Words, pa.Array]]) -> None:
        keys, rows, files = (np.concatenate([part[i] for part in parts]) for i in range(3))
        self.keys, first = np.unique(keys, return_index=True)
        self.rows, self.first = rows[first], first
        self.names = pa.concat_arrays([part[3] for part in parts])
        self.files = np.unique(files)

    def find(self, files: Words, values: pa.Array) -> Found:
        keys = _keys(files, values)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1) if len(self.keys) else None
        if at is None:
            return _missing(len(keys))
        met = (self.keys[at] == keys) & values.is_valid().to_numpy(zero_copy_only=False)
        told = np.isin(files, self.files)
        index = pa.array(self.first[at], mask=~met)
        return Found(
            pa.array(self.rows[at], pa.uint64(), mask=~met), pa.array(met, mask=~told), self.names.take(index)
        )


def _missing(count: int) -> Found:
    return Found(pa.nulls(count, pa.uint64()), pa.nulls(count, pa.bool_()), pa.nulls(count, pa.string()))


def _keys(files: Words, values: pa.Array) -> npt.NDArray[np.uint64]:
    return mix(files.astype(np.uint64) * GOLDEN ^ of_texts(values))


_NOTHING = _Space([(np.zeros(0, np.uint64),) * 3 + (pa.array([], pa.string()),)])
