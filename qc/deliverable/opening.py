"""Archives on the way through a deliverable: by themselves, in pieces, in one another.

What each file that is an archive, or a piece of one, is told to be: a status with its reason, and, of the one
file that stands for the archive, what it holds. Members become rows of the manifest, and those that are
archives are opened in the same way, to a bounded depth and with a bounded number of bytes unpacked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import NamedTuple

from qc.deliverable import sequences
from qc.deliverable.archives import BrokenError, Directory, Member
from qc.deliverable.contents import is_readable, locator_of, locator_of_pieces, read_directory, refused
from qc.deliverable.inflating import BOMB_RATIO, BOMB_SIZE, BadDataError
from qc.deliverable.kinds import split_name
from qc.deliverable.manifest import Container, Folder, Manifest
from qc.deliverable.names import Form, normal, unsafe, visible
from qc.deliverable.sequences import Sequence
from qc.deliverable.sources import Allowance, Sources
from qc.facts.ids import file_id

#: Archives in archives are opened so deep; one that holds itself has no end.
MOST_NESTED = 4


class Told(NamedTuple):
    """What is told of a file that is an archive or a piece of one.

    ``directory`` is there if the file stands for the archive (the first piece, the last of volumes), which is
    called ``name`` then: pieces are called without their numbers.
    """

    status: str
    reason: str | None
    directory: Directory | None = None
    name: str = ""


def _told(directory: Directory, name: str) -> Told:
    return Told(directory.status, directory.reason, directory, name)


class FolderArchives:
    """The archives among the files of one folder, on disk or in an archive.

    ``sizes``: names and sizes (bytes) of the files that may be pieces or archives that some are pieces of;
    ``locate`` gives the locator of one of them, ``join`` that of a sequence. Both may raise as
    :func:`~qc.deliverable.contents.locator_of` does.
    """

    def __init__(
        self,
        sources: Sources,
        sizes: Mapping[str, int],
        locate: Callable[[str], str],
        join: Callable[[Sequence], str],
    ) -> None:
        self._sources, self._locate, self._join = sources, locate, join
        self._names = {name.lower() for name in sizes}
        self._of = {name: found for found in sequences.found(sizes) for name in found.names}
        self._known: dict[Sequence, Told] = {}

    def told(self, name: str, locate: Callable[[], str]) -> Told:
        """What is told of the file ``name``; ``locate`` gives its own locator."""
        sequence = self._of.get(name)
        if sequence is None:
            if sequences.NAME.search(name) is None:
                return _told(self._read(locate, name), name)
            return Told("unsupported", "archive-format")  # volumes of RAR; a link to a piece
        if sequence not in self._known:
            self._known[sequence] = self._whole(sequence)
        whole = self._known[sequence]
        stands = sequence.names[-1 if sequence.form == sequences.VOLUMES else 0]
        if name != stands:
            return whole._replace(directory=None)
        if whole.reason == "leftover-piece" and whole.directory is not None:
            return _told(whole.directory, name)
        return whole

    def _whole(self, sequence: Sequence) -> Told:
        """What is told of all pieces of a sequence."""
        last = sequence.names[-1]
        if not is_readable(sequence.name):
            return Told("unsupported", "archive-format")
        if sequence.form == sequences.PLAIN:
            if sequence.name.lower() in self._names:
                return Told("ok", None)  # the whole is there: what they hold is no secret
        elif last.lower() == sequence.name.lower():
            alone = self._read(lambda: self._locate(last), last)
            if alone.reason != "piece-missing":
                return Told("unsupported", "leftover-piece", alone, last)
        if not sequence.whole:
            return Told("damaged", "piece-missing")
        found = self._read(lambda: self._join(sequence), sequence.name)
        if found.reason in ("no-directory", "truncated", "directory-cut"):
            return Told(found.status, "piece-missing")
        return _told(found, sequence.name)

    def _read(self, locate: Callable[[], str], name: str) -> Directory:
        try:
            return read_directory(locate(), name, self._sources)
        except (OSError, BadDataError, BrokenError) as error:
            return refused(error)


class Archives:
    """Adds the members of archives to a manifest."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self.sources = Sources()
        self._rows: dict[tuple[str | None, str], int] = {}
        self._others: set[str] = set()

    def begin(self, size: int) -> None:
        """Begin with a file on disk: how much may be unpacked to list it follows from its size, bytes."""
        self.sources.allowance = Allowance(BOMB_SIZE + BOMB_RATIO * size)

    def is_archive(self, name: str) -> bool:
        """Whether a file is an archive or a piece of one, by its name."""
        ending = name.rpartition(".")[2]
        if ending in self._others:
            return False
        kinds = self._manifest.kinds
        extension = split_name(name)[1]
        if kinds.medium(name, extension) == "archive":
            return not name.startswith("._")
        if extension in kinds.media and extension != "gz":
            self._others.add(ending)
        return False

    def row(self, container: str | None, path: str) -> int:
        """The id of the row of an archive. To be asked once for each, in the order of the rows."""
        ordinal = self._rows[container, path] = self._rows.get((container, path), -1) + 1
        return file_id(self._manifest.root, container, path, ordinal)

    def add(self, told: Told, row: int, path: str, depth: int = 1) -> None:
        """Add the members of the archive that ``told`` tells of.

        ``row`` is the id of its own row, ``path`` its path from the root.
        """
        directory = told.directory
        if directory is None or not directory.members:
            return
        container = Container(row, path)
        rows = self._manifest.rows(container)
        inside = _Inside(directory, self, depth)
        mtime_ns = inside.mtime_ns()
        found: list[tuple[Told, int, str]] = []
        for full, form, member in inside.members:
            danger = unsafe(full)
            shown = full if danger is None else visible(full)
            above, _, name = shown.rpartition("/")
            folder = inside.folders.get(above)
            if folder is None:
                folder = inside.folders[above] = self._manifest.folder(above, container)
            status, reason = member.status, member.reason
            if above in inside.archives and self.is_archive(name) and not folder.junk:
                own = self.row(path, shown)
                if status == "ok":
                    inner = inside.told(above, name, member)
                    status, reason = inner.status, inner.reason
                    found.append((inner, own, folder.path(inner.name)))
            rows.add(
                folder,
                name,
                size=member.size,
                disk=directory.disk,
                path=shown,
                member=member.number,
                packed=member.packed,
                crc=member.crc,
                mtime_ns=mtime_ns if member.crc is None else None,
                encoding=member.encoding,
                form=form,
                unsafe=danger,
                status=status,
                reason=reason,
                offset=member.offset,
                method=member.method,
                flags=member.flags,
            )
        rows.close()
        for inner, own, name in found:
            self.add(inner, own, f"{path}/{name}", depth + 1)


