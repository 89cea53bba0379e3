"""Bytes to text. Korean label files come as UTF-8, with or without a byte order mark, as CP949,
and now and then as the UTF-16 that Windows calls "Unicode".
"""

from __future__ import annotations

import json
import re

from qc.documents.document import Problem

_UTF8 = '"utf-8"'
#: A run of bytes that UTF-8 decoding had to give up, as ``errors="replace"`` shows it.
_LOST = re.compile("\ufffd+")
#: Characters that Korean texts are made of, and those that they hardly have: the syllables, Chinese
#: characters.
_HANGUL, _HANJA = re.compile("[가-힣ㄱ-ㆎ]+"), re.compile("[一-龥]+")
#: Byte order marks of UTF-16 and UTF-32.
_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")
#: Control characters that no text has.
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f]")
#: A text in UTF-16 has at least this share of zero bytes: those of its blanks, digits and line ends.
_LEAST_ZEROS = 0.05
#: A text in UTF-8 or CP949 with more zero bytes is none, if it cannot be read without a fault either.
_MOST_ZEROS = 0.02
#: Nor has a text more characters that cannot be read.
_MOST_LOST = 0.1


def decode(data: bytes) -> tuple[str | None, str | None, tuple[Problem, ...]]:
    """Text, Python codec name and what is wrong with the encoding; all None when nothing fits.

    The order: a byte order mark decides; zero bytes at the start mean UTF-16 or UTF-32 (RFC 4627
    §3); then UTF-8; then CP949. Text that is UTF-8 but for a few broken bytes stays UTF-8, each
    broken run read as U+FFFD: CP949 would often decode it too, and turn all its Hangul to rubbish.
    """
    guess = json.detect_encoding(data)
    if guess == "utf-8-sig":
        text, _, problems = _utf8(data[3:])
        return text, guess, (marked(), *problems)
    if guess != "utf-8":
        try:
            text = data.decode(guess)
        except UnicodeDecodeError:
            return None, None, (unknown(len(data)),)
        return text.removeprefix("\ufeff"), guess, (other(guess),)
    return _utf8(data)


def decode_lines(data: bytes) -> tuple[str | None, str | None, tuple[Problem, ...]]:
    """As :func:`decode`, for texts made of lines: tables, tokens, transcripts.

    A byte order mark is no fault here: Excel needs it. Lines that were put together from several files may be
    encoded differently: each is read by itself, and the first one that is not UTF-8 is named (``mixed``).
    """
    problems: tuple[Problem, ...]
    text: str | None
    encoding: str | None
    if (wide := _wide(data)) is not None:
        text, encoding = data.decode(wide, "replace").removeprefix("\ufeff"), wide
        problems = (other(wide), *_lost(wide, text))
    else:
        body = data.removeprefix(b"\xef\xbb\xbf")
        text, encoding, problems = _by_lines(body)
        if encoding == "utf-8" and len(body) < len(data):
            encoding = "utf-8-sig"
    if text is not None and "\0" in text:
        if problems and data.count(0) > len(data) * _MOST_ZEROS:
            return None, None, (unknown(len(data)),)  # bytes of something else
        line, col = place(text, text.index("\0"))
        problems += (Problem("nul", line=line, col=col, found=json.dumps({"count": text.count("\0")})),)
    return text, encoding, problems


def text_of(data: bytes, encoding: str | None) -> str:
    """The text that :func:`decode` made of ``data``, given the encoding that it found. Never raises."""
    return data.decode(encoding or "utf-8", errors="replace").removeprefix("\ufeff")


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of the character at ``offset``."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _utf8(data: bytes) -> tuple[str | None, str | None, tuple[Problem, ...]]:
    try:
        return data.decode("utf-8"), "utf-8", ()
    except UnicodeDecodeError as error:
        first = error.start
    text = data.decode("utf-8", errors="replace")
    if (korean := _cp949(data, text)) is not None:
        return korean, "cp949", (other("cp949"),)
    lost = _LOST.findall(text)
    if not sum(c > "\x7f" for c in text) - sum(map(len, lost)):
        return None, None, (unknown(len(data)),)
    at = place(text, len(data[:first].decode("utf-8")))
    return text, "utf-8", (damaged("utf-8", len(lost), at),)


def _cp949(data: bytes, text: str) -> str | None:
    """The text of ``data`` in CP949, if that reads better than ``text``, which is UTF-8 with broken bytes.

    Two syllables of CP949 may look like letters of UTF-8, and broken UTF-8 like CP949 that nobody writes:
    Hangul speaks for a reading, broken bytes against UTF-8, Chinese characters against CP949.
    """
    try:
        korean = data.decode("cp949")
    except UnicodeDecodeError:
        return None
    return korean if speaks_for_cp949(korean) > speaks_for_utf8(text) else None


