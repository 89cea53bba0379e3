"""Loads check files and derived tables, and refuses what is not whole.

A check is checked once, here, for everything that does not need data: its front matter, its words in
both languages, its parameters, and that its SQL is exactly one SELECT. :mod:`qc.checks.binding` then
binds every query to empty tables.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import duckdb

from qc import content
from qc.checks import model
from qc.checks.front_matter import FrontMatterError, split
from qc.checks.model import Check, CheckWords, DerivedTable, Library, Parameter
from qc.errors import QcError, Said, refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

#: Folder for derived tables inside a folder of checks.
TABLES = "tables"

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\.[a-z][a-z0-9]*(-[a-z0-9]+)*")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)(?::[^{}]*)?\}")
_CHECK_KEYS = {"id", "subject", "indicator", "effect", "severity", "certainty", "params", "ko", "en"}
_REQUIRED = ("id", "subject", "indicator", "effect", "severity", "ko", "en")
_WORD_KEYS = ("title", "message", "why", "fix")
_PARAMETER_KEYS = {"default", "min", "max", "unit", "choices"}
_TABLE_KEYS = {"id", "key", "ko", "en"}


def shipped() -> Library:
    """The checks and tables that come with the product."""
    return load([content.folder("checks")])


def load(folders: Sequence[Path]) -> Library:
    """All checks and derived tables under ``folders``; raises :class:`QcError`.

    An id may be defined once only, whichever folder it stands in.
    """
    checks: dict[str, Check] = {}
    tables: dict[str, DerivedTable] = {}
    for folder in folders:
        if not folder.is_dir():
            raise QcError("checks.folder-missing", path=str(folder))
        paths = sorted(folder.rglob("*.sql"))
        if not paths:
            raise QcError("checks.folder-empty", path=str(folder))
        for path in paths:
            found: Check | DerivedTable
            if path.relative_to(folder).parts[0] == TABLES:
                found = load_table(path)
                known: dict[str, Any] = tables
            else:
                found = load_check(path)
                known = checks
            if found.id in known:
                raise QcError(
                    "checks.id-twice", id=found.id, path=str(path), other=str(known[found.id].source)
                )
            known[found.id] = found
    return Library(dict(sorted(checks.items())), dict(sorted(tables.items())))


def load_check(path: Path) -> Check:
    """One check file; raises :class:`QcError` that says file and fault."""
    data, sql, digest = _read(path)
    _keys(path, data, _CHECK_KEYS, _REQUIRED, "")
    if not isinstance(data["id"], str) or not _ID.fullmatch(data["id"]):
        raise QcError("checks.bad-id", path=str(path), id=data["id"])
    for key, allowed in (
        ("subject", model.SUBJECT_KEYS),
        ("effect", model.EFFECTS),
        ("severity", model.SEVERITIES),
        ("certainty", model.CERTAINTIES),
    ):
        value = data.get(key, "certain" if key == "certainty" else None)
        if not isinstance(value, str) or value not in allowed:
            raise QcError("checks.bad-value", path=str(path), key=key, value=value, known=", ".join(allowed))
    if data["effect"] == "measure" and data["subject"] not in {*model.UNITS, "path"}:
        raise QcError("checks.not-a-unit", path=str(path), subject=data["subject"])
    if not isinstance(data["indicator"], str):
        raise QcError("checks.bad-value", path=str(path), key="indicator", value=data["indicator"], known="")
    parameters = {name: _parameter(path, name, spec) for name, spec in _section(path, data, "params").items()}
    words: dict[str, CheckWords] = {
        language: _words(path, language, _section(path, data, language)) for language in model.LANGUAGES
    }
    _same_words(path, words)
    used = _single_select(path, sql)
    if unknown := sorted(used - set(parameters)):
        raise QcError("checks.parameter-undeclared", path=str(path), name=unknown[0])
    if unused := sorted(set(parameters) - used):
        raise QcError("checks.parameter-unused", path=str(path), name=unused[0])
    return Check(
        id=data["id"],
        subject=data["subject"],
        indicator=data["indicator"],
        effect=data["effect"],
        severity=data["severity"],
        certainty=data.get("certainty", "certain"),
        params=parameters,
        words=words,
        sql=sql.strip(),
        digest=digest,
        source=path,
    )


def load_table(path: Path) -> DerivedTable:
    """One derived table; raises :class:`QcError`."""
    data, sql, digest = _read(path)
    _keys(path, data, _TABLE_KEYS, ("id", "key", "ko", "en"), "")
    if not isinstance(data["id"], str) or not _NAME.fullmatch(data["id"]):
        raise QcError("checks.bad-id", path=str(path), id=data["id"])
    key = data["key"]
    if (
        not isinstance(key, list)
        or not key
        or not all(isinstance(k, str) and _NAME.fullmatch(k) for k in key)
    ):
        raise QcError("checks.bad-value", path=str(path), key="key", value=key, known="[column, …]")
    if _single_select(path, sql):
        raise QcError("checks.table-parameter", path=str(path))
    meaning: dict[str, str] = {}
    for language in model.LANGUAGES:
        section = _section(path, data, language)
        _keys(path, section, {"row"}, ("row",), language)
        meaning[language] = str(section["row"])
    return DerivedTable(data["id"], tuple(key), meaning, sql.strip(), digest, path)


def placeholders(template: str) -> set[str]:
    """Names that ``template`` fills in."""
    return set(_PLACEHOLDER.findall(template))


def near(name: str, known: Iterable[str]) -> Said | str:
    """A clause that names the known name most like ``name``; nothing when none is like it."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return Said("checks.near", {"name": close[0]}) if close else ""


