"""How large a document may be that is read whole. Reading larger ones record by record comes later."""

from __future__ import annotations

#: Bytes of a document. Parsed it takes four to ten times as much, in each of several workers.
LARGEST = 512 * 2**20
#: Bytes of memory that a document may take while it is examined, by :func:`memory`.
MOST_MEMORY = 3 * 2**30

#: Bytes that one more of a sign costs, at least about: an object with its row of facts (measured: 80 as a
#: dictionary, 230 as a row, 300 in the columns made of it), a list, a number with its place in a list.
_COSTS = {b"{": 600, b"[": 100, b",": 32}
#: Less than this cannot cost too much whatever is in it: a pair of brackets costs most.
_HARMLESS = MOST_MEMORY // (_COSTS[b"{"] // 2 + _COSTS[b","])


def too_large(data: bytes) -> bool:
    """Whether a document is too large to be examined whole: by its size, or by the values in it."""
    return len(data) > LARGEST or (len(data) > _HARMLESS and memory(data) > MOST_MEMORY)


def memory(data: bytes) -> int:
    """About how much memory a JSON document takes while it is examined, in bytes."""
    return len(data) + sum(data.count(sign) * cost for sign, cost in _COSTS.items())
