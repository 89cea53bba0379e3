"""Names of files: how they were stored, their Unicode form, and whether they may be written.

Nothing here touches a disk. Paths are compared in NFC, because macOS stores Hangul decomposed
(NFD) and Windows composed; which form was stored stays known (``files.name_form``).
"""

from __future__ import annotations

import os
import re
import unicodedata
import zlib
from collections.abc import Iterable, Sequence
from typing import Literal

Form = Literal["ascii", "NFC", "NFD", "mixed"]

#: Bit 11 of a member's flags: the name is UTF-8 (APPNOTE.TXT 4.4.4).
UTF8_FLAG = 0x800
#: Info-ZIP Unicode Path extra field (APPNOTE.TXT 4.6.9).
UNICODE_PATH = 0x7075
#: A disk path that no text can hold (POSIX bytes that are not UTF-8) is stored with this prefix.
HEX_PREFIX = "hex:"

_DRIVE = re.compile(r"[A-Za-z]:")
#: Control characters, and the bidirectional ones that make a name look like another.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")


def normal(text: str) -> tuple[str, Form]:
    """``text`` in NFC, and the form it was stored in (``ascii`` when all forms agree)."""
    if text.isascii():
        return text, "ascii"
    composed = unicodedata.is_normalized("NFC", text)
    decomposed = unicodedata.is_normalized("NFD", text)
    if composed:
        return text, "ascii" if decomposed else "NFC"
    return unicodedata.normalize("NFC", text), "NFD" if decomposed else "mixed"


def join_forms(one: Form, other: Form) -> Form:
    """Form of a path from the forms of two of its parts."""
    if other in (one, "ascii"):
        return one
    return other if one == "ascii" else "mixed"


def unsafe(path: str) -> str | None:
    """Why ``path`` ('/' between parts) must not be written to a disk; None if it may.

    ``drive``, ``absolute``, ``parent`` lead out of the folder that one extracts into;
    ``control`` characters deceive terminals and cannot be written on Windows.
    """
    if _DRIVE.match(path):
        return "drive"
    if path.startswith("/"):
        return "absolute"
    if ".." in path and ".." in path.split("/"):
        return "parent"
    return "control" if _CONTROL.search(path) else None


def visible(path: str) -> str:
    """``path`` with control characters replaced by their pictures (U+2400 …).

    A file name must not be able to move a cursor, break a line of a list or reverse its direction
    wherever it is shown. :func:`unsafe` has noted it before.
    """
    return _CONTROL.sub(_picture, path)


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


def has_control(text: str) -> bool:
    """Whether ``text`` holds a character that :func:`visible` replaces."""
    return _CONTROL.search(text) is not None


# --- names of archive members -------------------------------------------------------------------


def member_names(stored: Sequence[tuple[bytes, int, bytes]]) -> list[tuple[str, str]]:
    """Names of an archive's members with the encoding by which each was read.

    ``stored`` holds (name bytes, flags, extra field). The result is a list of (name as stored but
    with '/' between parts, ``'utf-8' | 'cp949' | 'cp437'``) in the same order.

    Without the UTF-8 flag the standard says CP437, but Korean Windows programs write CP949 and
    macOS writes UTF-8. One program wrote one archive: as soon as one of its unflagged names is no
    UTF-8, or all could be either and read as Hangul only in CP949, none of them is UTF-8.
    """
    unflagged = [raw for raw, flags, _ in stored if not (flags & UTF8_FLAG or raw.isascii())]
    first = _likely(unflagged)
    names = []
    for raw, flags, extra in stored:
        if raw.isascii():
            text, encoding = raw.decode("ascii"), "utf-8"
        elif flags & UTF8_FLAG:
            text, encoding = _decode(raw, ("utf-8", "cp949"))
        elif extra and (path := unicode_path(raw, extra)) is not None:
            text, encoding = path, "utf-8"
        else:
            text, encoding = _decode(raw, first)
        names.append((text.replace("\\", "/") if "\\" in text else text, encoding))
    return names


def _likely(names: Iterable[bytes]) -> tuple[str, str]:
    """Order in which to try the encodings of an archive's unflagged names."""
    hangul_as_utf8 = hangul_as_cp949 = False
    for raw in names:
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            return "cp949", "utf-8"
        hangul_as_utf8 = hangul_as_utf8 or _HANGUL.search(text) is not None
        if not hangul_as_cp949:
            # Two bytes such as C8 A3 are both 'ȣ' in UTF-8 and '호' in CP949.
            hangul_as_cp949 = _HANGUL.search(raw.decode("cp949", "ignore")) is not None
    both = hangul_as_cp949 and not hangul_as_utf8
    return ("cp949", "utf-8") if both else ("utf-8", "cp949")


def _decode(raw: bytes, encodings: tuple[str, ...]) -> tuple[str, str]:
    for encoding in encodings:
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return raw.decode("cp437"), "cp437"


def unicode_path(raw: bytes, extra: bytes) -> str | None:
    """Name in the Unicode Path extra field, if it is there and belongs to ``raw``."""
    at = 0
    while at + 4 <= len(extra):
        kind = int.from_bytes(extra[at : at + 2], "little")
        size = int.from_bytes(extra[at + 2 : at + 4], "little")
        data = extra[at + 4 : at + 4 + size]
        if kind == UNICODE_PATH and len(data) > 5 and data[0] == 1:
            if int.from_bytes(data[1:5], "little") == zlib.crc32(raw):
                try:
                    return data[5:].decode("utf-8")
                except UnicodeDecodeError:
                    return None
            return None
        at += 4 + size
    return None


# --- names on disk --------------------------------------------------------------------------------


def disk_name(name: str) -> tuple[str, str]:
    """A name as the operating system gave it, as real text, and how it was read.

    POSIX names are bytes; those that are no UTF-8 reach Python as lone surrogates, which no table
    can hold. They are most often CP949 from an old archive: ``('한글.jpg', 'cp949')``.
    """
    if name.isprintable():  # lone surrogates are not, and this is much quicker than to encode
        return name, "os"
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raw = name.encode("utf-8", "surrogatepass") if os.name == "nt" else os.fsencode(name)
        return _decode(raw, ("cp949",))
    return name, "os"


def disk_to_text(path: str) -> str:
    """``path`` as a text that a table can hold; :func:`text_to_disk` undoes it."""
    if path.isprintable():
        return path
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return HEX_PREFIX + path.encode("utf-8", "surrogatepass").hex()
    return path


def text_to_disk(text: str) -> str:
    """The path to open, from what :func:`disk_to_text` stored."""
    if text.startswith(HEX_PREFIX):
        return bytes.fromhex(text[len(HEX_PREFIX) :]).decode("utf-8", "surrogatepass")
    if os.name == "nt" and len(text) > 240 and not text.startswith("\\\\"):
        return "\\\\?\\" + text  # Windows refuses longer paths without this prefix
    return text
