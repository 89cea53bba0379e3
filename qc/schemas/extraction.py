"""Source of the function that takes rows out of a document: one nested loop for each array of rows.

A type guard stands before every step, so that dirt never raises. Scalars come before rows whatever the
order of keys, because an inner row inherits what its outer row says. Values are collected as they are: making
columns, shapes and maps of them is done for many documents at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from qc.documents.pointers import token as escape
from qc.errors import QcError
from qc.schemas import roles as role
from qc.schemas.sites import AttributeSite, LinkSite, RowSite, ShapeSite
from qc.schemas.source import Source
from qc.schemas.tree import Bound, Node, step_of_pattern

#: Kind of column (:func:`qc.schemas.values.column`) for each column type.
_KINDS = {"text": "name", "word": "name", "real": "real", "int": "integer", "flag": "flag"}
#: Kinds of the columns that every row has.
_OWN = {"file": "id", "pointer": "text"}
#: Columns that name files, which must be found again.
_FILES = {"file_name": "text"}
#: Text columns where a whole number is a name too.
_NAMES = frozenset({"declared_id", "item_ref", "class_ref", "track", "parent", "batch", "name"})
#: Text columns that name people: only what the schema bounds is kept.
_PERSONAL = frozenset({"worker", "annotator", "speaker"})
#: What a value may be that is a row and its own column: a class may be named by a number.
_ALONE = {"class": "type({}) in (str, int)"}

#: How a place is told from its like: ``index`` or ``key``, and the source of its value.
At = tuple[str, str] | None


@dataclass
class _Row:
    """A row while its source is written: its number, and the variables that hold its columns."""

    kind: str
    site: int
    around: _Row | None
    at: At = None
    columns: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    ids: list[LinkSite] = field(default_factory=list)
    refs: list[LinkSite] = field(default_factory=list)
    bounds: dict[str, list[Bound]] = field(default_factory=dict)

    @property
    def number(self) -> str:
        """The variable that holds the row's number at its site."""
        return f"n{self.site}"

    def find(self, column: str) -> str | None:
        """The variable of a column of this row or of one around it."""
        row: _Row | None = self
        while row is not None:
            if column in row.columns:
                return row.columns[column]
            row = row.around
        return None

    def kind_of(self, column: str) -> str:
        """How that column's values are made clean."""
        row: _Row | None = self
        while row is not None:
            if column in row.columns:
                return row.kinds[column]
            row = row.around
        return _OWN[column]

    def bounds_of(self, column: str) -> tuple[Bound, ...]:
        """What the schema bounds that column's texts by."""
        row: _Row | None = self
        while row is not None:
            if column in row.columns:
                return tuple(row.bounds.get(column, ()))
            row = row.around
        return ()


