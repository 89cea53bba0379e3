"""Which kinds of documents can be read, and by what: one table. Every reader gives a JSON-like value."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from qc.documents import delimited, jsonlines, limits, lines, records, sheets, tokens, xmls, yamls
from qc.documents.blocks import Blocks
from qc.documents.document import Document, KeysMet
from qc.documents.jsons import read_json
from qc.documents.limits import Costs
from qc.documents.locate import locate
from qc.documents.options import Options
from qc.documents.records import Form, read_large_records
from qc.documents.streaming import Large, TooLargeError, Where, read_large
from qc.documents.text import decode
from qc.documents.wanted import Places
from qc.documents.xmlstream import read_large_xml


def _read_json(data: bytes, options: Options) -> Document:  # noqa: ARG001 - of the form of a reader
    return read_json(data)


def _locate_json(
    data: bytes,
    pointers: Collection[str],
    options: Options,  # noqa: ARG001 - of the form of a locator
) -> Places:
    text, _, _ = decode(data)
    return dict(locate(text or "", pointers))


@dataclass(frozen=True, slots=True)
class Kind:
    """How documents of one kind are read.

    ``extensions`` are those of its files; ``unbound`` those that are read so even if no schema says what they
    are (what a ``.txt`` is, its schema alone knows). ``texts``: all its values are texts, to which a schema's
    types are given. ``costs`` in memory are those of :func:`qc.documents.limits.memory`. ``border`` says
    where a block of whole records may end, if a large document can be read block by block. ``header``: its
    keys are the first row of a table.
    """

    name: str
    extensions: frozenset[str]
    unbound: frozenset[str]
    read: Callable[[bytes, Options], Document]
    locate: Callable[[bytes, Collection[str], Options], Places]
    texts: bool = False
    costs: Costs = field(default_factory=dict)
    border: Callable[[bytes], int] | None = None
    header: bool = False

    def parse(self, data: bytes, options: Options, keys_met: KeysMet | None = None) -> Document:
        """Read one document; never raises. ``keys_met`` may spare a reader of JSON its proof that no key was
        lost."""
        return read_json(data, keys_met) if self.name == "json" else self.read(data, options)

    def in_pieces(self, lists: Collection[Where] | None) -> bool:
        """Whether a document of which these lists may be divided (None: any) can be read in pieces."""
        if self.name in ("json", "xml"):
            return lists is None or bool(lists)
        return self.border is not None and (lists is None or () in lists)

    def read_large(
        self, blocks: Blocks, lists: Collection[Where] | None, options: Options
    ) -> Large | Document:
        """Go through a document that is too large to be read whole, as :func:`~streaming.read_large` does.

        Raises ``TooLargeError`` also where :meth:`in_pieces` is not true.
        """
        if self.name == "json":
            return read_large(blocks, lists)
        if self.name == "xml":
            return read_large_xml(blocks, lists)
        if self.border is None or not self.in_pieces(lists):
            raise TooLargeError
        form = Form(self.read, self.locate, self.costs, self.border, self.name == "csv", self.name == "jsonl")
        return read_large_records(blocks, form, options)

    def too_large(self, data: bytes) -> bool:
        """Whether a document is too large to be examined whole."""
        return limits.too_large(data, self.costs)


def _kind(
    name: str,
    extensions: str,
    unbound: str,
    read: Callable[[bytes, Options], Document],
    locate: Callable[[bytes, Collection[str], Options], Places],
    *,
    texts: bool = False,
    costs: Costs | None = None,
    border: Callable[[bytes], int] | None = None,
    header: bool = False,
) -> Kind:
    known, alone = frozenset(extensions.split()), frozenset(unbound.split())
    return Kind(name, known, alone, read, locate, texts, costs or {}, border, header)


_ROWS: Costs = {b"\n": 700, b",": 100, b"\t": 100, b";": 100}
_KINDS = (
    _kind("json", "json geojson", "json geojson", _read_json, _locate_json, costs=limits.JSON),
    _kind(
        "jsonl", "jsonl ndjson jsonlines", "jsonl ndjson jsonlines",
        jsonlines.read_jsonlines, jsonlines.locate_jsonlines, costs=limits.JSON, border=records.after_line,
    ),
    _kind(
        "yaml", "yaml yml", "yaml yml", yamls.read_yaml, yamls.locate_yaml,
        costs={b"\n": 300, b",": 64, b"{": 600, b"[": 100, b":": 100},
    ),
    _kind(
        "xml", "xml gml kml eaf", "xml gml kml eaf", xmls.read_xml, xmls.locate_xml, texts=True,
        costs={b"<": 300},
    ),
    _kind(
        "csv", "csv tsv tab txt", "csv", delimited.read_csv, delimited.locate_csv, texts=True, costs=_ROWS,
        border=records.after_row, header=True,
    ),
    _kind("xlsx", "xlsx xlsm", "xlsx xlsm", sheets.read_xlsx, sheets.locate_xlsx, header=True),
    _kind(
        "lines", "txt", "", lines.read_lines, lines.locate_lines, texts=True,
        costs={b"\n": 700, b" ": 100, b"\t": 100, b",": 100}, border=records.after_line,
    ),
    _kind(
        "tokens", "txt tsv conll conllu bio iob", "", tokens.read_tokens, tokens.locate_tokens, texts=True,
        costs={b"\n": 300}, border=records.after_blank_line,
    ),
    _kind("text", "txt", "txt tsv tab", lines.read_text, lines.locate_text, texts=True),
)  # fmt: skip

#: Kinds by name: what ``x-qc.document.kind`` may say.
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}
#: How a file without a schema is read, by its extension: one of another extension is not examined.
UNBOUND: Mapping[str, Kind] = {extension: kind for kind in _KINDS for extension in sorted(kind.unbound)}


def extensions_of(options: Options) -> frozenset[str]:
    """Extensions of the files that a schema with these options holds for."""
    return frozenset(options.extensions) or KINDS[options.kind].extensions


def kind_of(extension: str, options: Options | None) -> Kind | None:
    """How a file is read: as its schema says, else as its extension does; None if nobody knows."""
    return KINDS[options.kind] if options is not None else UNBOUND.get(extension)
