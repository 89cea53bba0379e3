"""Which of the shipped formats do these labels have? Told from a sample, with the reason.

A format fits when a document's attributes are those that the schema declares and its required keys are there.
Validity does not decide: a faulty delivery must still be recognised, so that it can be told what is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from qc.schemas.errors import holds
from qc.schemas.library import Schema
from qc.schemas.paths import holds as branch_holds
from qc.schemas.tree import Node

#: Least share of known attributes times share of required keys for a format to be taken.
LEAST_FIT = 0.6
#: Top-level properties that a schema does not know are named up to this number.
UNREAD_NAMED = 5
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
    for document in documents:
        tally = _Tally()
        tally.look(schema.tree, document, "")
        known += tally.known / max(tally.attributes, 1)
        required += tally.present / max(tally.required, 1)
        seen |= tally.seen
        unread.update(tally.unread)
    count = max(len(documents), 1)
    valid = sum(holds(schema.validator, document) for document in documents)
    names = sorted(unread, key=lambda name: (-unread[name], name))[:UNREAD_NAMED]
    return Fit(schema.id, len(documents), known / count, required / count, valid, len(seen), tuple(names))


def detect(documents: Sequence[Any], schemas: Iterable[Schema]) -> tuple[Fit | None, list[Fit]]:
    """The best fit, or None if no schema fits, and all fits, best first.

    Between two that fit alike the more specific one wins (an AI-Hub variant before plain COCO).
    """
    fits = [fit(schema, documents) for schema in schemas] if documents else []
    fits.sort(key=lambda f: (-round(f.score, 3), -f.valid, -f.specific, f.schema))
    best = fits[0] if fits and fits[0].score >= LEAST_FIT else None
    return best, fits


class _Tally:
    """Attributes of one document against a schema."""

    def __init__(self) -> None:
        self.attributes = self.known = self.required = self.present = 0
        self.seen: set[str] = set()
        #: Unknown properties of the document itself, or of its records if it is a list.
        self.unread: set[str] = set()

    def look(self, node: Node, value: Any, path: str) -> None:
        if type(value) is list:
            for item in value[:ITEMS_SEEN]:
                if type(item) is dict or type(item) is list:
                    self.look(node.items or Node(""), item, f"{path}/*")
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
            self.known += 1
            self.seen.add(f"{path}/{step}")
            matched.add(step)
            self.look(child, inner, f"{path}/{step}")
        titles = {n.child(key)[0] for n in nodes for key in value if n.patterns and key not in n.properties}
        self.present += min(len(patterns), len(titles & matched))
