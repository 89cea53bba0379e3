"""Masks as run lengths, the way of COCO: read and measured, vectorised over all masks of a chunk.

A mask of height h and width w is walked column by column, each from the top. Its runs are the numbers of
pixels outside, inside, outside ... the mask, beginning outside; together h * w. Everywhere ``runs`` are those
of all masks one after the other, ``mask`` is the number of the mask (0-based, ascending) of each.

The runs may stand as a text: each number in groups of 5 bits, the lowest first, a character each (48 is 0).
The sixth bit says that another group follows, the highest of the last group is the sign; from the fourth
number on a number is the difference from the one two before it (COCO API, ``maskApi.c``).
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from qc.facts.measures import Columns, digests, numbers
from qc.facts.outlines import Faults, Floats, Ints, Mask

#: The code of zero, and the number of codes.
_ZERO, _CODES = 48, 64
#: A number of more groups is none: it would be larger than any picture.
_GROUPS = 8
#: No run, no height and no width is as long.
LONGEST = 1 << 31
#: Runs of masks, and signs of their texts, that wait to be measured together: a hundred bytes each.
RUNS_WAITING = 1 << 19


@dataclass
class _Runs:
    """Masks that wait to be measured together."""

    #: Height and width of each mask.
    sizes: array[int] = field(default_factory=lambda: array("q"))
    runs: array[int] = field(default_factory=lambda: array("q"))
    #: The number of the mask, and its runs: of those whose runs are numbers.
    listed: list[tuple[int, int]] = field(default_factory=list)
    code: bytearray = field(default_factory=bytearray)
    #: The number of the mask, and the bytes of its text: of the others.
    coded: list[tuple[int, int]] = field(default_factory=list)
    faults: dict[int, str] = field(default_factory=dict)

    @property
    def length(self) -> int:
        """Numbers and signs that wait."""
        return len(self.sizes) + len(self.runs) + len(self.code)

    def take(self, value: Any) -> None:
        """Take one mask; of what is none the fault."""
        sizes, runs = len(self.sizes), len(self.runs)
        number = sizes // 2
        try:
            self._add(number, value)
        except (TypeError, ValueError, KeyError, OverflowError) as error:
            del self.sizes[sizes:]
            del self.runs[runs:]
            self.sizes.extend((0, 0))
            broken = isinstance(error, UnicodeEncodeError)
            self.faults[number] = "broken-code" if broken else "not-numbers"

    def _add(self, number: int, value: Any) -> None:
        if type(value) is not dict:
            raise TypeError
        height, width = value["size"]
        counts = value["counts"]
        self.sizes.extend((_whole(height), _whole(width)))
        if type(counts) is str:
            code = counts.encode("ascii")
            self.code.extend(code)
            self.coded.append((number, len(code)))
        elif type(counts) is list:
            before = len(self.runs)
            self.runs.extend(map(_whole, counts))
            self.listed.append((number, len(self.runs) - before))
        else:
            raise TypeError

    @np.errstate(over="ignore")
    def measure(self, kind: str) -> Columns:
        """Columns of ``shapes``, a row for each mask."""
        count = len(self.sizes) // 2
        height, width = np.array(self.sizes, dtype=np.int64).reshape(-1, 2).T
        found = Faults(count)
        for row, fault in self.faults.items():
            found.mark(row, fault)
        listed = np.array(self.listed, dtype=np.int64).reshape(-1, 2)
        coded = np.array(self.coded, dtype=np.int64).reshape(-1, 2)
        runs, text, sound = decoded(bytes(self.code), coded[:, 1])
        found.mark(coded[~sound, 0], "broken-code")
        mask = np.concatenate((np.repeat(listed[:, 0], listed[:, 1]), coded[text, 0]))
        order = np.argsort(mask, kind="stable")
        runs = np.concatenate((np.array(self.runs, dtype=np.int64), runs))[order]
        mask = mask[order]
        measured, fits = measure_runs(runs, mask, height, width)
        found.mark(~fits, "wrong-sum")
        found.mark(measured["area"] == 0, "zero-area")
        # What the runs mean depends on height and width.
        own = np.concatenate((np.repeat(np.arange(count), 2), mask))
        order = np.argsort(own, kind="stable")
        values = np.concatenate((np.array(self.sizes, dtype=np.int64), runs))[order].astype(np.float64)
        offsets = np.concatenate(([0], np.cumsum(np.bincount(own, minlength=count))))
        absent = np.isin(np.arange(count), list(self.faults))
        return {
            "v0": numbers(height.astype(np.float64), absent),
            "v1": numbers(width.astype(np.float64), absent),
            **{name: numbers(column) for name, column in measured.items()},
            **found.columns(),
            "digest": digests(values, offsets, kind),
        }


@dataclass
class RunLengths:
    """Masks of COCO: ``{"size": [height, width], "counts": runs}``, the runs as numbers or as a text."""

    kind: str
    order: str
    owners: list[int] = field(default_factory=list)
    waiting: _Runs = field(default_factory=_Runs)
    #: Columns of the masks that were measured, some at a time.
    parts: list[Columns] = field(default_factory=list)

    def take(self, values: Sequence[Any], owners: Sequence[int]) -> None:
        """Take masks one by one; never raises."""
        for value in values:
            self.waiting.take(value)
            if self.waiting.length >= RUNS_WAITING:
                self.parts.append(self.waiting.measure(self.kind))
                self.waiting = _Runs()
        self.owners.extend(owners)

    def measure(self) -> Columns:
        """Columns of ``shapes``, a row for each mask: extent and area in pixels; ``v0`` and ``v1`` are its
        height and width as given."""
        parts = [*self.parts, self.waiting.measure(self.kind)]
        columns: Columns = {
            name: pa.concat_arrays([part[name] for part in parts]) for name in parts[0] if name != "digest"
        }
        return {**columns, "digest": np.concatenate([part["digest"] for part in parts])}


def _whole(value: Any) -> int:
    """A whole number; raises ``TypeError`` for what is none."""
    if type(value) is float and value.is_integer():
        return int(value)
    if type(value) is not int:
        raise TypeError
    return value


def decoded(code: bytes, sizes: Ints) -> tuple[Ints, Ints, Mask]:
    """Runs of texts that stand in ``code`` one after the other, each ``sizes`` bytes long.

    Runs, the text (0-based) of each, and which texts are sound; of one that is not, no runs.
    """
    texts = len(sizes)
    groups = np.frombuffer(code, dtype=np.uint8).astype(np.int64) - _ZERO
    text = np.repeat(np.arange(texts), sizes)
    sound = np.ones(texts, dtype=bool)
    last = (groups & 32) == 0
    sound[text[(groups < 0) | (groups >= _CODES)]] = False
    ends = np.cumsum(sizes)[sizes > 0] - 1
    sound[text[ends[~last[ends]]]] = False
    kept = sound[text]
    groups, text, last = groups[kept], text[kept], last[kept]
    number = np.cumsum(last) - last
    first = np.flatnonzero(np.concatenate(([True], last[:-1]))) if len(last) else np.zeros(0, np.int64)
    place = np.arange(len(groups)) - first[number]
    owner = text[first]
    sound[owner[np.bincount(number, minlength=len(first)) > _GROUPS]] = False
    place = np.minimum(place, _GROUPS)
    shifted = (groups & 31) << (5 * place)
    values = np.add.reduceat(shifted, first) if len(first) else shifted
    negative = last & ((groups & 16) != 0)
    values[number[negative]] -= np.int64(1) << (5 * (place[negative] + 1))
    kept = sound[owner]
    return _summed(values[kept], owner[kept]), owner[kept], sound


def _summed(values: Ints, text: Ints) -> Ints:
    """Numbers from their differences: two series in each text, of every second number from the second and
    from the third on."""
    position = _positions(text)
    series = 3 * text + np.where(position == 0, 0, 1 + position % 2)
    order = np.argsort(series, kind="stable")
    sums = np.cumsum(values[order])
    starts = np.flatnonzero(np.concatenate(([True], np.diff(series[order]) != 0))) if len(order) else order
    lengths = np.diff(np.concatenate((starts, [len(order)])))
    before = np.repeat(sums[starts] - values[order][starts], lengths)
    out = np.empty_like(values)
    out[order] = sums - before
    return out


def _positions(group: Ints) -> Ints:
    """Position of each member in its group; members of a group stand together."""
    if not len(group):
        return group
    starts = np.flatnonzero(np.concatenate(([True], np.diff(group) != 0)))
    lengths = np.diff(np.concatenate((starts, [len(group)])))
    return np.asarray(np.arange(len(group)) - np.repeat(starts, lengths))


def measure_runs(runs: Ints, mask: Ints, height: Ints, width: Ints) -> tuple[dict[str, Floats], Mask]:
    """``x0 y0 x1 y1 area`` of each mask, in pixels, and whether its runs make up its picture.

    The extent is that of the pixels, from edge to edge: one pixel is 1 wide. Of a mask without a pixel, or
    whose runs are no mask of its size, all is NaN but the area of an empty one, which is 0.
    """
    masks = len(height)
    wrong = (runs < 0) | (runs > LONGEST**2)
    fits = (height > 0) & (width > 0) & (height < LONGEST) & (width < LONGEST)
    fits[mask[wrong]] = False
    # Sums as doubles first: those of wrong runs may be beyond an integer.
    total = np.bincount(mask, weights=np.where(wrong, 0, runs), minlength=masks)
    fits &= np.abs(total - height.astype(np.float64) * width) < 1
    kept = fits[mask]
    runs, mask = runs[kept], mask[kept]
    inside = (_positions(mask) % 2 == 1) & (runs > 0)
    ends = np.cumsum(runs)
    past = np.zeros(masks, dtype=np.int64)
    np.add.at(past, mask, runs)
    before = (np.cumsum(past) - past)[mask]
    start, stop, mask = (ends - runs - before)[inside], (ends - 1 - before)[inside], mask[inside]
    rows = height[mask]
    left, right, top, bottom = start // rows, stop // rows, start % rows, stop % rows
    # A run over several columns has a pixel at the bottom of the first and at the top of the next.
    several = left != right
    top, bottom = np.where(several, 0, top), np.where(several, rows - 1, bottom)
    found = {name: np.full(masks, np.nan) for name in ("x0", "y0", "x1", "y1")}
    _extremes(found["x0"], mask, left, np.minimum)
    _extremes(found["y0"], mask, top, np.minimum)
    _extremes(found["x1"], mask, right + 1, np.maximum)
    _extremes(found["y1"], mask, bottom + 1, np.maximum)
    area = np.bincount(mask, weights=stop - start + 1, minlength=masks).astype(np.float64)
    return {**found, "area": np.where(fits, area, np.nan)}, fits


def _extremes(out: Floats, mask: Ints, values: Ints, extreme: np.ufunc) -> None:
    """Put the least or the greatest of the values of each mask into ``out``."""
    if len(mask):
        starts = np.flatnonzero(np.concatenate(([True], np.diff(mask) != 0)))
        out[mask[starts]] = extreme.reduceat(values, starts)
