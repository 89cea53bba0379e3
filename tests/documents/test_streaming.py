"""A large document, read as a shell and pieces of its lists, is what it is when it is read whole."""

from __future__ import annotations

import json
import random
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qc.documents import streaming, xmlstream
from qc.documents.blocks import Blocks
from qc.documents.document import Document, Problem
from qc.documents.jsons import read_json
from qc.documents.locate import locate
from qc.documents.options import Options
from qc.documents.pointers import replaced
from qc.documents.streaming import IN_STRINGS, Large, TooLargeError, Where, read_large
from qc.documents.text import decode
from qc.documents.xmls import locate_xml, read_xml
from qc.documents.xmlstream import read_large_xml

LISTS: tuple[Where, ...] = (("a",), ("b", "c"), ())
XML_LISTS: tuple[Where, ...] = (("all", "image"), ("all", "track"), ("r", "a", "b"))


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "PIECE", 40)
    monkeypatch.setattr(streaming, "BRACKETS", 6)
    monkeypatch.setattr(xmlstream, "PIECE", 40)


def blocks(data: bytes, size: int = 7) -> Blocks:
    def read(start: int) -> Iterator[bytes]:
        for at in range(start, len(data), size):
            yield data[at : at + size]

    return read


class Read(NamedTuple):
    """What reading gave; of problems inside strings only their sum is told."""

    parsed: bool
    value: Any
    encoding: str | None
    problems: list[Problem]


def told(problems: Collection[Problem]) -> list[Problem]:
    counts: dict[str | None, int] = {}
    for problem in sorted(problems, key=lambda p: (p.line or 0, p.col or 0)):
        if problem.detail in IN_STRINGS:
            counts[problem.detail] = counts.get(problem.detail, 0) + json.loads(problem.found or "")["count"]
    out, seen = [], set()
    for problem in sorted(problems, key=lambda p: (p.line or 0, p.col or 0, p.keyword, p.pointer)):
        if problem.detail not in IN_STRINGS:
            out.append(problem)
        elif problem.detail not in seen:
            seen.add(problem.detail)
            out.append(replace(problem, found=json.dumps({"count": counts[problem.detail]})))
    return out


def together(large: Large | Document) -> Read:
    """A large document put together again."""
    if isinstance(large, Document):
        return Read(large.parsed, None, large.encoding, told(large.problems))
    value, problems = large.value, [*large.problems]
    for where, count in large.counts.items():
        members: list[Any] = []
        for piece in large.pieces(where, None):
            assert piece.first == len(members)
            members += piece.members
            problems += piece.problems
        assert len(members) == count
        value = replaced(value, where, members)
    return Read(True, value, large.encoding, told(problems))


def whole(data: bytes) -> Read:
    document = read_json(data)
    value = document.value if document.parsed else None
    return Read(document.parsed, value, document.encoding, told(document.problems))


RECORDS = ",\n".join(
    f'{{"id": {n}, "n": "가\\"[{{", "s": [[1.5, {n}], [3]]}}' if n % 3 else str(n) for n in range(20)
)
DOCUMENT = f'{{"i": {{"d": [1]}}, "a": [{RECORDS}], "z": 3,\n "b": {{"c": [{RECORDS}], "d": [1]}}}}'

