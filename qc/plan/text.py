"""The plan that ``qc init`` writes: every setting with its explanation, ready to be edited."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qc.plan import plans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qc.words import Words


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at the deliverable showed; reasons are sentences in the reader's language."""

    name: str
    category: str | None = None
    layout: str | None = None
    layout_reason: str | None = None
    schemas: Sequence[SeenSchema] = ()
    classes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class SeenSchema:
    """A schema that fits the label files under ``match``, and why."""

    match: str
    schema: str
    reason: str | None = None


def write_plan(seen: Seen, words: Words) -> str:
    """The text of a ``qc.toml`` for what was ``seen``; :func:`qc.plans.load` reads it as it stands."""
    parts = [
        _comment(words.text("plan.head")),
        _project(seen, words),
        _layout(seen, words),
        _schemas(seen, words),
        _targets(words),
        _comment(words.text("plan.checks"))
        + _off('[checks."shapes.outside-image"]', 'severity = "warning"', "tolerance = 2.0"),
        _classes(seen, words),
        _comment(words.text("plan.quantities"))
        + _off("[[quantities]]", 'name = "total"', 'counts = "item"', "min = 10000")
        + _off("[[composition]]", 'name = "training"', 'counts = "item"')
        + _off('by = "split"', 'value = "training"', "share = 0.8", "tolerance = 0.02"),
        _comment(words.text("plan.waivers"))
        + _off("[[waivers]]", 'check = "shapes.duplicate"', 'where = "Validation/**"')
        + _off(
            f"reason = {quoted(words.text('plan.example-reason'))}",
            f"by = {quoted(words.text('plan.example-person'))}",
            "until = 2027-12-31",
        ),
    ]
    return "\n".join(parts)


def quoted(text: str) -> str:
    """A TOML basic string: like JSON's, but DEL must be escaped too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str) -> str:
    return "".join(f"# {line}".rstrip() + "\n" for line in text.split("\n"))


def _off(*lines: str) -> str:
    """Settings that are there to be switched on."""
    return "".join(f"#{line}\n" for line in lines)


def _because(reason: str | None, words: Words) -> str:
    return _comment(words.text("plan.because", reason=reason)) if reason else ""


def _project(seen: Seen, words: Words) -> str:
    category = f"category = {quoted(seen.category)}\n" if seen.category else _off('category = ""')
    return (
        _comment(words.text("plan.project"))
        + f"[project]\nname = {quoted(seen.name)}\n"
        + category
        + "round = 1\n"
    )


def _layout(seen: Seen, words: Words) -> str:
    line = f"layout = {quoted(seen.layout)}\n" if seen.layout else _off('layout = "aihub"')
    return (
        _comment(words.text("plan.layout")) + _because(seen.layout_reason, words) + "[deliverable]\n" + line
    )


def _schemas(seen: Seen, words: Words) -> str:
    text = _comment(words.text("plan.schemas"))
    if not seen.schemas:
        example = _off("[[schemas]]", 'match = "**/*.json"', 'schema = "my-schema.json"')
        return text + _comment(words.text("plan.no-schema")) + example
    rows = [
        _because(s.reason, words) + f"[[schemas]]\nmatch = {quoted(s.match)}\nschema = {quoted(s.schema)}\n"
        for s in seen.schemas
    ]
    return text + "\n".join(rows)


def _targets(words: Words) -> str:
    text = _comment(words.text("plan.targets")) + "[targets]\n"
    standard = plans.default()
    for ident, indicator in standard.indicators.items():
        target = standard.targets.get((ident, None))
        if target is None:
            continue
        share = f"target = {target.target}, " if target.target is not None else ""
        text += (
            f"{ident} = {{{share}min_coverage = {target.min_coverage}}}  # {words.choice(indicator.name)}\n"
        )
    return text


def _classes(seen: Seen, words: Words) -> str:
    text = _comment(words.text("plan.classes"))
    if not seen.classes:
        return text + _off("[[classes]]", 'name = ""', "min = 1000")
    text += _comment(words.text("plan.classes-found"))
    # Off: a list made from the data would declare every misspelt class to be right.
    return text + "".join(_off("[[classes]]", f"name = {quoted(name)}") for name in seen.classes)
