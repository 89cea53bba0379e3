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


def decode(data: bytes) -> tuple[str | None, str | None, tuple[Problem, ...]]:
    """Text, Python codec name and what is wrong with the encoding; all None when nothing fits.

    The order: a byte order mark decides; zero bytes at the start mean UTF-16 or UTF-32 (RFC 4627
    §3); then UTF-8; then CP949. Text that is UTF-8 but for a few broken bytes stays UTF-8, each
    broken run read as U+FFFD: CP949 would often decode it too, and turn all its Hangul to rubbish.
    """
    guess = json.detect_encoding(data)
    if guess == "utf-8-sig":
        text, _, problems = _utf8(data[3:])
        bom = Problem("bom", line=1, col=1, expected=_UTF8, found='"utf-8-sig"')
        return text, guess, (bom, *problems)
    if guess != "utf-8":
        try:
            text = data.decode(guess)
        except UnicodeDecodeError:
            return None, None, (_unknown(data),)
        return text.removeprefix("\ufeff"), guess, (_other(guess),)
    return _utf8(data)


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
    lost = _LOST.findall(text)
    # Every Hangul syllable of a CP949 text is two lost bytes; a broken UTF-8 text has few of them.
    kept = sum(1 for c in text if c > "\x7f") - sum(map(len, lost))
    if kept <= len(lost):
        try:
            return data.decode("cp949"), "cp949", (_other("cp949"),)
        except UnicodeDecodeError:
            if not kept:
                return None, None, (_unknown(data),)
    line, col = place(text, len(data[:first].decode("utf-8")))
    found = json.dumps({"encoding": "utf-8", "invalid": len(lost)})
    return text, "utf-8", (Problem("encoding", "", line, col, _UTF8, found, "damaged"),)


def _other(encoding: str) -> Problem:
    return Problem("encoding", line=1, col=1, expected=_UTF8, found=json.dumps(encoding))


def _unknown(data: bytes) -> Problem:
    found = json.dumps({"bytes": len(data)})
    return Problem("encoding", line=1, col=1, expected=_UTF8, found=found, detail="unknown")
