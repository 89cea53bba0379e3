"""What the documents of one schema hold, collected over a chunk or a part of it, and made into tables.

Values are collected as they come; columns, shapes and maps are made of many at once.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from xxhash import xxh3_64_intdigest

from qc.documents.document import Document
from qc.documents.readers import KINDS
from qc.documents.wanted import Places
from qc.facts import tables
from qc.facts.attributes import Attributes, map_column
from qc.facts.geometry import Collector, collector
from qc.facts.hashing import Words, mix, of_slices, of_texts
from qc.facts.ids import row_ids
from qc.facts.meeting import neighbours
from qc.facts.within import Found, Within
from qc.schemas import generate, library, values
from qc.schemas.errors import holds
from qc.schemas.forms import FormCounts
from qc.schemas.naming import Digest, Names
from qc.schemas.paths import Faults, count_any
from qc.schemas.roles import ROWS
from qc.schemas.sites import LinkSite, RowSite
from qc.schemas.splitting import Unit

#: Documents whose shapes and attributes may wait to be taken together: few enough to stay in the cache.
DOCUMENTS_WAITING = 50
#: Documents whose counts are added up together.
_COUNTS_WAITING = 1000


class _Look(NamedTuple):
    """What a schema says of a document's value. Of one that is not valid nothing is counted yet."""

    value: Any
    valid: bool = False
    keys: int = 0
    counts: Sequence[int] = ()


class Collected:
    """What is known of the documents of one schema: their rows, and counts of their attribute paths."""

    def __init__(self, schema: library.Schema, digest: Digest) -> None:
        self.schema = schema
        self.unit = Unit(schema.document, schema.validator)
        header = KINDS[schema.options.kind].header and schema.options.header
        self.names = Names(digest, schema.document, header=header)
        self.count = schema.extractor.count
        self.index = {site.path: i for i, site in enumerate(schema.extractor.paths)}
        self.rows = Rows(schema, self.names)
        self.forms = FormCounts(schema.forms, self.names)
        self.faults: dict[str, Counter[int]] = {"STRUCTURE": Counter(), "FORMAT": Counter()}
        self._documents = 0
        self._counts: list[Sequence[int]] = []
        self._files = np.zeros(len(self.index), dtype=np.int64)
        self._examined = np.zeros(len(self.index), dtype=np.int64)
        self._looked = _Look(object())

    def read(self, data: bytes) -> Document:
        """Read a document as the schema says, its values of the types that it declares."""
        schema = self.schema
        kind = KINDS[schema.options.kind]
        if schema.coerce is None:
            return kind.parse(data, schema.options, self.keys_met)
        document = kind.parse(data, schema.options)
        if document.parsed:
            document.value = schema.coerce(document.value)
        return document

    def locate(self, data: bytes, pointers: Collection[str]) -> Places:
        """Line and column of the values at pointers."""
        return KINDS[self.schema.options.kind].locate(data, pointers, self.schema.options)

    def holds(self, value: Any) -> bool:
        """Whether a document is valid."""
        return self._look(value).valid

    def keys_met(self, value: Any) -> int:
        """Keys known to be in a value: the reader's proof that none was merged."""
        return self._look(value).keys

    def _look(self, value: Any) -> _Look:
        """Validate a value and count in it: once, though its reader asks first and then the chunk."""
        if self._looked.value is not value:
            valid = holds(self.schema.validator, value)
            self._looked = _Look(value, valid, *self.count(value)) if valid else _Look(value)
        return self._looked

    def take(self, value: Any, file: int, valid: bool | None) -> None:
        """Extract one document and count its attribute paths; none was examined if ``valid`` is None."""
        self.rows.take(value, file, valid=bool(valid))
        self.forms.take(value, file)
        if valid is None:
            self.counted([0] * len(self.index))
        elif valid:
            self.counted(self._look(value).counts)
        else:
            self.counted(count_any(self.schema.tree, value, self.index))
        self._looked = _Look(object())  # a large document is not kept until the next is read

    def counted(self, counts: Sequence[int]) -> None:
        """Add the values at the attribute paths of one document."""
        self._counts.append(counts)
        if len(self._counts) >= _COUNTS_WAITING:
            self._add_up()

    def _add_up(self) -> None:
        if self._counts:
            self._documents += len(self._counts)
            counts = np.array(self._counts, dtype=np.int64)
            self._files += (counts > 0).sum(axis=0)
            self._examined += counts.sum(axis=0)
            self._counts.clear()

    def faulty(self, faults: Faults) -> None:
        """Add the faulty values of a document."""
        for error_class, counts in faults.values.items():
            self.faults[error_class].update(counts)

    def drain(self, stems: Mapping[int, str]) -> list[tuple[str, pa.Table]]:
        """The rows that were collected so far; from now on others are. ``stems``: names of the files."""
        made = self.rows.tables(stems)
        self.rows = Rows(self.schema, self.names)
        return made

    def totals(self) -> list[tuple[str, pa.Table]]:
        """What was counted over all documents."""
        self._add_up()
        paths = self.schema.extractor.paths
        positions = range(len(paths))
        if not self._documents:
            return []
        counted = tables.SCHEMA_PATHS.arrow(
            {
                "schema": [self.schema.id] * len(paths),
                "path": [p.path for p in paths],
                "required": [p.required for p in paths],
                "files": self._files,
                "examined": self._examined,
                "structure": [self.faults["STRUCTURE"][i] for i in positions],
                "format": [self.faults["FORMAT"][i] for i in positions],
            }
        )
        forms = tables.PATH_FORMS.arrow(self.forms.columns(self.schema.id))
        return [("schema_paths", counted), ("path_forms", forms)]


