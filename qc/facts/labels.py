"""The labels producer: label documents -> validation and facts, a chunk at a time.

Pure: what it returns depends on the job alone. Nothing that a document holds makes it raise.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import pyarrow as pa

from qc.deliverable.reading import Reader, ReadError
from qc.documents import limits
from qc.documents.document import Document, Problem
from qc.documents.options import Options
from qc.documents.pointers import split
from qc.documents.readers import Kind, kind_of
from qc.documents.streaming import TooLargeError, Where
from qc.facts import tables
from qc.facts.collecting import Collected, typed_rows
from qc.facts.large import LargeDocument, Place, problems_of
from qc.facts.producers import Job, Member, Parts, Tables, joined
from qc.schemas import library
from qc.schemas.errors import KEYS_AS_DETAIL, iter_errors
from qc.schemas.naming import Names
from qc.schemas.paths import Faults

#: What a reader calls a document that is a limit of ours, and no fault of its own.
TOO_BIG = "too-big"
#: Places stored of each (file, path, keyword); all are counted.
PLACES_PER_ERROR = 5
#: Files of a chunk in which the line of an error is looked up, for each (path, keyword).
LOCATED_FILES = 200
#: Bytes of documents whose rows are made into tables together: bounds memory.
PART = 16 << 20
#: Of a large document, the share of the time that it takes to go through it once, before its rows are taken.
_FIRST_LOOK = 0.1


def read_labels(job: Job) -> Parts:
    """Tables of facts of the label files of a job, in parts.

    ``job.options``: ``schemas`` maps a schema's id to its path (or shipped id); ``text_key`` is the project's
    key (bytes) for digests of free text.
    """
    chunk = _Chunk(job.options, job.alive)
    with Reader() as reader:
        for member in job.members:
            yield from chunk.read(reader, member)
        yield chunk.drain()
        yield chunk.totals()


class _Chunk:
    """Collects the rows of a chunk."""

    def __init__(self, options: Mapping[str, Any], alive: Callable[[int], None]) -> None:
        key = bytes(options["text_key"])
        digest = lru_cache(maxsize=10_000)(lambda text: keyed_digest(text, key))
        self.collected = {
            id_: Collected(library.load(reference), digest) for id_, reference in options["schemas"].items()
        }
        self.alive = alive
        #: Of documents without a schema, by whether their keys are a table's header.
        self.names = {header: Names(digest, header=header) for header in (False, True)}
        self.documents: list[tuple[Any, ...]] = []
        self.coverage: list[tuple[Any, ...]] = []
        self.errors: list[tuple[Any, ...]] = []
        self.located: Counter[tuple[str, str]] = Counter()
        self.stems: dict[int, str] = {}
        #: Items of documents whose rows are gone already.
        self.records: Counter[int] = Counter()
        #: Bytes of the documents whose rows are here.
        self.held = 0

    def read(self, reader: Reader, member: Member) -> Parts:
        """Read one label file; whatever is wrong with it becomes rows. Some may come back at once."""
        collected = None if member.schema is None else self.collected[member.schema]
        kind = kind_of(member.extension, None if collected is None else collected.schema.options)
        if kind is None:
            self.cover(member, "skipped", "no-reader")
            return
        try:
            divided = _lists(collected)
            can_be = kind.in_pieces(divided)
            data = None
            if not (can_be and member.place.size > limits.WHOLE):
                data = reader.read(member.place, limits.LARGEST)
                if can_be and limits.takes_more(data, kind.costs, limits.WHOLE_MEMORY):
                    data = None
                elif kind.too_large(data):
                    raise ReadError(TOO_BIG, member.place)
            if data is None:
                yield from self.large(reader, member, kind, collected, divided)
            else:
                self.whole(member, kind, collected, data)
                self.held += len(data)
        except (ReadError, TooLargeError) as error:
            # Too big is a limit of ours, no fault of the file: it was not examined.
            code = error.code if isinstance(error, ReadError) else TOO_BIG
            ours = code == TOO_BIG
            self.cover(member, "skipped" if ours else "failed", code)
            self.document(member, kind.name, None, code if ours else "unparsed", None, len_=0)
        if self.held >= PART:
            yield self.drain()
            self.alive(member.place.size)

    def whole(self, member: Member, kind: Kind, collected: Collected | None, data: bytes) -> None:
        """Take a document that is in memory."""
        document = collected.read(data) if collected else kind.parse(data, Options(kind.name))
        if any(problem.keyword == TOO_BIG for problem in document.problems):  # unpacked it would be
            raise ReadError(TOO_BIG, member.place)
        self.problems(member, document.problems)
        self.cover(member, "full", None)
        if not document.parsed or collected is None:
            status = "ok" if document.parsed else "unparsed"
            self.document(member, kind.name, document, status, None, len(data))
            return
        self.stems[member.file] = member.stem
        valid: bool | None = collected.holds(document.value)
        if not valid:
            valid = self.violations(member, collected, document, data)
        collected.take(document.value, member.file, valid)
        self.document(member, kind.name, document, "ok", valid, len(data))

    def large(
        self,
        reader: Reader,
        member: Member,
        kind: Kind,
        collected: Collected | None,
        divided: Collection[Where] | None,
    ) -> Parts:
        """Take a document piece by piece."""
        size, seen = member.place.size, 0

        def blocks(start: int) -> Iterator[bytes]:
            nonlocal seen
            for block in reader.blocks(member.place, start):
                seen = min(seen + len(block), size)
                self.alive(int(seen * _FIRST_LOOK))
                yield block

        options = Options(kind.name) if collected is None else collected.schema.options
        found = kind.read_large(blocks, divided, options)
        if isinstance(found, Document):
            self.problems(member, found.problems)
            self.cover(member, "full", None)
            self.document(member, kind.name, found, "unparsed", None, size)
            return

        def alive(done: int) -> None:
            self.alive(int(size * _FIRST_LOOK + done * (1 - _FIRST_LOOK)))

        valid: bool | None = None
        if collected is None:
            problems, slow = problems_of(found, alive)
        else:
            taken = LargeDocument(found, collected, member.file, member.stem, PLACES_PER_ERROR)
            yield from taken.parts(alive)
            problems, slow, valid = taken.problems, taken.slow, taken.valid
            self.records[member.file] = taken.records
            if valid is False:
                lines = taken.lines
                self.faulty(member, collected, taken.faults, lambda _: lines)
        self.problems(member, problems)
        self.cover(member, "full", None)
        document = Document(None, True, found.encoding, "slow" if slow else "fast")
        self.document(member, kind.name, document, "ok", valid, size)

    def document(
        self,
        member: Member,
        kind: str,
        document: Document | None,
        status: str,
        valid: bool | None,
        len_: int,
    ) -> None:
        encoding, lane = (document.encoding, document.lane) if document else (None, None)
        self.documents.append((member.file, kind, member.schema, encoding, lane, status, valid, len_))

    def cover(self, member: Member, status: str, reason: str | None) -> None:
        self.coverage.append(("labels", member.file, status, reason, 1.0 if status == "full" else 0.0))

    def problems(self, member: Member, problems: Sequence[Problem]) -> None:
        """FILE errors: of the document itself, before any schema."""
        if not problems:
            return
        unbound = kind_of(member.extension, None)
        names = self.names[unbound is not None and unbound.header]
        if member.schema is not None:
            names = self.collected[member.schema].names
        totals: Counter[tuple[str, str | None]] = Counter()
        for p in problems:
            totals[p.keyword, p.detail] += p.times
        stored: Counter[tuple[str, str | None]] = Counter()
        for p in problems:
            kind = (p.keyword, p.detail)
            if stored[kind] < PLACES_PER_ERROR:
                detail = p.detail
                if p.keyword in ("duplicate-key", "duplicate-column"):
                    detail = names.shown(split(p.pointer)[-1] if p.pointer else detail or "")
                self.errors.append(
                    (member.file, None, "FILE", "", names.pointer(p.pointer), p.line, p.col, p.keyword,
                     p.expected, p.found, detail, totals[kind], stored[kind])
                )  # fmt: skip
            stored[kind] += 1

    def violations(
        self, member: Member, collected: Collected, document: Document, data: bytes
    ) -> bool | None:
        """STRUCTURE and FORMAT errors, counted exactly, places capped: False; None: could not be told."""
        faults = Faults(collected.schema.tree, collected.index, PLACES_PER_ERROR)
        for error in iter_errors(collected.unit, document.value):
            if error.error_class == "FILE":
                self.problems(member, [Problem(error.keyword, error.pointer, expected=error.expected)])
                return None
            faults.add(error)
        collected.faulty(faults)
        self.faulty(member, collected, faults, lambda wanted: collected.locate(data, wanted))
        return False

    def faulty(
        self,
        member: Member,
        collected: Collected,
        faults: Faults,
        locate: Callable[[Collection[str]], Mapping[str, Place]],
    ) -> None:
        """The errors of a document."""
        totals, kept = faults.totals, faults.kept_places()
        wanted = {e.pointer for e, path, _ in kept if self.located[path, e.keyword] < LOCATED_FILES}
        self.located.update(totals.keys())
        lines = locate(wanted) if wanted else {}
        for error, path, ordinal in kept:
            line, col = lines.get(error.pointer, (None, None))
            own = path if path in collected.index else collected.names.pointer(path)
            detail = error.detail
            if detail is not None and error.keyword in KEYS_AS_DETAIL and error.pointer:
                detail = collected.names.shown(split(error.pointer)[-1])
            where = collected.names.pointer(error.pointer)
            self.errors.append(
                (member.file, collected.schema.id, error.error_class, own, where, line, col, error.keyword,
                 error.expected, error.found, detail, totals[path, error.keyword], ordinal)
            )  # fmt: skip

    def drain(self) -> Tables:
        """The rows that were collected so far; from now on others are."""
        made: list[Tables] = []
        for collected in self.collected.values():
            for name, table in collected.drain(self.stems):
                made.append({name: table})
                if name == "items":
                    self.records.update(table["file"].to_pylist())
        documents = typed_rows(
            tables.DOCUMENTS,
            ("file", "format", "schema", "encoding", "lane", "status", "valid", "bytes"),
            self.documents,
        )
        records = pa.array([self.records[f] if s else None for f, _, s, *_ in self.documents], pa.int64())
        at = tables.DOCUMENTS.names.index("records")
        made.append({"documents": documents.set_column(at, "records", records)})
        for same, rows in ((tables.COVERAGE, self.coverage), (tables.SCHEMA_ERRORS, self.errors)):
            made.append({same.name: typed_rows(same, same.names, rows)})
        for kept in (self.documents, self.coverage, self.errors, self.stems, self.records):
            kept.clear()
        self.held = 0
        return joined(made)

    def totals(self) -> Tables:
        """What was counted over the whole chunk."""
        return joined({name: rows} for one in self.collected.values() for name, rows in one.totals())


def _lists(collected: Collected | None) -> Collection[Where] | None:
    """The lists of documents that may be read in pieces; None: any, since no schema says what they mean."""
    if collected is None:
        return None
    return tuple(one.where for one in collected.unit.lists)


def keyed_digest(text: str, key: bytes) -> str:
    """Keyed digest of free text (BLAKE2b, RFC 7693): tells that texts are equal, nothing else of them."""
    normal = unicodedata.normalize("NFC", text).strip().encode("utf-8", "surrogatepass")
    return "~" + hashlib.blake2b(normal, digest_size=8, key=key[:64]).hexdigest()
