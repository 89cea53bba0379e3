"""From a schema's tree to Python source: an extractor and a counter of attribute paths.

Both are generated, because a walk over the tree for every document costs twice the parsing and the
validating together. The source is plain: ``python -c 'from qc.schemas.library import load;
print(load("coco-instances").extractor.source)'``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from qc.documents.pointers import token as escape
from qc.schemas import tags, values
from qc.schemas.counting import Counting
from qc.schemas.extraction import Extraction
from qc.schemas.sites import AttributeSite, PathSite, RowSite, ShapeSite
from qc.schemas.tree import Node

Rows = list[tuple[Any, ...]]
#: Values of a site and the numbers of the rows that they belong to.
Collected = tuple[list[Any], list[int]]


class Extract(Protocol):
    """Appends what one document holds, by site; never raises for it.

    Of a document that is a part of a larger one (a list that keys alone lead to, from its member ``first``
    on, and empty lists otherwise) the rows stand where they do in the whole.
    """

    def __call__(
        self,
        document: Any,
        file: int,
        rows: Sequence[Rows],
        shapes: Sequence[Collected],
        attributes: Sequence[Collected],
        first: int = 0,
        /,
    ) -> None:
        """Append."""
        ...


#: Keys met (never more than there are), and the values at each path.
Count = Callable[[Any], tuple[int, tuple[int, ...]]]


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
        space = {"escape": escape, "values": values, "tags": tags, **self.constants}
        exec(compile(self.source, "<extractor>", "exec"), space)
        return space

    @property
    def extract(self) -> Extract:
        """The function that takes rows out of a document."""
        function: Extract = self._namespace["extract"]
        return function

    @property
    def count(self) -> Count:
        """Keys met and values at each of :attr:`paths` of a *valid* document: required keys are there."""
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
