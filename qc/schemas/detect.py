"""Which of the shipped formats do these labels have? Told from a sample, with the reason.

A format fits when a document's attributes are those that the schema declares and its required keys are there.
Validity does not decide: a faulty delivery must still be recognised, so that it can be told what is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qc.schemas.errors import holds
from qc.schemas.library import Schema
from qc.schemas.naming import looks_like_name
from qc.schemas.paths import JSON_TYPES
from qc.schemas.paths import holds as branch_holds
from qc.schemas.tree import Node

#: Least share of known attributes times share of required keys for a format to be taken.
LEAST_FIT = 0.6
#: Least score of a part of a deliverable to go with other parts of the format.
LEAST_PART = 0.3
#: Scores that differ by no more do not tell two formats apart.
ABOUT_AS_WELL = 0.05
#: Top-level properties that a schema does not know are named up to this number.
UNREAD_NAMED = 5
#: Kinds of documents whose keys come from the schema itself: any text has them.
IMPOSED = frozenset({"lines", "tokens", "text"})
#: Array items looked at in a document: enough to know its shape.
ITEMS_SEEN = 5


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a schema fits a sample: shares in 0..1, means over the documents.

    ``known`` of the documents' attributes are declared by the schema, ``required`` of its required keys are
    there, ``valid`` documents hold altogether, ``specific`` attributes of the schema were seen. ``unread``
    names top-level properties that the schema does not know, the most frequent first, at most
    :data:`UNREAD_NAMED`.
    """

    schema: str
    sampled: int
    known: float
    required: float
    valid: int
    specific: int
    unread: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        """``known`` times ``required``, 0..1: what :data:`LEAST_FIT` is compared with."""
        return self.known * self.required


def fit(schema: Schema, documents: Sequence[Any]) -> Fit:
    """How ``schema`` fits parsed ``documents``."""
    known = required = 0.0
    seen: set[str] = set()
    unread: Counter[str] = Counter()
    telling = [document for document in documents if _tells(schema, document)]
    for document in telling:
        tally = _Tally(by_value=schema.options.kind in IMPOSED or not schema.options.header)
        tally.look(schema.tree, document, "")
        known += tally.known / max(tally.attributes, 1)
        required += tally.present / max(tally.required, 1)
        seen |= tally.seen
        unread.update(tally.unread)
    count = max(len(telling), 1)
    valid = sum(holds(schema.validator, document) for document in documents)
    # What looks like no name may be somebody's: the first screen does not show it.
    names = sorted(filter(looks_like_name, unread), key=lambda name: (-unread[name], name))[:UNREAD_NAMED]
    return Fit(schema.id, len(documents), known / count, required / count, valid, len(seen), tuple(names))


def detect(
    documents: Mapping[str, Sequence[Any]], schemas: Mapping[str, Schema]
) -> tuple[Fit | None, list[Fit]]:
    """The best fit, or None if no schema fits, and all fits, best first.

    ``documents`` are the values of a sample as each of the ``schemas`` (by id) reads them; a schema that
    reads none, or but empty ones, does not fit. Between two that fit alike the more specific one wins (an
    AI-Hub variant before plain COCO).
    """
    fits = [
        fit(schema, documents[id_])
        for id_, schema in schemas.items()
        if any(_tells(schema, document) for document in documents.get(id_, ()))
    ]
    fits.sort(key=_order)
    best = fits[0] if fits and fits[0].score >= LEAST_FIT else None
    return best, fits


def merged(fits: Sequence[Fit]) -> Fit:
    """The fit of one schema to several samples as one."""
    count = max(sum(f.sampled for f in fits), 1)
    unread = dict.fromkeys(name for f in sorted(fits, key=lambda f: -f.sampled) for name in f.unread)
    return Fit(
        fits[0].schema,
        sum(f.sampled for f in fits),
        sum(f.known * f.sampled for f in fits) / count,
        sum(f.required * f.sampled for f in fits) / count,
        sum(f.valid for f in fits),
        max(f.specific for f in fits),
        tuple(unread)[:UNREAD_NAMED],
    )


@dataclass(frozen=True, slots=True)
class Part:
    """A sample of one part of a deliverable (a folder, an archive): its name, its files, how schemas fit."""

    place: str
    files: int
    fits: Mapping[str, Fit]

    @property
    def best(self) -> float:
        """The best score of all schemas; 0 without documents."""
        return max((fit.score for fit in self.fits.values()), default=0.0)


