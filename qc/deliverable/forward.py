"""In which order files are read that lie in something packed: forward, so that it is unpacked once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qc.deliverable.locators import LAYER, forward_only

Ints = npt.NDArray[np.int64]


class Forward(NamedTuple):
    """Those of some rows that can only be read forward.

    ``rows`` are their places among the rows, ``root`` numbers what they lie in, and ``first`` and ``second``
    are their place in it, in bytes.
    """

    rows: Ints
    root: Ints
    first: Ints
    second: Ints


def forward(files: pa.Table, rows: Ints) -> Forward | None:
    """Of ``rows`` of a listing (``Deliverable.files``) those that can only be read forward; None for none."""
    if not len(rows):
        return None
    containers = _numbers(files, "container")[rows]
    starts = np.concatenate(([0], np.flatnonzero(np.diff(containers)) + 1))
    # The members of an archive have one locator.
    disks = files.column("disk").take(pa.array(rows[starts])).to_pylist()
    positions = [forward_only(disk) if LAYER in disk else None for disk in disks]
    if not any(positions):
        return None
    runs = np.repeat(np.arange(len(starts)), np.diff([*starts, len(rows)]))
    mine = np.flatnonzero(np.array([one is not None for one in positions])[runs])
    runs = runs[mine]
    roots: dict[str, int] = {}
    root = _of([roots.setdefault(one.root, len(roots)) if one else 0 for one in positions], runs)
    outer = _of([one.outer if one else 0 for one in positions], runs)
    inside = _of([one.inside if one else 0 for one in positions], runs).astype(bool)
    own = _numbers(files, "offset")[rows[mine]]
    return Forward(mine, root, np.where(inside, outer, outer + own), np.where(inside, own, 0))


def in_order(files: pa.Table, rows: Ints) -> Ints:
    """The same rows, those that can only be read forward in that order, behind the others."""
    found = forward(files, rows)
    if found is None:
        return rows
    order = np.lexsort((found.second, found.first, found.root))
    return np.concatenate((np.delete(rows, found.rows), rows[found.rows[order]]))


def _of(values: list[int], runs: Ints) -> Ints:
    return np.array(values, dtype=np.int64)[runs]


def _numbers(files: pa.Table, name: str) -> Any:
    column = files.column(name)
    return pc.fill_null(column, pa.scalar(0, column.type)).to_numpy()
