"""References that stay inside their file are resolved while it is read.

Most label formats name items and classes by ids of the same document. Done here, in the workers, it spares
the link phase a join and a rewrite of its largest tables; what leads out of the file is left to it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qc.facts.hashing import GOLDEN, Words, mix, of_texts
from qc.schemas.roles import ROWS
from qc.schemas.sites import RowSite

#: Typed columns of the rows of a site, by name.
Columns = dict[str, Any]


class Within:
    """What the rows of a chunk declare in the scope of their files, as far as references ask for it.

    Of a file that is read in parts, ``before`` is what its earlier parts declared, and ``later`` are the
    spaces in which its later ones may declare more: an id that is not there yet may not be missing.
    """

    def __init__(
        self,
        sites: Sequence[RowSite],
        columns: Sequence[Columns],
        before: Within | None = None,
        later: Collection[str] = (),
    ) -> None:
        self.spaces = {link.link.space: site.kind for site in sites for link in site.ids}
        self.later = later
        asked = {link.link.space for site in sites for link in site.refs if link.link.scope == "file"}
        declared: dict[str, list[_Declared]] = {}
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
        #: What each part declared, the first one first.
        self.declared: dict[str, list[_Space]] = dict(before.declared) if before is not None else {}
        for space, parts in declared.items():
            if before is None or any(len(keys) for keys, *_ in parts):
                self.declared[space] = _joined([*self.declared.get(space, ()), _Space(parts)])

    def find(self, space: str, files: pa.Array, values: pa.Array) -> Found:
        """Where references to ``space`` lead, in the scope of their files."""
        declared = self.declared.get(space, [_NOTHING])
        return _find(declared, files.to_numpy(), values, open_=space in self.later)

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


#: Ids as keys of (file, id), the row of each, its file, and the class that it defines.
_Declared = tuple[Words, Words, Words, pa.Array]
#: So many parts of one file are asked one after the other.
_PARTS = 8


class _Space:
    """Ids of one space: sorted keys of (file, id), with row and name of each; of equal ones the first."""

    def __init__(self, parts: Sequence[_Declared]) -> None:
        keys, rows, files = (np.concatenate([part[i] for part in parts]) for i in range(3))
        self.keys, first = np.unique(keys, return_index=True)
        self.rows = rows[first]
        self.names = pa.concat_arrays([part[3] for part in parts]).take(pa.array(first))
        self.files = np.unique(files)


def _joined(spaces: list[_Space]) -> list[_Space]:
    if len(spaces) <= _PARTS:
        return spaces
    return [_Space([(one.keys, one.rows, one.files, one.names) for one in spaces])]


def _find(spaces: Sequence[_Space], files: Words, values: pa.Array, *, open_: bool) -> Found:
    keys = _keys(files, values)
    there = values.is_valid().to_numpy(zero_copy_only=False)
    rows, names = np.zeros(len(keys), np.uint64), pa.nulls(len(keys), pa.string())
    met, told = np.zeros(len(keys), bool), np.zeros(len(keys), bool)
    for space in spaces:
        if not len(space.keys):
            continue
        at = np.minimum(np.searchsorted(space.keys, keys), len(space.keys) - 1)
        here = (space.keys[at] == keys) & there & ~met
        rows[here] = space.rows[at[here]]
        index = pa.array(at, mask=~here)
        names = space.names.take(index) if not met.any() else pc.coalesce(names, space.names.take(index))
        met |= here
        told |= np.isin(files, space.files)
    known = met if open_ else told
    return Found(pa.array(rows, mask=~met), pa.array(met, mask=~known), names)


def _keys(files: Words, values: pa.Array) -> npt.NDArray[np.uint64]:
    return mix(files.astype(np.uint64) * GOLDEN ^ of_texts(values))


_NOTHING = _Space([(np.zeros(0, np.uint64),) * 3 + (pa.array([], pa.string()),)])
