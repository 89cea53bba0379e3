"""In which forms values and keys come: JSON types where several may stand, spellings of keys.

A schema may allow ``"status": "a"`` and ``"status": ["a"]``, or ``Raw_Data_Info`` with and without a dot, and
says nothing of keys that it does not know. Documents are then valid however they write it; that *one*
deliverable writes it in several ways is seen only by counting. What is counted is few: types where more than
one may stand, keys under patterns, and keys that an object's schema does not know.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from qc.documents.pointers import token as escape
from qc.facts.tables import PATH_FORMS
from qc.schemas.naming import Names
from qc.schemas.source import Source
from qc.schemas.tree import Branch, Node, step_of_pattern

#: Different spellings that are kept of one place: beyond, the keys are data.
MOST_FORMS = 50

#: A place (number of a site) in a form, and how often a document has it so.
Found = dict[tuple[int, str], int]

_TYPE_OF = {
    str: "string", int: "number", float: "number", bool: "boolean", list: "array", dict: "object",
    type(None): "null",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FormSite:
    """A place that is counted: its generic path, and ``what`` of it: ``type``, ``key`` (below a pattern) or
    ``unknown-key`` (of the object at ``path``)."""

    path: str
    what: str


@dataclass(frozen=True)
class Forms:
    """Compiled from a schema's tree; ``sites`` are numbered as :attr:`read` counts them."""

    sites: tuple[FormSite, ...]
    source: str
    constants: Mapping[str, Any]

    @cached_property
    def read(self) -> Callable[[Any, Found], None]:
        """Counts the forms of one document, valid or not, into a ``defaultdict(int)``."""
        space = {"unknown": _unknown, **self.constants}
        exec(compile(self.source, "<forms>", "exec"), space)
        function: Callable[[Any, Found], None] = space["forms"]
        return function


def forms(tree: Node) -> Forms:
    """What is to be counted in documents of ``tree``."""
    writer = _Writer(tree)
    source = "\n".join(["def forms(doc, found):", *(writer.lines or ["    pass"])])
    return Forms(tuple(writer.sites), source, writer.constants)


class FormCounts:
    """Forms counted over the documents of a chunk."""

    def __init__(self, compiled: Forms, names: Names) -> None:
        self.sites, self.read, self.names = compiled.sites, compiled.read, names
        #: Files, occurrences and the first file, by site and form.
        self._counts: dict[tuple[int, str], list[int]] = {}
        self._kept = [0] * len(compiled.sites)

    def take(self, value: Any, file: int) -> None:
        """Count one document."""
        if not self.sites:
            return
        found: Found = defaultdict(int)
        self.read(value, found)
        self.add(found, file)

    def add(self, found: Mapping[tuple[int, str], int], file: int) -> None:
        """Count what was found in one document."""
        for place, times in found.items():
            counts = self._counts.get(place)
            if counts is not None:
                counts[0] += 1
                counts[1] += times
            elif self._kept[place[0]] < MOST_FORMS:
                self._kept[place[0]] += 1
                self._counts[place] = [1, times, file]

    def columns(self, schema: str) -> dict[str, list[Any]]:
        """Columns of ``path_forms``: keys that look like no name are digested."""
        out: dict[str, list[Any]] = {name: [] for name in PATH_FORMS.names}
        for (site, form), (files, times, file) in self._counts.items():
            path, what = self.sites[site].path, self.sites[site].what
            shown = form if what == "type" else self.names.key(form)
            row = (schema, path, what, shown, files, times, file)
            for name, value in zip(PATH_FORMS.names, row, strict=True):
                out[name].append(value)
        return out


#: Likeliest Python type where several JSON types may stand: integers before reals, values before lists.
_LIKELIEST = (("integer", int), ("number", float), ("string", str), ("array", list), ("object", dict))


class _Kinds(dict[type, tuple[int, str]]):
    """Place and form by the Python type of a value."""

    def __init__(self, site: int) -> None:
        super().__init__({python: (site, name) for python, name in _TYPE_OF.items()})
        self.site = site

    def __missing__(self, python: type) -> tuple[int, str]:
        return self.site, "other"


def _unknown(
    found: Found,
    site: int,
    keys: Mapping[str, Any],
    known: frozenset[str],
    patterns: tuple[re.Pattern[str], ...],
) -> None:
    for key in keys:
        if key not in known and not any(pattern.search(key) for pattern in patterns):
            found[site, key] += 1


