"""What may go wrong on our side of the table: wrong use, wrong configuration, our own failure.

Data never raises: what is wrong with a deliverable is a row of facts. An error carries a *key*
into ``reports/words/*.toml`` and values, never prose, so that it is said in the reader's language.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Said:
    """Something to be said: the key of its words and the values of their placeholders.

    It may stand among the values of other words, and is then said in their language.
    """

    key: str
    values: Mapping[str, object] = field(default_factory=dict)


class QcError(Exception):
    """Wrong use or configuration; commands print it as one line and exit with 2.

    ``key`` names the words (``errors.path-missing``), ``values`` fill their placeholders.
    """

    def __init__(self, key: str, /, **values: object) -> None:
        super().__init__(key, values)
        self.key = key
        self.values = values

    def __str__(self) -> str:
        values = ", ".join(f"{k}={v!r}" for k, v in self.values.items())
        return f"{self.key}({values})"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.key, self.values))


#: Words ``system.NAME`` for what systems refuse most; the rest is said in the system's own language.
_REFUSALS: Mapping[int, str] = {
    errno.ENOENT: "missing",
    errno.EACCES: "forbidden",
    errno.EPERM: "forbidden",
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EROFS: "read-only",
    errno.ENAMETOOLONG: "name-too-long",
    errno.EISDIR: "folder",
    errno.ENOTDIR: "not-a-folder",
    errno.EIO: "device",
}


def refusal(error: OSError) -> Said | str:
    """Why the system refused, for a placeholder: words of ours for the usual reasons."""
    if error.errno is not None and error.errno in _REFUSALS:
        return Said(f"system.{_REFUSALS[error.errno]}")
    return error.strerror or type(error).__name__


def refusal_in(text: str) -> Said | str:
    """As :func:`refusal`, for an error of another library that quotes the system's words; its first line."""
    line = text.strip().partition("\n")[0]
    for code, name in _REFUSALS.items():
        if os.strerror(code) in line:
            return Said(f"system.{name}")
    return line


def _rebuild(kind: type[QcError], key: str, values: dict[str, object]) -> QcError:
    return kind(key, **values)
