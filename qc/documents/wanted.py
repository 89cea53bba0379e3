"""The pointers whose places are wanted, by the way that leads to them: so that nothing else is looked at."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from qc.documents.pointers import split

#: Line and column, from 1, of each pointer that leads somewhere; column None where it is not known.
Places = dict[str, tuple[int, int | None]]


@dataclass(slots=True)
class Wanted:
    """A node of the tree: the pointers that end here, and the next steps of those that go on."""

    pointers: list[str] = field(default_factory=list)
    inner: dict[str, Wanted] = field(default_factory=dict)

    def below(self) -> Iterator[str]:
        """Every pointer at or under this node."""
        nodes = [self]
        for node in nodes:  # grows while it is walked
            yield from node.pointers
            nodes.extend(node.inner.values())


def tree(pointers: Collection[str]) -> Wanted:
    """The tree of ``pointers``."""
    root = Wanted()
    for pointer in pointers:
        node = root
        for step in split(pointer):
            node = node.inner.setdefault(step, Wanted())
        node.pointers.append(pointer)
    return root


def by_member(pointers: Collection[str]) -> tuple[dict[str, list[tuple[list[str], str]]], Places]:
    """Pointers by their first step, each with the steps that follow; and the place of the whole document, if
    that is wanted."""
    members: dict[str, list[tuple[list[str], str]]] = {}
    for pointer in pointers:
        if pointer:
            first, *steps = split(pointer)
            members.setdefault(first, []).append((steps, pointer))
    return members, {pointer: (1, 1) for pointer in pointers if not pointer}