#: Documents: as they are, by what they show.
CASES: dict[str, bytes] = {
    "lists": DOCUMENT.encode(),
    "a list at the root": f"\n [{RECORDS}] \n".encode(),
    "numbers": b'{"a": [' + b", ".join(b"%d.5" % n for n in range(90)) + b"]}",
    "texts": json.dumps({"a": [f"],[{n}\\" for n in range(40)]}).encode(),
    "lists of lists": json.dumps([[[n, []], {}] for n in range(40)]).encode(),
    "empty lists": b'{"a": [ ], "b": {"c": []}}',
    "no lists": b'{"a": {"x": 1}, "b": null}',
    "one large member": b'{"a": [' + json.dumps({"x": [{}] * 40}).encode() + b", 1, {}]}",
    "mark": b"\xef\xbb\xbf" + DOCUMENT.encode(),
    "cp949": DOCUMENT.encode("cp949"),
    "utf-16": DOCUMENT.encode("utf-16"),
    "damaged utf-8": DOCUMENT.encode().replace('"가'.encode(), b'"\xc3', 3),
    "keys twice": DOCUMENT.replace('"id": 7', '"id": 0, "id": 7').encode(),
    "a key of the shell twice": DOCUMENT.replace('"z": 3', '"z": 3, "z": 4').encode(),
    "a list twice": b'{"a": [%s], "a": [{}, %s], "b": 1}' % (RECORDS.encode(), RECORDS.encode()),
    "a list replaced": b'{"a": [%s], "a": 3, "b": {"c": [1]}, "b": 4}' % RECORDS.encode(),
    "not a number": DOCUMENT.replace("1.5", "NaN", 4).encode(),
    "numbers too large": DOCUMENT.replace("1.5", "1e999", 4).encode(),
    "lone surrogates": DOCUMENT.replace("[{", "\\ud800", 9).encode(),
    "control characters": DOCUMENT.replace("[{", "\t", 9).encode(),
    # broken
    "end of data in a list": DOCUMENT.encode()[:400],
    "end of data in the shell": DOCUMENT.encode()[:-1],
    "a comma too many": DOCUMENT.replace("]]},", "]]},,", 3).encode(),
    "a comma before the first": b'{"a": [,1, 2]}',
    "a comma after the last": f'{{"a": [{RECORDS},]}}'.encode(),
    "a comma missing": DOCUMENT.replace("]]},", "]]}", 3).encode(),
    "a bracket of another kind": DOCUMENT.replace("[3]", "[3}", 1).encode(),
    "a list closed by a brace": f'{{"a": [{RECORDS}}}'.encode(),
    "trailing data": DOCUMENT.encode() + b" {}",
    "broken in the shell and in a list": f'{{"i": x, "a": [{RECORDS}, y]}}'.encode(),
    "broken, and no text further down": DOCUMENT.replace("1.5", "1,5,,", 1).encode() + b"\xff\xfe\xfd" * 9,
    "empty": b"",
    "blank": b" \n " * 30,
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("size", [3, 1000])
def test_it_is_what_it_is_when_read_whole(name: str, size: int) -> None:
    data = CASES[name]
    found, wanted = together(read_large(blocks(data, size), LISTS)), whole(data)
    if not wanted.parsed:  # where reading ends, what is inside later strings is not counted
        found, wanted = (
            one._replace(problems=[p for p in one.problems if p.detail not in IN_STRINGS])
            for one in (found, wanted)
        )
    assert repr(found) == repr(wanted)  # NaN is not equal to itself


def test_nothing_but_what_may_be_divided_is() -> None:
    large = read_large(blocks(CASES["lists"]), [("b", "c"), ("x",)])
    assert isinstance(large, Large)
    assert large.counts == {("b", "c"): 20}
    assert len(large.value["a"]) == 20
    any_list = read_large(blocks(CASES["lists"]), None)
    assert isinstance(any_list, Large)
    assert any_list.counts == {("a",): 20, ("b", "c"): 20}


def test_pieces_are_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """By bytes, and by what is in them: brackets cost memory."""
    monkeypatch.setattr(streaming, "PIECE", 1000)
    monkeypatch.setattr(streaming, "BRACKETS", 16)
    many: tuple[list[Any], ...] = ([{"a": []}] * 1000, ["x" * 40] * 1000, [[[]] * 2] * 1000)
    for records in many:
        large = read_large(blocks(json.dumps(records).encode(), 300), [()])
        assert isinstance(large, Large)
        sizes = [(piece.size, str(piece.members).count("[")) for piece in large.pieces((), None)]
        assert max(size for size, _ in sizes) <= 1300
        assert max(count for _, count in sizes) <= 32


def test_places_are_those_of_the_document() -> None:
    text = DOCUMENT.replace("가", "가\\n")
    pointers = ["/z", "/a", "/b/d/0", "/a/0"]
    pointers += [f"/{where}/{n}/s/0/1" for where in ("a", "b/c") for n in range(1, 20, 3)]
    large = read_large(blocks(text.encode()), LISTS)
    assert isinstance(large, Large)
    found = dict(large.locate(["/z", "/a", "/b/d/0"]))
    for where in large.counts:
        for piece in large.pieces(where, None):
            found |= piece.locate(pointers)
    assert found == locate(text, pointers)


def test_a_member_or_a_shell_that_is_too_large_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "LARGEST_MEMBER", 5_000)
    monkeypatch.setattr(streaming, "LARGEST_SHELL", 5_000)
    for document in ({"a": [1, {"x": list(range(5_000))}]}, {"x": "y" * 20_000}, {"x": list(range(9_000))}):
        with pytest.raises(TooLargeError):
            read_large(blocks(json.dumps(document).encode()), LISTS)


