"""Attributes of rows: collected as they come, made a map column for all rows of a chunk at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qc.schemas.sites import AttributeSite

MAP = pa.map_(pa.string(), pa.string())


@dataclass
class Attributes:
    """Attributes of one site: names, values as text, and the number of the row of each.

    What the schema bounds is kept as it is; of free text only ``digest`` (keyed). What is no scalar is left
    out: it is no attribute.
    """

    site: AttributeSite
    digest: Callable[[str], str]
    names: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)

    def take(self, values: Sequence[Any], owners: Sequence[int]) -> None:
        """Take values as they stand in documents, with the numbers of their rows."""
        if self.site.name is not None:
            for value, owner in zip(values, owners, strict=True):
                self._add(self.site.name, value, owner)
        elif not (self.site.bounded is None and self._take_plain(values, owners)):
            for value, owner in zip(values, owners, strict=True):
                for name, inner in value.items() if type(value) is dict else ():
                    self._add(name, inner, owner)

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

    def _add(self, name: str, value: Any, owner: int) -> None:
        if type(value) is str:
            bounded = self.site.bounded is None or name in self.site.bounded
            said = value if bounded else self.digest(value)
        elif type(value) is bool:
            said = "true" if value else "false"
        elif type(value) is int or type(value) is float:
            said = str(value)
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
    return pa.MapArray.from_arrays(pa.array(offsets, pa.int32()), names.take(order), values.take(order), MAP)
