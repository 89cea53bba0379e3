"""Where bytes come from: a file, the pieces of a sequence, or what lies packed inside another source.

A source is named by a locator (:mod:`qc.deliverable.locators`). Nothing is ever extracted: what is packed is
unpacked while it is read, forward, and a way back is kept in bounded memory.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import accumulate
from typing import Protocol

from qc.deliverable import sequences
from qc.deliverable.inflating import BadDataError, Pushed, Unpacker, unpacker
from qc.deliverable.locators import LAYER, SMALL, Run, numbers
from qc.deliverable.names import text_to_disk

#: Sources that are kept open.
_OPEN = 32
#: Files of a sequence that are kept open.
_OPEN_PIECES = 16
#: From here on a read is held against the size of its file, bytes.
_MUCH = 4 << 20
#: Unpacked bytes behind the place that is read, which are kept: the way back to the next member's header.
_KEPT = 1 << 20
#: Unpacked bytes that are made at a time.
_PIECE = 1 << 17
#: Places of one source from which unpacking can begin again, and the least distance between two, bytes.
_RESTARTS, _APART = 64, 4 << 20
#: Packed sources that a process keeps ready to be read on by its next reader.
_PARKED = 2


class Source(Protocol):
    """Bytes that can be read anywhere. ``size`` is None where only the end will tell."""

    @property
    def size(self) -> int | None:
        """Bytes."""
        ...

    @property
    def stamp(self) -> tuple[int, ...]:
        """Sizes and times of the files below."""
        ...

    def read(self, offset: int, count: int) -> bytes:
        """``count`` bytes from ``offset`` on, fewer only at the end.

        Raises ``OSError`` and :class:`~qc.deliverable.inflating.BadDataError`.
        """
        ...

    def close(self) -> None:
        """Let go of what is held."""
        ...


# --- sources on disk ------------------------------------------------------------------------------


class File:
    """A file open for positioned reads, with ``pread`` where the system has it. Raises ``OSError``."""

    __slots__ = ("_file", "_number", "_pread")

    def __init__(self, path: str) -> None:
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115, PTH123 - kept open, closed by its owner
        self._number = self._file.fileno()
        self._pread: Callable[[int, int, int], bytes] | None = getattr(os, "pread", None)

    @property
    def size(self) -> int:
        """As :attr:`Source.size`."""
        return os.fstat(self._number).st_size

    @property
    def stamp(self) -> tuple[int, ...]:
        """As :attr:`Source.stamp`."""
        facts = os.fstat(self._number)
        return facts.st_size, facts.st_mtime_ns

    def read(self, offset: int, count: int) -> bytes:
        """As :meth:`Source.read`."""
        if count > _MUCH:  # room is made for what is asked for, and a bent archive may ask for anything
            count = max(0, min(count, self.size - offset))
        data = self._some(offset, count)
        if len(data) == count or not data:
            return data
        pieces = [data]
        missing = count - len(data)
        while missing and (data := self._some(offset + count - missing, missing)):
            pieces.append(data)
            missing -= len(data)
        return b"".join(pieces)

    def _some(self, offset: int, count: int) -> bytes:
        if self._pread is not None:
            return self._pread(self._number, count, offset)
        self._file.seek(offset)
        return self._file.read(count)

    def close(self) -> None:
        """As :meth:`Source.close`."""
        self._file.close()


class Pieces:
    """Files one behind the other. ``starts`` are their places in the whole. Raises ``OSError``."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths
        facts = [os.stat(path) for path in paths]  # noqa: PTH116 - strings, as Windows wants them
        *self.starts, self.size = accumulate((one.st_size for one in facts), initial=0)
        self.stamp = (self.size, *(one.st_mtime_ns for one in facts))
        self._files: OrderedDict[int, File] = OrderedDict()

    def read(self, offset: int, count: int) -> bytes:
        """As :meth:`Source.read`."""
        out = []
        number = max(0, bisect_right(self.starts, offset) - 1)
        while count > 0 and number < len(self._paths):
            data = self._file(number).read(offset - self.starts[number], count)
            out.append(data)
            offset += len(data)
            count -= len(data)
            number += 1
            if number < len(self.starts) and offset != self.starts[number]:
                break  # a piece became shorter
        return b"".join(out)

    def _file(self, number: int) -> File:
        file = self._files.get(number)
        if file is None:
            file = self._files[number] = File(self._paths[number])
            if len(self._files) > _OPEN_PIECES:
                self._files.popitem(last=False)[1].close()
        else:
            self._files.move_to_end(number)
        return file

    def close(self) -> None:
        """As :meth:`Source.close`."""
        while self._files:
            self._files.popitem()[1].close()


def archive_sizes(items: Iterable[os.DirEntry[str]]) -> dict[str, int]:
    """Names and sizes (bytes) of the files of a folder that may be pieces of an archive; links are none."""
    sizes = {}
    for item in items:
        if sequences.may_belong(item.name) and item.is_file(follow_symlinks=False):
            with suppress(OSError):
                sizes[item.name] = item.stat(follow_symlinks=False).st_size
    return sizes


