"""Layouts: how deliverables of one kind are arranged, as content (``schemas/layouts/*.toml``).

A layout file says how it is recognised (``[[detect]]``) and what a place in it means (``[[rules]]``:
kind, split and group of the files there). Both look at *places*: the folder of a file from the
deliverable's root, an archive being a folder, ending with '/'
(``Training/02.라벨링데이터/TL_강아지.zip/a/``).

A layout may extend another one: the rules of that come after its own, and its words are known too. What
all shipped layouts share stands in ``_common.toml``, which is no layout itself.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from qc import content
from qc.deliverable.manifest import Spot
from qc.errors import QcError, refusal

KINDS = frozenset(("source", "label", "document", "junk", "other"))
SPLITS = frozenset(("training", "validation", "test", "other"))
#: What a sign of a layout may be measured by, and how many patterns it takes.
MEASURES: Mapping[str, int] = {
    "archives": 1, "folders": 1, "sides": 2, "together": 0, "same-stem": 0, "names": 1, "head": 1,
    "few-labels": 0, "coco-keys": 0, "tables": 0, "no-media": 0,
}  # fmt: skip
_RULE_KEYS = frozenset(("folder", "name", "media", "extension", "kind", "split", "group", "alone"))
_DETECT_KEYS = frozenset(
    ("measure", "weight", "reason", "pattern", "patterns", "required", "most", "media", "extensions", "skip")
)
_TOP_KEYS = frozenset(("id", "extends", "ko", "en", "detect", "rules", "values"))
_COMMON = "common"


class Role(NamedTuple):
    """What a file is: a word of :data:`KINDS`, one of :data:`SPLITS`, its group, and whether it is
    ``alone``: it belongs to no medium, like a list of classes."""

    kind: str
    split: str | None
    group_key: str | None
    alone: bool | None


@dataclass(frozen=True, slots=True)
class Rule:
    """What files at a place are. All that is given must hold: ``folder`` and ``name`` are searched
    in place and file name, ``media`` and ``extension`` list values. Named groups ``kind``, ``split``
    and ``group`` of the two give the value; ``values`` of the layout translate it."""

    folder: re.Pattern[str] | None
    name: re.Pattern[str] | None
    media: frozenset[str]
    extension: frozenset[str]
    kind: str | None
    split: str | None
    group: str | None
    alone: bool | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One sign of a layout; ``weight`` (0..1) times its strength (0..1) adds to the score.

    A sign of weight 0 says more of the reason and decides nothing. ``media`` and ``extensions`` say which
    files are looked at, ``skip`` is found in the names of those that are not; ``head`` is the pattern of a
    measure that looks into files.
    """

    measure: str
    weight: float
    reason: str
    patterns: tuple[re.Pattern[str], ...]
    head: re.Pattern[bytes] | None
    media: frozenset[str]
    extensions: frozenset[str]
    skip: re.Pattern[str] | None
    required: bool
    most: int


@dataclass(frozen=True)
class Layout:
    """A layout as loaded. ``title`` and ``about`` by language; ``digest`` of the bytes of its file and
    of those that it extends."""

    id: str
    title: Mapping[str, str]
    about: Mapping[str, str]
    path: Path
    digest: str
    detect: tuple[Evidence, ...]
    rules: tuple[Rule, ...]
    values: Mapping[str, Mapping[str, str]]

    def name_patterns(self, spot: Spot) -> list[re.Pattern[str]]:
        """Patterns that the names of this spot's files are to be held against."""
        return [r.name for r in self.rules if r.name is not None and _at(r, spot) is not None]

    def classify(self, spot: Spot, name: str | None = None) -> Role:
        """What a file is. The first rule that gives a value decides it."""
        found: dict[str, Any] = {}
        for rule in self.rules:
            place = _at(rule, spot)
            if place is None:
                continue
            named = place.groupdict() if place.re.groups else {}
            if rule.name is not None:
                match = rule.name.search(name) if name is not None else None
                if match is None:
                    continue
                named |= match.groupdict()
            for key in ("kind", "split", "group"):
                value = getattr(rule, key) or self._value(key, named.get(key))
                if value:
                    found.setdefault(key, value)
            if rule.alone is not None:
                found.setdefault("alone", rule.alone)
        kind = spot.fixed or found.get("kind") or ("document" if spot.media == "document" else "other")
        alone = found.get("alone") if kind == "label" else None
        return Role(kind, found.get("split"), found.get("group"), alone)

    def _value(self, key: str, written: str | None) -> str | None:
        if not written:
            return None
        known = self.values.get(key)
        if known is None:
            return written.casefold() if key == "group" else written
        return known.get(written.casefold(), written.casefold() if key == "group" else None)


