"""Text that comes block by block: in UTF-8 whatever it was written in, with the place that was reached.

Whether a text is UTF-8 is only known at its end. So a text is read as what its beginning says; where that
fails, all of it is looked through for the encoding that fits (as :func:`qc.documents.text.decode` finds it in
a text that is whole), and then it is read again.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from qc.documents.document import Problem
from qc.documents.text import damaged, marked, other, speaks_for_cp949, speaks_for_utf8, unknown

#: The bytes of a document from an offset on, block by block; called as often as the document is gone through.
Blocks = Callable[[int], Iterator[bytes]]

_MARK = b"\xef\xbb\xbf"
_LOST = "\ufffd"
_RUN = re.compile(f"{_LOST}+")


class At(NamedTuple):
    """A place in a text: line and column, from 1, columns in characters."""

    line: int
    col: int

    def after(self, data: bytes) -> At:
        """The place behind ``data`` (UTF-8, whole characters)."""
        last = data.rfind(b"\n")
        if last < 0:
            return At(self.line, self.col + _characters(data))
        return At(self.line + data.count(b"\n"), _characters(data[last + 1 :]) + 1)

    def of(self, line: int | None, col: int | None) -> tuple[int | None, int | None]:
        """The place in the whole text of a place in a part of it that begins here."""
        if line is None or line == 1:
            return (line and self.line, col and col + self.col - 1)
        return self.line + line - 1, col


def _characters(data: bytes) -> int:
    return len(data) if data.isascii() else len(data.decode("utf-8", "replace"))


#: The beginning of a text.
START = At(1, 1)


class NotInEncoding(Exception):  # noqa: N818 - a signal between passes
    """A text is not in the encoding that it was taken to be in."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a text is read: a Python codec, what to do with bytes that do not fit, bytes of a mark before it.

    ``name`` is what documents tell (``utf-8-sig`` with a mark); ``problems`` what is wrong with it.
    """

    name: str
    codec: str = "utf-8"
    errors: str = "strict"
    mark: int = 0
    problems: tuple[Problem, ...] = ()

    @property
    def as_it_is(self) -> bool:
        """The text's own bytes are UTF-8, so that places in it are places in the document."""
        return self.codec == "utf-8" and self.errors == "strict"


def by_beginning(blocks: Blocks) -> Encoding:
    """The encoding that the first bytes of a document stand for."""
    first = b""
    for block in blocks(0):
        first += block
        if len(first) >= 4:
            break
    guess = json.detect_encoding(first)
    if guess == "utf-8-sig":
        return Encoding(guess, mark=len(_MARK), problems=(marked(),))
    if guess == "utf-8":
        return Encoding(guess)
    return Encoding(guess, guess, problems=(other(guess),))


def fitting(blocks: Blocks, tried: Encoding) -> Encoding | Problem:
    """The encoding of a document that is not in the one ``tried``; a problem if none fits."""
    if tried.codec != "utf-8":
        return unknown(sum(map(len, blocks(0))))
    seen = _Seen()
    for block in _after(blocks, tried.mark):
        seen.look(block)
    seen.look(b"", final=True)
    if seen.reads_better_in_cp949:
        name = tried.name if tried.mark else "cp949"
        return Encoding(name, "cp949", "strict", tried.mark, (*tried.problems, other("cp949")))
    if not seen.kept:
        return unknown(seen.size)
    problem = damaged("utf-8", seen.lost, seen.first)
    return Encoding(tried.name, "utf-8", "replace", tried.mark, (*tried.problems, problem))


def decoded(blocks: Blocks, encoding: Encoding) -> Iterator[bytes]:
    """The text of a document in UTF-8, from its beginning. Raises :class:`NotInEncoding`."""
    decoder = codecs.getincrementaldecoder(encoding.codec)(encoding.errors)
    try:
        if encoding.as_it_is:
            yield from _proven(_after(blocks, encoding.mark), decoder)
            return
        first = True
        for block in _after(blocks, encoding.mark):
            text = decoder.decode(block)
            if first and text:
                first, text = False, text.removeprefix("\ufeff")
            yield text.encode("utf-8")
        yield decoder.decode(b"", True).encode("utf-8")
    except UnicodeDecodeError as error:
        raise NotInEncoding from error


def resumed(blocks: Blocks, encoding: Encoding, offset: int) -> Iterator[bytes]:
    """The text of a document in UTF-8 from byte ``offset`` of that text on; it was read before."""
    if encoding.as_it_is:
        yield from blocks(offset + encoding.mark)
        return
    for block in decoded(blocks, encoding):
        if offset < len(block):
            yield block[offset:] if offset else block
        offset = max(0, offset - len(block))


def _proven(blocks: Iterable[bytes], decoder: codecs.IncrementalDecoder) -> Iterator[bytes]:
    """Blocks as they are, if they are in the decoder's encoding. Raises ``UnicodeDecodeError``."""
    for block in blocks:
        if not block.isascii() or decoder.getstate()[0]:
            decoder.decode(block)
        yield block
    decoder.decode(b"", True)


def _after(blocks: Blocks, count: int) -> Iterator[bytes]:
    for block in blocks(0):
        yield block[count:] if count else block
        count = max(0, count - len(block))


class _Seen:
    """What was seen of a text that is not UTF-8 throughout, read as that and as CP949."""

    def __init__(self) -> None:
        #: Bytes; characters beyond ASCII that UTF-8 reads; runs of bytes that it cannot.
        self.size = self.kept = self.lost = 0
        self.first = At(1, 1)
        self._found = self._open = False
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._cp949: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("cp949")("strict")
        self._as_utf8 = self._as_cp949 = 0

    @property
    def reads_better_in_cp949(self) -> bool:
        return self._cp949 is not None and self._as_cp949 > self._as_utf8

    def look(self, data: bytes, *, final: bool = False) -> None:
        """Look at the next block."""
        self.size += len(data)
        if self._cp949 is not None:
            try:
                self._as_cp949 += speaks_for_cp949(self._cp949.decode(data, final))
            except UnicodeDecodeError:
                self._cp949 = None
        text = self._utf8.decode(data, final)
        broken = text.count(_LOST)
        if broken:
            self.lost += len(_RUN.findall(text)) - (self._open and text[0] == _LOST)
        if not text.isascii():
            self.kept += len(text) - len(text.encode("ascii", "ignore")) - broken
            self._as_utf8 += speaks_for_utf8(text)
        if not self._found and text:
            self._found = broken > 0
            self.first = self.first.after(text[: text.index(_LOST) if broken else None].encode("utf-8"))
        self._open = text.endswith(_LOST) if text else self._open
