"""From a schema's tree to Python source: an extractor and a counter of attribute paths.

Both are generated, because a walk over the tree for every document costs twice the parsing and the
validating together. The source is plain (``python -c 'print(load("coco-instances").extractor.source)'``),
one nested loop for each array of rows, with a type guard before every step, so that dirt never raises.

Scalars come before rows whatever the order of keys: an inner row inherits what its outer row says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from qc.documents.pointers import token as escape
from qc.errors import QcError
from qc.facts.ids import row_id
from qc.schemas import roles as role
from qc.schemas import values
from qc.schemas.tree import Branch, Node, Test, step_of_pattern

Rows = list[tuple[Any, ...]]
AddShape = Callable[[Any, int], None]
Extract = Callable[[Any, int, Sequence[Rows], Sequence[AddShape], values.Digest], None]
Count = Callable[[Any], tuple[int, ...]]

#: Kind of column (:func:`qc.schemas.values.column`) for each column type.
_KINDS = {"text": "text", "real": "real", "int": "integer", "flag": "flag"}
#: Python's types for JSON's, as source.
_PYTHON_TYPES = {
    "object": ("dict",), "array": ("list",), "string": ("str",), "boolean": ("bool",),
    "null": ("type(None)",), "integer": ("int",), "number": ("int", "float"),
}  # fmt: skip
#: Text columns where a whole number is a name too.
_NAMES = frozenset({"declared_id", "item_ref", "class_ref", "track", "parent", "batch"})
#: Text columns that name people: kept only when the schema bounds them.
_PERSONAL = frozenset({"worker", "annotator", "speaker"})


@dataclass(frozen=True, slots=True)
class LinkSite:
    """A column that holds an identity or a reference; ``suffix`` leads from the row's pointer to it."""

    column: str
    suffix: str
    link: role.Link


@dataclass(frozen=True, slots=True)
class RowSite:
    """A place of the schema where rows stand: the tuples collected there have these columns.

    ``kinds`` gives for each column how its values are made clean (:func:`qc.schemas.values.column`), None
    if they are.
    """

    kind: str
    path: str
    columns: tuple[str, ...]
    kinds: tuple[str | None, ...]
    ids: tuple[LinkSite, ...]
    refs: tuple[LinkSite, ...]


@dataclass(frozen=True, slots=True)
class ShapeSite:
    """A place where shapes stand, in the rows of ``RowSite`` number ``row``."""

    row: int
    suffix: str
    shape: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PathSite:
    """An attribute path; ``required`` where its parent is present."""

    path: str
    required: bool


@dataclass(frozen=True)
class Extractor:
    """Compiled from a tree. ``extract(document, file id, rows per site, add per shape site, digest)``."""

    source: str
    rows: tuple[RowSite, ...]
    shapes: tuple[ShapeSite, ...]
    paths: tuple[PathSite, ...]
    constants: Mapping[str, Any]

    @cached_property
    def _namespace(self) -> dict[str, Any]:
        space = {"row_id": row_id, "escape": escape, "values": values, **self.constants}
        exec(compile(self.source, "<extractor>", "exec"), space)
        return space

    @property
    def extract(self) -> Extract:
        """Appends the rows of one document; never raises for what a document holds."""
        function: Extract = self._namespace["extract"]
        return function

    @property
    def count(self) -> Count:
        """Values at each of :attr:`paths` in a document that is *valid*: a required key is not looked at."""
        function: Count = self._namespace["count"]
        return function


def generate(tree: Node) -> Extractor:
    """The extractor of a schema's tree.

    Raises ``QcError`` (``roles.*``) when a role has no row to hang on or stands where one value
    would become many.
    """
    extraction = _Extraction(tree)
    counting = _Counting(tree, extraction.names)
    return Extractor(
        source=extraction.source() + "\n\n" + counting.source(),
        rows=tuple(extraction.row_sites),
        shapes=tuple(extraction.shape_sites),
        paths=tuple(counting.paths),
        constants={**extraction.constants, **counting.constants},
    )


# --- writing source -------------------------------------------------------------------------------


class _Source:
    """Lines of Python with indentation and fresh names, numbered after the ``names`` that are taken."""

    def __init__(self, names: int = 0) -> None:
        self.lines: list[str] = []
        self.depth = 1
        self.names = names
        self.constants: dict[str, Any] = {}
        self.objects: set[str] = set()

    def line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
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
        self.names += 1
        return f"{prefix}{self.names}"

    def constant(self, prefix: str, value: Any) -> str:
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


