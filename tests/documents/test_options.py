"""``x-qc.document``: what it may say, and that nonsense is told."""

from __future__ import annotations

from typing import Any

import pytest

from qc.documents.options import OPTIONS, Options, faults, options_of
from qc.documents.readers import KINDS

GOOD: list[tuple[dict[str, Any], Options]] = [
    ({}, Options()),
    ({"kind": "json", "coerce": True}, Options(coerce=True)),
    ({"kind": "csv", "delimiter": ";"}, Options("csv", delimiter=";")),
    ({"kind": "csv", "header": False, "columns": ["a"]}, Options("csv", header=False, columns=("a",))),
    ({"kind": "lines", "columns": ["a", "rest..."]}, Options("lines", columns=("a", "rest..."))),
    ({"kind": "tokens", "columns": ["a"]}, Options("tokens", columns=("a",), separator="\t", comment="##")),
    (
        {"kind": "tokens", "columns": ["a"], "comment": "#"},
        Options("tokens", columns=("a",), separator="\t", comment="#"),
    ),
    ({"kind": "jsonl", "extensions": ["json"]}, Options("jsonl", extensions=("json",))),
]

#: what is written, option, reason
BAD: list[tuple[Any, str, str]] = [
    ("csv", "document", "malformed"),
    ({"kind": "avro"}, "kind", "unknown-kind"),
    ({"kind": ["csv"]}, "kind", "unknown-kind"),
    ({"kind": "xml", "delimiter": ","}, "delimiter", "unknown-option"),
    ({"delimeter": ","}, "delimeter", "unknown-option"),
    ({"kind": "csv", "delimiter": ", "}, "delimiter", "malformed"),
    ({"kind": "csv", "delimiter": '"'}, "delimiter", "malformed"),
    ({"kind": "csv", "header": "no"}, "header", "malformed"),
    ({"kind": "csv", "header": False}, "columns", "missing"),
    ({"kind": "csv", "columns": ["a"]}, "columns", "contradictory"),
    ({"kind": "csv", "header": False, "columns": ["a", "b..."]}, "columns", "malformed"),
    ({"kind": "lines", "columns": ["a...", "b"]}, "columns", "malformed"),
    ({"kind": "lines", "columns": ["a", "a..."]}, "columns", "malformed"),
    ({"kind": "lines", "columns": ["..."]}, "columns", "malformed"),
    ({"kind": "lines", "columns": []}, "columns", "malformed"),
    ({"kind": "tokens"}, "columns", "missing"),
    ({"kind": "jsonl", "extensions": [".json"]}, "extensions", "malformed"),
    ({"kind": "jsonl", "extensions": "json"}, "extensions", "malformed"),
]


@pytest.mark.parametrize(("raw", "options"), GOOD, ids=str)
def test_options_are_read(raw: dict[str, Any], options: Options) -> None:
    assert not list(faults(raw))
    assert options_of(raw) == options


@pytest.mark.parametrize(("raw", "option", "reason"), BAD, ids=str)
def test_nonsense_is_told(raw: Any, option: str, reason: str) -> None:
    assert [(fault.option, fault.reason) for fault in faults(raw)] == [(option, reason)]


def test_every_kind_has_options_and_a_reader() -> None:
    assert OPTIONS.keys() == KINDS.keys()
