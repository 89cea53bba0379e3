"""The vocabulary of ``x-qc``: what a value of a document *means*. Small and closed.

==============  ======================================================================================
``row``         this object is a row: ``item``, ``annotation``, ``class``, ``track`` ... Columns and
                shapes below belong to the nearest row; inner rows inherit what they do not say
                (class, track, frame ...). A text that is a row and a column of it is one too: each
                name of an item that names several media, ``{"row": "media", "col": "file_name"}``;
                each name in a list of classes, ``{"row": "class", "col": "name"}``
``col``         this value is a column of its row; ``attrs.NAME`` and ``groups.NAME`` fill the maps
``key``         the property names below are data: ``attribute``
``groups``      a regular expression with named groups, each a column: ``"W, H"``
``id``          this value is the row's identity in a space: ``"image"`` or ``{space, scope}``. On a row
                with ``from``: its ``index`` in the list, or the property's ``key``, is
``ref``         this value names a row of that space; ``row`` says of which kind, if other files declare it
``decode``      these tags mark spans in the tokens beside them: ``{scheme, tokens, joined}``
``shape``       this value is a geometry: ``{type, order, rings, of, space, origin}``
``document``    at the root: how the file is read
``title``       at the root: what people call the format, ``{ko, en}``
==============  ======================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qc.errors import QcError
from qc.facts import tables
from qc.schemas.tags import SCHEMES
from qc.schemas.tree import Node

#: Row kinds and their tables.
ROWS: dict[str, tables.Table] = {
    "item": tables.ITEMS,
    "annotation": tables.ANNOTATIONS,
    "class": tables.CLASSES,
    "track": tables.TRACKS,
    "span": tables.SPANS,
    "interval": tables.INTERVALS,
    "turn": tables.TURNS,
    "relation": tables.RELATIONS,
    "media": tables.NAMED_MEDIA,
}

#: Column of the using row that holds a reference, by the kind of row that the space identifies.
REFERENCE_COLUMNS = {"item": "item_ref", "class": "class_ref", "annotation": "parent", "track": "track"}

#: Columns that an inner row takes from the row around it when it does not say them itself.
INHERITED = (
    "class", "track", "annotator", "part", "frame", "time_s", "layer", "worker", "speaker",
)  # fmt: skip

SHAPE_ORDERS: dict[str, tuple[str, ...]] = {
    "box": ("xywh", "xyxy", "cxcywh", "corners"),
    "polygon": ("flat", "points", "objects", "pairs"),
    "polyline": ("flat", "points", "objects", "pairs"),
    "point": ("flat", "points", "objects", "pairs"),
    "keypoints": ("xyv", "points"),
    "ellipse": ("circle",),
    "mask": ("rle", "file"),
}
SPACES = ("pixel", "normalized", "lonlat", "metre")
SCOPES = ("file", "group", "dataset")
_KNOWN = frozenset({"row", "col", "key", "groups", "id", "ref", "shape", "decode", "document", "title"})
#: Part of the vocabulary, not yet compiled: refused, never silently ignored.
_LATER = frozenset({"zip"})


@dataclass(frozen=True, slots=True)
class Link:
    """An identity or a reference: ``space`` names the ids, ``scope`` where they are unique.

    ``origin`` of an identity: ``value``, or the ``index`` or ``key`` at which its row stands. ``row`` of a
    reference: the kind of row that other files declare in that space.
    """

    space: str
    scope: str
    origin: str = "value"
    row: str | None = None


@dataclass(frozen=True, slots=True)
class Decode:
    """Tags of ``scheme`` (:data:`qc.schemas.tags.SCHEMES`) for the list of texts in the property ``tokens``
    of the same object; ``joined`` stands between tokens in their text."""

    scheme: str
    tokens: str
    joined: str


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles of one node, read and checked."""

    row: str | None = None
    columns: tuple[str, ...] = ()
    key: str | None = None
    groups: re.Pattern[str] | None = None
    id: Link | None = None
    ref: Link | None = None
    shape: Mapping[str, Any] | None = None
    decode: Decode | None = None

    def __bool__(self) -> bool:
        return any(
            (self.row, self.columns, self.key, self.groups, self.id, self.ref, self.shape, self.decode)
        )


NONE = Roles()


def read(node: Node) -> Roles:
    """The roles of ``node``; raises ``QcError`` (``roles.*``) if one is no role."""
    raw = node.roles
    if not raw:
        return NONE
    if later := _LATER & raw.keys():
        raise QcError("roles.unsupported", where=node.where, role=min(later))
    if unknown := raw.keys() - _KNOWN:
        raise QcError("roles.unknown", where=node.where, role=min(unknown), known=", ".join(sorted(_KNOWN)))
    row = raw.get("row")
    if row is not None and row not in ROWS:
        raise QcError("roles.unknown", where=node.where, role=f"row: {row}", known=", ".join(ROWS))
    columns = _columns(raw.get("col"))
    key = raw.get("key")
    if key not in (None, "attribute"):
        raise QcError("roles.unsupported", where=node.where, role=f"key: {key}")
    return Roles(
        row=row,
        columns=columns,
        key=key,
        groups=_groups(node, raw.get("groups")),
        id=_link(node, raw.get("id"), "from"),
        ref=_link(node, raw.get("ref"), "row"),
        shape=_shape(node, raw.get("shape")),
        decode=_decode(node, raw),
    )


def _columns(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def _groups(node: Node, value: Any) -> re.Pattern[str] | None:
    if value is None:
        return None
    try:
        # JSON Schema writes named groups as ECMAScript does: (?<name>...).
        return re.compile(re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", value))
    except (re.error, TypeError):
        raise _malformed(node, "groups") from None


def _link(node: Node, value: Any, option: str) -> Link | None:
    """An identity (``option`` is ``from``) or a reference (``row``)."""
    if value is None:
        return None
    if isinstance(value, str):
        return Link(value, "file")
    if (
        not isinstance(value, Mapping)
        or not isinstance(value.get("space"), str)
        or value.get("scope", "file") not in SCOPES
        or value.get("from", "index") not in ("index", "key")
        or value.get("row", "item") not in REFERENCE_COLUMNS
        or value.keys() - {"space", "scope", option}
    ):
        raise _malformed(node, "id/ref")
    return Link(value["space"], value.get("scope", "file"), value.get("from", "value"), value.get("row"))


def _decode(node: Node, roles: Mapping[str, Any]) -> Decode | None:
    value = roles.get("decode")
    if value is None:
        return None
    if (
        not isinstance(value, Mapping)
        or value.get("scheme") not in SCHEMES
        or not isinstance(value.get("tokens"), str)
        or not isinstance(value.get("joined", ""), str)
        or value.keys() - {"scheme", "tokens", "joined"}
        or len(roles) > 1
    ):
        raise _malformed(node, "decode")
    return Decode(value["scheme"], value["tokens"], value.get("joined", ""))


def _shape(node: Node, value: Any) -> Mapping[str, Any] | None:
    if value is None:
        return None
    if (
        not isinstance(value, Mapping)
        or value.get("order") not in SHAPE_ORDERS.get(value.get("type", ""), ())
        or value.get("space", "pixel") not in SPACES
        or len(value.get("of", "1234")) != 4
        or value.keys() - {"type", "order", "space", "origin", "of", "rings", "sensor"}
    ):
        raise _malformed(node, "shape")
    return value


def _malformed(node: Node, role: str) -> QcError:
    return QcError("roles.malformed", where=node.where, role=role)