class Extraction(Source):
    """Writes ``extract``; its sites are known when it is made."""

    def __init__(self, tree: Node) -> None:
        super().__init__()
        self.tree = tree
        self.row_sites: list[RowSite] = []
        self.shape_sites: list[ShapeSite] = []
        self.attribute_sites: list[AttributeSite] = []
        self.spaces = dict(_spaces(tree, None))
        #: Lists that keys alone lead to: a document may hold a part of one, from its member ``first`` on.
        self.outer = frozenset(map(id, _by_name(tree)))
        self.refuse_orphans(tree)
        if role.read(tree).row:
            self.row(tree, "doc", "", "", None, None)
        else:
            self.inner_rows(tree, "doc", "", "", None, None)

    def source(self) -> str:
        """The function's source."""
        unpacked = [f"    R{i} = rows[{i}]" for i in range(len(self.row_sites))]
        unpacked += [f"    S{i}, SO{i} = shapes[{i}]" for i in range(len(self.shape_sites))]
        unpacked += [f"    A{i}, AO{i} = attributes[{i}]" for i in range(len(self.attribute_sites))]
        head = "def extract(doc, file, rows, shapes, attributes, first=0):"
        return "\n".join([head, *unpacked, *(self.lines or ["    return None"])])

    def refuse_orphans(self, node: Node) -> None:
        """A column outside every row would be lost: say so when the schema is loaded."""
        roles = role.read(node)
        if roles.row:
            return
        if roles:
            raise QcError("roles.no-row", where=node.where)
        for inner in _inside(node):
            self.refuse_orphans(inner)

    # A pointer is written as the inside of an f-string: constants escaped, variables in braces.

    def row(self, node: Node, var: str, pointer: str, path: str, around: _Row | None, at: At) -> None:
        """Write the row that ``node`` opens, then the rows inside it."""
        kind = role.read(node).row
        assert kind is not None
        row = _Row(kind, len(self.row_sites), around, at)
        self.row_sites.append(RowSite(kind, path))  # its place; filled in below
        # A text that is a row and its own column: the name of a medium, of a class.
        alone = bool(role.read(node).columns)
        told = _ALONE.get(kind, "type({}) is str").format(var)
        # A list may be one thing: the lines of a text are the objects of one image.
        told = told if alone else f"type({var}) is list" if node.said_types == {"array"} else ""
        with self.block(f"if {told}:") if told else self.object(var):
            place = self.fresh("p")
            self.line(f'{place} = f"{pointer}"')
            start = len(self.lines)
            self.columns(node, var, "", row)
            if row.columns:
                self.lines.insert(start, "    " * self.depth + " = ".join(row.columns.values()) + " = None")
            cells, outer = self.cells(row, place)
            self.line(f"{row.number} = len(R{row.site})")
            self.line(f"R{row.site}.append(({', '.join(cells.values())},))")
            self.collected(node, var, "", row)
            self.row_sites[row.site] = RowSite(
                kind,
                path,
                tuple(cells),
                tuple(row.kind_of(name) if name not in outer else "row" for name in cells),
                tuple(outer.items()),
                tuple(row.ids),
                tuple(row.refs),
                {name: bounds for name in cells if (bounds := row.bounds_of(name))},
                "{*}" in path.split("/"),
            )
            self.inner_rows(node, var, pointer, path, row, at)

    def cells(self, row: _Row, place: str) -> tuple[dict[str, str], dict[str, int]]:
        """Columns of a row and the source of their values: own, inherited, the number of rows around it.

        The second: the columns that hold such numbers, with the sites that they count.
        """
        table = role.ROWS[row.kind]
        known = {"file": "file", "pointer": place}
        around: dict[str, int] = {}
        outer = row.around
        while outer is not None:
            column = role.ROWS[outer.kind].columns[0].name
            wanted = column in table.names[1:] and column not in known and column not in row.columns
            if wanted and outer.kind == "track" and "declared_id" in outer.columns:
                # What is observed of a track goes by the track's declared identity.
                row.columns[column], row.kinds[column] = outer.columns["declared_id"], "ident"
                row.bounds[column] = outer.bounds.get("declared_id", [])
            elif wanted:
                known[column], around[column] = outer.number, outer.site
            outer = outer.around
        for name in role.INHERITED:
            if (inherited := row.find(name)) is not None and name in table.names:
                known.setdefault(name, inherited)
        return known | row.columns, around

    def columns(self, node: Node, var: str, suffix: str, row: _Row) -> None:
        """Write the columns of ``row`` that stand at or below ``node``, not crossing into other rows."""
        roles = role.read(node)
        for name in roles.columns:
            self.column(name, node, var, row)
        if roles.groups is not None:
            self.groups(roles.groups, node, var, row)
        if roles.id is not None:
            own = var if roles.id.origin == "value" else _place(roles.id, node, row)
            self.link(roles.id, "declared_id", node, own, suffix, row, row.ids)
        if roles.ref is not None:
            foreign = None if roles.ref.scope == "file" else roles.ref.row
            kind = self.spaces.get(roles.ref.space, foreign)
            if kind not in role.REFERENCE_COLUMNS or roles.ref.row not in (None, kind):
                raise QcError("roles.no-space", where=node.where, space=roles.ref.space)
            self.link(roles.ref, role.REFERENCE_COLUMNS[kind], node, var, suffix, row, row.refs)
        for inner, inner_var, inner_suffix in self.below(node, var, suffix, _has_columns):
            self.columns(inner, inner_var, inner_suffix, row)

    def target(self, column: str, row: _Row, node: Node) -> str:
        """The variable of a column of ``row``; raises ``QcError`` if such rows have none."""
        _demand_column(column, row, node)
        return row.columns.setdefault(column, f"{column.rstrip('_')}_{row.site}")

    def column(self, column: str, node: Node, var: str, row: _Row) -> None:
        """Write a column from the value ``var``."""
        if "." in column:
            return  # an attribute: collected apart
        target = self.target(column, row, node)
        kind = next(c.type for c in role.ROWS[row.kind].columns if c.name == column)
        if node.bound is not None:
            row.bounds.setdefault(column, []).append(node.bound)
        if column in _PERSONAL:
            row.kinds[column] = "person"
        elif column in _NAMES or kind in _KINDS:
            row.kinds[column] = "ident" if column in _NAMES else _FILES.get(column, _KINDS[kind])
        else:
            raise QcError("roles.no-name", where=node.where, column=column)
        self.line(f"{target} = {var}")

    def groups(self, pattern: re.Pattern[str], node: Node, var: str, row: _Row) -> None:
        """Write the columns that the named groups of a pattern find in ``var``."""
        match = self.fresh("m")
        regex = self.constant("G_", pattern)
        with self.block(f"if type({var}) is str and ({match} := {regex}.search({var})) is not None:"):
            for name in pattern.groupindex:
                target = self.target(name, row, node)
                type_ = next(c.type for c in role.ROWS[row.kind].columns if c.name == name)
                row.kinds[name] = "person" if name in _PERSONAL else _FILES.get(name, _KINDS[type_])
                said = f"{match}[{name!r}]"
                numeric = row.kinds[name] in ("real", "integer")
                self.line(f"{target} = values.number({said})" if numeric else f"{target} = {said}")

    def link(
        self,
        link: role.Link,
        column: str,
        node: Node,
        var: str,
        suffix: str,
        row: _Row,
        sites: list[LinkSite],
    ) -> None:
        """Write an identity or a reference from the value ``var``."""
        target = row.columns.setdefault(column, f"{column}_{row.site}")
        row.kinds[column] = "ident"
        if node.bound is not None:
            row.bounds.setdefault(column, []).append(node.bound)
        self.line(f"{target} = {var}")
        if "{" in suffix:
            # Below a key that is data the place differs from document to document: it is kept with the row.
            place = row.columns.setdefault(f"{column}@", f"{column}_place_{row.site}")
            row.kinds[f"{column}@"] = "text"
            self.line(f'{place} = f"{suffix}"')
        sites.append(LinkSite(column, _plain(suffix), link))

    def collected(self, node: Node, var: str, suffix: str, row: _Row) -> None:
        """Write what is collected apart from the row itself: its shapes and its attributes."""
        roles = role.read(node)
        if roles.shape is not None:
            if row.kind != "annotation" or "{" in suffix:
                raise QcError("roles.shape-place", where=node.where)
            self.collect(f"S{len(self.shape_sites)}", f"SO{len(self.shape_sites)}", var, row)
            self.shape_sites.append(ShapeSite(row.site, _plain(suffix), roles.shape))
        for site in _attributes(node, roles, row):
            _demand_column(site.column, row, node)
            self.collect(f"A{len(self.attribute_sites)}", f"AO{len(self.attribute_sites)}", var, row)
            self.attribute_sites.append(site)
        for inner, inner_var, inner_suffix in self.below(node, var, suffix, _collects):
            self.collected(inner, inner_var, inner_suffix, row)

    def collect(self, values: str, owners: str, var: str, row: _Row) -> None:
        """Write that ``var`` is collected, with the number of its row."""
        with self.block(f"if {var} is not None:"):
            self.line(f"{values}.append({var})")
            self.line(f"{owners}.append({row.number})")

    def below(
        self, node: Node, var: str, suffix: str, wanted: Callable[[Node], bool]
    ) -> Iterator[tuple[Node, str, str]]:
        """``(child, variable, suffix)`` of each child that is ``wanted``, inside the guards it needs."""

        def want(child: Node) -> bool:
            return not role.read(child).row and wanted(child)

        for many in (node.items, node.additional):
            if many is not None and want(many):
                raise QcError("roles.several", where=many.where)
        for child, inner, step, _, _ in self.children(node, var, want):
            yield child, inner, suffix + step

    def inner_rows(self, node: Node, var: str, pointer: str, path: str, row: _Row | None, here: At) -> None:
        """Write the rows that stand below ``node``, which itself stands ``here``."""
        for child, inner, step, generic, at in self.children(node, var, _has_rows):
            roles = role.read(child)
            if roles.decode is not None:
                # What the tags belong to is a property of the same object.
                if row is None or var not in self.objects or at is None or at[0] != "key":
                    raise QcError("roles.decode-place", where=child.where)
                self.spans(roles.decode, inner, var, pointer + step, path + generic, row)
                continue
            write = self.row if roles.row else self.inner_rows
            write(child, inner, pointer + step, path + generic, row, at or here)

    def spans(
        self, decode: role.Decode, var: str, beside: str, pointer: str, path: str, around: _Row
    ) -> None:
        """Write the spans that the tags ``var`` mark in tokens of the object ``beside``."""
        row = _Row("span", len(self.row_sites), around)
        kinds = {"start": "integer", "stop": "integer", "class": "name", "sequence": "text"}
        row.columns = {name: f"{name}_{row.site}" for name in kinds} | {"field": repr(decode.tokens)}
        row.kinds = kinds | {"field": "text"}
        tag, place = self.fresh("i"), self.fresh("p")
        tokens = f"{beside}.get({decode.tokens!r})"
        unpacked = ", ".join([tag, *(row.columns[name] for name in kinds)])
        found = f"tags.spans({var}, {tokens}, {decode.scheme!r}, {decode.joined!r})"
        with self.block(f"for {unpacked} in {found}:"):
            self.line(f'{place} = f"{pointer}/{{{tag}}}"')
            cells, outer = self.cells(row, place)
            self.line(f"R{row.site}.append(({', '.join(cells.values())},))")
            said = tuple(row.kind_of(name) if name not in outer else "row" for name in cells)
            open_ = "{*}" in path.split("/")
            site = RowSite("span", f"{path}/*", tuple(cells), said, tuple(outer.items()), open=open_)
            self.row_sites.append(site)

    def children(
        self, node: Node, var: str, wanted: Callable[[Node], bool]
    ) -> Iterator[tuple[Node, str, str, str, At]]:
        """``(child, variable, step of the pointer, step of the generic path, place)`` of each child that is
        ``wanted``, inside the guards and loops it needs; a branch is at no step and at no other place."""
        yield from self.properties(node, var, wanted)
        if node.items is not None and wanted(node.items):
            index, inner = self.fresh("i"), self.fresh("v")
            start = ", first" if id(node) in self.outer else ""
            with (
                self.block(f"if type({var}) is list:"),
                self.block(f"for {index}, {inner} in enumerate({var}{start}):"),
            ):
                yield node.items, inner, f"/{{{index}}}", "/*", ("index", index)
        for position, child in enumerate(node.prefix):
            if wanted(child):
                inner = self.fresh("v")
                with self.block(f"if type({var}) is list and len({var}) > {position}:"):
                    self.line(f"{inner} = {var}[{position}]")
                    yield child, inner, f"/{position}", "/*", ("index", str(position))
        if node.additional is not None and wanted(node.additional):
            key, inner = self.fresh("k"), self.fresh("v")
            others = [f"not {self.constant('P', re.compile(p))}.search({key})" for p in node.patterns]
            if node.properties:
                others.insert(0, f"{key} not in {self.constant('K', frozenset(node.properties))}")
            with (
                self.object(var),
                self.block(f"for {key}, {inner} in {var}.items():"),
                self.block(f"if {' and '.join(others) or 'True'}:"),
            ):
                yield node.additional, inner, f"/{{escape({key})}}", "/{*}", ("key", key)
        for branch in node.branches:
            if wanted(branch.node):
                with self.block(f"if {self.condition(branch.tests, var) or 'True'}:"):
                    yield branch.node, var, "", "", None

    def properties(
        self, node: Node, var: str, wanted: Callable[[Node], bool]
    ) -> Iterator[tuple[Node, str, str, str, At]]:
        """:meth:`children` that an object has by name or by pattern."""
        names = [(n, c) for n, c in node.properties.items() if wanted(c)]
        patterns = [(p, c) for p, c in node.patterns.items() if wanted(c)]
        if not (names or patterns):
            return
        with self.object(var):
            for name, child in names:
                inner, step = self.fresh("v"), escape(name)
                self.line(f"{inner} = {var}.get({name!r})")
                yield child, inner, f"/{_literal(step)}", f"/{step}", ("key", repr(name))
            for pattern, child in patterns:
                key, inner = self.fresh("k"), self.fresh("v")
                regex = self.constant("P", re.compile(pattern))
                with (
                    self.block(f"for {key}, {inner} in {var}.items():"),
                    self.block(f"if {regex}.search({key}):"),
                ):
                    generic = f"/{step_of_pattern(pattern, child)}"
                    yield child, inner, f"/{{escape({key})}}", generic, ("key", key)


