"""Where the content folders are: ``schemas/``, ``checks/``, ``reports/`` and ``sample_datasets/``.

In a wheel they lie in ``qc/_content``; in a checkout beside the package.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def root() -> Path:
    """The folder that holds the content folders."""
    packed = _PACKAGE / "_content"
    return packed if packed.is_dir() else _PACKAGE.parent


def folder(name: str) -> Path:
    """The content folder ``name``; raises ``FileNotFoundError`` when an installation lacks it."""
    path = root() / name
    if not path.is_dir():
        raise FileNotFoundError(path)
    return path
