"""Keypoints: points that have a number, and a sign whether they are labelled."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from qc.facts.measures import Columns, digests, joined, numbers
from qc.facts.outlines import Faults


@dataclass
class Keypoints:
    """Points with a number of their own each: ``xyv`` is (x, y, v, x, y, v), ``points`` is [x, y] or
    [x, y, v].

    A point whose v is not above 0 is not labelled (COCO); one without v is.
    """

    kind: str
    order: str
    owners: list[int] = field(default_factory=list)
    values: array[float] = field(default_factory=lambda: array("d"))
    sizes: list[int] = field(default_factory=list)
    faults: dict[int, str] = field(default_factory=dict)

    def take(self, values: Sequence[Any], owners: Sequence[int]) -> None:
        """Take shapes: at once if each is a flat list of whole points, else one by one."""
        try:
            if self.order == "xyv" and set(map(type, values)) <= {list}:
                sizes = list(map(len, values))
                if not any(size % 3 for size in sizes):
                    self.values.extend(joined(values))
                    self.sizes.extend(size // 3 for size in sizes)
                    self.owners.extend(owners)
                    return
        except (TypeError, OverflowError):
            pass
        for value, owner in zip(values, owners, strict=True):
            self._add(value, owner)

    def _add(self, value: Any, owner: int) -> None:
        """Take one shape; of what is none the fault."""
        before = len(self.values)
        reason = "not-numbers"
        try:
            if type(value) is not list:
                raise TypeError
            if self.order == "points":
                if any(type(point) is not list for point in value):
                    raise TypeError
                # Without v a point is as one that is labelled and seen.
                whole = [point if len(point) == 3 else [*point, 2.0][:3] for point in value]
                wrong = any(len(point) not in (2, 3) for point in value)
            else:
                whole, wrong = [value], bool(len(value) % 3)
            if wrong:
                reason = "wrong-length"
                raise TypeError
            for point in whole:
                self.values.extend(point)
        except (TypeError, OverflowError):
            del self.values[before:]
            self.faults[len(self.owners)] = reason
        self.sizes.append((len(self.values) - before) // 3)
        self.owners.append(owner)

    def measure(self) -> Columns:
        """Columns of ``shapes``, a row for each shape: extent and number of its labelled points.

        ``coordinates`` are those of all points, NULL where a point is not labelled: its number is its name.
        """
        given = np.frombuffer(self.values, dtype=np.float64).reshape(-1, 3)
        sizes = np.array(self.sizes, dtype=np.int64)
        count = len(sizes)
        shape = np.repeat(np.arange(count), sizes)
        first = np.concatenate(([0], np.cumsum(sizes)))
        labelled = ~(given[:, 2] <= 0)
        finite = np.bincount(shape, weights=~np.isfinite(given).all(axis=1), minlength=count) == 0
        vertices = np.bincount(shape[labelled], minlength=count)
        found = Faults(count)
        for row, fault in self.faults.items():
            found.mark(row, fault)
        found.mark(sizes == 0, "too-few-points")
        found.mark(np.asarray(~finite), "not-finite")
        box = np.full((4, count), np.nan)
        some = vertices > 0
        begin = np.concatenate(([0], np.cumsum(vertices)))[:-1][some]
        if len(begin):
            x, y = given[labelled, 0], given[labelled, 1]
            for row, (axis, extreme) in enumerate(
                ((x, np.minimum), (y, np.minimum), (x, np.maximum), (y, np.maximum))
            ):
                box[row, some] = extreme.reduceat(axis, begin)
        absent = np.asarray(~(some & finite))
        points = np.ascontiguousarray(given[:, :2]).ravel()
        places = pa.array(points, mask=np.repeat(~labelled, 2))
        return {
            **{name: numbers(box[row], absent) for row, name in enumerate(("x0", "y0", "x1", "y1"))},
            **found.columns(),
            "vertices": vertices.astype(np.int64),
            "rings": np.ones(count, dtype=np.int64),
            "digest": digests(given.ravel(), 3 * first, self.kind),
            "coordinates": pa.ListArray.from_arrays(pa.array(2 * first, pa.int32()), places),
            "ring_sizes": pa.nulls(count, pa.list_(pa.float64())),
        }