def assign(parts: Sequence[Part]) -> dict[str, list[Part]]:
    """Which parts have which format, the best format of the whole first; parts that fit none are left out.

    A part goes to the format that fits the whole best among those that fit the part about as well as any
    other: parts of one format in which different keys happen to be used stay together. A part that alone
    fits too little goes with the rest of its format, if these are many: its labels are wrong, not foreign.
    """
    left = [part for part in parts if part.fits]
    whole = [merged([part.fits[schema] for part in left]) for schema in (left[0].fits if left else ())]
    found: dict[str, list[Part]] = {}
    for schema in (f.schema for f in sorted(whole, key=_order)):
        mine = [p for p in left if p.fits[schema].score >= max(LEAST_PART, p.best - ABOUT_AS_WELL)]
        files = sum(p.files for p in mine)
        if sum(p.files * p.fits[schema].score for p in mine) < LEAST_FIT * files:
            mine = [p for p in mine if p.fits[schema].score >= LEAST_FIT]
        if mine:
            found[schema] = mine
            left = [p for p in left if p not in mine]
    return found


def _tells(schema: Schema, document: Any) -> bool:
    """Whether a document tells anything about its format: an empty list of records is of any that has lists
    of records (YOLO's label of a picture without objects)."""
    return document != [] or schema.tree.said_types != {"array"}


def _order(fit: Fit) -> tuple[float, int, int, str]:
    """The best fit first; of two that fit alike the more specific one."""
    return -round(fit.score, 3), -fit.valid, -fit.specific, fit.schema


class _Tally:
    """Attributes of one document against a schema."""

    def __init__(self, *, by_value: bool = False) -> None:
        #: An attribute is known only if its value may stand there: keys tell nothing.
        self.by_value = by_value
        self.attributes = self.known = self.required = self.present = 0
        self.seen: set[str] = set()
        #: Unknown properties of the document itself, or of its records if it is a list.
        self.unread: set[str] = set()

    def line(self, fits: bool) -> None:
        """A line of a text that is one value: it is all that the schema asks for, if it fits."""
        self.attributes += 1
        self.required += 1
        self.known += fits
        self.present += fits
        self.seen |= {"/*"} if fits else set()

    def look(self, node: Node, value: Any, path: str) -> None:
        if type(value) is list:
            for item in value[:ITEMS_SEEN]:
                if type(item) is dict or type(item) is list:
                    self.look(node.items or Node(""), item, f"{path}/*")
                elif self.by_value and not path and node.items is not None:
                    self.line(_may_be(node.items, item))
            return
        if type(value) is not dict:
            if node.types and node.types <= {"object", "array"}:
                self.required += 1  # a container was promised: none of what it requires is there
            return
        nodes = [node, *(b.node for b in node.branches if branch_holds(b.tests, value))]
        wanted = {name for n in nodes for name in n.required}
        # A property that is a pattern ("Raw_Data_Info" with or without its dot) is wanted once.
        patterns = [p for n in nodes for p in n.patterns]
        self.required += len(wanted) + len(patterns)
        self.present += len(wanted & value.keys())
        matched = set()
        for key, inner in value.items():
            self.attributes += 1
            step, child = key, None
            for n in nodes:
                step, child = n.child(key)
                if child is not None:
                    break
            if child is None:
                if path in ("", "/*"):
                    self.unread.add(key)
                continue
            self.known += not self.by_value or _may_be(child, inner)
            self.seen.add(f"{path}/{step}")
            matched.add(step)
            self.look(child, inner, f"{path}/{step}")
        titles = {n.child(key)[0] for n in nodes for key in value if n.patterns and key not in n.properties}
        self.present += min(len(patterns), len(titles & matched))


def _may_be(node: Node, value: Any) -> bool:
    """Whether a value has a type, a text also the form, and a list the length that the schema asks for."""
    if type(value) is list:
        enough = len(value) >= node.least
        return enough and all(node.items is None or _may_be(node.items, item) for item in value[:ITEMS_SEEN])
    types = node.said_types
    if types and types.isdisjoint(JSON_TYPES.get(type(value), ())):
        return False
    bound = node.bound
    return type(value) is not str or bound is None or bound.holds(value)
