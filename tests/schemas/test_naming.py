from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qc.schemas.naming import Names, looks_like_name

NAMES = Names(lambda text: f"~{len(text)}")


@pytest.mark.parametrize(
    "text",
    ["출입문", "사람/보행자", "scene_0001", "20220701_123456", "1656633600000", "1", "", "a@b", "x" * 80,
     "여섯 낱말 까지 는 이름 이다", "IMG-0010-1234", "3840-2160", "550e8400-e29b-41d4-a716-446655440000",
     "7f9c0101234567890123"],
)  # fmt: skip
def test_names(text: str) -> None:
    assert looks_like_name(text)


@pytest.mark.parametrize(
    "text",
    ["010-1234-5678", "010 1234 5678", "(010) 1234-5678", "01012345678", "+82-10-1234-5678", "+821012345678",
     "011.234.5678", "02-123-4567", "031) 123-4567", "070-1234-5678", "1588-1234", "900101-1234567",
     "9001011234567", "900101 - 1234567", "900101–1234567", "a.b@c.kr", "a\tb", "x" * 81,
     "이것 은 일곱 낱말 이라 이름 아니다", "일\u3000이\u3000삼\u3000사\u3000오\u3000육\u3000칠",
     "０１０－１２３４－５６７８", "010\u200b-1234-5678"],
)  # fmt: skip
def test_no_names(text: str) -> None:
    assert not looks_like_name(text)
    assert NAMES.column(pa.array([text, "문", None, text])).to_pylist() == [
        f"~{len(text)}", "문", None, f"~{len(text)}",
    ]  # fmt: skip


PARTS = [
    "010", "-", " ", "1234", "5678", "900101", "12", "34567", "02", "@", "a", "kr", ".", "문", "\u3000",
    "+82", "\n", "０", "–", "1588", "x" * 40, "\u2003",
]  # fmt: skip


@given(st.lists(st.lists(st.sampled_from(PARTS), max_size=16).map("".join), max_size=4))
def test_a_column_is_decided_as_each_of_its_texts(texts: list[str]) -> None:
    column = pa.array([None, *texts], pa.string())
    assert NAMES.column(column).to_pylist() == [None, *(NAMES.of(text) for text in texts)]


def test_clean_columns_are_not_touched() -> None:
    column = pa.array(["문", "창문", None] * 1000)
    assert NAMES.column(column) is column
