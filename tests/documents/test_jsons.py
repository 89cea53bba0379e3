from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qc.documents import jsons
from qc.documents.document import SYNTAX, Document, Problem
from qc.documents.jsons import MAX_DEPTH, keys_survive, read_json
from qc.documents.text import text_of


def brief(problem: Problem) -> tuple[Any, ...]:
    return problem.keyword, problem.detail, problem.pointer, problem.line, problem.col


HANGUL = '{"클래스": "보행자", "목록": ["가", "나다"]}'
VALUE = json.loads(HANGUL)
BROKEN = HANGUL.encode().replace("보".encode(), "보".encode()[:2])

#: bytes, value, encoding, lane, problems (keyword, detail, pointer, line, column)
READ: dict[str, tuple[bytes, Any, str, str, list[tuple[Any, ...]]]] = {
    "plain": (b'{"a": [1, 2.5, null]}', {"a": [1, 2.5, None]}, "utf-8", "fast", []),
    "hangul": (HANGUL.encode(), VALUE, "utf-8", "fast", []),
    "colon and braces in strings": (
        b'{"t": "{10:20}", "u": "\\":"}',
        {"t": "{10:20}", "u": '":'},
        "utf-8",
        "fast",
        [],
    ),
    "bom": (b"\xef\xbb\xbf{}", {}, "utf-8-sig", "fast", [("bom", None, "", 1, 1)]),
    "cp949": (HANGUL.encode("cp949"), VALUE, "cp949", "fast", [("encoding", None, "", 1, 1)]),
    "utf-16": (HANGUL.encode("utf-16"), VALUE, "utf-16", "fast", [("encoding", None, "", 1, 1)]),
    "utf-16 without bom": (
        "[1]".encode("utf-16-le"),
        [1],
        "utf-16-le",
        "fast",
        [("encoding", None, "", 1, 1)],
    ),
    "one broken byte": (
        BROKEN,
        {**VALUE, "클래스": "�행자"},
        "utf-8",
        "fast",
        [("encoding", "damaged", "", 1, 10)],
    ),
    "nan": (
        b'{"bbox": [1,\n NaN, -Infinity, 1e999]}',
        {"bbox": [1, math.nan, -math.inf, math.inf]},
        "utf-8",
        "slow",
        [
            ("nan", None, "/bbox/1", 2, 2),
            ("nan", None, "/bbox/2", 2, 7),
            ("number-too-large", None, "/bbox/3", 2, 18),
        ],
    ),
    "duplicate keys, the last wins": (
        b'{"a": 1, "a": 2,\n"b": [{"c/d": 1, "c/d": 2, "c/d": {"x": 3}}]}',
        {"a": 2, "b": [{"c/d": {"x": 3}}]},
        "utf-8",
        "slow",
        [("duplicate-key", "a", "/a", 1, 15), ("duplicate-key", "c/d", "/b/0/c~1d", 2, 35)],
    ),
    "duplicate key hidden by an escape": (
        b'{"a": 1, "\\u0061": 2}',
        {"a": 2},
        "utf-8",
        "slow",
        [("duplicate-key", "a", "/a", 1, 20)],
    ),
    "duplicate key hidden by a blank and a string": (
        b'{"a" :"x:", "a":1}',
        {"a": 1},
        "utf-8",
        "slow",
        [("duplicate-key", "a", "/a", 1, 17)],
    ),
    "duplicate key below a list of mixed members": (
        b'[1, {"a": 1, "a": 1}]',
        [1, {"a": 1}],
        "utf-8",
        "slow",
        [("duplicate-key", "a", "/1/a", 1, 19)],
    ),
    "raw control characters": (
        b'["a\tb",\n"c\nd\n"]',
        ["a\tb", "c\nd\n"],
        "utf-8",
        "slow",
        [("syntax", "control-character", "", 1, 4)],
    ),
    "lone surrogate": (
        rb'["\\ud800", "\ud83d\ude00", "\ud800", "x\udc00"]',
        ["\\ud800", "\U0001f600", "�", "x�"],
        "utf-8",
        "slow",
        [("syntax", "lone-surrogate", "", 1, 30)],
    ),
    "all at once, in cp949": (
        '{"값": NaN,\n "값": 1}'.encode("cp949"),
        {"값": 1},
        "cp949",
        "slow",
        [("encoding", None, "", 1, 1), ("duplicate-key", "값", "/값", 2, 7)],
    ),
    "integers beyond 64 bits, as in the fast lane": (
        b"[NaN, 18446744073709551615, 18446744073709551616, -9223372036854775809]",
        [math.nan, 18446744073709551615, 18446744073709551616.0, -9223372036854775808.0],
        "utf-8",
        "slow",
        [("nan", None, "/0", 1, 2)],
    ),
    "very many digits": (b"9" * 5000, math.inf, "utf-8", "slow", [("number-too-large", None, "", 1, 1)]),
}


