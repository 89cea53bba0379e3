"""Text in SQL where a parameter cannot stand."""

from __future__ import annotations

from pathlib import Path


def literal(value: str | Path) -> str:
    """A string literal: ``it's`` becomes ``'it''s'``."""
    return "'" + str(value).replace("'", "''") + "'"
