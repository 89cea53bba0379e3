"""Counting attribute paths in documents that break their schema.

For valid documents generated code counts (:class:`qc.schemas.counting.Counting`); here a walk looks at every
place: a value counts where it is present, and where it is missing though required.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from qc.documents.pointers import token as escape
from qc.schemas.errors import Path, SchemaError, order
from qc.schemas.tree import Node, Test, generic_path

#: Paths, and values of a path, that are remembered.
_REMEMBERED = 10_000

#: The JSON types that a value of a type of Python has.
JSON_TYPES: dict[type, tuple[str, ...]] = {
    dict: ("object",),
    list: ("array",),
    str: ("string",),
    bool: ("boolean",),
    int: ("integer", "number"),
    float: ("number",),
    type(None): ("null",),
}


def count_any(tree: Node, value: Any, index: dict[str, int]) -> list[int]:
    """Values at each path of ``index`` (path -> position) in any document, valid or not."""
    counts = [0] * len(index)
    counts[index[""]] = 1
    for path in _places(tree, value, ""):
        if (position := index.get(path)) is not None:
            counts[position] += 1
    return counts


class Faults:
    """Counts of the errors of one document: by path and keyword, and of distinct faulty values by path.

    Errors come as :func:`qc.schemas.errors.iter_errors` gives them, those of one value one after the other:
    that is why only the latest values need be remembered, and memory does not grow with the errors.
    """

    def __init__(self, tree: Node, index: Mapping[str, int], kept: int) -> None:
        self.tree, self.index, self.kept = tree, index, kept
        self.fixed = _longest_prefix(tree)
        #: Errors in all by generic path and keyword; the first ``kept`` of each by their place.
        self.totals: Counter[tuple[str, str]] = Counter()
        self.places: dict[tuple[str, str], list[tuple[tuple[Any, ...], SchemaError]]] = {}
        #: Distinct values with an error, by error class and position of the path.
        self.values: dict[str, Counter[int]] = {}
        self._paths: dict[tuple[Path, str | None], tuple[str, int, int]] = {}
        self._latest: dict[tuple[str, int], set[Path]] = {}

    def add(self, error: SchemaError) -> None:
        """Count one error."""
        missing = error.detail if error.keyword == "required" else None
        path, position, depth = self._path(error.instance_path, missing)
        kind = path, error.keyword
        self.totals[kind] += 1
        places, placed = self.places.setdefault(kind, []), (order(error), error)
        if len(places) < self.kept or placed[0] < places[-1][0]:
            insort(places, placed, key=itemgetter(0))
            del places[self.kept :]
        value = error.instance_path if missing is None else (*error.instance_path, missing)
        latest = self._latest.setdefault((error.error_class, position), set())
        if (value := value[:depth]) not in latest:
            if len(latest) >= _REMEMBERED:
                latest.clear()
            latest.add(value)
            self.values.setdefault(error.error_class, Counter())[position] += 1

    def kept_places(self) -> list[tuple[SchemaError, str, int]]:
        """``(error, generic path, ordinal among those of its path and keyword)`` of those that are kept, in
        order of place."""
        kept = [
            (place, error, path, ordinal)
            for (path, _), places in self.places.items()
            for ordinal, (place, error) in enumerate(places)
        ]
        return [(error, path, ordinal) for _, error, path, ordinal in sorted(kept, key=itemgetter(0))]

    def _path(self, place: Path, missing: str | None) -> tuple[str, int, int]:
        """Generic path of a place; position and depth of the attribute that the error is one of.

        An error at a place that is no attribute (a number inside a list, an item of an array) is one of the
        nearest attribute around it, and its value is told by keys and indices up to the depth of that.
        """
        alike = tuple([part if type(part) is str else min(part, self.fixed) for part in place])
        found = self._paths.get((alike, missing))
        if found is None:
            path = near = generic_path(self.tree, place)
            if missing is not None:
                near = generic_path(self.tree, place, missing)
            while near not in self.index:
                near = near.rpartition("/")[0]
            found = path, self.index[near], near.count("/")
            if len(self._paths) >= _REMEMBERED:
                self._paths.clear()
            self._paths[alike, missing] = found
        return found


def _longest_prefix(node: Node) -> int:
    """Items of lists that have a schema of their own, at most; all further ones are alike."""
    inner = [child for _, child in node.children()] + [branch.node for branch in node.branches]
    return max([len(node.prefix), *map(_longest_prefix, inner)])


def holds(tests: Sequence[Test], value: Any) -> bool:
    """Whether a branch's tests decide for it: by constant or JSON type, never by validity."""
    for test in tests:
        if test.key is None:
            met = any(kind in test.values for kind in JSON_TYPES.get(type(value), ()))
        else:
            met = type(value) is dict and value.get(test.key) in test.values
        if met == test.negated:
            return False
    return True


def _places(node: Node, value: Any, path: str, counted: frozenset[str] = frozenset()) -> Iterator[str]:
    if type(value) is dict:
        yield from _members(node, value, path, counted)
    elif type(value) is list and node.items is not None:
        for item in value:
            yield from _places(node.items, item, f"{path}/*")


def _members(node: Node, value: dict[str, Any], path: str, counted: frozenset[str]) -> Iterator[str]:
    for name, child in node.properties.items():
        inner = f"{path}/{escape(name)}"
        if name not in counted and (name in value or name in node.required):
            yield inner
        if name in value:
            yield from _places(child, value[name], inner)
    others = [key for key in value if key not in node.properties] if node.patterns or node.additional else []
    for key in others:
        step, child_ = node.child(key)
        if child_ is not None and child_ is not node.properties.get(key):
            inner = f"{path}/{escape(step)}"
            yield inner
            yield from _places(child_, value[key], inner)
    for branch in node.branches:
        if holds(branch.tests, value):
            yield from _places(branch.node, value, path, counted | frozenset(node.properties))