def same(left: Any, right: Any) -> bool:
    # repr tells 1 from 1.0 and True, and finds NaN equal to NaN.
    return repr(left) == repr(right)


@pytest.mark.parametrize("case", READ.values(), ids=READ.keys())
def test_reads_the_record_in_spite_of_problems(case: tuple[bytes, Any, str, str, list[Any]]) -> None:
    data, value, encoding, lane, problems = case
    document = read_json(data)
    assert document.parsed
    assert same(document.value, value)
    assert (document.encoding, document.lane) == (encoding, lane)
    assert [brief(problem) for problem in document.problems] == problems


#: bytes, keyword, detail, line, column
REFUSED: dict[str, tuple[bytes, str, str | None, int, int]] = {
    "no bytes": (b"", "empty", None, 1, 1),
    "blanks": (b" \n\t", "empty", None, 1, 1),
    "only a bom": (b"\xef\xbb\xbf", "empty", None, 1, 1),
    "binary": (b"\x89PNG\r\n\x1a\n\xff\xfe", "encoding", "unknown", 1, 1),
    "cut": (b'{"a": [1,\n 2', "syntax", "end-of-data", 2, 3),
    "cut in a string": (b'{"a": "bc', "syntax", "end-of-data", 1, 10),
    "cut after a key": (b'{"a"', "syntax", "end-of-data", 1, 5),
    "two values": (b'{"a": 1}\n{"a": 2}', "syntax", "trailing-data", 2, 1),
    "padded with zeros": (b"{}   \x00\x00", "syntax", "trailing-data", 1, 6),
    "closed twice": (b"[1]]", "syntax", "trailing-data", 1, 4),
    "comma before ]": (b"[1,\n2,]", "syntax", "trailing-comma", 2, 3),
    "comma before }": (b'{"a": 1,}', "syntax", "trailing-comma", 1, 9),
    "no comma": (b"[1 2]", "syntax", "missing-separator", 1, 4),
    "no comma between strings": (b'["a" "b"]', "syntax", "missing-separator", 1, 6),
    "no colon": (b'{"a" 1}', "syntax", "missing-separator", 1, 6),
    "single quotes": (b"{'a': 1}", "syntax", "single-quote", 1, 2),
    "bare key": (b"{a: 1}", "syntax", "unquoted", 1, 2),
    "python constant": (b"[True]", "syntax", "unquoted", 1, 2),
    "comment": (b"[1, // one\n2]", "syntax", "comment", 1, 5),
    "hash comment": (b"# labels\n[]", "syntax", "comment", 1, 1),
    "bad escape": (rb'["C:\data"]', "syntax", "bad-escape", 1, 5),
    "two commas": (b"[1,,2]", "syntax", "unexpected", 1, 4),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_tells_where_and_why_it_cannot_read(case: tuple[bytes, str, str | None, int, int]) -> None:
    data, keyword, detail, line, col = case
    document = read_json(data)
    assert not document.parsed
    assert document.value is None
    assert [brief(problem) for problem in document.problems] == [(keyword, detail, "", line, col)]


def test_every_way_to_break_the_grammar_has_a_case() -> None:
    seen = {case[2] for case in REFUSED.values() if case[1] == "syntax"}
    seen |= {problem[1] for case in READ.values() for problem in case[4] if problem[0] == "syntax"}
    assert seen == set(SYNTAX)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'], ids=["lists", "objects"])
def test_too_deep_is_a_problem_not_a_crash(opening: bytes) -> None:
    document = read_json(opening * 100_000)
    assert not document.parsed
    assert [problem.keyword for problem in document.problems] == ["depth"]
    assert document.problems[0].expected == str(MAX_DEPTH)


def test_the_slow_lane_reads_as_deep_as_it_promises() -> None:
    text = b"[" * MAX_DEPTH + b"NaN" + b"]" * MAX_DEPTH
    assert read_json(text).parsed
    assert not read_json(b"[" + text + b"]").parsed


def test_problems_hold_no_text_of_the_document() -> None:
    secret = "홍길동010"
    texts = [
        f'{{"a": "{secret}", "a": NaN, "b": {secret}}}',
        f'["{secret}\t\\ud800", NaN]',
        f'["{secret}" "{secret}"]',
        f'["{secret}',
    ]
    for text in texts:
        for data in (text.encode(), text.encode("cp949"), text.encode("utf-16")):
            problems = read_json(data).problems
            assert problems
            assert not any(sign in repr(problems) for sign in (*secret[:3], "010"))


# --- properties ---------------------------------------------------------------------------------

STRINGS = st.sampled_from(["a", "b", "a:b", '"', '":', "{", "\\", "가", "\n", "\x7f", "10:20", "a~/b", ""])
NUMBERS = st.one_of(st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False))
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, STRINGS)


