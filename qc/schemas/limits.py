"""What of a limit and of a value may be shown: the schema's side in short, the data's side as a shape.

Nothing that the schema does not bound comes through: of a string only its length, of a container
its size, of a number its type, and the number itself only under a keyword that limits numbers.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from jsonschema_rs import ValidationErrorKind

#: Characters of a key that are shown.
KEY_LIMIT = 80
#: Options of an ``enum`` that are kept in full; of more, the first ten and the number.
ENUM_LIMIT = 20
#: Characters of a constant or a pattern that are kept.
TEXT_LIMIT = 200

_NUMBER_LIMITS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_CONTAINERS: dict[type, str] = {str: "string", list: "array", dict: "object"}
_TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")


def limit(kind: ValidationErrorKind) -> Any:
    """What the keyword demands, from the schema alone; None when the keyword says it all."""
    match kind:
        case ValidationErrorKind.Type(types):
            demand: Any = type_names(types)
        case ValidationErrorKind.Enum(options):
            demand = options_in_short(options)
        case ValidationErrorKind.Constant(value):
            demand = _constant(value)
        case ValidationErrorKind.Pattern(pattern):
            demand = shortened(pattern, TEXT_LIMIT)
        case ValidationErrorKind.Format(name):
            demand = name
        case ValidationErrorKind.MultipleOf(number):
            demand = _number(number)
        case _:  # minimum, maxLength, minItems ... all call it their limit
            demand = _number(getattr(kind, "limit", None))
    return demand


def limits_numbers(kind: ValidationErrorKind) -> bool:
    """Whether the keyword bounds numbers at this place, so that a number found there may be shown."""
    match kind:
        case ValidationErrorKind.Enum(options):
            return any(type(option) in (int, float) for option in options)
        case ValidationErrorKind.Constant(value):
            return type(value) in (int, float)
    return kind.name in _NUMBER_LIMITS


def type_names(types: Sequence[Any]) -> str | list[str]:
    """One type by its name, several as a list in a fixed order (the library's order varies)."""
    names = sorted(set(map(str, types)), key=_TYPES.index)
    return names[0] if len(names) == 1 else names


def options_in_short(options: Sequence[Any]) -> Any:
    """The options of an ``enum``; of very many the first ten and ``count``."""
    if len(options) > ENUM_LIMIT:
        return {"count": len(options), "first": [_constant(option) for option in options[:10]]}
    return [_constant(option) for option in options]


def shape(value: Any, *, reveal: bool = False) -> dict[str, Any]:
    """Type and length of a value; with ``reveal`` also the value, if it is a number.

    ``NaN`` and the infinities are always named: they are no numbers, and nobody's.
    """
    if value is None:
        return {"type": "null"}
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, (str, list, dict)):
        return {"type": _CONTAINERS[type(value)], "length": len(value)}
    if not math.isfinite(value):
        name = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return {"type": "number", "value": name}
    name = "integer" if value == int(value) else "number"
    return {"type": name, "value": value} if reveal else {"type": name}


def resembling(found: Any, options: Sequence[Any]) -> str | None:
    """The option that the text ``found`` differs from only in case, width or blanks."""
    if not isinstance(found, str):
        return None
    folded = _folded(found)
    for option in options:
        if isinstance(option, str) and _folded(option) == folded:
            return shortened(option)
    return None


def shortened(text: str, limit: int = KEY_LIMIT) -> str:
    """``text``, at most ``limit`` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def to_json(value: Any) -> str:
    """``value`` as JSON, Hangul unescaped."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _constant(value: Any) -> Any:
    """A constant of the schema: long text shortened, a container as its shape."""
    if isinstance(value, (dict, list)):
        return shape(value)
    return shortened(value, TEXT_LIMIT) if isinstance(value, str) else _number(value)


def _number(value: Any) -> Any:
    # Very large and decimal limits come as decimal.Decimal, which JSON does not know.
    return float(value) if isinstance(value, Decimal) else value


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