class _Writer(Source):
    """Writes the function that counts."""

    def __init__(self, tree: Node) -> None:
        super().__init__()
        self.sites: list[FormSite] = []
        self.index: dict[FormSite, int] = {}
        #: Counters of the likeliest type of each place, and what they count.
        self.counters: dict[str, tuple[int, str]] = {}
        self.inside(tree, "doc", "")
        before = [f"    {' = '.join(self.counters)} = 0"] if self.counters else []
        for counter, place in self.counters.items():
            with self.block(f"if {counter}:"):
                self.line(f"found[{place}] += {counter}")
        self.lines = before + self.lines

    def site(self, path: str, what: str) -> int:
        site = FormSite(path, what)
        if site not in self.index:
            self.index[site] = len(self.sites)
            self.sites.append(site)
        return self.index[site]

    def value(self, node: Node, source: str, path: str, *, typed: bool = True) -> None:
        """Count at a value and inside it; not its type where somebody else does that."""
        typed = typed and _open(node)
        if not typed and not _deep(node):
            return
        var = self.fresh("v")
        self.line(f"{var} = {source}")
        if typed:
            self.type(node, var, path)
        self.inside(node, var, path)

    def type(self, node: Node, var: str, path: str) -> None:
        """Count the type of a value: the likeliest in a variable, which costs half."""
        site = self.site(path, "type")
        likeliest = next((python for name, python in _LIKELIEST if name in node.said_types), str)
        counter = self.fresh("n")
        self.counters[counter] = (site, _TYPE_OF[likeliest])
        with self.block(f"if type({var}) is {likeliest.__name__}:"):
            self.line(f"{counter} += 1")
        with self.block("else:"):
            self.line(f"found[{self.constant('T', _Kinds(site))}[type({var})]] += 1")

    def inside(self, node: Node, var: str, path: str) -> None:
        if node.properties or node.patterns or node.additional is not None or node.branches:
            with self.object(var):
                self.strangers(node, var, path)
                self.members(node, var, path, frozenset())
        items = node.items
        if items is not None and (_open(items) or _deep(items)):
            item = self.fresh("v")
            with self.block(f"if type({var}) is list:"), self.block(f"for {item} in {var}:"):
                if _open(items):
                    self.type(items, item, f"{path}/*")
                self.inside(items, item, f"{path}/*")

    def strangers(self, node: Node, var: str, path: str) -> None:
        """Keys that nothing declares, where the other keys have names."""
        names, patterns, rest = _known(node)
        if rest or not names:
            return
        known = self.constant("K", names)
        site = self.site(path, "unknown-key")
        told = self.constant("P", tuple(map(re.compile, sorted(patterns))))
        with self.block(f"if not {known}.issuperset({var}):"):
            self.line(f"unknown(found, {site}, {var}, {known}, {told})")

    def members(self, node: Node, var: str, path: str, typed: frozenset[str]) -> None:
        """What stands in the object ``var``; the types of ``typed`` properties are counted already."""
        for name, child in node.properties.items():
            with self.block(f"if {name!r} in {var}:"):
                self.value(child, f"{var}[{name!r}]", f"{path}/{escape(name)}", typed=name not in typed)
        for pattern, child in node.patterns.items():
            key, value, regex = self.fresh("k"), self.fresh("v"), self.constant("P", re.compile(pattern))
            own, matches = f"{path}/{escape(step_of_pattern(pattern, child))}", f"if {regex}.search({key}):"
            with self.block(f"for {key}, {value} in {var}.items():"), self.block(matches):
                if "key" not in node.roles:
                    self.line(f"found[{self.site(own, 'key')}, {key}] += 1")
                self.value(child, value, own)
        if node.additional is not None and (_open(node.additional) or _deep(node.additional)):
            key, value = self.fresh("k"), self.fresh("v")
            known = self.constant("K", frozenset(node.properties))
            with self.block(f"for {key}, {value} in {var}.items():"), self.block(f"if {key} not in {known}:"):
                self.value(node.additional, value, f"{path}/{{*}}")
        counted = typed | {name for name, child in node.properties.items() if _open(child)}
        for branch in node.branches:
            self.branch(branch, var, path, counted)

    def branch(self, branch: Branch, var: str, path: str, typed: frozenset[str]) -> None:
        """What a branch adds to the object ``var``."""
        if _deep(branch.node) or any(map(_open, branch.node.properties.values())):
            with self.block(f"if {self.condition(branch.tests, var) or 'True'}:"):
                self.members(branch.node, var, path, typed)


def _open(node: Node) -> bool:
    """More than one JSON type may stand here; integers are numbers, and null is the absence of a value."""
    if not node.said_types:
        return not node.declares()
    return len({"number" if kind == "integer" else kind for kind in node.said_types} - {"null"}) > 1


def _deep(node: Node) -> bool:
    """There is something to count inside."""
    inner = node.items
    return bool(node.properties or node.patterns or node.additional is not None or node.branches) or (
        inner is not None and (_open(inner) or _deep(inner))
    )


def _known(node: Node) -> tuple[frozenset[str], frozenset[str], bool]:
    """Names and patterns of the keys that an object's schema knows in any branch; whether it knows all."""
    names, patterns = frozenset(node.properties), frozenset(node.patterns)
    rest = node.additional is not None
    for branch in node.branches:
        more, others, all_ = _known(branch.node)
        names, patterns, rest = names | more, patterns | others, rest or all_
    return names, patterns, rest
