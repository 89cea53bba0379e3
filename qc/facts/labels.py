"""The labels producer: label documents -> validation and facts, a chunk at a time.

Pure: what it returns depends on the job alone. Nothing that a document holds makes it raise.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from xxhash import xxh3_64_intdigest

from qc.deliverable.reading import Reader, ReadError
from qc.documents.document import Document, Problem
from qc.documents.limits import LARGEST, too_large
from qc.documents.locate import locate
from qc.documents.pointers import split
from qc.documents.readers import READERS
from qc.documents.text import text_of
from qc.facts import tables
from qc.facts.attributes import Attributes, map_column
from qc.facts.geometry import Collector, collector
from qc.facts.hashing import Words, mix, of_slices, of_texts
from qc.facts.ids import row_ids
from qc.facts.producers import Job, Member
from qc.facts.within import Found, Within
from qc.schemas import library, values
from qc.schemas.errors import KEYS_AS_DETAIL, holds, iter_errors
from qc.schemas.generate import Collected
from qc.schemas.naming import Digest, Names
from qc.schemas.paths import Faults, count_any
from qc.schemas.roles import ROWS
from qc.schemas.sites import LinkSite, RowSite
from qc.schemas.splitting import Unit

#: Places stored of each (file, path, keyword); all are counted.
PLACES_PER_ERROR = 5
#: Files of a chunk in which the line of an error is looked up, for each (path, keyword).
LOCATED_FILES = 200
#: Documents whose shapes and attributes may wait to be taken together: it bounds memory.
DOCUMENTS_WAITING = 200

Tables = dict[str, list[pa.Table]]


def read_labels(job: Job) -> dict[str, pa.Table]:
    """Tables of facts of the label files of a job.

    ``job.options``: ``schemas`` maps a schema's id to its path (or shipped id); ``text_key`` is the project's
    key (bytes) for digests of free text.
    """
    chunk = _Chunk(job.options)
    with Reader() as reader:
        for member in job.members:
            chunk.read(reader, member)
        return chunk.tables()


class _Chunk:
    """Collects the rows of a chunk."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        key = bytes(options["text_key"])
        digest = lru_cache(maxsize=10_000)(lambda text: keyed_digest(text, key))
        self.collected = {
            id_: _Collected(library.load(reference), digest) for id_, reference in options["schemas"].items()
        }
        self.names = Names(digest)
        self.documents: list[tuple[Any, ...]] = []
        self.coverage: list[tuple[Any, ...]] = []
        self.errors: list[tuple[Any, ...]] = []
        self.located: Counter[tuple[str, str]] = Counter()
        self.stems: dict[int, str] = {}

    def read(self, reader: Reader, member: Member) -> None:
        """Read one label file; whatever is wrong with it becomes rows."""
        parse = READERS.get(member.extension)
        if parse is None:
            self.cover(member, "skipped", "no-reader")
            return
        try:
            data = reader.read(member.place, LARGEST)
            if too_large(data):
                raise ReadError("too-big", member.place)
        except ReadError as error:
            # Too big is a limit of ours, no fault of the file: it was not examined.
            ours = error.code == "too-big"
            self.cover(member, "skipped" if ours else "failed", error.code)
            self.document(member, None, error.code if ours else "unparsed", None, len_=0)
            return
        document = parse(data)
        self.problems(member, document.problems)
        self.cover(member, "full", None)
        if not document.parsed or member.schema is None:
            self.document(member, document, "ok" if document.parsed else "unparsed", None, len(data))
            return
        collected = self.collected[member.schema]
        self.stems[member.file] = member.stem
        valid: bool | None = holds(collected.schema.validator, document.value)
        if not valid:
            valid = self.violations(member, collected, document, data)
        collected.take(document.value, member.file, valid)
        self.document(member, document, "ok", valid, len(data))

    def document(
        self, member: Member, document: Document | None, status: str, valid: bool | None, len_: int
    ) -> None:
        encoding, lane = (document.encoding, document.lane) if document else (None, None)
        self.documents.append(
            (member.file, member.extension, member.schema, encoding, lane, status, valid, len_)
        )

    def cover(self, member: Member, status: str, reason: str | None) -> None:
        self.coverage.append(("labels", member.file, status, reason, 1.0 if status == "full" else 0.0))

    def problems(self, member: Member, problems: Sequence[Problem]) -> None:
        """FILE errors: of the document itself, before any schema."""
        if not problems:
            return
        names = self.names if member.schema is None else self.collected[member.schema].names
        totals = Counter((p.keyword, p.detail) for p in problems)
        stored: Counter[tuple[str, str | None]] = Counter()
        for p in problems:
            kind = (p.keyword, p.detail)
            if stored[kind] < PLACES_PER_ERROR:
                detail = names.shown(split(p.pointer)[-1]) if p.keyword == "duplicate-key" else p.detail
                self.errors.append(
                    (member.file, None, "FILE", "", names.pointer(p.pointer), p.line, p.col, p.keyword,
                     p.expected, p.found, detail, totals[kind], stored[kind])
                )  # fmt: skip
            stored[kind] += 1

    def violations(
        self, member: Member, collected: _Collected, document: Document, data: bytes
    ) -> bool | None:
        """STRUCTURE and FORMAT errors, counted exactly, places capped: False; None: could not be told."""
        schema = collected.schema
        faults = Faults(schema.tree, collected.index, PLACES_PER_ERROR)
        for error in iter_errors(collected.unit, document.value):
            if error.error_class == "FILE":
                self.problems(member, [Problem(error.keyword, error.pointer, expected=error.expected)])
                return None
            faults.add(error)
        collected.faulty(faults)
        totals, kept = faults.totals, faults.kept_places()
        wanted = {e.pointer for e, path, _ in kept if self.located[path, e.keyword] < LOCATED_FILES}
        self.located.update(totals.keys())
        lines = locate(text_of(data, document.encoding), wanted) if wanted else {}
        for error, path, ordinal in kept:
            line, col = lines.get(error.pointer, (None, None))
            own = path if path in collected.index else collected.names.pointer(path)
            detail = error.detail
            if detail is not None and error.keyword in KEYS_AS_DETAIL and error.pointer:
                detail = collected.names.shown(split(error.pointer)[-1])
            self.errors.append(
                (member.file, schema.id, error.error_class, own, collected.names.pointer(error.pointer),
                 line, col, error.keyword, error.expected, error.found, detail, totals[path, error.keyword],
                 ordinal)
            )  # fmt: skip
        return False

    def tables(self) -> dict[str, pa.Table]:
        out: Tables = {}
        items: Counter[int] = Counter()
        for collected in self.collected.values():
            for name, table in collected.tables(self.stems):
                out.setdefault(name, []).append(table)
                if name == "items":
                    items.update(table["file"].to_pylist())
        documents = _rows(
            tables.DOCUMENTS,
            ("file", "format", "schema", "encoding", "lane", "status", "valid", "bytes"),
            self.documents,
        )
        records = pa.array([items[f] if s else None for f, _, s, *_ in self.documents], pa.int64())
        at = tables.DOCUMENTS.names.index("records")
        out["documents"] = [documents.set_column(at, "records", records)]
        out["coverage"] = [_rows(tables.COVERAGE, tables.COVERAGE.names, self.coverage)]
        out["schema_errors"] = [_rows(tables.SCHEMA_ERRORS, tables.SCHEMA_ERRORS.names, self.errors)]
        return {
            name: pa.concat_tables(parts) for name, parts in out.items() if any(p.num_rows for p in parts)
        }