# --- extraction -----------------------------------------------------------------------------------


@dataclass
class _Row:
    """A row while its source is written: where its id and columns are."""

    kind: str
    site: int
    id: str
    around: _Row | None
    columns: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    ids: list[LinkSite] = field(default_factory=list)
    refs: list[LinkSite] = field(default_factory=list)

    def find(self, column: str) -> str | None:
        """The variable of a column of this row or of one around it."""
        row: _Row | None = self
        while row is not None:
            if column in row.columns:
                return row.columns[column]
            row = row.around
        return None

    def find_kind(self, column: str) -> str | None:
        """How that column's values are made clean."""
        row: _Row | None = self
        while row is not None:
            if column in row.columns:
                return row.kinds.get(column)
            row = row.around
        return None


class _Extraction(_Source):
    def __init__(self, tree: Node) -> None:
        super().__init__()
        self.tree = tree
        self.row_sites: list[RowSite] = []
        self.shape_sites: list[ShapeSite] = []
        self.spaces = dict(_spaces(tree, None))
        self.refuse_orphans(tree)
        if role.read(tree).row:
            self.row(tree, "doc", "", "", None)
        else:
            self.inner_rows(tree, "doc", "", "", None)

    def source(self) -> str:
        head = "def extract(doc, fid, rows, shapes, digest):"
        unpacked = [f"    R{i} = rows[{i}]" for i in range(len(self.row_sites))]
        unpacked += [f"    G{i} = shapes[{i}]" for i in range(len(self.shape_sites))]
        return "\n".join([head, *unpacked, *(self.lines or ["    return None"])])

    def refuse_orphans(self, node: Node) -> None:
        """A column outside every row would be lost: say so when the schema is loaded."""
        roles = role.read(node)
        if roles.row:
            return
        if roles:
            raise QcError("roles.no-row", where=node.where or "/")
        for inner in _inside(node):
            self.refuse_orphans(inner)

    # A pointer is written as the inside of an f-string: constants escaped, variables in braces.

    def row(self, node: Node, var: str, pointer: str, path: str, around: _Row | None) -> None:
        """Write the row that ``node`` opens, then the rows inside it."""
        kind = role.read(node).row
        assert kind is not None
        row = _Row(kind, len(self.row_sites), self.fresh("id"), around)
        self.row_sites.append(RowSite(kind, path, (), (), (), ()))  # its place; filled in below
        with self.object(var):
            place = self.fresh("p")
            self.line(f'{place} = f"{pointer}"')
            self.line(f"{row.id} = row_id({place}.encode(), fid)")
            start = len(self.lines)
            self.columns(node, var, "", row)
            if row.columns:
                self.lines.insert(start, "    " * self.depth + " = ".join(row.columns.values()) + " = None")
            names, cells = self.cells(row, place)
            if self.has_shapes(node):
                self.line(f"owner{row.site} = len(R{row.site})")
            self.line(f"R{row.site}.append(({', '.join(cells)},))")
            self.shapes(node, var, "", row)
            kinds = tuple(row.find_kind(name) for name in names)
            self.row_sites[row.site] = RowSite(kind, path, names, kinds, tuple(row.ids), tuple(row.refs))
            self.inner_rows(node, var, pointer, path, row)

    def cells(self, row: _Row, place: str) -> tuple[tuple[str, ...], list[str]]:
        """Columns of a row and the source of their values: own, inherited, and the rows around it."""
        table = role.ROWS[row.kind]
        known = {table.columns[0].name: row.id, "file": "fid", "pointer": place}
        outer = row.around
        while outer is not None:
            known.setdefault(role.ROWS[outer.kind].columns[0].name, outer.id)
            outer = outer.around
        for name in role.INHERITED:
            if (inherited := row.find(name)) is not None:
                known.setdefault(name, inherited)
        known.update(row.columns)
        kept = [name for name in known if name in table.names or name.endswith("@")]
        return tuple(kept), [known[name] for name in kept]

    def columns(self, node: Node, var: str, suffix: str, row: _Row) -> None:
        """Write the columns of ``row`` that stand at or below ``node``, not crossing into other rows."""
        roles = role.read(node)
        for name in roles.columns:
            self.column(name, node, var, row)
        if roles.key == "attribute":
            target = self.target("attrs", row, node)
            bounded = None if node.additional is not None and _bounded(node.additional) else {
                name for name, child in node.properties.items() if _bounded(child)
            }  # fmt: skip
            self.line(f"{target} = values.add_all({target}, {var}, {self.constant('K', bounded)}, digest)")
        if roles.groups is not None:
            self.groups(roles.groups, node, var, row)
        if roles.id is not None:
            self.link(roles.id, "declared_id", var, suffix, row, row.ids)
        if roles.ref is not None:
            kind = self.spaces.get(roles.ref.space)
            if kind not in role.REFERENCE_COLUMNS:
                raise QcError("roles.no-space", where=node.where, space=roles.ref.space)
            self.link(roles.ref, role.REFERENCE_COLUMNS[kind], var, suffix, row, row.refs)
        for inner, inner_var, inner_suffix in self.below(node, var, suffix, _has_columns):
            self.columns(inner, inner_var, inner_suffix, row)

    def target(self, column: str, row: _Row, node: Node) -> str:
        if column not in role.ROWS[row.kind].names:
            raise QcError("roles.no-column", where=node.where, row=row.kind, column=column)
        return row.columns.setdefault(column, f"{column.rstrip('_')}_{row.site}")

    def column(self, name: str, node: Node, var: str, row: _Row) -> None:
        column, _, key = name.partition(".")
        target = self.target(column, row, node)
        if key:
            bounded = _bounded(node)
            self.line(f"{target} = values.add({target}, {key!r}, {var}, {bounded}, digest)")
            return
        kind = next(c.type for c in role.ROWS[row.kind].columns if c.name == column)
        if column in _PERSONAL:
            self.line(f"{target} = values.attribute({var}, {_bounded(node)}, digest)")
        elif column in _NAMES or kind in _KINDS:
            row.kinds[column] = "ident" if column in _NAMES else _KINDS[kind]
            self.line(f"{target} = {var}")
        else:
            raise QcError("roles.no-name", where=node.where, column=column)

    def groups(self, pattern: re.Pattern[str], node: Node, var: str, row: _Row) -> None:
        match = self.fresh("m")
        regex = self.constant("G_", pattern)
        with self.block(f"if type({var}) is str and ({match} := {regex}.search({var})) is not None:"):
            for name in pattern.groupindex:
                target = self.target(name, row, node)
                kind = next(c.type for c in role.ROWS[row.kind].columns if c.name == name)
                row.kinds[name] = "real" if kind == "real" else "text"
                self.line(f"{target} = values.{'number' if kind == 'real' else 'text'}({match}[{name!r}])")

    def link(
        self, link: role.Link, column: str, var: str, suffix: str, row: _Row, sites: list[LinkSite]
    ) -> None:
        target = row.columns.setdefault(column, f"{column}_{row.site}")
        row.kinds[column] = "ident"
        self.line(f"{target} = {var}")
        if "{" in suffix:
            # Below a key that is data the place differs from document to document: it is kept with the row.
            place = row.columns.setdefault(f"{column}@", f"{column}_place_{row.site}")
            self.line(f'{place} = f"{suffix}"')
        sites.append(LinkSite(column, _plain(suffix), link))

    def shapes(self, node: Node, var: str, suffix: str, row: _Row) -> None:
        shape = role.read(node).shape
        if shape is not None:
            if row.kind != "annotation" or "{" in suffix:
                raise QcError("roles.shape-place", where=node.where)
            with self.block(f"if {var} is not None:"):
                self.line(f"G{len(self.shape_sites)}({var}, owner{row.site})")
            self.shape_sites.append(ShapeSite(row.site, _plain(suffix), shape))
        for inner, inner_var, inner_suffix in self.below(node, var, suffix, self.has_shapes):
            self.shapes(inner, inner_var, inner_suffix, row)

    def has_shapes(self, node: Node) -> bool:
        return role.read(node).shape is not None or any(
            self.has_shapes(inner) for inner in _inside(node) if not role.read(inner).row
        )

    def below(
        self, node: Node, var: str, suffix: str, wanted: Callable[[Node], bool]
    ) -> Iterator[tuple[Node, str, str]]:
        """``(child, variable, suffix)`` of each child that is ``wanted``, inside the guards it needs."""

        def want(child: Node) -> bool:
            return not role.read(child).row and wanted(child)

        names = [(n, c) for n, c in node.properties.items() if want(c)]
        patterns = [(p, c) for p, c in node.patterns.items() if want(c)]
        if names or patterns:
            with self.object(var):
                for name, child in names:
                    inner = self.fresh("v")
                    self.line(f"{inner} = {var}.get({name!r})")
                    yield child, inner, f"{suffix}/{_literal(escape(name))}"
                for pattern, child in patterns:
                    key, inner, regex = (
                        self.fresh("k"),
                        self.fresh("v"),
                        self.constant("P", re.compile(pattern)),
                    )
                    with (
                        self.block(f"for {key}, {inner} in {var}.items():"),
                        self.block(f"if {regex}.search({key}):"),
                    ):
                        yield child, inner, f"{suffix}/{{escape({key})}}"
        for index, child in enumerate(node.prefix):
            if want(child):
                inner = self.fresh("v")
                with self.block(f"if type({var}) is list and len({var}) > {index}:"):
                    self.line(f"{inner} = {var}[{index}]")
                    yield child, inner, f"{suffix}/{index}"
        for many in (node.items, node.additional):
            if many is not None and want(many):
                raise QcError("roles.several", where=many.where)
        for branch in node.branches:
            if want(branch.node):
                with self.block(f"if {self.condition(branch.tests, var) or 'True'}:"):
                    yield branch.node, var, suffix

    def inner_rows(self, node: Node, var: str, pointer: str, path: str, row: _Row | None) -> None:
        """Write the rows that stand below ``node``."""
        names = [(n, c) for n, c in node.properties.items() if _has_rows(c)]
        patterns = [(p, c) for p, c in node.patterns.items() if _has_rows(c)]
        if names or patterns:
            with self.object(var):
                for name, child in names:
                    inner, step = self.fresh("v"), escape(name)
                    self.line(f"{inner} = {var}.get({name!r})")
                    self.row_or_inner(child, inner, f"{pointer}/{_literal(step)}", f"{path}/{step}", row)
                for pattern, child in patterns:
                    key, inner, regex = (
                        self.fresh("k"),
                        self.fresh("v"),
                        self.constant("P", re.compile(pattern)),
                    )
                    with (
                        self.block(f"for {key}, {inner} in {var}.items():"),
                        self.block(f"if {regex}.search({key}):"),
                    ):
                        step = step_of_pattern(pattern, child)
                        self.row_or_inner(child, inner, f"{pointer}/{{escape({key})}}", f"{path}/{step}", row)
        if node.items is not None and _has_rows(node.items):
            index, inner = self.fresh("i"), self.fresh("v")
            with (
                self.block(f"if type({var}) is list:"),
                self.block(f"for {index}, {inner} in enumerate({var}):"),
            ):
                self.row_or_inner(node.items, inner, f"{pointer}/{{{index}}}", f"{path}/*", row)
        for position, child in enumerate(node.prefix):
            if _has_rows(child):
                inner = self.fresh("v")
                with self.block(f"if type({var}) is list and len({var}) > {position}:"):
                    self.line(f"{inner} = {var}[{position}]")
                    self.row_or_inner(child, inner, f"{pointer}/{position}", f"{path}/*", row)
        if node.additional is not None and _has_rows(node.additional):
            key, inner = self.fresh("k"), self.fresh("v")
            with self.object(var), self.block(f"for {key}, {inner} in {var}.items():"):
                self.row_or_inner(
                    node.additional, inner, f"{pointer}/{{escape({key})}}", f"{path}/{{*}}", row
                )
        for branch in node.branches:
            if _has_rows(branch.node):
                with self.block(f"if {self.condition(branch.tests, var) or 'True'}:"):
                    self.row_or_inner(branch.node, var, pointer, path, row)

    def row_or_inner(self, node: Node, var: str, pointer: str, path: str, row: _Row | None) -> None:
        if role.read(node).row:
            self.row(node, var, pointer, path, row)
        else:
            self.inner_rows(node, var, pointer, path, row)


