"""How the documents of a format are read: what ``x-qc.document`` at a schema's root says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: What a name of a column ends with that takes all further cells of its line, as a list.
REST = "..."


@dataclass(frozen=True, slots=True)
class Options:
    """How documents are read; which options a kind has is in :data:`OPTIONS`.

    ``kind`` is that of the reader (:data:`qc.documents.readers.KINDS`), ``extensions`` those of the files
    that are read by it (lower case, without dot; empty: the kind's own).

    * csv: ``delimiter`` (None: told from the text), ``header``: the first row names the columns; if it does
      not, ``columns`` do.
    * lines: ``columns`` of a line, the last one perhaps ending in :data:`REST`; ``separator`` of its cells
      (None: blanks); lines that start with ``comment`` are passed over. Without columns a line is one text.
    * tokens: ``columns`` of a token's line, its ``separator``, the sign that starts a ``comment``.
    * json: ``coerce``: numbers may stand as strings.
    """

    kind: str = "json"
    extensions: tuple[str, ...] = ()
    delimiter: str | None = None
    header: bool = True
    columns: tuple[str, ...] = ()
    separator: str | None = None
    comment: str | None = None
    coerce: bool = False


@dataclass(frozen=True, slots=True)
class OptionFault:
    """What is wrong with ``x-qc.document``: the option, and why: ``unknown-kind``, ``unknown-option`` (of
    this kind; ``known`` are those that there are), ``malformed``, ``missing`` or ``contradictory``."""

    option: str
    reason: str
    known: tuple[str, ...] = ()


_Test = Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_sign(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 1 and value not in '"\r\n'


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _are_names(value: Any) -> bool:
    """Names of columns: different ones, and only the last takes the rest."""
    if not isinstance(value, list) or not value or not all(map(_is_text, value)):
        return False
    names = [name.removesuffix(REST) for name in value]
    return len(set(names)) == len(names) and all(names) and not any(n.endswith(REST) for n in value[:-1])


def _are_plain_names(value: Any) -> bool:
    return _are_names(value) and not value[-1].endswith(REST)


def _are_extensions(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(_is_text(one) and one == one.lower() and "." not in one for one in value)
    )


#: Options of each kind, and what they may be; ``kind`` and ``extensions`` all have.
OPTIONS: Mapping[str, Mapping[str, _Test]] = {
    "json": {"coerce": _is_flag},
    "jsonl": {"coerce": _is_flag},
    "yaml": {},
    "xml": {},
    "csv": {"delimiter": _is_sign, "header": _is_flag, "columns": _are_plain_names},
    "xlsx": {},
    "lines": {"columns": _are_names, "separator": _is_text, "comment": _is_text},
    "tokens": {"columns": _are_plain_names, "separator": _is_text, "comment": _is_text},
    "text": {},
}
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {"tokens": {"separator": "\t", "comment": "##"}}


def faults(raw: Any) -> Iterator[OptionFault]:
    """What is wrong with the value of ``x-qc.document``; nothing if it can be used."""
    if not isinstance(raw, Mapping):
        yield OptionFault("document", "malformed")
        return
    kind = raw.get("kind", "json")
    if not isinstance(kind, str) or kind not in OPTIONS:
        yield OptionFault("kind", "unknown-kind", tuple(OPTIONS))
        return
    tests = {"kind": _is_text, "extensions": _are_extensions, **OPTIONS[kind]}
    for name, value in raw.items():
        if name not in tests:
            yield OptionFault(name, "unknown-option", tuple(tests))
        elif not tests[name](value):
            yield OptionFault(name, "malformed")
    if (kind == "tokens" or raw.get("header") is False) and "columns" not in raw:
        yield OptionFault("columns", "missing")
    if kind == "csv" and "columns" in raw and raw.get("header", True):
        yield OptionFault("columns", "contradictory")


def options_of(raw: Mapping[str, Any] | None) -> Options:
    """The options that ``x-qc.document`` gives; those of :data:`faults` found nothing wrong with."""
    raw = raw or {}
    kind = raw.get("kind", "json")
    given = {**_DEFAULTS.get(kind, {}), **raw}
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
    }
    return Options(**values)
