"""Names of sources of bytes: short, without state, and with the same meaning in another process.

A *locator* is the path of a file and, behind NUL signs, one layer after the other:

====================  ==================================================================================
``p``                 the file is the first piece of a sequence; its folder has the others
``s OFFSET,SIZE``     a part of what is before, as it lies
``j RUN;RUN…``        parts of what is before, joined: ``OFFSET,SIZE`` or ``OFFSET,SIZE,TIMES,STEP``
``c METHOD,OFFSET,PACKED,SIZE``  a part of what is before, unpacked; SIZE is -1 where it is not known
====================  ==================================================================================

:mod:`qc.deliverable.sources` opens them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

#: What is packed and unpacks to no more than this is kept whole, bytes.
SMALL = 8 << 20
#: Layers begin with this: no path of any system holds it.
LAYER = "\0"


class Run(NamedTuple):
    """``times`` parts of ``size`` bytes each, ``step`` bytes from one to the next."""

    offset: int
    size: int
    times: int = 1
    step: int = 0


def first_of_sequence(disk: str) -> str:
    """Locator of the sequence whose first piece is the file ``disk``."""
    return f"{disk}{LAYER}p"


def part(disk: str, offset: int, size: int) -> str:
    """Locator of a part of ``disk``, as it lies."""
    return f"{disk}{LAYER}s{offset},{size}"


def joined(disk: str, parts: Iterable[tuple[int, int]]) -> str:
    """Locator of parts (offset, size) of ``disk``, one behind the other."""
    return f"{disk}{LAYER}j" + ";".join(",".join(map(str, _shortened(run))) for run in _runs(parts))


def unpacked(disk: str, method: int, offset: int, packed: int, size: int | None = None) -> str:
    """Locator of what a packed part of ``disk`` unpacks to."""
    return f"{disk}{LAYER}c{method},{offset},{packed},{-1 if size is None else size}"


class Position(NamedTuple):
    """Where a locator lies in what can only be read forward: ``root`` is the locator of that, ``outer`` a
    place in it, ``inside`` whether ``outer`` is where a further packed part begins."""

    root: str
    outer: int
    inside: bool


@lru_cache(maxsize=1024)
def forward_only(disk: str) -> Position | None:
    """The first layer of ``disk`` that is packed and not :data:`SMALL`; None if there is none."""
    base, *layers = disk.split(LAYER)
    for number, layer in enumerate(layers):
        if layer[0] == "c":
            size = numbers(layer)[3]
            if not 0 <= size <= SMALL:
                root = LAYER.join((base, *layers[: number + 1]))
                return Position(root, *_within(layers[number + 1 :]))
    return None


def unpacked_before(disk: str, offset: int) -> tuple[str, int] | None:
    """How far behind the beginning of what can only be read forward a place is: the locator of that, and
    bytes. None for what can be read anywhere."""
    if LAYER not in disk:
        return None
    position = forward_only(disk)
    if position is None:
        return None
    return position.root, position.outer + (0 if position.inside else offset)


def _within(layers: Sequence[str]) -> tuple[int, bool]:
    at = 0
    for layer in layers:
        first = numbers(layer.partition(";")[0])
        if layer[0] != "s":
            return at + first[layer[0] == "c"], True
        at += first[0]
    return at, False


def numbers(layer: str) -> list[int]:
    """The numbers of a layer."""
    return [int(number) for number in layer[1:].split(",")]


def _shortened(run: Run) -> tuple[int, ...]:
    return run if run.times > 1 else run[:2]


def _runs(parts: Iterable[tuple[int, int]]) -> list[Run]:
    """Parts of equal size at equal distances as one: the pieces of a large archive are many."""
    runs: list[Run] = []
    for offset, size in parts:
        last = runs[-1] if runs else None
        if last is not None and last.size == size:
            step = offset - last.offset - last.step * (last.times - 1)
            if last.times == 1 or step == last.step:
                runs[-1] = Run(last.offset, size, last.times + 1, step)
                continue
        runs.append(Run(offset, size))
    return runs