def pieces_on_disk(first: str) -> list[str]:
    """Paths of the pieces of the sequence of which the file ``first`` is the first. Raises ``OSError``."""
    above, name = os.path.split(first)
    with os.scandir(above or os.curdir) as items:
        sizes = archive_sizes(items)
    for found in sequences.found(sizes):
        if name in found.names and found.whole:
            return [os.path.join(above, one) for one in found.names]  # noqa: PTH118 - strings already
    raise FileNotFoundError(first)


# --- sources in sources -------------------------------------------------------------------------


class Parts:
    """Parts of another source, one behind the other."""

    def __init__(self, below: Source, runs: Sequence[Run]) -> None:
        self._below = below
        self._parts = [(r.offset + n * r.step, r.size) for r in runs for n in range(r.times)]
        *self.starts, self.size = accumulate((size for _, size in self._parts), initial=0)

    @property
    def stamp(self) -> tuple[int, ...]:
        """As :attr:`Source.stamp`."""
        return self._below.stamp

    def read(self, offset: int, count: int) -> bytes:
        """As :meth:`Source.read`."""
        out = []
        count = min(count, self.size - offset)
        number = max(0, bisect_right(self.starts, offset) - 1)
        while count > 0:
            start, size = self._parts[number]
            skip = offset - self.starts[number]
            wanted = min(count, size - skip)
            data = self._below.read(start + skip, wanted)
            out.append(data)
            if len(data) < wanted:
                break
            offset += wanted
            count -= wanted
            number += 1
        return b"".join(out)

    def close(self) -> None:
        """Nothing is held."""


class Whole:
    """Bytes in memory: a small packed part, unpacked once."""

    def __init__(self, data: bytes, stamp: tuple[int, ...]) -> None:
        self._data = data
        self.size = len(data)
        self.stamp = stamp

    def read(self, offset: int, count: int) -> bytes:
        """As :meth:`Source.read`."""
        return self._data[offset : offset + count] if count > 0 else b""

    def close(self) -> None:
        """Nothing is held."""


class Allowance:
    """How many bytes may still be unpacked to list one file of a deliverable.

    What goes beyond is made to keep a computer busy or to fill its memory (a "bomb").
    """

    def __init__(self, count: int) -> None:
        self._left = count

    def take(self, count: int) -> None:
        """Raises :class:`~qc.deliverable.inflating.BadDataError` (``bomb``)."""
        self._left -= count
        if self._left < 0:
            raise BadDataError("bomb")