def test_a_document_that_changes_meanwhile_is_not_taken_for_what_it_was() -> None:
    data = bytearray(CASES["lists"])
    large = read_large(blocks(data), LISTS)  # type: ignore[arg-type]
    assert isinstance(large, Large)
    data[data.index(b'"b"') - 30 :] = b" " * 9
    with pytest.raises(streaming.ChangedError):
        list(large.pieces(("a",), None))


def test_keys_that_somebody_met_spare_the_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_wanted(_data: bytes, _value: Any) -> bool:
        raise AssertionError

    large = read_large(blocks(CASES["lists"]), LISTS)
    assert isinstance(large, Large)
    monkeypatch.setattr("qc.documents.jsons.keys_survive", not_wanted)

    def keys(members: list[Any]) -> int:
        return sum(len(member) for member in members if isinstance(member, dict))

    assert sum(len(piece.members) for piece in large.pieces(("a",), keys)) == 20


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.sampled_from('ab"\\[]{},:가 \n'), max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    members=st.lists(VALUES, max_size=12),
    other=VALUES,
    indent=st.sampled_from([None, 1]),
    cut=st.integers(0, 400),
    put=st.sampled_from([b"", b"", b"", b",", b"]", b"}", b"[", b'"', b"\\", b"x", b"\xff"]),
    size=st.integers(1, 90),
)
def test_any_document_broken_anywhere(
    members: list[Any], other: Any, indent: int | None, cut: int, put: bytes, size: int
) -> None:
    document = {"a": members, "x": other, "b": {"c": members[::-1]}}
    data = json.dumps(document, indent=indent, ensure_ascii=False).encode()
    if put:
        data = data[:cut] + put + data[cut + 1 :]
    found, wanted = together(read_large(blocks(data, size), LISTS)), whole(data)
    assert (found.parsed, found.value, found.encoding) == (wanted.parsed, wanted.value, wanted.encoding)
    outside = [[p for p in one.problems if p.detail not in IN_STRINGS] for one in (found, wanted)]
    assert outside[0] == outside[1]


SIGNS = [b"a", "가".encode(), "가".encode("cp949"), b"\xff", b"\n", "é".encode(), "伽".encode("cp949"), b"  "]


@settings(max_examples=200, deadline=None)
@given(parts=st.lists(st.sampled_from(SIGNS), max_size=30), size=st.integers(1, 9))
def test_an_encoding_is_found_block_by_block_as_in_the_whole(parts: list[bytes], size: int) -> None:
    data = b'["' + b"".join(parts) + b'"]'
    _, encoding, problems = decode(data)
    large = read_large(blocks(data, size), [()])
    assert large.encoding == encoding
    assert {p for p in large.problems if p.keyword in ("encoding", "bom")} == set(problems)


# --- XML ------------------------------------------------------------------------------------------

MEMBERS = (
    '<image id="%d"/>', '<image id="%d"><box x="1">\n t</box><box/></image>', "<!-- %d --><image/>",
    '<image name="가">나 %d</image>', "<image><![CDATA[<image>%d]]></image>", '<track id="%d"><b/></track>',
)  # fmt: skip