def _attributes(node: Node, roles: role.Roles, row: _Row) -> Iterator[AttributeSite]:
    """The attributes that a node brings to its row."""
    for name in roles.columns:
        column, _, key = name.partition(".")
        if key:
            yield AttributeSite(row.site, column, key, {}, node.bound)
    if roles.key == "attribute":
        bounds = {name: child.bound for name, child in node.properties.items()}
        rest = node.additional.bound if node.additional is not None else None
        yield AttributeSite(row.site, "attrs", None, bounds, rest)


def _place(link: role.Link, node: Node, row: _Row) -> str:
    """Source of the index or key of the row that ``node`` opens; raises ``QcError`` if it has none."""
    kind, source = row.at or ("", "")
    if kind != link.origin or not role.read(node).row:
        raise QcError("roles.id-place", where=node.where, origin=link.origin)
    return source


def _demand_column(column: str, row: _Row, node: Node) -> None:
    if column not in role.ROWS[row.kind].names:
        raise QcError("roles.no-column", where=node.where, row=row.kind, column=column)


def _collects(node: Node) -> bool:
    """Shapes or attributes stand at or below ``node``, in its row."""
    found = role.read(node)
    return bool(found.shape or found.key or any("." in c for c in found.columns)) or any(
        _collects(inner) for inner in _inside(node) if not role.read(inner).row
    )


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


def _by_name(node: Node) -> Iterator[Node]:
    """The node, and those that names of properties lead to."""
    yield node
    for child in node.properties.values():
        yield from _by_name(child)


def _has_rows(node: Node) -> bool:
    roles = role.read(node)
    return bool(roles.row or roles.decode) or any(map(_has_rows, _inside(node)))


def _has_columns(node: Node) -> bool:
    found = role.read(node)
    return bool(found.columns or found.groups or found.id or found.ref) or any(
        _has_columns(inner) for inner in _inside(node) if not role.read(inner).row
    )


def _spaces(node: Node, kind: str | None) -> Iterator[tuple[str, str]]:
    """``(space, kind of row)`` for every id of the tree."""
    found = role.read(node)
    kind = found.row or kind
    if found.id is not None and kind is not None:
        yield found.id.space, kind
    for inner in _inside(node):
        yield from _spaces(inner, kind)