class Stream:
    """What a packed part of another source unpacks to.

    Reading forward costs one pass, whatever is skipped. The way back leads to the nearest of a bounded
    number of places at which the state of the decompressor was kept, or to the beginning by methods whose
    decompressor cannot be copied (all but Deflate and gzip). ``size`` is known once the end was read.
    """

    def __init__(
        self,
        below: Source,
        method: int,
        offset: int,
        packed: int,
        size: int | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        self._below: Source | None = below
        self._method, self._offset, self._packed = method, offset, packed
        self.stamp = below.stamp
        self.size = size
        self._allowance = allowance
        self._apart = _APART
        self._restarts: list[tuple[int, int, Pushed]] = []
        self._begin()

    def read(self, offset: int, count: int) -> bytes:
        """As :meth:`Source.read`."""
        if count <= 0:
            return b""
        if offset < self._at - self._kept_size:
            self._back(offset)
        end = offset + count
        out = [
            _cut(piece, start, offset, end)
            for start, piece in self._kept
            if start < end and start + len(piece) > offset
        ]
        while self._at < end:
            start = self._at
            piece = self._next(_PIECE)
            if not piece:
                break
            if self._at > offset:
                out.append(_cut(piece, start, offset, end))
        return b"".join(out)

    def length(self) -> int:
        """All that comes out, bytes; reads on to the end. Raises as :meth:`read`."""
        while self.size is None:
            self._next(_PIECE)
        return self.size

    @property
    def listing(self) -> bool:
        """Whether it is read to be listed: the members' readers will know its size, and read another one."""
        return self._allowance is not None

    def park(self) -> None:
        """Let go of the source below; :meth:`resume` before reading on."""
        self._below = None
        self._allowance = None

    def resume(self, below: Source, allowance: Allowance | None) -> None:
        """Read on, from the same source opened again."""
        self._below = below
        self._allowance = allowance

    def close(self) -> None:
        """As :meth:`Source.close`."""
        self.park()
        self._restarts.clear()
        self._kept.clear()

    def _begin(self) -> None:
        self._at = self._fed = 0
        self._kept: deque[tuple[int, bytes]] = deque()
        self._kept_size = 0
        self._unpacker: Unpacker | None = None

    def _feed(self, count: int) -> bytes:
        assert self._below is not None
        data = self._below.read(self._offset + self._fed, min(count, self._packed - self._fed))
        self._fed += len(data)
        return data

    def _next(self, count: int) -> bytes:
        """The next bytes, kept for a while; b"" at the end."""
        if self._unpacker is None:
            self._unpacker = unpacker(self._method, self._feed, self.size)
        piece = self._unpacker.read(count)
        if self._allowance is not None:
            self._allowance.take(len(piece))
        if not piece:
            self.size = self._at
            return piece
        self._kept.append((self._at, piece))
        self._kept_size += len(piece)
        while self._kept_size - len(self._kept[0][1]) >= _KEPT:
            self._kept_size -= len(self._kept.popleft()[1])
        self._at += len(piece)
        self._remember()
        return piece

    def _remember(self) -> None:
        last = self._restarts[-1][0] if self._restarts else 0
        if self._at < last + self._apart or not isinstance(self._unpacker, Pushed):
            return
        state = self._unpacker.copy(self._feed)
        if state is None:
            return
        self._restarts.append((self._at, self._fed, state))
        if len(self._restarts) > _RESTARTS:
            del self._restarts[::2]
            self._apart *= 2

    def _back(self, offset: int) -> None:
        self._begin()
        for at, fed, state in reversed(self._restarts):
            if at <= offset:
                self._at, self._fed, self._unpacker = at, fed, state.copy(self._feed)
                return


def _cut(piece: bytes, start: int, first: int, end: int) -> bytes:
    """The part of ``piece``, which lies at ``start``, from ``first`` to ``end``."""
    if first <= start and start + len(piece) <= end:
        return piece
    return piece[max(0, first - start) : end - start]


def length_of(source: Source) -> int:
    """Bytes of a source; a packed one is read to its end for that. Raises as ``source.read``."""
    if source.size is None:
        assert isinstance(source, Stream)
        return source.length()
    return source.size


# --- opening ------------------------------------------------------------------------------------

#: Packed sources that were read some way, by locator, for the process's next reader: the members of one are
#: dealt to several chunks, and each would have to begin at the beginning.
_parked: OrderedDict[str, Stream] = OrderedDict()


class Sources:
    """Opens locators and keeps a bounded number open. Use one per thread."""

    def __init__(self, allowance: Allowance | None = None) -> None:
        #: Holds while members are listed; it may be set anew.
        self.allowance = allowance
        self._open: OrderedDict[str, Source] = OrderedDict()
        self._users: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._open)

    def get(self, disk: str) -> Source:
        """The source that ``disk`` names. Raises ``OSError``, and
        :class:`~qc.deliverable.inflating.BadDataError` for what is packed."""
        source = self._open.get(disk)
        if source is None:
            source = self._open[disk] = self._opened(disk)
            self._spare()
        else:
            self._open.move_to_end(disk)
        return source

    def close(self) -> None:
        """Close all; they can be opened again."""
        while self._open:
            disk, source = self._open.popitem()
            _put_away(disk, source)
        self._users.clear()

    def _opened(self, disk: str) -> Source:
        above, layered, layer = disk.rpartition(LAYER)
        if not layered:
            return File(text_to_disk(disk))
        if layer == "p":
            return Pieces(pieces_on_disk(text_to_disk(above)))
        below = self.get(above)
        if layer[0] == "s":
            made: Source = Parts(below, [Run(*numbers(layer))])
        elif layer[0] == "j":
            made = Parts(below, [Run(*map(int, run.split(","))) for run in layer[1:].split(";")])
        else:
            made = self._unpacked(disk, below, layer)
        self._users[above] = self._users.get(above, 0) + 1
        return made

    def _unpacked(self, disk: str, below: Source, layer: str) -> Source:
        method, offset, packed, size = numbers(layer)
        if 0 <= size <= SMALL:
            stream = Stream(below, method, offset, packed, size, self.allowance)
            return Whole(stream.read(0, size + 1), below.stamp)
        parked = _parked.pop(disk, None)
        if parked is not None and parked.stamp == below.stamp:
            parked.resume(below, self.allowance)
            return parked
        return Stream(below, method, offset, packed, None if size < 0 else size, self.allowance)

    def _spare(self) -> None:
        """Close the source that was not used for longest and that no other one reads from."""
        if len(self._open) <= _OPEN:
            return
        newest = next(reversed(self._open))
        for disk in self._open:
            if disk != newest and not self._users.get(disk):
                _put_away(disk, self._open.pop(disk))
                above = disk.rpartition(LAYER)[0]
                if above in self._users:
                    self._users[above] -= 1
                return


def _put_away(disk: str, source: Source) -> None:
    if not isinstance(source, Stream) or source.listing:
        source.close()
        return
    source.park()
    _parked[disk] = source
    while len(_parked) > _PARKED:
        _parked.popitem(last=False)[1].close()
