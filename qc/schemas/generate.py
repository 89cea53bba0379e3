"""From a schema's tree to Python source: an extractor and a counter of attribute paths.

Both are generated, because a walk over the tree for every document costs twice the parsing and the
validating together. The source is plain: ``python -c 'from qc.schemas.library import load;
print(load("coco-instances").extractor.source)'``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from qc.documents.pointers import token as escape
from qc.schemas import values
from qc.schemas.counting import Counting
from qc.schemas.extraction import Extraction
from qc.schemas.sites import AttributeSite, PathSite, RowSite, ShapeSite
from qc.schemas.tree import Node

Rows = list[tuple[Any, ...]]
#: Values of a site and the numbers of the rows that they belong to.
Collected = tuple[list[Any], list[int]]
Extract = Callable[[Any, int, Sequence[Rows], Sequence[Collected], Sequence[Collected]], None]
Count = Callable[[Any], tuple[int, ...]]


@dataclass(frozen=True)
class Extractor:
    """Compiled from a tree. ``extract(document, file id, rows, shapes, attributes)``, each by site."""

    source: str
    rows: tuple[RowSite, ...]
    shapes: tuple[ShapeSite, ...]
    attributes: tuple[AttributeSite, ...]
    paths: tuple[PathSite, ...]
    constants: Mapping[str, Any]

    @cached_property
    def _namespace(self) -> dict[str, Any]:
        space = {"escape": escape, "values": values, **self.constants}
        exec(compile(self.source, "<extractor>", "exec"), space)
        return space

    @property
    def extract(self) -> Extract:
        """Appends what one document holds; never raises for it."""
        function: Extract = self._namespace["extract"]
        return function

    @property
    def count(self) -> Count:
        """Values at each of :attr:`paths` in a document that is *valid*: required keys are not looked at."""
        function: Count = self._namespace["count"]
        return function


def generate(tree: Node) -> Extractor:
    """The extractor of a schema's tree.

    Raises ``QcError`` (``roles.*``) when a role has no row to hang on or stands where one value would become
    many.
    """
    extraction = Extraction(tree)
    counting = Counting(tree, extraction.names)
    return Extractor(
        source=extraction.source() + "\n\n" + counting.source(),
        rows=tuple(extraction.row_sites),
        shapes=tuple(extraction.shape_sites),
        attributes=tuple(extraction.attribute_sites),
        paths=tuple(counting.paths),
        constants={**extraction.constants, **counting.constants},
    )
