"""Geometry while reading: values are collected as they come, measured together at the end of a chunk.

A collector takes one shape after another without ever raising; what is no geometry is kept as a shape
with ``valid = False`` and a reason. Measuring is vectorised (numpy, shapely) over all shapes of the chunk.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any, Protocol

import numpy as np

from qc.facts.keypoints import Keypoints
from qc.facts.masks import RunLengths
from qc.facts.measures import Columns, digests, joined, lists, numbers
from qc.facts.outlines import Faults, Floats, Ints, measure_outlines


class Collector(Protocol):
    """Takes shapes of one place of a schema. An owner is the number of the annotation's row at its site."""

    kind: str
    order: str
    owners: list[int]

    def take(self, values: Sequence[Any], owners: Sequence[int]) -> None:
        """Take shapes as their documents give them; never raises."""
        ...

    def measure(self) -> Columns:
        """Columns of the table ``shapes``, a row for each shape in order of :attr:`owners`."""
        ...


def collector(shape: Mapping[str, Any]) -> Collector:
    """The collector for a ``shape`` role (validated by :mod:`qc.schemas.roles`)."""
    kind, order = shape["type"], shape["order"]
    if kind == "box":
        return Boxes(kind, order, tuple(shape.get("of", ())))
    if kind == "mask":
        return RunLengths(kind, order) if order == "rle" else Masks(kind, order)
    if kind == "keypoints":
        return Keypoints(kind, order)
    return Outlines(kind, order, bool(shape.get("rings", False)))


@dataclass
class Boxes:
    """Four numbers a shape: ``xywh``, ``xyxy``, ``cxcywh`` or ``corners``.

    ``corners`` are two opposite ones in any order. ``names`` picks the four from an object's properties
    instead of an array.
    """

    kind: str
    order: str
    names: tuple[str, ...] = ()
    owners: list[int] = field(default_factory=list)
    values: array[float] = field(default_factory=lambda: array("d"))
    faults: dict[int, str] = field(default_factory=dict)

    def take(self, values: Sequence[Any], owners: Sequence[int]) -> None:
        """Take boxes: at once if each is a list of four numbers, else one by one."""
        try:
            if set(map(type, values)) <= {list} and set(map(len, values)) <= {4}:
                self.values.extend(joined(values))
                self.owners.extend(owners)
                return
        except (TypeError, OverflowError):
            pass
        for value, owner in zip(values, owners, strict=True):
            self._add(value, owner)

    def _add(self, value: Any, owner: int) -> None:
        """Take one box: a list of four numbers, or what :meth:`_add_other` accepts."""
        if type(value) is list and len(value) == 4:
            try:
                self.values.extend(value)
            except (TypeError, OverflowError):
                del self.values[4 * len(self.owners) :]
                self.fault("not-numbers")
        else:
            self._add_other(value)
        self.owners.append(owner)

    def _add_other(self, value: Any) -> None:
        """Named values and pairs of points; anything else is a fault."""
        if self.names and type(value) is dict:
            value = [value.get(name) for name in self.names]
        elif self.order == "corners" and type(value) is list and len(value) == 2:
            value = [number for point in value if type(point) is list for number in point]
        elif type(value) is not list:
            return self.fault("not-numbers")
        if len(value) != 4:
            return self.fault("wrong-length")
        try:
            self.values.extend(value)
        except (TypeError, OverflowError):
            del self.values[4 * len(self.owners) :]
            self.fault("not-numbers")
        return None

    def fault(self, reason: str) -> None:
        """Give the box being added a reason and four NaN as its values."""
        self.faults[len(self.owners)] = reason
        self.values.extend((np.nan,) * 4)

    @np.errstate(over="ignore", invalid="ignore")
    def measure(self) -> Columns:
        """Columns of ``shapes``, a row for each box: area in the unit squared, negative when inverted."""
        given = np.frombuffer(self.values, dtype=np.float64).reshape(-1, 4)
        a, b, c, d = given.T
        if self.order == "xywh":
            x0, y0, x1, y1 = a, b, a + c, b + d
        elif self.order == "cxcywh":
            x0, y0, x1, y1 = a - c / 2, b - d / 2, a + c / 2, b + d / 2
        elif self.order == "corners":
            x0, y0, x1, y1 = np.minimum(a, c), np.minimum(b, d), np.maximum(a, c), np.maximum(b, d)
        else:
            x0, y0, x1, y1 = a, b, c, d
        width, height = x1 - x0, y1 - y0
        inverted = (width < 0) | (height < 0)
        area = np.where(inverted, -np.abs(width * height), width * height)
        length = 2 * (np.abs(width) + np.abs(height))
        # Of finite numbers too, if they are so large that their box is not.
        finite = np.isfinite(given).all(axis=1) & np.isfinite(area) & np.isfinite(length)
        found = Faults(len(given))
        for row, fault in self.faults.items():
            found.mark(row, fault)
        found.mark(np.asarray(~finite), "not-finite")
        found.mark(np.asarray(inverted), "inverted")
        found.mark(np.asarray(area == 0), "zero-area")
        absent = np.asarray(~finite)
        return {
            "v0": numbers(a), "v1": numbers(b), "v2": numbers(c), "v3": numbers(d),
            "x0": numbers(x0, absent), "y0": numbers(y0, absent),
            "x1": numbers(x1, absent), "y1": numbers(y1, absent),
            "area": numbers(area, absent),
            "length": numbers(length, absent),
            "vertices": np.full(len(given), 4),
            "rings": np.ones(len(given), dtype=np.int64),
            **found.columns(),
            "digest": digests(given.ravel(), np.arange(0, 4 * len(given) + 1, 4), self.kind),
        }  # fmt: skip