def speaks_for_cp949(text: str) -> int:
    """How well a text reads that was decoded from CP949: syllables, less Chinese characters."""
    return _count(_HANGUL, text) - _count(_HANJA, text)


def speaks_for_utf8(text: str) -> int:
    """How well a text reads that was decoded from UTF-8: syllables, less what could not be decoded."""
    return _count(_HANGUL, text) - text.count("\ufffd")


def _count(characters: re.Pattern[str], text: str) -> int:
    return len(text) - len(characters.sub("", text))


def _wide(data: bytes) -> str | None:
    """The encoding of a text in UTF-16 or UTF-32: by its mark, else by its zero bytes, if it reads well
    so."""
    guess = json.detect_encoding(data)
    if data.startswith(_MARKS):
        return guess
    if guess in ("utf-8", "utf-8-sig"):
        # Of Hangul no byte is zero, of blanks, digits and line ends every other one.
        guess = "utf-16-le" if data[1::2].count(0) > data[::2].count(0) else "utf-16-be"
    if data.count(0) < max(len(data) * _LEAST_ZEROS, 1):
        return None
    try:
        return guess if _NO_TEXT.search(data.decode(guess)) is None else None
    except UnicodeDecodeError:
        return None


def _by_lines(data: bytes) -> tuple[str | None, str | None, tuple[Problem, ...]]:
    """Text in UTF-8 or CP949, or in both by turns."""
    try:
        return data.decode("utf-8"), "utf-8", ()
    except UnicodeDecodeError:
        pass
    lines = data.split(b"\n")
    kinds = [_encoding_of(line) for line in lines]
    if "cp949" not in kinds:
        whole = _utf8(data)
        text = data.decode("utf-8", "replace")
        if whole[0] is not None or text.count("\ufffd") > len(text) * _MOST_LOST:
            return whole
        return text, "utf-8", _lost("utf-8", text)
    if "utf-8" not in kinds and "damaged" not in kinds:
        text = data.decode("cp949", "replace")
        return text, "cp949", (other("cp949"), *_lost("cp949", text))
    texts = [
        line.decode("cp949" if kind == "cp949" else "utf-8", "replace")
        for line, kind in zip(lines, kinds, strict=True)
    ]
    shape = json.dumps({"encoding": "cp949", "lines": kinds.count("cp949")})
    problems = [Problem("encoding", "", kinds.index("cp949") + 1, 1, _UTF8, shape, "mixed")]
    faulty = [number for number, kind in enumerate(kinds) if kind in ("damaged", "broken")]
    if faulty:
        count = sum(len(_LOST.findall(texts[number])) for number in faulty)
        col = texts[faulty[0]].index("\ufffd") + 1
        problems.append(damaged("utf-8", count, (faulty[0] + 1, col)))
    return "\n".join(texts), "utf-8", tuple(problems)


def _encoding_of(line: bytes) -> str:
    """``utf-8`` or ``cp949``; ``any`` of both; ``damaged``: UTF-8 with broken bytes; ``broken``: none."""
    if line.isascii():
        return "any"
    try:
        # Letters of two bytes each may as well be CP949: "카" there is "ī" here.
        return "utf-8" if any(c > "\u07ff" for c in line.decode("utf-8")) else "any"
    except UnicodeDecodeError:
        text = line.decode("utf-8", "replace")
    if _cp949(line, text) is not None:
        return "cp949"
    return "damaged" if any("\x7f" < c != "\ufffd" for c in text) else "broken"


def damaged(encoding: str, lost: int, at: tuple[int, int]) -> Problem:
    """The problem of a text with ``lost`` runs of broken bytes, the first of them ``at`` line and column."""
    found = json.dumps({"encoding": encoding, "invalid": lost})
    return Problem("encoding", "", *at, _UTF8, found, "damaged")


def _lost(encoding: str, text: str) -> tuple[Problem, ...]:
    """The problem of a text that was read in spite of broken bytes, if it was."""
    lost = _LOST.findall(text)
    return (damaged(encoding, len(lost), place(text, text.index("\ufffd"))),) if lost else ()


def other(encoding: str) -> Problem:
    """The problem of a text that is in another encoding than UTF-8."""
    return Problem("encoding", line=1, col=1, expected=_UTF8, found=json.dumps(encoding))


def unknown(size: int) -> Problem:
    """The problem of bytes that no encoding fits."""
    found = json.dumps({"bytes": size})
    return Problem("encoding", line=1, col=1, expected=_UTF8, found=found, detail="unknown")


def marked() -> Problem:
    """The problem of a byte order mark where none may be."""
    return Problem("bom", line=1, col=1, expected=_UTF8, found='"utf-8-sig"')
