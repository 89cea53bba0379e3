"""One writer per run folder: a lock that the system lets go of when its holder dies."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import BinaryIO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

#: Windows keeps others from *reading* locked bytes; these lie beyond the text.
_BYTE = 1 << 20
_HELD = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}


class Lock:
    """A file that is locked while it is open. The file itself stays: deleting it would race."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None

    def take(self) -> bool:
        """True if it is ours now, False if another process has it. Raises ``OSError``.

        A file system without locks (some network folders) lets everybody in.
        """
        file = self.path.open("a+b")
        try:
            _lock(file)
        except OSError as error:
            if error.errno in _HELD:
                file.close()
                return False
        self._file = file
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()).encode("ascii"))
        file.flush()
        return True

    def holder(self) -> int | None:
        """Process that has it, as far as it said."""
        try:
            return int(self.path.read_bytes())
        except (OSError, ValueError):
            return None

    def release(self) -> None:
        """Let go; nothing if it is not ours."""
        file, self._file = self._file, None
        if file is not None:
            file.close()


def _lock(file: BinaryIO) -> None:
    if sys.platform == "win32":
        file.seek(_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
