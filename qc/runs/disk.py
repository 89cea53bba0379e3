"""Writing that a kill at any moment leaves whole, on every system.

A file or folder is made under a temporary name and renamed. Windows refuses to rename or delete
what a virus scanner or an indexer holds open for a moment; that is waited for.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qc.errors import QcError, refusal

#: Seconds between attempts when somebody else holds a file: about three seconds in all.
_PATIENCE = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)


def patiently(action: Callable[[], object]) -> None:
    """Do it, again if Windows says that it is in use; raises the last ``OSError``."""
    if sys.platform == "win32":
        for pause in _PATIENCE:
            try:
                action()
                return
            except PermissionError:
                time.sleep(pause)
    action()


def unwritable(path: Path, error: OSError) -> QcError:
    """The error for a run folder, or a file in it, that cannot be written."""
    return QcError("errors.run-unwritable", path=str(path), reason=refusal(error))


def replace(source: Path, target: Path) -> None:
    """Rename a file over another. Raises ``OSError``."""
    patiently(lambda: os.replace(source, target))  # noqa: PTH105 (a seam that tests can break)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary file to be written inside, which then takes the place of ``path``.

    Raises ``OSError``; after that, and after any other exception inside, what stood there still does.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file or none. Raises ``OSError``."""
    with whole(path) as temporary:
        temporary.write_bytes(data)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON object, whole or not at all: UTF-8, indented, non-ASCII as it is."""
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    # Lone surrogates (names on disk that are no UTF-8) become escapes of JSON.
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object. Raises ``OSError``, or ``ValueError`` if it is none."""
    value = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(value, dict):
        raise ValueError(f"{path}: not an object")
    return value


def commit(made: Path, final: Path) -> bool:
    """Rename a finished folder to its final name; False if another had done it before.

    Raises ``OSError``.
    """
    try:
        patiently(lambda: made.rename(final))
    except OSError:
        if not final.is_dir():
            raise
        remove(made)
        return False
    return True


def remove(path: Path) -> None:
    """Delete a file or a folder, if it is there. Raises ``OSError``."""

    def action() -> None:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    patiently(action)
