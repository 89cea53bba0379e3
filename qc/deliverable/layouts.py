"""Layouts: how deliverables of one kind are arranged, as content (``schemas/layouts/*.toml``).

A layout file says how it is recognised (``[[detect]]``) and what a place in it means (``[[rules]]``:
kind, split and group of the files there). Both look at *places*: the folder of a file from the
deliverable's root, an archive being a folder, ending with '/'
(``Training/02.라벨링데이터/TL_강아지.zip/a/``).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from qc import content
from qc.deliverable.manifest import Spot
from qc.errors import QcError, refusal

KINDS = frozenset(("source", "label", "document", "junk", "other"))
SPLITS = frozenset(("training", "validation", "test", "other"))
MEASURES = frozenset(("archives", "folders", "sides", "together", "few-labels", "coco-keys"))
_RULE_KEYS = frozenset(("folder", "name", "media", "extension", "kind", "split", "group"))
_DETECT_KEYS = frozenset(("measure", "weight", "reason", "pattern", "patterns", "required", "most"))
_TOP_KEYS = frozenset(("id", "ko", "en", "lists", "detect", "rules", "values"))


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


@dataclass(frozen=True, slots=True)
class Evidence:
    """One sign of a layout; ``weight`` (0..1) times its strength (0..1) adds to the score."""

    measure: str
    weight: float
    reason: str
    patterns: tuple[re.Pattern[str], ...]
    required: bool
    most: int


@dataclass(frozen=True)
class Layout:
    """A layout as loaded. ``title`` and ``about`` by language; ``digest`` of its file's bytes.
    With ``lists`` a label file lists many media, so that names of files alone tell no pairs."""

    id: str
    title: Mapping[str, str]
    about: Mapping[str, str]
    path: Path
    digest: str
    detect: tuple[Evidence, ...]
    rules: tuple[Rule, ...]
    values: Mapping[str, Mapping[str, str]]
    lists: bool = False

    def needs_name(self, spot: Spot) -> bool:
        """Whether files of this spot must be looked at one by one."""
        return any(rule.name is not None and _at(rule, spot) is not None for rule in self.rules)

    def classify(self, spot: Spot, name: str | None = None) -> tuple[str, str | None, str | None]:
        """Kind, split and group of a file. The first rule that gives a value decides it."""
        found: dict[str, str] = {}
        for rule in self.rules:
            place = _at(rule, spot)
            if place is None:
                continue
            named = (
                {key: value for key, value in place.groupdict().items() if value} if place.re.groups else {}
            )
            if rule.name is not None:
                match = rule.name.search(name) if name is not None else None
                if match is None:
                    continue
                named |= {key: value for key, value in match.groupdict().items() if value}
            for key in ("kind", "split", "group"):
                value = getattr(rule, key) or self._value(key, named.get(key))
                if value and key not in found:
                    found[key] = value
        kind = spot.fixed or found.get("kind") or ("document" if spot.media == "document" else "other")
        return kind, found.get("split"), found.get("group")

    def _value(self, key: str, written: str | None) -> str | None:
        if written is None:
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
    folder = content.folder("schemas") / "layouts"
    return tuple(read(path) for path in sorted(folder.glob("[!_]*.toml")))


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
        return _layout(path, data, blake2b(raw, digest_size=16).hexdigest())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError, re.error, _BadLayoutError) as error:
        detail = refusal(error) if isinstance(error, OSError) else str(error)
        raise QcError("errors.layout-broken", path=str(path), detail=detail) from error


class _BadLayoutError(ValueError):
    pass


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
        lists=data.get("lists") is True,
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
    return Rule(
        folder=_pattern(table.get("folder")),
        name=_pattern(table.get("name")),
        media=frozenset(table.get("media", ())),
        extension=frozenset(table.get("extension", ())),
        kind=table.get("kind"),
        split=table.get("split"),
        group=table.get("group"),
    )


def _evidence(table: Mapping[str, Any], number: int) -> Evidence:
    where = f"[[detect]] {number}"
    _known(table, _DETECT_KEYS, where)
    measure = table.get("measure")
    if measure not in MEASURES:
        raise _BadLayoutError(f"{where}: measure = {measure!r}; known: {', '.join(sorted(MEASURES))}")
    patterns: Sequence[str] = table.get("patterns", [table["pattern"]] if "pattern" in table else [])
    needed = {"archives": 1, "folders": 1, "sides": 2}.get(measure, 0)
    if len(patterns) != needed:
        raise _BadLayoutError(f"{where}: {measure} takes {needed} patterns, not {len(patterns)}")
    return Evidence(
        measure=measure,
        weight=float(table.get("weight", 1.0)),
        reason=str(table.get("reason", f"layout.reason.{measure}")),
        patterns=tuple(re.compile(one, re.IGNORECASE) for one in patterns),
        required=bool(table.get("required", False)),
        most=int(table.get("most", 0)),
    )


def _pattern(text: str | None) -> re.Pattern[str] | None:
    return None if text is None else re.compile(text, re.IGNORECASE)
