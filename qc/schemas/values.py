"""Guards that turn dirt into NULL and never raise.

Generated extractors collect values as they come; :func:`column` makes a typed column of them: at once where
all are of one kind, value by value where they are not.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qc.schemas.naming import Names
from qc.schemas.tree import Bound

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
    "name": (text, pa.string(), (pa.string(),)),
    "ident": (ident, pa.string(), (pa.string(), pa.int64())),
    "real": (real, pa.float64(), (pa.float64(), pa.int64())),
    "integer": (integer, pa.int64(), (pa.int64(),)),
    "flag": (flag, pa.bool_(), (pa.bool_(),)),
}


def _of_bits(numbers: pa.Array) -> bool:
    """All are whole numbers, 0 or 1."""
    if numbers.type != pa.int64():
        return False
    least, most = pc.min_max(numbers).as_py().values()
    return bool(least >= 0 and most <= 1)


def column(values: Sequence[Any], kind: str, names: Names, bounds: Sequence[Bound] = ()) -> pa.Array:
    """A column of ``kind``; what is not of the kind is NULL.

    Kinds: text, name, ident, real, integer, flag. Of names and idents that do not look like it, and that none
    of ``bounds`` holds, only the keyed digest stays; of ``person`` all that ``bounds`` do not hold; ``text``
    stays as it is. ``id`` are ids, clean already.
    """
    if kind == "id":
        return pa.array(values, pa.uint64())
    if kind == "person":
        return names.bounded(_typed(values, "text"), bounds)
    if kind not in ("name", "ident"):
        return _typed(values, kind)
    return names.column(_typed(values, kind), bounds)


def _typed(values: Sequence[Any], kind: str) -> pa.Array:
    guard, type_, clean = _KINDS[kind]
    try:
        # The type is inferred, not given: given one, Arrow would cut 1.5 to 1 and take true for 1.
        found = pa.array(values)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        found = None
    sound = found is not None and (found.type in (*clean, pa.null()) or (kind == "flag" and _of_bits(found)))
    if not sound:
        return pa.array(map(guard, values), type_)
    return pc.utf8_normalize(found, "NFC") if found.type == pa.string() else found.cast(type_)
