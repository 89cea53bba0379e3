"""Front matter of a SQL file: TOML in line comments between two ``-- ---`` marks.

Line comments, because ``*/`` and ``/*`` occur in path globs and would end or nest a block comment.
"""

from __future__ import annotations

import tomllib
from typing import Any

MARK = "-- ---"


class FrontMatterError(Exception):
    """``code`` is 'missing', 'unclosed', 'not-comment' or 'toml'; ``line`` is 1-based."""

    def __init__(self, code: str, line: int, detail: str = "") -> None:
        super().__init__(code, line, detail)
        self.code = code
        self.line = line
        self.detail = detail


def split(text: str) -> tuple[dict[str, Any], str]:
    """The front matter and the SQL after it; raises :class:`FrontMatterError`.

    The SQL keeps its line numbers: the front matter is replaced by empty lines.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    start = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if not lines or lines[start].rstrip() != MARK:
        raise FrontMatterError("missing", start + 1)
    end = next((i for i in range(start + 1, len(lines)) if lines[i].rstrip() == MARK), None)
    if end is None:
        raise FrontMatterError("unclosed", start + 1)
    content = []
    for number, line in enumerate(lines[start + 1 : end], start + 2):
        if line.rstrip() != "--" and not line.startswith("-- "):
            raise FrontMatterError("not-comment", number)
        content.append(line[3:])
    try:
        data = tomllib.loads("\n".join(content))
    except tomllib.TOMLDecodeError as error:
        raise FrontMatterError("toml", start + 1, str(error)) from error
    sql = "\n".join([""] * (end + 1) + lines[end + 1 :])
    return data, sql