class _Inside:
    """The members of an archive, by path, and the archives among them."""

    def __init__(self, directory: Directory, opener: Archives, depth: int) -> None:
        self._directory, self._sources, self._depth = directory, opener.sources, depth
        self.folders: dict[str, Folder] = {}
        self.members: list[tuple[str, Form, Member]] = [
            (*normal(member.path), member) for member in directory.members
        ]
        self.members.sort(key=itemgetter(0))
        #: Readable archives and pieces, by folder and name.
        self.archives: dict[str, dict[str, Member]] = {}
        for full, _, member in self.members:
            if member.status == "ok" and opener.is_archive(full.rpartition("/")[2]):
                above, _, name = (full if unsafe(full) is None else visible(full)).rpartition("/")
                self.archives.setdefault(above, {})[name] = member
        self._told: dict[str, FolderArchives] = {}

    def mtime_ns(self) -> int | None:
        """When the file that everything lies in was changed; asked where members have no checksum."""
        if all(member.crc is not None for member in self._directory.members):
            return None
        try:
            return max(self._sources.get(self._directory.disk).stamp[1:])
        except (OSError, BadDataError):
            return None

    def told(self, above: str, name: str, member: Member) -> Told:
        """What is told of an archive called ``name`` in the folder ``above``."""
        if self._depth >= MOST_NESTED:
            return Told("unsupported", "nested-depth")
        folder = self._told.get(above)
        if folder is None:
            mine = self.archives[above]
            folder = self._told[above] = FolderArchives(
                self._sources,
                {one: found.size for one, found in mine.items()},
                lambda one: self._locator(mine[one]),
                lambda sequence: locator_of_pieces(
                    [mine[one] for one in sequence.names], self._directory, self._sources
                ),
            )
        return folder.told(name, lambda: self._locator(member))

    def _locator(self, member: Member) -> str:
        return locator_of(member, self._directory, self._sources)
