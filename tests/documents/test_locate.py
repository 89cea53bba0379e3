from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qc.documents.locate import locate
from qc.documents.pointers import pointer, split

TEXT = """{
  "info": {"날짜": "2022", "note": "] } \\" {"},
  "annotations": [
    {"id": 1, "bbox": [1, 2, 3, 4]},
    {"id": 2, "a/b~c": {"": [[0.5, -1e3], null]}}
  ]
}"""

CASES = {
    "root": ("", (1, 1)),
    "object": ("/info", (2, 11)),
    "after hangul and brackets in strings": ("/annotations", (3, 18)),
    "array member": ("/annotations/1", (5, 5)),
    "number": ("/annotations/0/bbox/3", (4, 33)),
    "escaped and empty keys": ("/annotations/1/a~1b~0c//0/1", (5, 36)),
    "null": ("/annotations/1/a~1b~0c//1", (5, 43)),
    "hangul key": ("/info/날짜", (2, 18)),
    "no such key": ("/annotations/0/name", None),
    "beyond the end": ("/annotations/2", None),
    "into a number": ("/annotations/0/id/0", None),
    "key of an array": ("/annotations/id", None),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_line_and_column_of_the_value(case: tuple[str, tuple[int, int] | None]) -> None:
    wanted, place = case
    assert locate(TEXT, [wanted]) == ({} if place is None else {wanted: place})


def test_all_at_once() -> None:
    wanted = {pointer: place for pointer, place in CASES.values() if place is not None}
    assert locate(TEXT, [pointer for pointer, _ in CASES.values()]) == wanted


def test_of_a_key_that_stands_twice_the_later_counts() -> None:
    text = '{"a": {"x": 1, "y": 2},\n "a": {"x": 3}}'
    assert locate(text, ["/a", "/a/x", "/a/y"]) == {"/a": (2, 7), "/a/x": (2, 13)}


def test_keys_written_with_escapes_are_found() -> None:
    assert locate(r'{"\uac00\n\"": 1, "\ud83d\ude00": 2}', ['/가\n"', "/😀"]) == {
        '/가\n"': (1, 16),
        "/😀": (1, 35),
    }


def test_windows_line_ends_count_once() -> None:
    assert locate('{\r\n"a": 1,\r\n"b": 2}', ["/b"]) == {"/b": (3, 6)}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("{", {}),
        ('{"a" 1}', {}),
        ('{"a": 1, "b": ', {"/a": (1, 7)}),
        ('{"a": 1, b: 2}', {"/a": (1, 7)}),
        ('{"c": [1, 2', {}),
        ('{"c": "x', {}),
        ("]", {}),
        (",", {}),
        ('{"a": NaN}', {"/a": (1, 7)}),
    ],
    ids=repr,
)
def test_what_stands_before_a_fault_is_found(text: str, found: dict[str, tuple[int, int]]) -> None:
    places = locate(text, ["/a", "/b"])
    assert {key: place for key, place in places.items() if key == "/a"} == found


def test_deep_nesting_needs_no_recursion() -> None:
    depth = 20_000
    text = "[" * depth + "1" + "]" * depth
    assert locate(text, ["/0" * depth]) == {"/0" * depth: (1, depth + 1)}


KEYS = st.sampled_from(["a", "b", "a/b", "~", "~1", "", '"', "\\", "가", "\n", "0", "1"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | KEYS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    yield path, value
    if isinstance(value, dict):
        for key, member in value.items():
            yield from places(member, (*path, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from places(member, (*path, index))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(value=VALUES, indent=st.sampled_from([None, 0, 2]), ascii_only=st.booleans())
def test_the_value_stands_where_it_is_said_to(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    lines = text.split("\n")
    wanted = {pointer(path): member for path, member in places(value)}
    found = locate(text, wanted)
    assert found.keys() == wanted.keys()
    decoder = json.JSONDecoder()
    for key, (line, col) in found.items():
        rest = "\n".join([lines[line - 1][col - 1 :], *lines[line:]])
        assert repr(decoder.raw_decode(rest)[0]) == repr(wanted[key])


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(KEYS | st.integers(0, 12), max_size=5))
def test_a_pointer_splits_into_what_it_was_made_of(path: list[str | int]) -> None:
    assert split(pointer(path)) == [str(part) for part in path]
