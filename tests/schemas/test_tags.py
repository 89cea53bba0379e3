"""Spans that tags mark, and where tags do not follow their scheme."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qc.schemas.tags import SCHEMES, spans

#: scheme, tags, and the spans as (first tag, one past the last character, class, how the tags follow); each
#: token is one character.
CASES: dict[str, tuple[str, str, list[tuple[int, int, str, str]]]] = {
    "nothing": ("BIO", "O O", []),
    "one, to the end": ("BIO", "O B-A I-A", [(1, 3, "A", "ok")]),
    "two side by side": ("BIO", "B-A B-A I-A O", [(0, 1, "A", "ok"), (1, 3, "A", "ok")]),
    "a class of several parts": ("BIO", "B-A-1 I-A-1", [(0, 2, "A-1", "ok")]),
    "goes on after nothing": ("BIO", "O I-A I-A", [(1, 3, "A", "no-begin")]),
    "goes on in another class": ("BIO", "B-A I-B", [(0, 1, "A", "ok"), (1, 2, "B", "no-begin")]),
    "tags of no scheme mark nothing": ("BIO", "B-A X E-A S-A I- B A b-A", [(0, 1, "A", "ok")]),
    "IO": ("IO", "I-A I-A I-B O I-B B-A", [(0, 2, "A", "ok"), (2, 3, "B", "ok"), (4, 5, "B", "ok")]),
    "BIOES": ("BIOES", "B-A I-A E-A S-B O", [(0, 3, "A", "ok"), (3, 4, "B", "ok")]),
    "BIOES without ends": ("BIOES", "B-A I-A O B-A", [(0, 2, "A", "no-end"), (3, 4, "A", "no-end")]),
    "BIOES, an end alone": ("BIOES", "E-A S-A I-A E-A", [(0, 1, "A", "no-begin"), (1, 2, "A", "ok"),
                                                         (2, 4, "A", "no-begin")]),
    "BIOES, an end of another class": ("BIOES", "B-A E-B", [(0, 1, "A", "no-end"), (1, 2, "B", "no-begin")]),
}  # fmt: skip


@pytest.mark.parametrize(("scheme", "tags", "expected"), CASES.values(), ids=CASES)
def test_spans(scheme: str, tags: str, expected: list[tuple[int, int, str, str]]) -> None:
    given_ = tags.split(" ")
    found = list(spans(given_, ["가"] * len(given_), scheme, ""))
    assert [(first, stop, class_, follows) for first, _, stop, class_, follows in found] == expected
    assert all(start == first for first, start, *_ in found)


def test_places_are_counted_in_the_joined_text() -> None:
    tokens = ["서울", "시청", "앞"]
    tags = ["B-LC", "I-LC", "O"]
    assert list(spans(tags, tokens, "BIO", " ")) == [(0, 0, 5, "LC", "ok")]
    assert list(spans(tags, tokens, "BIO", "")) == [(0, 0, 4, "LC", "ok")]
    assert list(spans(tags[::-1], tokens, "IO", " ")) == [(1, 3, 5, "LC", "ok")]


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (["가"], [(0, None, None, "A", "unequal-lengths"), (2, None, None, "A", "unequal-lengths")]),
        (None, [(0, None, None, "A", "unequal-lengths"), (2, None, None, "A", "unequal-lengths")]),
        (["가", None, "나"], [(0, 0, 1, "A", "ok"), (2, None, None, "A", "ok")]),
    ],
)
def test_what_cannot_be_placed_is_not_guessed(tokens: Any, expected: list[Any]) -> None:
    assert list(spans(["B-A", "O", "B-A"], tokens, "BIO", "")) == expected


VALUES = st.recursive(st.none() | st.integers() | st.text(max_size=4), lambda s: st.lists(s, max_size=4))
TAGS = st.lists(st.sampled_from(["O", "B-A", "I-A", "I-B", "E-A", "S-B", "", "B-"]) | VALUES, max_size=8)


@given(TAGS | VALUES, st.lists(st.text(max_size=2), max_size=8) | VALUES, st.sampled_from(sorted(SCHEMES)))
def test_dirt_never_raises_and_spans_never_overlap(tags: Any, tokens: Any, scheme: str) -> None:
    found = list(spans(tags, tokens, scheme, " "))
    firsts = [first for first, *_ in found]
    assert firsts == sorted(set(firsts))
    placed = [(start, stop) for _, start, stop, _, _ in found if start is not None and stop is not None]
    assert all(a[1] <= b[0] for a, b in pairwise(placed))