class Rows:
    """Rows, shapes and attributes of documents of one schema, or of parts of one document."""

    def __init__(self, schema: library.Schema, names: Names) -> None:
        self.extractor, self.names = schema.extractor, names
        self.rows: list[list[tuple[Any, ...]]] = [[] for _ in self.extractor.rows]
        self.shapes: list[Collector] = [collector(site.shape) for site in self.extractor.shapes]
        self.attributes = [Attributes(site, names) for site in self.extractor.attributes]
        #: What the rows declare, once their tables are made.
        self.within: Within | None = None
        #: Shapes and attributes that wait to be taken, of documents that are valid and of those that are not.
        self._waiting: dict[bool, tuple[list[generate.Collected], list[generate.Collected]]] = {
            valid: ([([], []) for _ in self.shapes], [([], []) for _ in self.attributes])
            for valid in (True, False)
        }
        self._taken = 0

    def take(self, value: Any, file: int, *, valid: bool, first: int = 0) -> None:
        """Extract one document, or a part of one (:class:`qc.schemas.generate.Extract`)."""
        self.extractor.extract(value, file, self.rows, *self._waiting[valid], first)
        self._taken += 1
        if self._taken % DOCUMENTS_WAITING == 0:
            self.digest_waiting()

    @property
    def count(self) -> int:
        """How many rows there are."""
        return sum(map(len, self.rows))

    def digest_waiting(self) -> None:
        """Make numbers of the shapes and texts of the attributes that wait as parts of their documents."""
        for valid, (shapes, attributes) in self._waiting.items():
            for shape, (found, owners) in zip(self.shapes, shapes, strict=True):
                shape.take(found, owners)
            for attribute, (found, owners) in zip(self.attributes, attributes, strict=True):
                attribute.take(found, owners, valid=valid)
            for found, owners in (*shapes, *attributes):
                found.clear()
                owners.clear()

    def tables(
        self,
        stems: Mapping[int, str],
        wanted: Callable[[RowSite], bool] = lambda _: True,
        before: Within | None = None,
        later: Collection[str] = (),
    ) -> list[tuple[str, pa.Table]]:
        """Tables of the rows at the sites ``wanted``; of parts of a file, ``before`` and ``later`` are as
        :class:`~qc.facts.within.Within` has them."""
        if not any(self.rows):
            return []
        out: list[tuple[str, pa.Table]] = []
        self.digest_waiting()
        columns = self.columns()
        measured = [shape.measure() for shape in self.shapes]
        within = self.within = Within(self.extractor.rows, columns, before, later)
        for number, (site, data) in enumerate(zip(self.extractor.rows, columns, strict=True)):
            if not self.rows[number] or not wanted(site):
                continue
            table = ROWS[site.kind]
            out += _link_tables(site, data, within)
            # Places of ids, and references of rows that have no column for them, stand in ids and refs alone.
            own: dict[str, Any] = {name: values for name, values in data.items() if name in table.names}
            if "layer" in table.names:
                own.setdefault("layer", pa.repeat("delivered", len(self.rows[number])))
            if site.kind == "item":
                own["key"] = _keys(own, stems)
            elif site.kind == "class":
                own |= _class_names(own)
            elif site.kind == "annotation":
                own["content"] = self.contents(number, own, measured)
            out.append((table.name, table.arrow(own)))
        return out + self.shape_tables(columns, measured, wanted)

    def shape_tables(
        self,
        columns: Sequence[Mapping[str, Any]],
        measured: Sequence[Mapping[str, Any]],
        wanted: Callable[[RowSite], bool],
    ) -> list[tuple[str, pa.Table]]:
        """Shapes, their outlines, and which of them meet."""
        shapes, outlines, classes = [], [], []
        for site, shape, measures in zip(self.extractor.shapes, self.shapes, measured, strict=True):
            if not shape.owners or not wanted(self.extractor.rows[site.row]):
                continue
            rows = columns[site.row]
            shapes.append(_shape_table(rows, site.suffix, site.shape, shape, measures))
            owned = rows.get("class", pa.nulls(len(self.rows[site.row]), pa.string()))
            classes.append(owned.take(pa.array(shape.owners, pa.int64())))
            if "coordinates" in measures:
                points = {name: measures[name] for name in ("coordinates", "ring_sizes")}
                outlines.append(tables.OUTLINES.arrow({"shape": shapes[-1]["shape"], **points}))
        if not shapes:
            return []
        made = pa.concat_tables(shapes)
        points = pa.concat_tables([tables.OUTLINES.schema.empty_table(), *outlines]).combine_chunks()
        # Items are rows of their own files: nobody else's annotations come to them before files are linked.
        met = neighbours(
            made.append_column("class", pa.chunked_array(classes)),
            lambda wanted: points.take(pc.index_in(wanted, value_set=points["shape"].combine_chunks())),
        )
        return [("shapes", made), ("outlines", points), ("neighbours", met)]

    def columns(self) -> list[dict[str, Any]]:
        """Typed columns of the rows of each site, their ids and attributes included."""
        columns: list[dict[str, Any]] = []
        for number, (site, rows) in enumerate(zip(self.extractor.rows, self.rows, strict=True)):
            found = dict(zip(site.columns, _columns(rows, len(site.columns)), strict=True))
            around = dict(site.around)
            data: dict[str, Any] = {
                name: values.column(found[name], kind, self.names, site.bounds.get(name, ()))
                for name, kind in zip(site.columns, site.kinds, strict=True)
                if name not in around
            }
            if site.open:
                data["pointer"] = self.names.pointers(data["pointer"])
            data[ROWS[site.kind].columns[0].name] = row_ids(data["file"], data["pointer"])
            for name, outer in site.around:
                data[name] = columns[outer][name].take(pa.array(found[name], pa.int64()))
            own = [a for a in self.attributes if a.site.row == number]
            for column in sorted({a.site.column for a in own}):
                data[column] = map_column((a for a in own if a.site.column == column), len(rows))
            columns.append(data)
        return columns

    def contents(self, number: int, data: Mapping[str, Any], measured: Sequence[Mapping[str, Any]]) -> Words:
        """Digest of class, attributes and geometry for each annotation: its identity if it declares no id."""
        total = np.zeros(len(self.rows[number]), dtype=np.uint64)
        for site, shape, measures in zip(self.extractor.shapes, self.shapes, measured, strict=True):
            if site.row == number and "digest" in measures:
                np.add.at(total, np.asarray(shape.owners, dtype=np.int64), measures["digest"])
        for salt, name in enumerate(("class", "class_ref")):
            if name in data:
                total ^= of_texts(data[name]) * np.uint64(2 * salt + 3)
        if "attrs" in data:
            attrs = data["attrs"]
            pairs = mix(of_texts(attrs.keys)) ^ of_texts(attrs.items)
            total ^= of_slices(pairs, attrs.offsets.to_numpy().astype(np.int64), ordered=False)
        return mix(total)