@dataclass
class Outlines:
    """Points of polygons, polylines, points.

    Order ``flat`` is (x, y, x, y), ``points`` is [x, y], ``objects`` is {x, y}, ``pairs`` is a text
    ``x,y;x,y`` (CVAT's XML), ``circle`` is the centre and a point of the edge. With ``nested``, a value is a
    list of such lists or texts: the outlines of one shape (COCO's segmentation).
    """

    kind: str
    order: str
    nested: bool = False
    owners: list[int] = field(default_factory=list)
    values: array[float] = field(default_factory=lambda: array("d"))
    ring_sizes: list[int] = field(default_factory=list)
    ring_counts: list[int] = field(default_factory=list)
    faults: dict[int, str] = field(default_factory=dict)

    def take(self, values: Sequence[Any], owners: Sequence[int]) -> None:
        """Take shapes: at once if all are sound lists of numbers or of pairs of numbers, else one by one."""
        try:
            if self._take_sound(values):
                self.owners.extend(owners)
                return
        except (TypeError, OverflowError):
            pass
        for value, owner in zip(values, owners, strict=True):
            self._add(value, owner)

    def _take_sound(self, values: Sequence[Any]) -> bool:
        """Take what needs no look at each shape; False, and nothing taken, if something does."""
        if self.order == "pairs" or set(map(type, values)) - {list}:
            return False
        rings = list(chain.from_iterable(values)) if self.nested else values
        if set(map(type, rings)) - {list}:
            return False
        sizes = list(map(len, rings))
        if self.order == "flat":
            if any(size & 1 for size in sizes):
                return False
            sizes = [size >> 1 for size in sizes]
            self.values.extend(joined(rings))
        else:
            points = list(chain.from_iterable(rings))
            if set(map(type, points)) - {list} or set(map(len, points)) - {2}:
                return False
            self.values.extend(joined([list(chain.from_iterable(points))]))
        self.ring_sizes.extend(sizes)
        self.ring_counts.extend(map(len, values) if self.nested else repeat(1, len(values)))
        return True

    def _add(self, value: Any, owner: int) -> None:
        """Take one shape: a list of points or numbers by ``order``; with ``nested``, a list of such lists."""
        values, sizes = self.values, self.ring_sizes
        numbers, rings = len(values), len(sizes)
        try:
            if self.nested and type(value) is not list:
                raise TypeError
            for ring in value if self.nested else (value,):
                if self.order == "pairs":
                    ring = _pairs(ring)  # noqa: PLW2901
                if type(ring) is not list:
                    raise TypeError
                if self.order in ("flat", "pairs"):
                    if len(ring) & 1:
                        raise _OddLengthError
                    values.extend(ring)
                    sizes.append(len(ring) >> 1)
                else:
                    for point in ring:
                        if type(point) is dict:
                            point = (point["x"], point["y"])  # noqa: PLW2901
                        elif type(point) is not list or len(point) < 2:
                            raise TypeError
                        values.extend(point[:2])
                    sizes.append(len(ring))
        except (TypeError, ValueError, KeyError, OverflowError) as error:
            del values[numbers:]
            del sizes[rings:]
            odd = isinstance(error, _OddLengthError)
            self.faults[len(self.owners)] = "odd-length" if odd else "not-numbers"
        self.ring_counts.append(len(sizes) - rings)
        self.owners.append(owner)

    @np.errstate(over="ignore", invalid="ignore")
    def measure(self) -> Columns:
        """Columns of ``shapes``, a row for each shape: all its rings together, coordinates flattened."""
        points = np.frombuffer(self.values, dtype=np.float64).reshape(-1, 2)
        sizes = np.array(self.ring_sizes, dtype=np.int64)
        counts = np.array(self.ring_counts, dtype=np.int64)
        if self.order == "circle":
            points, sizes = _circles(points, sizes)
        starts = np.concatenate(([0], np.cumsum(sizes)))
        shape_of_ring = np.repeat(np.arange(len(counts)), counts)
        first_ring = np.concatenate(([0], np.cumsum(counts)))
        first_point = starts[first_ring]
        found = Faults(len(counts))
        for row, fault in self.faults.items():
            found.mark(row, fault)
        found.mark(counts == 0, "too-few-points")
        measured = measure_outlines(points, sizes, shape_of_ring, self.kind, found)
        absent = np.isnan(measured["x0"]) | (measured["vertices"] == 0)
        return {
            **{name: numbers(measured[name], absent) for name in ("x0", "y0", "x1", "y1", "area", "length")},
            **found.columns(),
            "bad_x": numbers(found.x),
            "bad_y": numbers(found.y),
            "vertices": measured["vertices"].astype(np.int64),
            "rings": counts,
            "digest": digests(points.ravel(), 2 * first_point, self.kind),
            "coordinates": lists(points.ravel(), 2 * first_point),
            "ring_sizes": lists(sizes.astype(np.float64), first_ring, absent=counts <= 1),
        }