_ANYWHERE = re.compile("")


def _at(rule: Rule, spot: Spot) -> re.Match[str] | None:
    if rule.media and spot.media not in rule.media:
        return None
    if rule.extension and spot.extension not in rule.extension:
        return None
    return (rule.folder or _ANYWHERE).search(spot.place)


@cache
def shipped() -> tuple[Layout, ...]:
    """The shipped layouts, by id."""
    return tuple(read(path) for path in sorted(_folder().glob("[!_]*.toml")))


def _folder() -> Path:
    return content.folder("schemas") / "layouts"


def load(reference: str) -> Layout:
    """A layout by its id or by the path of a file.

    Raises ``QcError``: ``errors.layout-unknown`` (layout, known), ``errors.layout-broken`` (path, detail).
    """
    for layout in shipped():
        if layout.id == reference:
            return layout
    path = Path(reference)
    if path.suffix == ".toml" and path.is_file():
        return read(path)
    raise QcError("errors.layout-unknown", layout=reference, known=", ".join(one.id for one in shipped()))


def read(path: Path) -> Layout:
    """The layout in a file. Raises ``QcError("errors.layout-broken", path=, detail=)``."""
    try:
        raw = path.read_bytes()
        data = tomllib.loads(raw.decode("utf-8-sig"))
        layout = _layout(path, data, blake2b(raw, digest_size=16).hexdigest())
        return _extended(layout, str(data["extends"])) if "extends" in data else layout
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError, re.error, _BadLayoutError) as error:
        detail = refusal(error) if isinstance(error, OSError) else str(error)
        raise QcError("errors.layout-broken", path=str(path), detail=detail) from error


class _BadLayoutError(ValueError):
    pass


def _extended(layout: Layout, base: str) -> Layout:
    """``layout`` with what the shipped layout ``base`` adds to it."""
    path = _folder() / ("_common.toml" if base == _COMMON else f"{base}.toml")
    if path.parent != _folder() or not path.is_file() or path == layout.path:
        raise _BadLayoutError(f"extends = {base!r}: no shipped layout")
    below = read(path)
    keys = {*layout.values, *below.values}
    return replace(
        layout,
        digest=blake2b((layout.digest + below.digest).encode("ascii"), digest_size=16).hexdigest(),
        rules=(*layout.rules, *below.rules),
        values={key: {**below.values.get(key, {}), **layout.values.get(key, {})} for key in keys},
    )


def _layout(path: Path, data: Mapping[str, Any], digest: str) -> Layout:
    _known(data, _TOP_KEYS, "layout")
    for key in ("id", "ko", "en", "rules"):
        if key not in data:
            raise _BadLayoutError(f"'{key}' is missing")
    values: dict[str, dict[str, str]] = {}
    for key, table in data.get("values", {}).items():
        allowed = {"kind": KINDS, "split": SPLITS}.get(key)
        if key not in ("kind", "split", "group") or (allowed is not None and (bad := set(table) - allowed)):
            raise _BadLayoutError(
                f"[values.{key}]: unknown {sorted(bad) if key in ('kind', 'split') else key}"
            )
        values[key] = {word.casefold(): value for value, words in table.items() for word in words}
    return Layout(
        id=str(data["id"]),
        title={language: data[language]["title"] for language in ("ko", "en")},
        about={language: data[language].get("about", "") for language in ("ko", "en")},
        path=path,
        digest=digest,
        detect=tuple(_evidence(one, number) for number, one in enumerate(data.get("detect", ()), 1)),
        rules=tuple(_rule(one, number) for number, one in enumerate(data["rules"], 1)),
        values=values,
    )