def typed_rows(table: tables.Table, names: Sequence[str], rows: list[tuple[Any, ...]]) -> pa.Table:
    """Rows of ``table`` from tuples of its columns ``names``."""
    return table.arrow(dict(zip(names, _columns(rows, len(names)), strict=True)))


def _columns(rows: list[tuple[Any, ...]], count: int) -> list[Any]:
    return list(zip(*rows, strict=True)) if rows else [()] * count


def _link_tables(site: RowSite, data: dict[str, Any], within: Within) -> list[tuple[str, pa.Table]]:
    """Rows of ``ids``, and of ``refs`` where a file does not resolve; ``data`` gets what references name."""
    out = [_link_rows(tables.IDS, site, link, data, data[link.column].is_valid()) for link in site.ids]
    resolved: dict[str, Found] = {}
    for link in site.refs:
        open_ = data[link.column].is_valid()
        led = None
        if link.link.scope == "file":
            led = resolved[link.link.space] = within.find(link.link.space, data["file"], data[link.column])
            open_ = pc.and_(open_, pc.invert(pc.fill_null(led.resolves, False)))
        out.append(_link_rows(tables.REFS, site, link, data, open_, led and led.resolves))
    within.complete(data, resolved)
    return [(name, rows) for name, rows in out if rows.num_rows]


