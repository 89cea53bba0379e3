"""How large a document may be that is read whole. Larger ones are read in pieces, if they can be divided."""

from __future__ import annotations

from collections.abc import Mapping

#: Bytes of a document, and of memory by :func:`memory`, from which on it is read in pieces: parsed it takes
#: four to ten times as much, in each of several workers.
WHOLE, WHOLE_MEMORY = 32 * 2**20, 512 * 2**20
#: As much a document may be, and take, that cannot be divided.
LARGEST, MOST_MEMORY = 512 * 2**20, 3 * 2**30

#: What one more of a sign costs in bytes, by sign.
Costs = Mapping[bytes, int]

#: Of JSON, at least about: an object with its row of facts (measured: 80 as a dictionary, 230 as a row, 300
#: in the columns made of it), a list, a number with its place in a list.
JSON: Costs = {b"{": 600, b"[": 100, b",": 32}
#: What no byte of any format costs more than: a short document need not be looked into.
_COSTLIEST = 1000


def too_large(data: bytes, costs: Costs = JSON) -> bool:
    """Whether a document is too large to be examined whole: by its size, or by the values in it."""
    return len(data) > LARGEST or takes_more(data, costs, MOST_MEMORY)


def takes_more(data: bytes, costs: Costs, most: int) -> bool:
    """Whether a document takes more than ``most`` bytes of memory while it is examined."""
    return len(data) * _COSTLIEST > most and memory(data, costs) > most


def memory(data: bytes, costs: Costs = JSON) -> int:
    """About how much memory a document takes while it is examined, in bytes."""
    return len(data) + sum(data.count(sign) * cost for sign, cost in costs.items())