class _Collected:
    """Rows, shapes, attributes and counts of one schema over a chunk."""

    def __init__(self, schema: library.Schema, digest: Digest) -> None:
        self.schema = schema
        self.unit = Unit(schema.document, schema.validator)
        self.names = Names(digest, schema.document)
        extractor = schema.extractor
        self.extract, self.count = extractor.extract, extractor.count
        self.rows: list[list[tuple[Any, ...]]] = [[] for _ in extractor.rows]
        self.shapes: list[Collector] = [collector(site.shape) for site in extractor.shapes]
        self.attributes = [Attributes(site, self.names) for site in extractor.attributes]
        #: Shapes and attributes that wait to be taken, of documents that are valid and of those that are not.
        self.waiting: dict[bool, tuple[list[Collected], list[Collected]]] = {
            valid: ([([], []) for _ in self.shapes], [([], []) for _ in self.attributes])
            for valid in (True, False)
        }
        self.counts: list[Sequence[int]] = []
        self.index = {site.path: i for i, site in enumerate(extractor.paths)}
        self.faults: dict[str, Counter[int]] = {"STRUCTURE": Counter(), "FORMAT": Counter()}

    def take(self, value: Any, file: int, valid: bool | None) -> None:
        """Extract one document and count its attribute paths; none was examined if ``valid`` is None."""
        self.extract(value, file, self.rows, *self.waiting[bool(valid)])
        if valid is None:
            self.counts.append([0] * len(self.index))
        else:
            self.counts.append(self.count(value) if valid else count_any(self.schema.tree, value, self.index))
        if len(self.counts) % DOCUMENTS_WAITING == 0:
            self.digest_waiting()

    def digest_waiting(self) -> None:
        """Make numbers of the shapes and texts of the attributes that wait as parts of their documents."""
        for valid, (shapes, attributes) in self.waiting.items():
            for shape, (found, owners) in zip(self.shapes, shapes, strict=True):
                shape.take(found, owners)
            for attribute, (found, owners) in zip(self.attributes, attributes, strict=True):
                attribute.take(found, owners, valid=valid)
            for found, owners in (*shapes, *attributes):
                found.clear()
                owners.clear()

    def faulty(self, faults: Faults) -> None:
        """Add the faulty values of a document."""
        for error_class, counts in faults.values.items():
            self.faults[error_class].update(counts)

    def tables(self, stems: Mapping[int, str]) -> list[tuple[str, pa.Table]]:
        if not self.counts:
            return []
        out: list[tuple[str, pa.Table]] = [("schema_paths", self.path_table())]
        self.digest_waiting()
        columns = self.columns()
        measured = [shape.measure() for shape in self.shapes]
        within = Within(self.schema.extractor.rows, columns)
        for number, (site, data) in enumerate(zip(self.schema.extractor.rows, columns, strict=True)):
            if not self.rows[number]:
                continue
            table = ROWS[site.kind]
            out += _link_tables(site, data, within)
            own: dict[str, Any] = {name: values for name, values in data.items() if not name.endswith("@")}
            if "layer" in table.names:
                own.setdefault("layer", pa.repeat("delivered", len(self.rows[number])))
            if site.kind == "item":
                own["key"] = _keys(own, stems)
            elif site.kind == "class":
                own |= _class_names(own)
            elif site.kind == "annotation":
                own["content"] = self.contents(number, own, measured)
            out.append((table.name, table.arrow(own)))
        for site_, shape, measures in zip(self.schema.extractor.shapes, self.shapes, measured, strict=True):
            if shape.owners:
                made = _shape_table(columns[site_.row], site_.suffix, site_.shape, shape, measures)
                out.append(("shapes", made))
                if "coordinates" in measures:
                    points = {name: measures[name] for name in ("coordinates", "ring_sizes")}
                    out.append(("outlines", tables.OUTLINES.arrow({"shape": made["shape"], **points})))
        return out

    def columns(self) -> list[dict[str, Any]]:
        """Typed columns of the rows of each site, their ids and attributes included."""
        columns: list[dict[str, Any]] = []
        for number, (site, rows) in enumerate(zip(self.schema.extractor.rows, self.rows, strict=True)):
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

    def path_table(self) -> pa.Table:
        counts = np.array(self.counts, dtype=np.int64)
        paths = self.schema.extractor.paths
        positions = range(len(paths))
        return tables.SCHEMA_PATHS.arrow(
            {
                "schema": [self.schema.id] * len(paths),
                "path": [p.path for p in paths],
                "required": [p.required for p in paths],
                "files": (counts > 0).sum(axis=0),
                "examined": counts.sum(axis=0),
                "structure": [self.faults["STRUCTURE"][i] for i in positions],
                "format": [self.faults["FORMAT"][i] for i in positions],
            }
        )

    def contents(self, number: int, data: Mapping[str, Any], measured: Sequence[Mapping[str, Any]]) -> Words:
        """Digest of class, attributes and geometry for each annotation: its identity if it declares no id."""
        total = np.zeros(len(self.rows[number]), dtype=np.uint64)
        for site, shape, measures in zip(self.schema.extractor.shapes, self.shapes, measured, strict=True):
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


def keyed_digest(text: str, key: bytes) -> str:
    """Keyed digest of free text (BLAKE2b, RFC 7693): tells that texts are equal, nothing else of them."""
    normal = unicodedata.normalize("NFC", text).strip().encode("utf-8", "surrogatepass")
    return "~" + hashlib.blake2b(normal, digest_size=8, key=key[:64]).hexdigest()


def _columns(rows: list[tuple[Any, ...]], count: int) -> list[Any]:
    return list(zip(*rows, strict=True)) if rows else [()] * count


def _rows(table: tables.Table, names: Sequence[str], rows: list[tuple[Any, ...]]) -> pa.Table:
    return table.arrow(dict(zip(names, _columns(rows, len(names)), strict=True)))


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
