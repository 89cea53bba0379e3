"""RFC 6901 JSON pointers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def token(part: str | int) -> str:
    """One reference token, escaped."""
    text = str(part)
    return text.replace("~", "~0").replace("/", "~1") if "~" in text or "/" in text else text


def pointer(path: Iterable[str | int]) -> str:
    """The pointer of a path of keys and indexes: ``("a/b", 0)`` is ``/a~1b/0``; the root is empty."""
    return "".join(f"/{token(part)}" for part in path)


def split(text: str) -> list[str]:
    """The unescaped tokens of a pointer; indexes stay text, since only the document tells them apart."""
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def replaced(value: Any, where: tuple[str, ...], new: Any) -> Any:
    """``value`` with ``new`` at the keys ``where``, which are there; what stands beside is shared."""
    return {**value, where[0]: replaced(value[where[0]], where[1:], new)} if where else new
