"""Every kind of document: what is read of it, what is wrong with it, and where its values stand."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qc.documents.document import Problem
from qc.documents.options import Options, options_of
from qc.documents.pointers import token
from qc.documents.readers import KINDS, UNBOUND, extensions_of, kind_of


class Case(NamedTuple):
    """A document: options, bytes, value (None: not parsed), problems (keyword or keyword/detail, line,
    column), places of pointers."""

    options: Mapping[str, Any]
    data: bytes
    value: Any
    problems: Sequence[tuple[Any, ...]] = ()
    places: Mapping[str, tuple[int, int | None] | None] = {}


JSONL, YAML, XML, CSV, TEXT = ({"kind": kind} for kind in ("jsonl", "yaml", "xml", "csv", "text"))
YOLO = {"kind": "lines", "columns": ["class", "x", "y", "w", "h"]}
OUTLINES = {"kind": "lines", "columns": ["class", "points..."]}
NER = {"kind": "tokens", "columns": ["form", "tag"]}
VOC = (
    "<annotation><size/><object><name>차</name><box>\n<x>1</x></box></object>\n"
    "<object><name>사람</name></object></annotation>"
)
BOMB = "a: &a [1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

CASES: dict[str, Case] = {
    # --- JSON Lines
    "jsonl: line ends of three systems, blank lines": Case(
        JSONL,
        '{"a":1}\r\n\n{"a":"가"}\r{"b":[1,2]}'.encode(),
        [{"a": 1}, {"a": "가"}, {"b": [1, 2]}],
        [],
        {"": (1, 1), "/1/a": (3, 6), "/2/b/1": (4, 9), "/3": None},
    ),
    "jsonl: faults of single lines": Case(
        JSONL,
        b'{"a":1,"a":2}\n{"a":NaN}\noops\n{"a":3}',
        [{"a": 2}, {"a": math.nan}, {"a": 3}],
        [("duplicate-key/a", 1, 12), ("nan", 2, 6), ("syntax/unexpected", 3, 1)],
        {"/2/a": (4, 6)},
    ),
    "jsonl: a mark": Case(JSONL, b'\xef\xbb\xbf{"a":1}\n', [{"a": 1}], [("bom", 1, 1)]),
    "jsonl: one list over many lines": Case(
        JSONL,
        b'[\n {"a":1},\n {"a":2}\n]',
        [{"a": 1}, {"a": 2}],
        [("syntax/not-lines", 1, 1)],
        {"/1/a": (3, 7)},
    ),
    "jsonl: one object over many lines": Case(
        JSONL, b'{\n "a": 1\n}', [{"a": 1}], [("syntax/not-lines", 1, 1)], {"/0/a": (2, 7), "/0": (1, 1)}
    ),
    "jsonl: no line is JSON": Case(
        JSONL, b"a\nb\n", None, [("syntax/unexpected", 1, 1), ("syntax/unexpected", 2, 1)]
    ),
    "jsonl: nothing": Case(JSONL, b"\n \n", None, [("empty", 1, 1)]),
    # --- YAML
    "yaml: values as programs read them, dates as texts": Case(
        YAML,
        "names:\n  0: person\n  1: no\n날짜: 2024-01-02\nn: [1, 012, 1.5, '1', 1_000, ~]".encode(),
        {"names": {"0": "person", "1": False}, "날짜": "2024-01-02", "n": [1, 10, 1.5, "1", 1000, None]},
        [],
        {"/names/1": (3, 6), "/n/3": (5, 18), "/날짜": (4, 5), "": (1, 1)},
    ),
    "yaml: references are followed": Case(
        YAML,
        b"a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\nc: [*x]",
        {"a": {"p": 1, "q": 2}, "b": {"q": 3, "p": 1}, "c": [{"p": 1, "q": 2}]},
        [],
        {"/c/0/q": (3, 5), "/b/q": (2, 16)},
    ),
    "yaml: references without end": Case(YAML, b"a: &x [1, *x]", None, [("alias-bomb", 1, 11)]),
    "yaml: references that multiply": Case(YAML, BOMB.encode(), None, [("alias-bomb", 7, 28)]),
    "yaml: keys that stand twice": Case(
        YAML,
        b"a: 1\nb: {c: 1, c: 2}\na: 3",
        {"a": 3, "b": {"c": 2}},
        [("duplicate-key/c", 2, 11), ("duplicate-key/a", 3, 1)],
    ),
    "yaml: objects of programs": Case(
        YAML,
        b"a: !!python/object:os.system x\nb: !Car {c: 1}",
        {"a": "x", "b": {"c": 1}},
        [("tag", 1, 4), ("tag", 2, 4)],
    ),
    "yaml: several documents": Case(YAML, b"--- 1\n--- 2", 1, [("syntax/yaml-several-documents", 2, 1)]),
    "yaml: a list as a key": Case(YAML, b"? [1]\n: 2", None, [("syntax/yaml-key", 1, 3)]),
    "yaml: a tab": Case(YAML, b"a:\n\tb: 1", None, [("syntax/yaml-tab", 2, 1)]),
    "yaml: no grammar": Case(YAML, b"a: b: c", None, [("syntax/yaml", 1, 5)]),
    "yaml: a reference to nothing": Case(YAML, b"a: *x", None, [("syntax/yaml", 1, 4)]),
    "yaml: a control character": Case(YAML, b"a: \x07", None, [("syntax/yaml-control-character", 1, 4)]),
    "yaml: too deep": Case(YAML, b"[" * 201 + b"]" * 201, None, [("depth", 1, 201)]),
    "yaml: a comment alone": Case(YAML, b"# a\n", None, [("empty", 1, 1)]),
    # --- XML
    "xml: elements that repeat, that are empty, that have text": Case(
        XML,
        VOC.encode(),
        {"annotation": {"size": "", "object": [{"name": "차", "box": {"x": "1"}}, {"name": "사람"}]}},
        [],
        {
            "/annotation/object/1/name": (3, 9),
            "/annotation/object": (1, 20),
            "/annotation/object/0/box/x": (2, 1),
        },
    ),
    "xml: attributes, and text beside them": Case(
        XML,
        b'<a x="1">t<b/><b y="2"> z </b>u<!-- no data -->v</a>',
        {"a": {"@x": "1", "b": ["", {"@y": "2", "#text": " z "}], "#text": "tuv"}},
        [],
        {"/a/@x": (1, 1), "/a/b/1/#text": (1, 15), "/a/c": None},
    ),
    "xml: one that a schema calls a list": Case(
        XML,
        b"<a>\n<b><c/></b></a>",
        {"a": {"b": {"c": ""}}},
        [],
        {"/a/b/0/c": (2, 4), "/a/b/c": (2, 4), "/a/b/1": None},
    ),
    "xml: in the encoding that it names": Case(
        XML, '<?xml version="1.0" encoding="EUC-KR"?><a>뷁</a>'.encode("cp949"), {"a": "뷁"}
    ),
    "xml: utf-16 by its mark": Case(
        XML, '<?xml version="1.0" encoding="UTF-16"?><a>가</a>'.encode("utf-16"), {"a": "가"}
    ),
    "xml: not in the encoding that it names": Case(
        XML,
        '<?xml version="1.0" encoding="euc-kr"?><a>가나</a>'.encode(),
        {"a": "가나"},
        [("encoding/declared", 1, 1)],
    ),
    "xml: not in the encoding that it should name": Case(
        XML, "<a>홍길동</a>".encode("cp949"), {"a": "홍길동"}, [("encoding", 1, 1)]
    ),
    "xml: a document type that defines nothing": Case(
        XML, b'<!DOCTYPE a SYSTEM "http://example.org/a.dtd"><a>1</a>', {"a": "1"}
    ),
    "xml: defaults of a document type are not data": Case(
        XML, b'<!DOCTYPE a [<!ATTLIST a x CDATA "1">]><a>1</a>', {"a": "1"}
    ),
    "xml: entities": Case(XML, b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', None, [("entity", 1, 25)]),
    "xml: entities from a file": Case(
        XML, b'<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/hostname"> %x;]><a/>', None, [("entity", 1, 56)]
    ),
    "xml: an entity that is defined elsewhere": Case(
        XML, b'<!DOCTYPE a SYSTEM "http://example.org/a.dtd"><a>&x;</a>', None, [("entity", 1, 50)]
    ),
    "xml: prefixes": Case(XML, b'<g:a xmlns:g="u">1</g:a>', {"g:a": {"@xmlns:g": "u", "#text": "1"}}),
    "xml: a prefix that stands for nothing": Case(
        XML, b"<g:a>1</g:a>", {"g:a": "1"}, [("syntax/xml-unbound-prefix", 1, 1)]
    ),
    "xml: tags that do not match": Case(XML, b"<a><b></a>", None, [("syntax/xml-mismatched-tag", 1, 9)]),
    "xml: a sign that must be escaped": Case(XML, b"<a>\n1 < 2</a>", None, [("syntax/xml-unescaped", 2, 4)]),
    "xml: cut short": Case(XML, b"<a><b>", None, [("syntax/xml-end-of-data", 1, 7)]),
    "xml: two roots": Case(XML, b"<a/><b/>", None, [("syntax/xml-trailing-data", 1, 5)]),
    "xml: too deep": Case(XML, b"<a>" * 300 + b"</a>" * 300, None, [("depth", 1, 604)]),
    "xml: nothing": Case(XML, b" ", None, [("empty", 1, 1)]),
    # --- CSV
    "csv: quotes, line breaks in cells, a mark, three line ends": Case(
        CSV,
        '\ufeff이름,b\r\n"x, ""y""\nz",1\rq,2\n'.encode(),
        [{"이름": 'x, "y"\nz', "b": "1"}, {"이름": "q", "b": "2"}],
        [],
        {"": (1, 1), "/0/b": (3, 4), "/1": (4, 1), "/1/b": (4, 3), "/2": None, "/0/c": None},
    ),
    "csv: separated by semicolons": Case(
        CSV, b"a;b\n1,5;2\n", [{"a": "1,5", "b": "2"}], [], {"/0/b": (2, 5)}
    ),
    "csv: separated by tabs": Case(CSV, b"a\tb\n1, 2\t3", [{"a": "1, 2", "b": "3"}]),
    "csv: one column": Case(CSV, b"a\n1\n2", [{"a": "1"}, {"a": "2"}]),
    "csv: not as promised": Case(
        {**CSV, "delimiter": ","},
        b"a\tb\n1\t2",
        [{"a": "1", "b": "2"}],
        [("delimiter", 1, 1)],
        {"/0/b": (2, 3)},
    ),
    "csv: the header again": Case(
        CSV,
        b"a,b\n1,2\na,b\n3,4",
        [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}],
        [("repeated-header", 3, None)],
        {"/1/a": (4, 1)},
    ),
    "csv: rows of other lengths": Case(
        CSV,
        b"a,b,c\n1\n1,2,3,4\n\n1,2,3",
        [{"a": "1"}, {"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "2", "c": "3"}],
        [("ragged-row", 2, None), ("ragged-row", 3, None)],
        {"/2/c": (5, 5), "/0/b": None},
    ),
    "csv: rows of nothing": Case(
        CSV, b"a,b\n,\n1,2\n,,\n", [{"a": "1", "b": "2"}], [("empty-row", 2, None), ("empty-row", 4, None)]
    ),
    "csv: names that stand twice, and no name": Case(
        CSV,
        b"a,,a\n1,2,3",
        [{"a": "3"}],
        [("unnamed-column", 1, 2), ("duplicate-column/a", 1, 3)],
        {"/0/a": (2, 5)},
    ),
    "csv: a header alone": Case(CSV, b"a,b\n", []),
    "csv: nothing": Case(CSV, b" \n", None, [("empty", 1, 1)]),
    "csv: names from the schema": Case(
        {**CSV, "header": False, "columns": ["a", "b"]},
        b"1,2\n3,4",
        [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}],
        [],
        {"/1/b": (2, 3)},
    ),
    "csv: a quote that is not closed": Case(
        CSV,
        b'a,b\n1,2\n"3,4\n5,6',
        [{"a": "1", "b": "2"}, {"a": "3,4\n5,6"}],
        [("ragged-row", 3, None), ("syntax/unclosed-quote", 3, None)],
    ),
    "csv: text after a quote": Case(
        CSV,
        b'a,b\n"1"2,3\n4,5',
        [{"a": "12", "b": "3"}, {"a": "4", "b": "5"}],
        [("syntax/text-after-quote", 2, None)],
        {"/1/b": (3, 3)},
    ),
    "csv: a very long cell": Case(CSV, b"a,b\n" + b"x" * 2**20 + b",1", [{"a": "x" * 2**20, "b": "1"}]),
    "csv: cp949": Case(
        CSV,
        "이름,b\n홍길동,1".encode("cp949"),
        [{"이름": "홍길동", "b": "1"}],
        [("encoding", 1, 1)],
        {"/0/b": (2, 5)},
    ),
    "csv: lines in two encodings": Case(
        CSV,
        "이름,b\n가,1\n".encode() + "홍길동,2".encode("cp949"),
        [{"이름": "가", "b": "1"}, {"이름": "홍길동", "b": "2"}],
        [("encoding/mixed", 3, 1)],
        {"/1/b": (3, 5)},
    ),
    "csv: zero bytes": Case(CSV, b"a,b\n1,\0\0", [{"a": "1", "b": "\0\0"}], [("nul", 2, 3)]),
    # --- lines
    "lines: yolo": Case(
        YOLO,
        b"0 0.5 0.5 .1 .2\r\n\r\n  1\t1 2  3 4\n",
        [dict(zip(YOLO["columns"], row.split(), strict=True)) for row in ("0 0.5 0.5 .1 .2", "1 1 2 3 4")],
        [],
        {"": (1, 1), "/0/h": (1, 14), "/1/w": (3, 10), "/1": (3, 3), "/2": None, "/0/z": None},
    ),
    "lines: a picture without objects": Case(YOLO, b"", []),
    "lines: cells too few, and too many": Case(
        YOLO,
        b"0 1\n0 1 2 3 4 5",
        [{"class": "0", "x": "1"}, {"class": "0", "x": "1", "y": "2", "w": "3", "h": "4"}],
        [("ragged-row", 1, None), ("ragged-row", 2, None)],
        {"/0/h": (1, None)},
    ),
    "lines: the rest as a list": Case(
        OUTLINES,
        b"0 1 2 3\n1\n",
        [{"class": "0", "points": ["1", "2", "3"]}, {"class": "1", "points": []}],
        [],
        {"/0/points/2": (1, 7), "/0/points": (1, 3)},
    ),
    "lines: another separator, comments": Case(
        {"kind": "lines", "columns": ["a", "b"], "separator": ",", "comment": "#"},
        b"#x\na b, c\n",
        [{"a": "a b", "b": " c"}],
        [],
        {"/0/b": (2, 5)},
    ),
    "lines: without columns": Case(
        {"kind": "lines"}, "가 나\n다\n".encode(), ["가 나", "다"], [], {"/1": (2, 1)}
    ),
    # --- tokens
    "tokens: records, comments, a blank as a token": Case(
        NER,
        "## 1\t<가:PS>\n가\tB-PS\n \tO\n\n\n## 2\n나\tO\n## 3\n다\tO".encode(),
        [
            {"comments": ["1\t<가:PS>"], "form": ["가", " "], "tag": ["B-PS", "O"]},
            {"comments": ["2"], "form": ["나"], "tag": ["O"]},
            {"comments": ["3"], "form": ["다"], "tag": ["O"]},
        ],
        [],
        {
            "/0/tag/1": (3, 3),
            "/1": (6, 1),
            "/1/form/0": (7, 1),
            "/2/comments/0": (8, 1),
            "/3": None,
            "/0/tag/2": None,
        },
    ),
    "tokens: a cell too few, and too many": Case(
        NER,
        b"a\nb\tO\tx",
        [{"comments": [], "form": ["a", "b"], "tag": [None, "O"]}],
        [("ragged-row", 1, None), ("ragged-row", 2, None)],
    ),
    "tokens: nothing": Case(NER, b"", []),
    # --- text
    "text: as it is": Case(TEXT, "가\r\n나".encode(), "가\r\n나", [], {"": (1, 1), "/0": None}),
}


def brief(problem: Problem) -> tuple[Any, ...]:
    name = problem.keyword if problem.detail is None else f"{problem.keyword}/{problem.detail}"
    return name, problem.line, problem.col


def nan_as_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_value_and_problems(case: Case) -> None:
    options = options_of(case.options)
    document = KINDS[options.kind].parse(case.data, options)
    assert nan_as_text(document.value if document.parsed else None) == nan_as_text(case.value)
    assert document.parsed == (case.value is not None)
    assert [brief(problem) for problem in document.problems] == list(case.problems)
    assert (document.lane == "fast") == (not case.problems)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_places(case: Case) -> None:
    options = options_of(case.options)
    found = KINDS[options.kind].locate(case.data, case.places.keys(), options)
    assert found == {pointer: place for pointer, place in case.places.items() if place is not None}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_problem_holds_nothing_of_the_text(case: Case) -> None:
    """But for the names of keys and columns, which the tables keep only if they look like names."""
    data = case.data
    for secret in ("가나", "홍길동"):
        data = data.replace("가".encode(), secret.encode())
    options = options_of(case.options)
    for problem in KINDS[options.kind].parse(data, options).problems:
        assert "홍길동" not in f"{problem.expected} {problem.found} {problem.pointer}"


def test_of_very_many_problems_a_few_are_kept_and_all_are_counted() -> None:
    document = KINDS["csv"].parse(b"a,b\n" + b"1\n" * 10_000, options_of(CSV))
    assert len(document.problems) < 10
    assert sum(problem.times for problem in document.problems) == 10_000
    document = KINDS["jsonl"].parse(b'{"a":1}\n' + b"{]\n" * 10_000, options_of(JSONL))
    assert len(document.problems) < 10
    assert sum(problem.times for problem in document.problems) == 10_000


SHORT = sorted(name for name, case in CASES.items() if len(case.data) < 2_000)


@given(st.sampled_from(SHORT), st.floats(0, 1), st.binary(max_size=4), st.integers(0, 3))
def test_nothing_raises_whatever_is_broken(case: str, where: float, put: bytes, cut: int) -> None:
    options, data = options_of(CASES[case].options), CASES[case].data
    kind = KINDS[options.kind]
    at = int(where * len(data))
    broken = data[:at] + put + data[at + cut :]
    document = kind.parse(broken, options)
    assert document.parsed or document.problems
    assert all(problem.times > 0 for problem in document.problems)
    places = kind.locate(broken, ["", "/0", "/0/a", "/a/b/0", "/annotation/object/1/name"], options)
    lines = broken.count(b"\n") + broken.count(b"\r") + 2
    assert all(1 <= line <= lines for line, _ in places.values())


@pytest.mark.parametrize("kind", KINDS)
@given(st.binary(max_size=300))
@example(b"\xff\xfe")
@example(b"\xef\xbb\xbf")
def test_nothing_raises_for_any_bytes(kind: str, data: bytes) -> None:
    columns = ["a", "b"] if kind in ("lines", "tokens") else []
    options = options_of({"kind": kind, **({"columns": columns} if columns else {})})
    document = KINDS[kind].parse(data, options)
    assert document.parsed or document.problems


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


@given(
    st.lists(st.tuples(CELLS, CELLS).filter(any), min_size=1, max_size=6),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_every_table_that_a_program_writes_is_read_and_its_cells_are_found(
    rows: list[tuple[str, str]], delimiter: str, end: str
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(
        [("가", "b"), *rows]
    )
    data = text.getvalue().encode()
    options = options_of({"kind": "csv", "delimiter": delimiter})
    document = KINDS["csv"].parse(data, options)
    kept = [row for row in rows if row != ("가", "b")]
    assert document.value == [{"가": a, "b": b} for a, b in kept]
    pointers = [f"/{number}/{name}" for number in range(len(kept)) for name in ("가", "b")]
    places = KINDS["csv"].locate(data, pointers, options)
    unified = text.getvalue().replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert all(unified[line - 1][col - 1] == '"' for line, col in places.values() if col is not None)
    assert places.keys() == set(pointers)


@given(
    st.lists(
        st.dictionaries(st.text("ab/~가", min_size=1, max_size=3), st.integers(), max_size=3), min_size=1
    )
)
def test_places_of_json_lines_lead_to_the_values(records: list[dict[str, int]]) -> None:
    text = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    pointers = {
        f"/{n}/{token(key)}": value for n, record in enumerate(records) for key, value in record.items()
    }
    places = KINDS["jsonl"].locate(text.encode(), pointers, options_of(JSONL))
    lines = text.split("\n")
    for pointer, value in pointers.items():
        line, col = places[pointer]
        assert col is not None
        assert lines[line - 1][col - 1 :].startswith(str(value))


MARKUP = st.recursive(
    st.text("a가 \n", max_size=4),
    lambda inner: st.builds(
        lambda name, attributes, parts: f"<{name}{attributes}>{''.join(parts)}</{name}>",
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["", ' x="1"', ' x="" y=" 2 "']),
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)


@given(MARKUP)
def test_both_lanes_of_xml_read_the_same(inner: str) -> None:
    text = f"<root>{inner}</root>"
    fast = KINDS["xml"].parse(text.encode(), options_of(XML))
    slow = KINDS["xml"].parse(f"<!DOCTYPE root>{text}".encode(), options_of(XML))
    assert fast.parsed and slow.parsed
    assert fast.value == slow.value


# --- the table of kinds ---------------------------------------------------------------------------


def test_what_no_schema_speaks_of_is_read_by_its_extension_and_never_by_more_than_one_kind() -> None:
    assert {e: k.name for e, k in UNBOUND.items() if e in ("json", "xml", "csv", "yml", "xlsx", "txt")} == {
        "json": "json", "xml": "xml", "csv": "csv", "yml": "yaml", "xlsx": "xlsx", "txt": "text",
    }  # fmt: skip
    claims = [extension for kind in KINDS.values() for extension in kind.unbound]
    assert len(claims) == len(set(claims))
    assert kind_of("hwp", None) is None
    assert kind_of("txt", Options(kind="lines")) is KINDS["lines"]


def test_a_schema_may_name_the_extensions_of_its_files() -> None:
    assert extensions_of(options_of({"kind": "jsonl"})) == {"jsonl", "ndjson", "jsonlines"}
    assert extensions_of(options_of({"kind": "jsonl", "extensions": ["json"]})) == {"json"}


def test_a_document_of_too_many_values_is_too_large_before_it_is_read() -> None:
    for kind, line in {"csv": b"1,2,3,4,5,6,7,8,9\n", "xml": b"<a>1</a>", "jsonl": b"{}\n"}.items():
        assert not KINDS[kind].too_large(line * 1000)
        assert KINDS[kind].too_large(line * 6_000_000)