def _known(table: Mapping[str, Any], keys: frozenset[str], where: str) -> None:
    if unknown := sorted(set(table) - keys):
        raise _BadLayoutError(f"{where}: unknown key {', '.join(unknown)}; known: {', '.join(sorted(keys))}")


def _rule(table: Mapping[str, Any], number: int) -> Rule:
    where = f"[[rules]] {number}"
    _known(table, _RULE_KEYS, where)
    for key, allowed in (("kind", KINDS), ("split", SPLITS)):
        if key in table and table[key] not in allowed:
            raise _BadLayoutError(f"{where}: {key} = {table[key]!r}; known: {', '.join(sorted(allowed))}")
    if (alone := table.get("alone")) not in (None, True, False):
        raise _BadLayoutError(f"{where}: alone = {alone!r}; true or false")
    return Rule(
        folder=_pattern(table.get("folder")),
        name=_pattern_of_name(table.get("name"), where),
        media=frozenset(table.get("media", ())),
        extension=frozenset(table.get("extension", ())),
        kind=table.get("kind"),
        split=table.get("split"),
        group=table.get("group"),
        alone=alone,
    )


def _evidence(table: Mapping[str, Any], number: int) -> Evidence:
    where = f"[[detect]] {number}"
    _known(table, _DETECT_KEYS, where)
    measure = str(table.get("measure"))
    if measure not in MEASURES:
        raise _BadLayoutError(f"{where}: measure = {measure!r}; known: {', '.join(sorted(MEASURES))}")
    patterns: Sequence[str] = table.get("patterns", [table["pattern"]] if "pattern" in table else [])
    if len(patterns) != MEASURES[measure]:
        raise _BadLayoutError(f"{where}: {measure} takes {MEASURES[measure]} patterns, not {len(patterns)}")
    looks = measure == "head"
    return Evidence(
        measure=measure,
        weight=float(table.get("weight", 1.0)),
        reason=str(table.get("reason", f"layout.reason.{measure}")),
        patterns=() if looks else tuple(re.compile(one, re.IGNORECASE) for one in patterns),
        head=re.compile(patterns[0].encode(), re.IGNORECASE | re.MULTILINE) if looks else None,
        media=frozenset(table.get("media", ())),
        extensions=frozenset(table.get("extensions", ())),
        skip=_pattern(table.get("skip")),
        required=bool(table.get("required", False)),
        most=int(table.get("most", 0)),
    )


def _pattern(text: str | None) -> re.Pattern[str] | None:
    return None if text is None else re.compile(text, re.IGNORECASE)


def _pattern_of_name(text: str | None, where: str) -> re.Pattern[str] | None:
    """A pattern that millions of names can be held against at once: Arrow's engine (RE2) must know it."""
    pattern = _pattern(text)
    if pattern is None:
        return None
    if pattern.groups != len(pattern.groupindex):
        raise _BadLayoutError(f"{where}: name: write (?:…) for a group without a name")
    try:
        distinct_matches(pa.array([""]), [pattern])
    except pa.ArrowInvalid as error:
        raise _BadLayoutError(f"{where}: name: {error}") from error
    return pattern


def distinct_matches(names: pa.Array[Any], patterns: Sequence[re.Pattern[str]]) -> pa.Array[Any]:
    """A number for each name, equal for names in which all ``patterns`` find the same."""
    numbers = pa.repeat(pa.scalar(0, pa.int64()), len(names))
    for pattern in patterns:
        text = f"(?i){pattern.pattern}"
        if pattern.groups:
            found = pc.extract_regex(names, text)
            parts = [pc.is_valid(found).cast(pa.string()), *found.flatten()]
            seen = pc.binary_join_element_wise(*(pc.fill_null(one, "") for one in parts), "\x00")
        else:
            seen = pc.match_substring_regex(names, text)
        codes = pc.dictionary_encode(seen)
        numbers = pc.add(pc.multiply(numbers, len(codes.dictionary)), codes.indices.cast(pa.int64()))
        numbers = pc.dictionary_encode(numbers).indices.cast(pa.int64())
    return numbers