def _object(members: list[tuple[str, str]], blank: str) -> str:
    return "{" + ",".join(f"{json.dumps(key)}{blank}:{blank}{value}" for key, value in members) + "}"


#: JSON texts, of which some hold a key twice.
TEXTS = st.recursive(
    SCALARS.map(json.dumps),
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: "[" + ",".join(items) + "]")
        | st.builds(
            _object, st.lists(st.tuples(STRINGS, inner), max_size=4), st.sampled_from(["", " ", "\n"])
        )
    ),
    max_leaves=12,
)


def repeats(text: str) -> bool:
    seen: list[bool] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen.append(len(dict(pairs)) < len(pairs))
        return dict(pairs)

    json.loads(text, object_pairs_hook=members)
    return any(seen)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(TEXTS)
def test_a_merged_key_is_never_overlooked_and_never_imagined(text: str) -> None:
    data = text.encode()
    assert keys_survive(data, orjson.loads(data)) == (not repeats(text))
    document = read_json(data)
    assert document.parsed
    assert (document.lane == "slow") == repeats(text) == bool(document.problems)


def keys_in(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(keys_in, value.values()))
    return sum(map(keys_in, value)) if isinstance(value, list) else 0


@settings(max_examples=300, deadline=None, derandomize=True)
@given(TEXTS, st.integers(0, 3))
def test_keys_that_somebody_met_are_a_proof_only_if_they_are_all(text: str, overlooked: int) -> None:
    data = text.encode()
    document = read_json(data, lambda value: max(0, keys_in(value) - overlooked))
    assert document == read_json(data)
    assert (document.lane == "slow") == repeats(text)


def test_keys_that_somebody_met_spare_the_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_walk(data: bytes, value: Any) -> bool:
        raise AssertionError((data, value))

    monkeypatch.setattr(jsons, "keys_survive", no_walk)
    assert read_json(b'{"a": {"b": 1}}', keys_in).lane == "fast"
    assert read_json(b'{"a": {"b": "12:30"}}', keys_in).lane == "fast"  # a colon that ends no key


@settings(max_examples=200, deadline=None, derandomize=True)
@given(TEXTS)
def test_both_lanes_read_the_same_value(text: str) -> None:
    fast, slow = read_json(f"[0,{text}]".encode()), read_json(f"[NaN,{text}]".encode())
    assert slow.lane == "slow"
    assert same(fast.value[1], slow.value[1])


def faults(document: Document) -> Iterator[str]:
    for problem in document.problems:
        for text in (problem.expected, problem.found):
            if text is not None:
                try:
                    json.loads(text)
                except ValueError:
                    yield text


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.binary(max_size=40) | st.builds(lambda text, n: text.encode()[:n], TEXTS, st.integers(0, 60)))
def test_nothing_raises(data: bytes) -> None:
    document = read_json(data)
    assert document.parsed or document.problems
    assert not list(faults(document))
    text = text_of(data, document.encoding)
    for problem in document.problems:
        if problem.line is not None and problem.col is not None:
            assert 1 <= problem.line <= text.count("\n") + 1
            assert problem.col >= 1
