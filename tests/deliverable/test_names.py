from __future__ import annotations

import struct
import unicodedata
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qc.deliverable.names import (
    UTF8_FLAG,
    disk_name,
    disk_to_text,
    join_forms,
    member_names,
    normal,
    text_to_disk,
    unsafe,
    visible,
)

NFD = unicodedata.normalize("NFD", "강아지")


@pytest.mark.parametrize(
    ("stored", "form"),
    [
        ("a.jpg", "ascii"),
        ("강아지", "NFC"),
        (NFD, "NFD"),
        ("강" + NFD, "mixed"),
        ("漢字", "ascii"),
        ("é", "NFC"),
    ],
    ids=["ascii", "composed", "decomposed", "both", "forms-agree", "latin"],
)
def test_normal_tells_the_stored_form(stored: str, form: str) -> None:
    text, found = normal(stored)
    assert (text, found) == (unicodedata.normalize("NFC", stored), form)


@given(st.text())
def test_normal_is_nfc(text: str) -> None:
    assert normal(text)[0] == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [("ascii", "NFD", "NFD"), ("NFC", "ascii", "NFC"), ("NFC", "NFD", "mixed"), ("NFD", "NFD", "NFD")],
)
def test_forms_of_parts_join(one: str, other: str, both: str) -> None:
    assert join_forms(one, other) == both  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("a/b.jpg", None),
        ("a..b/c..jpg", None),
        ("/K-S1.wav", "absolute"),
        ("//server/x", "absolute"),
        ("../x", "parent"),
        ("a/../x", "parent"),
        ("a/..", "parent"),
        ("C:/x", "drive"),
        ("c:x", "drive"),
        ("a\x1b[2Jb", "control"),
        ("a\nb", "control"),
        ("gpj.\u202egnp", "control"),
        ("사진 1.jpg", None),
    ],
)
def test_unsafe_paths(path: str, why: str | None) -> None:
    assert unsafe(path) == why


@given(st.text())
def test_visible_paths_have_nothing_to_deceive(text: str) -> None:
    assert unsafe(visible(text)) != "control"
    assert len(visible(text)) == len(text)


def unicode_path(raw: bytes, name: str) -> bytes:
    data = b"\x01" + struct.pack("<L", zlib.crc32(raw)) + name.encode()
    return struct.pack("<HH", 0x7075, len(data)) + data


@pytest.mark.parametrize(
    ("stored", "names"),
    [
        ([(b"a.json", 0, b"")], [("a.json", "utf-8")]),
        ([("라벨.json".encode(), UTF8_FLAG, b"")], [("라벨.json", "utf-8")]),
        ([("라벨.json".encode(), 0, b"")], [("라벨.json", "utf-8")]),
        ([("라벨.json".encode("cp949"), 0, b"")], [("라벨.json", "cp949")]),
        ([("라벨.json".encode("cp949"), UTF8_FLAG, b"")], [("라벨.json", "cp949")]),
        ([(b"caf\x82.jpg", 0, b"")], [("café.jpg", "cp437")]),
        # C8 A3 is '호' in CP949 and also a valid UTF-8 letter
        ([("호.json".encode("cp949"), 0, b"")], [("호.json", "cp949")]),
        # one program wrote one archive: the second name says that the first is no UTF-8
        (
            [("톱.json".encode("cp949"), 0, b""), ("똠방.json".encode("cp949"), 0, b"")],
            [("톱.json", "cp949"), ("똠방.json", "cp949")],
        ),
        ([(b"??.json", 0, unicode_path(b"??.json", "라벨.json"))], [("??.json", "utf-8")]),
        ([(b"\xb6.json", 0, unicode_path(b"\xb6.json", "라벨.json"))], [("라벨.json", "utf-8")]),
        ([(b"\xb6\xf3.json", 0, unicode_path(b"other", "x.json"))], [("라.json", "cp949")]),
        ([("폴더\\라벨.json".encode("cp949"), 0, b"")], [("폴더/라벨.json", "cp949")]),
    ],
    ids=[
        *("ascii", "utf8-flag", "utf8-unflagged", "cp949", "cp949-wrong-flag", "cp437", "ambiguous"),
        *("one-encoding", "extra-of-ascii", "extra", "extra-of-another-name", "backslash"),
    ],
)
def test_member_names(stored: list[tuple[bytes, int, bytes]], names: list[tuple[str, str]]) -> None:
    assert member_names(stored) == names


@given(st.lists(st.text(alphabet="가각갂똠방호톱한글데이터ABC123_.", min_size=1), min_size=1))
def test_korean_names_written_by_windows_programs_are_read_right(names: list[str]) -> None:
    stored = [(name.encode("cp949"), 0, b"") for name in names]
    assert [name for name, _ in member_names(stored)] == names


@given(st.lists(st.tuples(st.binary(), st.sampled_from([0, UTF8_FLAG]), st.binary())))
def test_any_bytes_give_a_name(stored: list[tuple[bytes, int, bytes]]) -> None:
    assert len(member_names(stored)) == len(stored)


def test_disk_names_that_are_no_text() -> None:
    stored = "한글.jpg".encode("cp949").decode("utf-8", "surrogateescape")
    assert disk_name(stored) == ("한글.jpg", "cp949")
    path = f"/data/{stored}"
    assert disk_to_text(path).encode("utf-8")
    assert text_to_disk(disk_to_text(path)) == path
    assert disk_name("한글\u3000.jpg") == ("한글\u3000.jpg", "os")
