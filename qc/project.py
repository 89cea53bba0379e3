"""The project's key: with it free text becomes digests that compare over rounds and tell nothing.

A plain hash of a phone number is reversed in a minute by trying all of them; a keyed one is not. The key
belongs to the project and never to a run: a file ``qc.key`` beside the plan, else one in the user's
configuration folder.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import click

from qc.errors import QcError

KEY_NAME = "qc.key"
_KEY_BYTES = 32


def text_key(plan: Path | None) -> bytes:
    """The key of the project whose plan this is; made on first need.

    Raises ``QcError("errors.key-unusable", path=...)`` if the file cannot be read, written or is no key.
    """
    beside = plan.parent / KEY_NAME if plan is not None else None
    path = beside if beside is not None and beside.exists() else Path(click.get_app_dir("qc")) / KEY_NAME
    try:
        if not path.exists():
            _create(path)
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        raise QcError("errors.key-unusable", path=str(path)) from None
    if len(key) < _KEY_BYTES // 2:
        raise QcError("errors.key-unusable", path=str(path))
    return key


def _create(path: Path) -> None:
    """Write a new key readable by its owner alone; a key that another process made meanwhile stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(_KEY_BYTES) + "\n")
