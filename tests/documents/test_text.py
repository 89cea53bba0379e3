"""Encodings of texts made of lines: what Korean deliverables really hold."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qc.documents.text import decode_lines

HANGUL = "이름,나이\n홍길동,20\n"
WORDS = "사과\n카\n타\n"  # in CP949 the last two are valid UTF-8 as well: "ī", "Ÿ"
DAMAGED = HANGUL.encode().replace("홍".encode(), "홍".encode()[:2])

#: bytes, text, encoding, problems (keyword, detail, line, column)
CASES: dict[str, tuple[bytes, str | None, str | None, list[tuple[Any, ...]]]] = {
    "utf-8": (HANGUL.encode(), HANGUL, "utf-8", []),
    "with the mark that Excel needs": (b"\xef\xbb\xbf" + HANGUL.encode(), HANGUL, "utf-8-sig", []),
    "cp949": (HANGUL.encode("cp949"), HANGUL, "cp949", [("encoding", None, 1, 1)]),
    "cp949, some lines of which are utf-8, too": (
        WORDS.encode("cp949"),
        WORDS,
        "cp949",
        [("encoding", None, 1, 1)],
    ),
    "utf-16": (HANGUL.encode("utf-16"), HANGUL, "utf-16", [("encoding", None, 1, 1)]),
    "utf-16 without a mark": (HANGUL.encode("utf-16-le"), HANGUL, "utf-16-le", [("encoding", None, 1, 1)]),
    "lines of both": (
        HANGUL.encode() + HANGUL.encode("cp949"),
        HANGUL * 2,
        "utf-8",
        [("encoding", "mixed", 3, 1)],
    ),
    "one broken character": (
        DAMAGED,
        HANGUL.replace("홍", "\ufffd"),
        "utf-8",
        [("encoding", "damaged", 2, 1)],
    ),
    "lines of both, one of them broken": (
        DAMAGED + HANGUL.encode("cp949"),
        HANGUL.replace("홍", "\ufffd") + HANGUL,
        "utf-8",
        [("encoding", "mixed", 3, 1), ("encoding", "damaged", 2, 1)],
    ),
    "cp949 that breaks off in a character": (
        HANGUL.encode("cp949") + b"\xc8",
        HANGUL + "\ufffd",
        "cp949",
        [("encoding", None, 1, 1), ("encoding", "damaged", 3, 1)],
    ),
    "a broken character among Latin letters": (
        b"name,age\nRen\xe9,20\n",
        "name,age\nRen\ufffd,20\n",
        "utf-8",
        [("encoding", "damaged", 2, 4)],
    ),
    "zero bytes": (b"a,b\n1,\0\0\n", "a,b\n1,\0\0\n", "utf-8", [("nul", None, 2, 3)]),
    "zero bytes at the start are no utf-16": (
        b"\0a,b\n1,2\n3,4\n",
        "\0a,b\n1,2\n3,4\n",
        "utf-8",
        [("nul", None, 1, 1)],
    ),
    "no text": (b"\0\x01\xff\xfe\x89PNG" * 20, None, None, [("encoding", "unknown", 1, 1)]),
    "nothing": (b"", "", "utf-8", []),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_text_encoding_and_what_is_wrong_with_it(
    case: tuple[bytes, str | None, str | None, list[tuple[Any, ...]]],
) -> None:
    data, text, encoding, problems = case
    found = decode_lines(data)
    assert found[:2] == (text, encoding)
    assert [(p.keyword, p.detail, p.line, p.col) for p in found[2]] == problems


#: Letters that are no UTF-8 when they are written in CP949.
LINE = st.text("가나다힣a1, ", min_size=1).filter(lambda text: not text.isascii())


@given(st.lists(st.tuples(LINE, st.sampled_from(["utf-8", "cp949"])), max_size=8))
def test_every_line_is_read_in_its_own_encoding(lines: list[tuple[str, str]]) -> None:
    data = b"\n".join(text.encode(encoding) for text, encoding in lines)
    text, encoding, problems = decode_lines(data)
    assert text == "\n".join(text for text, _ in lines)
    used = {encoding for _, encoding in lines}
    assert encoding == ("cp949" if used == {"cp949"} else "utf-8")
    assert [p.detail for p in problems] == (["mixed"] if len(used) > 1 else [None] if "cp949" in used else [])


@given(st.binary(max_size=200))
def test_nothing_raises(data: bytes) -> None:
    text, encoding, problems = decode_lines(data)
    assert (text is None) == (encoding is None)
    assert text is not None or problems
