"""Pieces of one archive: ``X.zip.part0``, ``X.zip.001``, ``X.zip.partaa``, ``X.z01`` with ``X.zip``.

They are known by their names and sizes alone.

Three ways to number plain pieces are told apart: counted from 0 or 1, lettered as ``split`` does it, and by
offset, as the downloader of AI-Hub does it (``.part0``, ``.part1073741824``: the bytes that come before).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

#: Ends of names of pieces. Of RAR's volumes only that they are some: no reader knows them.
NAME = re.compile(
    r"\.(?P<kind>zip|tar|tgz|tbz2?|txz|tar\.\w{2,3}|7z|alz|egg)\.(?P<mark>part[-_]?)?"
    r"(?P<number>\d+|(?:(?<=part)|(?<=part[-_])|(?=[a-f](?!z)))[a-z]{2})$"
    r"|\.z(?P<volume>\d{2,})$"
    r"|\.(?:part\d+\.rar|r\d\d)$",
    re.IGNORECASE,
)

#: How the pieces of a sequence are named.
PLAIN, VOLUMES = "plain", "volumes"


class Piece(NamedTuple):
    """What the name of a piece says: the name of the whole, how pieces are named, and this one's number."""

    whole: str
    form: str
    number: int


class Sequence(NamedTuple):
    """Pieces in their order. ``name`` is that of the whole archive. ``whole`` is False if one is missing;
    whether the last is missing, only their content tells."""

    name: str
    form: str
    names: tuple[str, ...]
    whole: bool


def piece(name: str) -> Piece | None:
    """What ``name`` says of a piece; None if it is none. ``X.zip`` of a ``X.z01`` is not told by its name."""
    match = NAME.search(name)
    if match is None or not match.start():
        return None
    if match["number"] is not None:
        return Piece(name[: match.end("kind")], PLAIN, _number(match["number"]))
    if match["volume"] is not None:
        return Piece(name[: match.start()] + ".zip", VOLUMES, int(match["volume"]))
    return None


def may_belong(name: str) -> bool:
    """Whether ``name`` may be that of a piece, or of an archive that some are pieces of."""
    return name[-4:].lower() == ".zip" or piece(name) is not None


def found(sizes: Mapping[str, int]) -> list[Sequence]:
    """The sequences among the files of one folder, given by name and size in bytes."""
    groups: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for name in sizes:
        told = piece(name)
        if told is not None:
            groups.setdefault((told.whole.lower(), told.form), []).append((told.number, name))
    made = []
    by_lower = {name.lower(): name for name in sizes}
    for (whole, form), members in groups.items():
        members.sort()
        numbers = [number for number, _ in members]
        names = tuple(name for _, name in members)
        told = piece(names[0])
        assert told is not None
        last = by_lower.get(whole)
        if form == VOLUMES:
            complete = last is not None and numbers == list(range(1, len(numbers) + 1))
            names = (*names, last) if last is not None else names
            made.append(Sequence(last or told.whole, form, names, complete))
        else:
            complete = _complete(numbers, [sizes[name] for name in names])
            made.append(Sequence(told.whole, form, names, complete))
    return made


def _complete(numbers: list[int], sizes: list[int]) -> bool:
    first = numbers[0]
    if first in (0, 1) and numbers == list(range(first, first + len(numbers))):
        return True
    before = 0
    for number, size in zip(numbers, sizes, strict=True):
        if number != before:
            return False
        before += size
    return True


def _number(text: str) -> int:
    if text.isdigit():
        return int(text)
    return (ord(text[0].lower()) - ord("a")) * 26 + ord(text[1].lower()) - ord("a")