def _literal(step: str) -> str:
    """A constant step inside an f-string that is written between double quotes."""
    return (
        step.replace("\\", "\\\\")
        .replace('"', '\\"')
        .replace("{", "{{")
        .replace("}", "}}")
        .replace("\n", "\\n")
    )


def _plain(suffix: str) -> str:
    """The suffix itself, from its form inside an f-string."""
    return (
        suffix.replace("{{", "{")
        .replace("}}", "}")
        .replace('\\"', '"')
        .replace("\\n", "\n")
        .replace("\\\\", "\\")
    )


def _inside(node: Node) -> Iterator[Node]:
    for _, child in node.children():
        yield child
    for branch in node.branches:
        yield branch.node


def _has_rows(node: Node) -> bool:
    return role.read(node).row is not None or any(map(_has_rows, _inside(node)))


def _has_columns(node: Node) -> bool:
    found = role.read(node)
    return bool(found.columns or found.key or found.groups or found.id or found.ref) or any(
        _has_columns(inner) for inner in _inside(node) if not role.read(inner).row
    )


def _bounded(node: Node) -> bool:
    """The schema bounds the value: no free text can stand here."""
    return node.bounded or bool(node.types and "string" not in node.types)


def _spaces(node: Node, kind: str | None) -> Iterator[tuple[str, str]]:
    """``(space, kind of row)`` for every id of the tree."""
    found = role.read(node)
    kind = found.row or kind
    if found.id is not None and kind is not None:
        yield found.id.space, kind
    for inner in _inside(node):
        yield from _spaces(inner, kind)


