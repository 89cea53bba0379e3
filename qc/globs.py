"""Path patterns of plans: ``**/02.라벨링데이터/**/*.json``.

A pattern is held against the *virtual path* of a file: its path from the root of the deliverable,
an archive counting as a folder (``Training/TL_1.zip/a/b.json``), in NFC with ``/`` between parts.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache


@lru_cache(maxsize=4096)
def regex(pattern: str) -> str:
    """``pattern`` as an anchored regular expression that both ``re`` and DuckDB's RE2 understand.

    ``*`` and ``?`` stay inside one part, ``**`` crosses parts, ``[abc]`` and ``[!abc]`` are sets.
    A pattern without ``/`` is held against the file's name in any folder; one that ends in ``/``
    means everything below.
    """
    text = unicodedata.normalize("NFC", pattern).replace("\\", "/").removeprefix("./").lstrip("/")
    if text.endswith("/"):
        text += "**"
    if "/" not in text:
        text = "**/" + text
    out, at = [], 0
    while at < len(text):
        at, piece = _piece(text, at)
        out.append(piece)
    return "(?s)^" + "".join(out) + "$"


def _piece(text: str, at: int) -> tuple[int, str]:
    if text.startswith("**/", at):
        return at + 3, "(?:.*/)?"
    if text.startswith("**", at):
        return at + 2, ".*"
    char = text[at]
    if char == "*":
        return at + 1, "[^/]*"
    if char == "?":
        return at + 1, "[^/]"
    if char == "[":
        end = text.find("]", at + 2)
        if end > 0:
            inner = text[at + 1 : end]
            negated = inner.startswith("!")
            body = re.sub(r"([\\\[\]^&~|])", r"\\\1", inner[1:] if negated else inner)
            bracket = f"[{'^/' if negated else ''}{body}]"
            # [z-a] is no set: then the bracket means itself.
            if _is_set(bracket):
                return end + 1, bracket
    # Only ASCII signs need a backslash; RE2 refuses one before a letter.
    return at + 1, "\\" + char if char in r"\.^$+{}()|[]-" else char


def _is_set(bracket: str) -> bool:
    try:
        re.compile(bracket)
    except re.error:
        return False
    return True


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(regex(pattern))


def matches(pattern: str, path: str) -> bool:
    """Whether the virtual ``path`` falls under ``pattern``."""
    return _compiled(pattern).fullmatch(unicodedata.normalize("NFC", path)) is not None


def escaped(path: str) -> str:
    """``path`` as a pattern that matches nothing else."""
    return re.sub(r"[*?\[]", lambda sign: f"[{sign[0]}]", path)