def first_line(error: Exception) -> str:
    """The first line of a database error: the rest quotes the query."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)[:300]


def _read(path: Path) -> tuple[dict[str, Any], str, str]:
    try:
        raw = path.read_bytes()
        data, sql = split(raw.decode("utf-8"))
    except OSError as error:
        raise QcError("checks.unreadable", path=str(path), detail=refusal(error)) from error
    except UnicodeDecodeError as error:
        raise QcError("checks.not-utf8", path=str(path)) from error
    except FrontMatterError as error:
        raise QcError(
            f"checks.front-matter-{error.code}", path=str(path), line=error.line, detail=error.detail
        ) from error
    # Line endings are normalised so that a checkout on Windows has the same digest.
    digest = hashlib.blake2b(raw.replace(b"\r\n", b"\n"), digest_size=16).hexdigest()
    return data, sql, digest


def _keys(
    path: Path, data: Mapping[str, Any], allowed: set[str], required: Sequence[str], where: str
) -> None:
    section = f"[{where}] " if where else ""
    for key in data:
        if key not in allowed:
            raise QcError(
                "checks.unknown-key", path=str(path), key=f"{section}{key}", near=near(key, allowed)
            )
    for key in required:
        if key not in data:
            raise QcError("checks.missing-key", path=str(path), key=f"{section}{key}")


def _section(path: Path, data: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = data.get(name, {})
    if not isinstance(section, dict):
        raise QcError("checks.bad-value", path=str(path), key=name, value=section, known=f"[{name}]")
    return section


def _parameter(path: Path, name: str, spec: Any) -> Parameter:
    where = f"params.{name}"
    if not isinstance(spec, dict):
        raise QcError("checks.bad-value", path=str(path), key=where, value=spec, known="{default = …}")
    _keys(path, spec, _PARAMETER_KEYS, ("default",), where)
    default = spec["default"]
    choices = spec.get("choices", [])
    numbers = [spec.get("min"), spec.get("max")]
    if (
        not isinstance(default, (bool, int, float, str))
        or not _NAME.fullmatch(name)
        or not isinstance(choices, list)
        or not all(n is None or (isinstance(n, (int, float)) and not isinstance(n, bool)) for n in numbers)
    ):
        raise QcError("checks.bad-parameter", path=str(path), name=name)
    parameter = Parameter(name, default, spec.get("min"), spec.get("max"), spec.get("unit"), tuple(choices))
    if not parameter.accepts(default):
        raise QcError("checks.bad-parameter", path=str(path), name=name)
    return parameter


def _words(path: Path, language: str, section: dict[str, Any]) -> CheckWords:
    _keys(path, section, {*_WORD_KEYS, "needs", "reasons"}, _WORD_KEYS, language)
    reasons = _section(path, section, "reasons")
    texts = {**{k: v for k, v in section.items() if k != "reasons"}, **reasons}
    for key, text in texts.items():
        if not isinstance(text, str) or not text.strip():
            raise QcError("checks.empty-words", path=str(path), key=f"{language}.{key}")
    return CheckWords(**{**section, "reasons": reasons})


def _same_words(path: Path, words: Mapping[str, CheckWords]) -> None:
    """Both languages say the same: same keys, same placeholders."""
    ko, en = words["ko"], words["en"]
    pairs: Iterator[tuple[str, str | None, str | None]] = (
        (key, cast("str | None", getattr(ko, key)), cast("str | None", getattr(en, key)))
        for key in (*_WORD_KEYS, "needs")
    )
    both = [*pairs, *((k, ko.reasons.get(k), en.reasons.get(k)) for k in sorted({*ko.reasons, *en.reasons}))]
    for key, first, second in both:
        if (first is None) != (second is None):
            raise QcError("checks.words-in-one-language", path=str(path), key=key)
        if first is not None and second is not None and placeholders(first) != placeholders(second):
            raise QcError("checks.placeholders-differ", path=str(path), key=key)


def _single_select(path: Path, sql: str) -> set[str]:
    """Names of the parameters of the one SELECT that ``sql`` must be."""
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise QcError("checks.sql", path=str(path), detail=first_line(error)) from error
    if len(statements) == 1 and statements[0].type != duckdb.StatementType.SELECT:
        raise QcError("checks.not-a-select", path=str(path))
    if len(statements) != 1:
        raise QcError("checks.not-one-select", path=str(path), count=len(statements))
    return set(statements[0].named_parameters)
