"""Columns of measures: numbers, lists and digests, from arrays over all shapes of a chunk."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from qc.facts.hashing import Words, mix, of_slices
from qc.facts.outlines import Floats, Ints

Columns = dict[str, Any]


def joined(lists: Iterable[list[Any]]) -> array[float]:
    """All numbers of ``lists``; raises ``TypeError`` or ``OverflowError`` for what is none."""
    numbers = array("d")
    for one in lists:
        numbers.fromlist(one)
    return numbers


def digests(values: Floats, offsets: Ints, kind: str) -> Words:
    """A 64-bit digest of each slice ``values[offsets[i]:offsets[i + 1]]``, order of values included."""
    bits = np.ascontiguousarray(values + 0.0).view(np.uint64)  # + 0.0: minus zero is zero
    seed = np.uint64(int.from_bytes(kind.encode("ascii")[:8].ljust(8, b"\0"), "little"))
    return mix(of_slices(bits, offsets, ordered=True) ^ seed)


def numbers(values: Floats, absent: npt.NDArray[np.bool_] | None = None) -> pa.Array[Any]:
    """Doubles with NULL where ``absent``, or where the value is not a number."""
    return pa.array(values, pa.float64(), mask=np.isnan(values) if absent is None else absent)


def lists(values: Floats, offsets: Ints, absent: npt.NDArray[np.bool_] | None = None) -> pa.Array[Any]:
    """List column over flat ``values``; NULL where ``absent``."""
    mask = None if absent is None else pa.array(absent)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(values), mask=mask)
