"""Of the branches of an ``anyOf`` or ``oneOf`` that all failed: the one that was meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from jsonschema_rs import ValidationError, ValidationErrorKind

#: Branches that fail alike at the value itself are one demand: ``type`` or ``enum``, and its limits.
Merged = tuple[Literal["type", "enum"], list[Any]]


def closest(error: ValidationError, branches: Sequence[Sequence[ValidationError]]) -> int | Merged:
    """The number of the closest branch, or one demand made from all of them.

    A branch of another type than the value is not meant. Among the rest, one whose constants
    (the discriminating ``type: polygon``) hold comes before one whose do not; then the one with
    fewer errors; then the first. Where every branch only asks for another type, or for another
    constant, the value is told all of them at once: "integer or null".
    """
    here = list(error.instance_path)
    alone = [branch[0] for branch in branches if len(branch) == 1 and list(branch[0].instance_path) == here]
    if len(alone) == len(branches):
        if all(isinstance(e.kind, ValidationErrorKind.Type) for e in alone):
            return "type", [name for e in alone for name in getattr(e.kind, "types", ())]
        options = [option for e in alone for option in _options(e.kind)]
        if all(_options(e.kind) for e in alone):
            return "enum", options
    scores = [_distance(branch, here) for branch in branches]
    return scores.index(min(scores))


def _options(kind: ValidationErrorKind) -> list[Any]:
    match kind:
        case ValidationErrorKind.Constant():
            return [kind.expected_value]
        case ValidationErrorKind.Enum():
            return list(kind.options)
        case _:
            return []


def _distance(branch: Sequence[ValidationError], here: list[str | int]) -> tuple[int, int, int]:
    other_type = any(
        isinstance(e.kind, ValidationErrorKind.Type) and list(e.instance_path) == here for e in branch
    )
    constants = sum(isinstance(e.kind, ValidationErrorKind.Constant) for e in branch)
    return int(other_type), constants, _size(branch)


def _size(branch: Sequence[ValidationError]) -> int:
    """How many errors a branch comes to, its inner branches taken at their closest."""
    total = 0
    for error in branch:
        match error.kind:
            case ValidationErrorKind.AnyOf(context) | ValidationErrorKind.OneOfNotValid(context):
                total += min(map(_size, context), default=1)
            case ValidationErrorKind.AdditionalProperties(keys) | ValidationErrorKind.UnevaluatedProperties(
                keys
            ):
                total += len(keys)
            case _:
                total += 1
    return total
