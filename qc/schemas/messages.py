"""From a stored error to the words that say it: ``(keyword, expected, found, detail)`` is enough.

The words are in ``reports/words/schema.toml``. Types are called by their JSON names (``string``,
``number``), as the format tables of data sets do in both languages.
"""

from __future__ import annotations

import json
from typing import Any

#: Keywords that say the same as another.
_ALIASES = {"unevaluatedProperties": "additionalProperties", "additionalItems": "items", "anyOf": "not"}
#: Variants ``KEYWORD-DETAIL`` that stand for themselves.
_ITSELF = {
    ("encoding", "damaged"), ("encoding", "unknown"), ("encoding", "mixed"), ("encoding", "declared"),
    ("pattern", "undecided"),
}  # fmt: skip
_MEMBERS = frozenset({"properties", "patternProperties", "required", "dependentRequired", "propertyNames"})
#: Every keyword that has words of its own.
KEYWORDS = frozenset(
    {"empty", "encoding", "bom", "nul", "syntax", "nan", "number-too-large", "duplicate-key", "depth"}
    | {"repeated-header", "ragged-row", "empty-row", "duplicate-column", "unnamed-column", "delimiter"}
    | {"entity", "alias-bomb", "tag", "encrypted", "not-a-workbook", "damaged", "too-big"}
    | {"error-value", "no-result", "merged-cells"}
    | {"type", "enum", "const"}
    | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength"}
    | {"pattern", "format", "minItems", "maxItems", "uniqueItems", "items", "unevaluatedItems", "contains"}
    | {"minContains", "maxContains", "minProperties", "maxProperties", "additionalProperties", "not"}
    | {"oneOf", "false"}
    | _MEMBERS
)


def describe(
    keyword: str, expected: str | None, found: str | None, detail: str | None
) -> tuple[str, dict[str, object]]:
    """Key of the words, and their values, for one error as the tables hold it.

    ``expected`` and ``found`` are JSON (:class:`qc.schemas.errors.SchemaError`,
    :class:`qc.documents.document.Problem`). An unknown keyword gets the words ``schema.other``.
    """
    limit, shape = _loaded(expected), _loaded(found)
    name = _ALIASES.get(keyword, keyword)
    if name not in KEYWORDS:
        return "schema.other", {"keyword": keyword}
    if name == "syntax":
        return f"schema.syntax-{detail or 'unexpected'}", {"found": _sign(shape), **_counts(shape)}
    values: dict[str, object] = {
        "expected": _shown(limit),
        "found": _found(shape),
        "detail": detail or "",
        **_counts(shape),
    }
    if (name, detail) in _ITSELF:
        name = f"{name}-{detail}"
    elif name in ("enum", "const"):
        if detail is not None:
            name = f"{name}-near"
        elif isinstance(shape, dict) and shape.get("type") == "string":
            name = f"{name}-string"
    elif name == "additionalProperties" and limit is not None:
        name = "additionalProperties-near"
    elif name == "items" and detail is not None and detail.isdecimal():
        values["position"] = int(detail) + 1
    elif name == "items":
        name = "unevaluatedItems"
    elif name == "oneOf":
        values["count"] = len(detail.split(",")) if detail else 0
    return f"schema.{name}", values


def _counts(shape: Any) -> dict[str, object]:
    """The numbers of ``found`` that words may name: length, times, count, invalid ..."""
    if not isinstance(shape, dict):
        return {}
    return {name: number for name, number in shape.items() if isinstance(number, int)}


def _loaded(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _found(shape: Any) -> str | int | float:
    """What was there: the number where it is known, else the type."""
    if isinstance(shape, dict):
        value = shape.get("value", shape.get("type", ""))
        return value if isinstance(value, (str, int, float)) else ""
    return shape.upper() if isinstance(shape, str) and shape.startswith(("utf", "cp")) else str(shape)


def _sign(shape: Any) -> str:
    return shape if isinstance(shape, str) else ""


def _shown(limit: Any) -> str | int | float:
    """What was expected, as a person writes it: ``a, b``, ``integer, null``, ``0.5``."""
    match limit:
        case None | bool():
            text: str | int | float = json.dumps(limit)
        case {"first": list(first), "count": int(count)}:
            text = f"{_listed(first)}, … ({count})"
        case {"type": str(name), "length": int(length)}:
            text = f"{name}[{length}]"
        case dict():
            text = ", ".join(f"{key} {_shown(value)}" for key, value in limit.items())
        case list():
            text = _listed(limit)
        case _:
            text = limit
    return text


def _listed(values: list[Any]) -> str:
    return ", ".join(str(_shown(value)) for value in values)
