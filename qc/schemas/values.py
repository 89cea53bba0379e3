"""Guards that turn dirt into NULL and never raise.

Generated extractors collect values as they come; :func:`column` makes a typed column of them: at once where
all are of one kind, value by value where they are not.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Sequence
from itertools import accumulate
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

Attributes = list[tuple[str, str]]
#: Turns free text into its keyed digest.
Digest = Callable[[str], str]

_INT64 = 2**63


def text(value: Any) -> str | None:
    """A string in NFC, else None."""
    if type(value) is not str:
        return None
    if value.isascii() or unicodedata.is_normalized("NFC", value):
        return value
    return unicodedata.normalize("NFC", value)


def ident(value: Any) -> str | None:
    """An identity or a reference: a string, or a whole number as one."""
    if type(value) is int:
        return str(value) if -_INT64 <= value < _INT64 else None
    if type(value) is float and value.is_integer():
        return str(int(value))
    return text(value)


def real(value: Any) -> float | None:
    """A number as a double, else None."""
    if type(value) is float:
        return value
    if type(value) is int and -_INT64 <= value < _INT64:
        return float(value)
    return None


def number(value: Any) -> float | None:
    """As :func:`real`, and a string that writes a number: for parts of a text ("1920, 1080")."""
    if type(value) is str:
        try:
            return float(value)
        except ValueError:
            return None
    return real(value)


def integer(value: Any) -> int | None:
    """A whole number of 64 bits, else None."""
    if type(value) is int and -_INT64 <= value < _INT64:
        return value
    if type(value) is float and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return None


def flag(value: Any) -> bool | None:
    """A boolean, or 0 or 1 as one, else None."""
    if type(value) is bool:
        return value
    return bool(value) if type(value) is int and value in (0, 1) else None


#: Guard, Arrow type and the types that Arrow may infer for clean values, by kind of column.
_KINDS: dict[str, tuple[Callable[[Any], Any], pa.DataType, tuple[pa.DataType, ...]]] = {
    "text": (text, pa.string(), (pa.string(),)),
    "ident": (ident, pa.string(), (pa.string(), pa.int64())),
    "real": (real, pa.float64(), (pa.float64(), pa.int64())),
    "integer": (integer, pa.int64(), (pa.int64(),)),
    "flag": (flag, pa.bool_(), (pa.bool_(),)),
}


def column(values: Sequence[Any], kind: str) -> pa.Array:
    """A column of ``kind`` (text, ident, real, integer, flag); what is not of the kind is NULL."""
    guard, type_, clean = _KINDS[kind]
    try:
        # The type is inferred, not given: given one, Arrow would cut 1.5 to 1 and take true for 1.
        found = pa.array(values)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        found = None
    if found is None or found.type not in clean:
        return pa.array(map(guard, values), type_)
    if found.type == pa.string():
        return pc.utf8_normalize(found, "NFC")
    return found.cast(type_)


def attribute(value: Any, bounded: bool, digest: Digest) -> str | None:
    """An attribute's value as text: what a schema bounds as it is, free text as its keyed digest."""
    if type(value) is str:
        return text(value) if bounded else digest(value)
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is int or type(value) is float:
        return str(value)
    return None


def add(
    attributes: Attributes | None, name: str, value: Any, bounded: bool, digest: Digest
) -> Attributes | None:
    """``attributes`` with one more; unchanged when ``value`` is no scalar."""
    said = attribute(value, bounded, digest)
    if said is None:
        return attributes
    attributes = attributes or []
    attributes.append((name, said))
    return attributes


def add_all(
    attributes: Attributes | None, values: Any, bounded: Collection[str] | None, digest: Digest
) -> Attributes | None:
    """Every property of an object as an attribute; ``bounded`` names those to keep, None keeps all."""
    if type(values) is dict:
        for name, value in values.items():
            attributes = add(attributes, text(name) or "", value, bounded is None or name in bounded, digest)
    return attributes


def plain(values: Sequence[Any], type_: pa.DataType) -> pa.Array:
    """A column of values that are clean already: ids, pointers, attributes."""
    if not pa.types.is_map(type_):
        return pa.array(values, type_)
    # Flat lists of names and values are made a map at a fraction of the cost of a list of lists of pairs.
    pairs = [pair for row in values if row for pair in row]
    offsets = [0, *accumulate(len(row) if row else 0 for row in values)]
    names, said = zip(*pairs, strict=True) if pairs else ((), ())
    return pa.MapArray.from_arrays(
        pa.array(offsets, pa.int32()), pa.array(names, pa.string()), pa.array(said, pa.string()), type_
    )
