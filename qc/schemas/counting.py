"""Source of the function that counts, in valid documents, the values at every attribute path, and keys."""

from __future__ import annotations

import re

from qc.documents.pointers import token as escape
from qc.schemas.sites import PathSite
from qc.schemas.source import Source
from qc.schemas.tree import Branch, Node, step_of_pattern


class Counting(Source):
    """Counts, in valid documents, the values at every attribute path.

    A required key occurs as often as its parent, so only parents and optional keys need a counter.

    It also counts the keys of the objects that it comes by, each object once: never more than the document
    has, and all of them if it has objects at known places only.
    """

    def __init__(self, tree: Node, names: int) -> None:
        super().__init__(names)
        self.paths: list[PathSite] = []
        self.results: list[str] = []
        self.counters: list[str] = []
        self.index: dict[str, int] = {}
        #: Nothing but this way leads to the objects below: their keys are counted.
        self.only_way = True
        root = self.counter()
        self.line(f"{root} = 1")
        self.add("", True, root)
        if tree.types == frozenset({"array"}) or tree.items is not None:
            self.array(tree, "doc", "")
        with self.object("doc"):
            parents = self.counter()
            self.line(f"{parents} = 1")
            self.keys("doc")
            self.members(tree, "doc", "", parents)

    def source(self) -> str:
        """The function's source."""
        init = ["    " + " = ".join(["keys", *self.counters]) + " = 0"]
        result = "".join(f"{r}, " for r in self.results)
        return "\n".join(["def count(doc):", *init, *self.lines, f"    return keys, ({result})"])

    def counter(self) -> str:
        """A fresh counter, zero at the start."""
        name = self.fresh("n")
        self.counters.append(name)
        return name

    def members(
        self, node: Node, var: str, path: str, parents: str, counted: frozenset[str] | None = None
    ) -> None:
        """Count the properties of the object ``var``; ``parents`` is the counter of such objects.

        ``counted`` (in a branch) names the properties that the object counts already.
        """
        before, self.only_way = self.only_way, self.only_way and counted is None and _apart(node)
        self.named(node, var, path, parents, counted)
        self.matched(node, var, path)
        for branch in node.branches:
            self.branch(node, branch, var, path, parents, counted or frozenset())
        self.only_way = before

    def named(self, node: Node, var: str, path: str, parents: str, counted: frozenset[str] | None) -> None:
        """Count the properties that have a name."""
        for name, child in node.properties.items():
            required = name in node.required and counted is None
            own = parents if required or name in (counted or ()) else self.counter()
            if name not in (counted or ()):
                self.add(f"{path}/{escape(name)}", required, own)
            if own == parents and not self.deep(child):
                continue
            with self.block(f"if {name!r} in {var}:"):
                if own != parents:
                    self.line(f"{own} += 1")
                self.value(child, f"{var}[{name!r}]", f"{path}/{escape(name)}")

    def matched(self, node: Node, var: str, path: str) -> None:
        """Count the properties that match a pattern, and all others."""
        for pattern, child in node.patterns.items():
            step = escape(step_of_pattern(pattern, child))
            key, value, own = self.fresh("k"), self.fresh("v"), self.counter()
            self.add(f"{path}/{step}", False, own)
            regex = self.constant("P", re.compile(pattern))
            with (
                self.block(f"for {key}, {value} in {var}.items():"),
                self.block(f"if {regex}.search({key}):"),
            ):
                self.line(f"{own} += 1")
                self.value(child, value, f"{path}/{step}")
        if node.additional is not None:
            value, own, key = self.fresh("v"), self.counter(), self.fresh("k")
            self.add(f"{path}/{{*}}", False, own)
            if not node.properties and not self.deep(node.additional):
                self.line(f"{own} += len({var})")
                return
            known = self.constant("K", frozenset(node.properties))
            with self.block(f"for {key}, {value} in {var}.items():"), self.block(f"if {key} not in {known}:"):
                self.line(f"{own} += 1")
                self.value(node.additional, value, f"{path}/{{*}}")

    def branch(
        self, node: Node, branch: Branch, var: str, path: str, parents: str, counted: frozenset[str]
    ) -> None:
        """Count what a branch adds to ``node``: its properties are optional, and ``counted`` only once."""
        if branch.node.declares():
            known = counted | frozenset(node.properties)
            with self.object(var), self.block(f"if {self.condition(branch.tests, var) or 'True'}:"):
                self.members(branch.node, var, path, parents, counted=known)

    def value(self, node: Node, source: str, path: str) -> None:
        """Count what is inside the value ``source``, which stands at ``path``."""
        if not self.deep(node):
            return
        var = self.fresh("v")
        self.line(f"{var} = {source}")
        if node.properties or node.patterns or node.additional is not None or node.branches:
            with self.object(var):
                parents = self.counter()
                self.line(f"{parents} += 1")
                self.keys(var)
                self.members(node, var, path, parents)
        self.array(node, var, path)

    def array(self, node: Node, var: str, path: str) -> None:
        """Count what is inside the items of the array ``var``."""
        items = node.items
        if items is None or not self.deep(items):
            return
        with self.block(f"if type({var}) is list:"):
            parents, item = self.counter(), self.fresh("v")
            plain = items.types == frozenset({"object"})
            if plain:
                self.line(f"{parents} += len({var})")
            with self.block(f"for {item} in {var}:"):
                with self.object(item):
                    if not plain:
                        self.line(f"{parents} += 1")
                    self.keys(item)
                    self.members(items, item, f"{path}/*", parents)
                self.array(items, item, f"{path}/*")

    def keys(self, var: str) -> None:
        """Count the keys of the object ``var``, if nothing else comes by it."""
        if self.only_way:
            self.line(f"keys += len({var})")

    def add(self, path: str, required: bool, counter: str) -> None:
        """Count ``path`` by ``counter``; the same path in several branches is one attribute."""
        if path in self.index:
            self.results[self.index[path]] += f" + {counter}"
            return
        self.index[path] = len(self.paths)
        self.paths.append(PathSite(path, required))
        self.results.append(counter)

    def deep(self, node: Node) -> bool:
        """Has attribute paths inside."""
        return bool(node.properties or node.patterns or node.additional is not None or node.branches) or (
            node.items is not None and self.deep(node.items)
        )


def _apart(node: Node) -> bool:
    """No property of an object is reached in two ways: by name and by a pattern, in two branches."""
    ways = len(node.patterns) + bool(node.properties or node.additional is not None)
    return ways <= 1 and not any(branch.node.declares() for branch in node.branches)
