"""Writing Python source: lines with indentation, fresh names, guards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from qc.schemas.tree import Test

#: Python's types for JSON's, as source.
_PYTHON_TYPES = {
    "object": ("dict",), "array": ("list",), "string": ("str",), "boolean": ("bool",),
    "null": ("type(None)",), "integer": ("int",), "number": ("int", "float"),
}  # fmt: skip


class Source:
    """Lines of Python with indentation and fresh names, numbered after the ``names`` that are taken."""

    def __init__(self, names: int = 0) -> None:
        self.lines: list[str] = []
        self.depth = 1
        self.names = names
        self.constants: dict[str, Any] = {}
        self.objects: set[str] = set()

    def line(self, text: str) -> None:
        """A line at the current depth."""
        self.lines.append("    " * self.depth + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """A block under ``head``; without anything inside, nothing is written."""
        self.line(head)
        self.depth += 1
        before = len(self.lines)
        yield
        self.depth -= 1
        if len(self.lines) == before:
            del self.lines[-1]  # nothing to do inside: no guard, no loop

    @contextmanager
    def object(self, var: str) -> Iterator[None]:
        """Inside, ``var`` is known to be an object; guarded once."""
        if var in self.objects:
            yield
            return
        with self.block(f"if type({var}) is dict:"):
            self.objects.add(var)
            yield
            self.objects.discard(var)

    def fresh(self, prefix: str) -> str:
        """A name that nothing else has."""
        self.names += 1
        return f"{prefix}{self.names}"

    def constant(self, prefix: str, value: Any) -> str:
        """The name of a constant of the module."""
        name = self.fresh(prefix)
        self.constants[name] = value
        return name

    def condition(self, tests: Sequence[Test], var: str) -> str:
        """Source of the test that decides for a branch; ``var`` is the value that the branch is about."""
        parts = []
        for test in tests:
            if test.key is None:
                names = sorted({name for kind in test.values for name in _PYTHON_TYPES[kind]})
                source = f"type({var}) in ({', '.join(names)},)"
            else:
                known = self.constant("C", tuple(test.values))
                guard = "" if var in self.objects else f"type({var}) is dict and "
                source = f"({guard}{var}.get({test.key!r}) in {known})"
            parts.append(f"not {source}" if test.negated else source)
        return " and ".join(parts)
