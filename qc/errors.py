"""What may go wrong on our side of the table: wrong use, wrong configuration, our own failure.

Data never raises: what is wrong with a deliverable is a row of facts. An error carries a *key*
into ``reports/words/*.toml`` and values, never prose, so that it is said in the reader's language.
"""

from __future__ import annotations


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


def _rebuild(kind: type[QcError], key: str, values: dict[str, object]) -> QcError:
    return kind(key, **values)