# --- counting -------------------------------------------------------------------------------------


class _Counting(_Source):
    """Counts, in valid documents, the values at every attribute path.

    A required key occurs as often as its parent, so only parents and optional keys need a counter; arrays
    whose items have neither are counted by their length.
    """

    def __init__(self, tree: Node, names: int) -> None:
        super().__init__(names)
        self.paths: list[PathSite] = []
        self.results: list[str] = []
        self.counters: list[str] = []
        parents = self.counter()
        self.line(f"{parents} = 1")
        self.add("", True, parents)
        if tree.types == frozenset({"array"}) or tree.items is not None:
            self.array(tree, "doc", "")
        self.members(tree, "doc", "", parents)

    def source(self) -> str:
        init = ["    " + " = ".join(self.counters) + " = 0"]
        result = "".join(f"{r}, " for r in self.results)
        return "\n".join(["def count(doc):", *init, *self.lines, f"    return ({result})"])

    def counter(self) -> str:
        name = self.fresh("n")
        self.counters.append(name)
        return name

    def members(
        self, node: Node, var: str, path: str, parents: str, counted: frozenset[str] | None = None
    ) -> None:
        """Count the properties of the object ``var``; ``parents`` is the counter of such objects.

        ``counted`` (in a branch) names the properties that the object counts already.
        """
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
            known = self.constant("K", frozenset(node.properties))
            with self.block(f"for {key}, {value} in {var}.items():"), self.block(f"if {key} not in {known}:"):
                self.line(f"{own} += 1")
                self.value(node.additional, value, f"{path}/{{*}}")
        for branch in node.branches:
            self.branch(node, branch, var, path, parents, counted or frozenset())

    def branch(
        self, node: Node, branch: Branch, var: str, path: str, parents: str, counted: frozenset[str]
    ) -> None:
        """Count what a branch adds to ``node``: its properties are optional, and ``counted`` only once."""
        if branch.node.declares():
            known = counted | frozenset(node.properties)
            with self.object(var), self.block(f"if {self.condition(branch.tests, var) or 'True'}:"):
                self.members(branch.node, var, path, parents, counted=known)

    def value(self, node: Node, source: str, path: str) -> None:
        """Count what is inside the value ``source`` stands at ``path``."""
        if not self.deep(node):
            return
        var = self.fresh("v")
        self.line(f"{var} = {source}")
        if node.properties or node.patterns or node.additional is not None or node.branches:
            with self.object(var):
                parents = self.counter()
                self.line(f"{parents} += 1")
                self.members(node, var, path, parents)
        self.array(node, var, path)

    def array(self, node: Node, var: str, path: str) -> None:
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
                    self.members(items, item, f"{path}/*", parents)
                self.array(items, item, f"{path}/*")

    def add(self, path: str, required: bool, counter: str) -> None:
        known = {p.path: i for i, p in enumerate(self.paths)}
        if (index := known.get(path)) is not None:
            # The same path in several branches is one attribute.
            self.results[index] += f" + {counter}"
            return
        self.paths.append(PathSite(path, required))
        self.results.append(counter)

    def deep(self, node: Node) -> bool:
        """Has attribute paths inside."""
        return bool(node.properties or node.patterns or node.additional is not None or node.branches) or (
            node.items is not None and self.deep(node.items)
        )