@dataclass
class Masks:
    """A mask given otherwise (a picture): recorded as a shape, measured by a later producer."""

    kind: str
    order: str
    owners: list[int] = field(default_factory=list)

    def take(self, values: Sequence[Any], owners: Sequence[int]) -> None:  # noqa: ARG002
        """Count shapes; what is in them is not read here."""
        self.owners.extend(owners)

    def measure(self) -> Columns:
        """No columns: nothing of a mask is measured here."""
        return {}


class _OddLengthError(TypeError):
    """Coordinates that do not come in pairs."""


def _pairs(text: Any) -> list[float]:
    """Coordinates of a text ``x,y;x,y``; raises ``TypeError`` or ``ValueError`` for what is none."""
    if type(text) is not str:
        raise TypeError
    pairs = [pair.split(",") for pair in text.split(";")] if text else []
    if any(len(pair) != 2 for pair in pairs):
        raise _OddLengthError
    return list(map(float, chain.from_iterable(pairs)))


def _circles(points: Floats, sizes: Ints) -> tuple[Floats, Ints]:
    """Centre and edge point -> the circle's bounding square as an outline of 4 points."""
    out: list[Floats] = []
    out_sizes: list[int] = []
    start = 0
    for size in sizes.tolist():
        ring = points[start : start + size]
        start += size
        if size != 2:
            out.append(ring)
        else:
            (x, y), radius = ring[0], float(np.hypot(*(ring[1] - ring[0])))
            out.append(np.array([(x - radius, y - radius), (x + radius, y - radius),
                                 (x + radius, y + radius), (x - radius, y + radius)]))  # fmt: skip
        out_sizes.append(len(out[-1]))
    return np.concatenate(out) if out else points, np.array(out_sizes, dtype=np.int64)