def xml(count: int = 30, *, inside: str = "", root: str = "<all>") -> str:
    chance = random.Random(count)
    members = "\n ".join(chance.choice(MEMBERS) % n for n in range(count))
    half = members.index("\n", len(members) // 2)
    return f"{root}<version>1.1</version>\n{members[:half]}{inside}{members[half:]}</all>"


XML_CASES: dict[str, bytes] = {
    "lists": xml().encode(),
    "other elements among the members": xml(inside="<meta><a>1</a></meta>").encode(),
    "text among the members": xml(inside=" &lt;x ").encode(),
    "attributes of the root": xml(root='<?xml version="1.0"?>\n<all v="1">').encode(),
    "deeper": ('<r><a q="1">' + "".join(f"<b>{n}</b>\n" for n in range(30)) + "<c/></a></r>").encode(),
    "alone": ("<r><a>" + "<b/>" * 30 + "</a></r>").encode(),
    "one member": b"<all><image/></all>",
    "none": b"<all><other/></all>",
    "cp949": xml(root='<?xml version="1.0" encoding="euc-kr"?><all>').encode("cp949"),
    "declared, and not so": xml(root='<?xml version="1.0" encoding="euc-kr"?><all>').encode(),
    "not declared": xml().encode("cp949"),
    "utf-16": xml(root='<?xml version="1.0" encoding="utf-16"?><all>').encode("utf-16"),
    "mark": b"\xef\xbb\xbf" + xml().encode(),
    "prefixes": xml(inside="<x:b/>", root='<all xmlns:x="u">').encode(),
    "a prefix of members": xml(root='<all xmlns:x="u">').replace("box", "x:box").encode(),
    "a prefix that stands for nothing": xml().replace("box", "x:box").encode(),
    # refused
    "entity": xml(root='<!DOCTYPE all [<!ENTITY e "x">]><all>').encode(),
    "end of data": xml().encode()[:300],
    "not closed": xml().replace("</image>", "", 1).encode(),
    "not escaped": xml(inside=" & ").encode(),
    "too deep": xml(inside="<i>" * 201 + "</i>" * 201).encode(),
    "damaged": xml().encode()[:-9] + b"\xff</all>",
    "blank": b"  \n",
    "empty": b"",
}  # fmt: skip


def as_lists(value: Any) -> Any:
    """A value of which lists are lists: a schema says so of an element that is alone."""
    for *way, last in XML_LISTS:
        holder = value
        for key in way:
            holder = holder.get(key) if isinstance(holder, dict) else None
        if isinstance(holder, dict) and last in holder and not isinstance(holder[last], list):
            holder[last] = [holder[last]]
    return value


@pytest.mark.parametrize("name", XML_CASES)
@pytest.mark.parametrize("size", [3, 1000])
def test_xml_is_what_it_is_when_read_whole(name: str, size: int) -> None:
    data = XML_CASES[name]
    document = read_xml(data, Options("xml"))
    value = as_lists(document.value) if document.parsed else None
    wanted = Read(document.parsed, value, document.encoding, told(document.problems))
    large = read_large_xml(blocks(data, size), XML_LISTS)
    assert together(large) == wanted
    if isinstance(large, Large):
        pointers = ["/all/version", "/all/meta/a"]
        pointers += [f"/all/image/{n}{rest}" for n in range(30) for rest in ("", "/box/0/@x", "/@id")]
        found = dict(large.locate(pointers[:2]))
        for where in large.counts:
            for piece in large.pieces(where, None):
                found |= piece.locate(pointers)
        assert found == locate_xml(data, pointers, Options("xml"))


def test_lists_of_xml_that_stand_in_several_places_are_not_divided() -> None:
    with pytest.raises(TooLargeError):
        read_large_xml(blocks(b"<r><a><b/><b/></a><a><b/></a></r>"), XML_LISTS)


def test_without_a_schema_what_comes_once_is_no_list() -> None:
    large = read_large_xml(blocks(xml(inside="<meta><a>1</a></meta>").encode()), None)
    assert isinstance(large, Large)
    assert large.value["all"]["meta"] == {"a": "1"}
    assert large.value["all"]["version"] == "1.1"
    assert set(large.counts) == {("all", "image"), ("all", "track")}
