"""Attributes of rows: collected as they come, made a map column for all rows of a chunk at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qc.schemas.naming import Names
from qc.schemas.sites import AttributeSite

#: No registration number, written as a number, is less.
_NO_NUMBER = 10**9
MAP = pa.map_(pa.string(), pa.string())


@dataclass
class Attributes:
    """Attributes of one site: names, values as text, and the number of the row of each.

    What the schema bounds is kept as it is; of free text only the keyed digest. What is no scalar is left
    out: it is no attribute.
    """

    site: AttributeSite
    keep: Names
    names: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)

    def take(self, values: Sequence[Any], owners: Sequence[int], *, valid: bool) -> None:
        """Take values as they stand in documents, with the numbers of their rows.

        In documents that are not ``valid`` anything may stand where the schema sets a bound: each value is
        looked at.
        """
        if self.site.name is not None:
            for value, owner in zip(values, owners, strict=True):
                self._add(self.site.name, value, owner, valid)
        elif not (valid and self.site.bounded and self._take_plain(values, owners)):
            for value, owner in zip(values, owners, strict=True):
                for name, inner in value.items() if type(value) is dict else ():
                    self._add(name, inner, owner, valid)

    def _take_plain(self, values: Sequence[Any], owners: Sequence[int]) -> bool:
        """Take objects of nothing but bounded strings; False, and nothing taken, if there is more in them."""
        try:
            said = list(chain.from_iterable(map(dict.values, values)))
        except TypeError:
            return False
        if set(map(type, said)) - {str}:
            return False
        self.names.extend(chain.from_iterable(values))
        self.values.extend(said)
        self.owners.extend(chain.from_iterable(map(repeat, owners, map(len, values))))
        return True

    def _add(self, name: str, value: Any, owner: int, valid: bool) -> None:
        if type(value) is str:
            bound = self.site.bound(name)
            bounded = bound is not None and (valid or bound.holds(value))
            said = value if bounded else self.keep.digest(value)
        elif type(value) is bool:
            said = "true" if value else "false"
        elif type(value) is int or type(value) is float:
            said = str(value) if -_NO_NUMBER < value < _NO_NUMBER else self.keep.of(str(value))
        else:
            return
        self.names.append(name)
        self.values.append(said)
        self.owners.append(owner)


def map_column(collected: Iterable[Attributes], rows: int) -> pa.Array:
    """The map column of ``rows`` rows from the attributes of their sites, in order of the sites."""
    parts = list(collected)
    owners = np.array(list(chain.from_iterable(p.owners for p in parts)), dtype=np.int64)
    order = pa.array(np.argsort(owners, kind="stable"))
    offsets = np.concatenate(([0], np.cumsum(np.bincount(owners, minlength=rows))))
    names, values = (
        pc.utf8_normalize(pa.array(chain.from_iterable(getattr(p, name) for p in parts), pa.string()), "NFC")
        for name in ("names", "values")
    )
    names = parts[0].keep.column(names)
    return pa.MapArray.from_arrays(pa.array(offsets, pa.int32()), names.take(order), values.take(order), MAP)