def _link_rows(
    table: tables.Table,
    site: RowSite,
    link: LinkSite,
    data: Mapping[str, Any],
    kept: pa.Array,
    resolves: pa.Array | None = None,
) -> tuple[str, pa.Table]:
    """The rows of an identity or a reference where ``kept``."""
    found = data[link.column].filter(kept)
    row = ROWS[site.kind].columns[0].name
    rows = {
        "file": data["file"].filter(kept),
        "pointer": _places(data, link, kept),
        "subject": data[row].filter(kept),
        "kind": pa.repeat(site.kind, len(found)),
        "space": pa.repeat(link.link.space, len(found)),
        "scope": pa.repeat(link.link.scope, len(found)),
        "value": found,
    }
    if resolves is not None:
        rows["resolves"] = resolves.filter(kept)
    return table.name, table.arrow(rows)


def _places(data: Mapping[str, Any], link: LinkSite, kept: pa.Array) -> pa.Array:
    own = data.get(f"{link.column}@")
    suffix = link.suffix if own is None else own.filter(kept)
    return pc.binary_join_element_wise(data["pointer"].filter(kept), suffix, "")


def _keys(data: Mapping[str, Any], stems: Mapping[int, str]) -> list[str | None]:
    """Normalised name of each item: its declared file's without extension, else its label's."""
    files = data["file"].to_pylist()
    names = data["file_name"].to_pylist() if "file_name" in data else [None] * len(files)
    return [_key(name) if name else stems.get(file) for name, file in zip(names, files, strict=True)]


def _key(name: str) -> str:
    path = name.replace("\\", "/")
    stem, _, extension = path.rpartition(".")
    return stem if stem and "/" not in extension else path


def _class_names(data: Mapping[str, Any]) -> dict[str, Any]:
    names = data.get("name", data.get("class", pa.nulls(len(data["file"]), pa.string())))
    normal = [_normal(n) if n else None for n in names.to_pylist()]
    return {"name": names, "class": data.get("class", names), "normal": normal}


@lru_cache(maxsize=10_000)
def _normal(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _shape_table(
    rows: Mapping[str, Any],
    suffix: str,
    role: Mapping[str, Any],
    shape: Collector,
    measures: Mapping[str, Any],
) -> pa.Table:
    """Shapes of one place of the schema, with what they take from their annotations."""
    owners = pa.array(shape.owners, pa.int64())
    count = len(owners)
    annotations = rows["annotation"].take(owners)
    place = np.uint64(xxh3_64_intdigest(suffix.encode()))
    data: dict[str, Any] = {
        "shape": mix(annotations.to_numpy() ^ place),
        "annotation": annotations,
        "pointer": pc.binary_join_element_wise(rows["pointer"].take(owners), suffix, ""),
        "layer": pa.repeat("delivered", count),
        "kind": pa.repeat(shape.kind, count),
        "ordering": pa.repeat(shape.order, count),
        "space": pa.repeat(role.get("space", "pixel"), count),
        "origin": pa.repeat(pa.scalar(role.get("origin", 0), pa.int64()), count),
        "sensor": pa.repeat(pa.scalar(role.get("sensor"), pa.string()), count),
    }
    for name in ("item", "file", "part", "frame"):
        if name in rows:
            data[name] = rows[name].take(owners)
    return tables.SHAPES.arrow({**data, **{k: v for k, v in measures.items() if k in tables.SHAPES.names}})
