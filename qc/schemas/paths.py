"""Counting attribute paths in documents that break their schema.

For valid documents generated code counts (:class:`qc.schemas.generate._Counting`); here a walk looks at every
place: a value counts where it is present, and where it is missing though required.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from qc.documents.pointers import token as escape
from qc.schemas.errors import SchemaError
from qc.schemas.tree import Node, Test, generic_path

_JSON_TYPES: dict[type, tuple[str, ...]] = {
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


def count_faulty(
    tree: Node, errors: Iterable[SchemaError], index: dict[str, int]
) -> dict[str, dict[int, int]]:
    """Distinct values with an error, by error class and position of the path.

    An error at a place that is no attribute (a number inside a list, an item of an array) is one of the
    nearest attribute around it.
    """
    faulty: dict[str, set[tuple[int, str]]] = {}
    for error in errors:
        missing = error.detail if error.keyword == "required" else None
        path = generic_path(tree, error.instance_path, missing)
        place = [*error.instance_path, *([missing] if missing is not None else [])]
        while path not in index:
            path = path.rpartition("/")[0]
        # The instance is told by its keys and indices up to the depth of the attribute path.
        key = "/".join(map(str, place[: path.count("/")]))
        faulty.setdefault(error.error_class, set()).add((index[path], key))
    totals: dict[str, dict[int, int]] = {}
    for error_class, places in faulty.items():
        counts = totals.setdefault(error_class, {})
        for position, _ in places:
            counts[position] = counts.get(position, 0) + 1
    return totals


def holds(tests: Sequence[Test], value: Any) -> bool:
    """Whether a branch's tests decide for it: by constant or JSON type, never by validity."""
    for test in tests:
        if test.key is None:
            met = any(kind in test.values for kind in _JSON_TYPES.get(type(value), ()))
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
