"""Walks a folder and the archives in it, in order of their paths, into a manifest."""

from __future__ import annotations

import gc
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import NamedTuple

from qc.deliverable import sequences
from qc.deliverable.kinds import Kinds
from qc.deliverable.locators import first_of_sequence
from qc.deliverable.manifest import Container, Folder, Manifest
from qc.deliverable.names import (
    Form,
    disk_name,
    disk_to_text,
    has_control,
    join_forms,
    normal,
    text_to_disk,
    visible,
)
from qc.deliverable.opening import Archives, FolderArchives
from qc.deliverable.sources import archive_sizes

#: Windows: a folder that is really another one (a junction); like a link, it is not followed.
_MOUNT_POINT = 0xA0000003
_WINDOWS = os.name == "nt"
_NOWHERE = Container()


def walk(path: Path, root: str, kinds: Kinds) -> Manifest:
    """List ``path``: a folder with everything under it, or one file (an archive, a label file).

    Raises ``OSError`` if the folder itself cannot be opened; what lies under it never raises.
    """
    with _no_collection():
        return _Walk(path, root, kinds).run()


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the garbage collector from passing over the rows again and again while they pile up: a
    third of the time of a listing. Nothing in them is cyclic."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Entry(NamedTuple):
    """What lies in a folder: its name in NFC, that of a folder with '/', the form of the name as
    stored, and how it was read."""

    key: str
    form: Form
    encoding: str
    item: os.DirEntry[str]

    @property
    def name(self) -> str:
        return self.key.removesuffix("/")


class _Open(NamedTuple):
    """A folder on the way down: ``path`` is its own on disk, ``form`` that of its whole path from the root.

    ``archives`` holds those among its files once there is one.
    """

    folder: Folder
    path: str
    form: Form
    entries: list[_Entry]
    left: Iterator[_Entry]
    archives: list[FolderArchives]


class _Walk:
    def __init__(self, path: Path, root: str, kinds: Kinds) -> None:
        self._path = path
        self._top = os.path.realpath(path)
        self._manifest = Manifest(root, kinds)
        self._root = root
        self._loose = self._manifest.rows(_NOWHERE)
        self._archives = Archives(self._manifest)

    def run(self) -> Manifest:
        try:
            path = os.fspath(self._path)
            if self._path.is_dir():
                self._folders(self._opened("", path, "ascii", _entries(path)))
            else:
                self._single(path)
        finally:
            self._archives.sources.close()
        self._loose.close()
        return self._manifest

    def _single(self, path: str) -> None:
        """Add one file, and if it is a piece of an archive the other pieces."""
        above, name = os.path.split(path)
        entries = _entries(above) if sequences.may_belong(name) else []
        sizes = archive_sizes(entry.item for entry in entries)
        names = next((one.names for one in sequences.found(sizes) if name in one.names), ())
        here = self._opened("", above, "ascii", [entry for entry in entries if entry.item.name in names])
        if names:
            self._folders(here)
            return
        text, form, encoding = _read_name(name)
        self._file(here, text, (encoding, form), path, self._path.stat())

    def _opened(self, folder: str, path: str, form: Form, entries: list[_Entry]) -> _Open:
        return _Open(self._manifest.folder(folder, _NOWHERE), path, form, entries, iter(entries), [])

    # --- folders ------------------------------------------------------------------------------------

    def _folders(self, top: _Open) -> None:
        """Depth first over an explicit stack. A folder sorts as its name with '/', so that files
        come in the order of their whole paths and nothing has to be sorted afterwards."""
        stack = [top]
        while stack:
            here = stack[-1]
            entry = self._files(here)
            if entry is None:
                stack.pop()
                continue
            below = here.folder.path(visible(entry.name))
            try:
                entries = _entries(entry.item.path)
            except OSError:
                self._refused(here, entry, "unreadable", "system-refused")
                continue
            stack.append(self._opened(below, entry.item.path, join_forms(here.form, entry.form), entries))

    def _files(self, here: _Open) -> _Entry | None:
        """Add the files up to the next folder, which is returned; None after the last."""
        for entry in here.left:
            name, form, encoding, item = entry
            if name[-1] == "/":
                return entry
            try:
                facts = item.stat(follow_symlinks=False)
                if not stat.S_ISREG(facts.st_mode) and _linked(item):
                    if not self._inside(item.path):
                        self._refused(here, entry, "unsupported", "link")
                        continue
                    facts = item.stat()
            except OSError:
                self._refused(here, entry, "unreadable", "system-refused")
                continue
            self._file(here, name, (encoding, join_forms(here.form, form)), item.path, facts)
        return None

    def _refused(self, here: _Open, entry: _Entry, status: str, reason: str) -> None:
        """A row for what is there but cannot be looked at."""
        self._loose.add(
            here.folder,
            visible(entry.name),
            size=0,
            disk=disk_to_text(entry.item.path),
            encoding=entry.encoding,
            form=join_forms(here.form, entry.form),
            unsafe="control" if has_control(entry.name) else None,
            status=status,
            reason=reason,
        )

    def _inside(self, path: str) -> bool:
        """Whether a link leads to a file of this deliverable."""
        target = os.path.realpath(path)
        try:
            within = os.path.commonpath((target, self._top)) == self._top
        except ValueError:  # another drive
            return False
        return within and os.path.isfile(target)  # noqa: PTH113 - a string already

    def _file(
        self, here: _Open, name: str, read_as: tuple[str, Form], path: str, facts: os.stat_result
    ) -> None:
        """Add a file; ``read_as`` are the encoding of its name and the form of its whole path."""
        folder = here.folder
        disk = disk_to_text(path)
        if (
            stat.S_ISREG(facts.st_mode)
            and name.isprintable()
            and self._loose.add_plain(folder, name, disk, facts, read_as)
        ):
            return
        danger = "control" if has_control(name) else None
        name = visible(name)
        status, reason, told = "ok", None, None
        if not stat.S_ISREG(facts.st_mode):
            status, reason = "unsupported", "special-file"
        elif self._archives.is_archive(name) and not folder.junk:
            self._archives.begin(facts.st_size)
            told = self._archives_of(here).told(os.path.split(path)[1], lambda: disk)
            status, reason = told.status, told.reason
        self._loose.add(
            folder,
            name,
            size=facts.st_size,
            disk=disk,
            mtime_ns=facts.st_mtime_ns,
            encoding=read_as[0],
            form=read_as[1],
            unsafe=danger,
            status=status,
            reason=reason,
        )
        if told is not None:
            row = self._archives.row(None, folder.path(name))
            self._archives.add(told, row, folder.path(visible(_read_name(told.name)[0])))

    def _archives_of(self, here: _Open) -> FolderArchives:
        if not here.archives:
            sizes = archive_sizes(entry.item for entry in here.entries)

            def disk(name: str) -> str:
                return disk_to_text(os.path.join(here.path, name))  # noqa: PTH118 - strings already

            found = FolderArchives(
                self._archives.sources, sizes, disk, lambda one: first_of_sequence(disk(one.names[0]))
            )
            here.archives.append(found)
        return here.archives[0]


def _read_name(stored: str) -> tuple[str, Form, str]:
    """A name in NFC, its form as stored, and how it was read."""
    if stored.isascii():
        return stored, "ascii", "os"
    text, encoding = disk_name(stored)
    return *normal(text), encoding


def _entries(path: str) -> list[_Entry]:
    """What a folder holds, in the order of the paths below it. Raises ``OSError``."""
    with os.scandir(text_to_disk(path)) as items:
        stored = sorted(items, key=attrgetter("name"))  # decides between names that are equal in NFC
    entries = [_entry(item) for item in stored]
    entries.sort(key=itemgetter(0))
    return entries


def _entry(item: os.DirEntry[str]) -> _Entry:
    name, form, encoding = _read_name(item.name)
    is_folder = item.is_dir(follow_symlinks=False) and not (_WINDOWS and _junction(item))
    return _Entry(f"{name}/" if is_folder else name, form, encoding, item)


def _linked(item: os.DirEntry[str]) -> bool:
    return item.is_symlink() or (_WINDOWS and _junction(item))


def _junction(entry: os.DirEntry[str]) -> bool:
    return getattr(entry.stat(follow_symlinks=False), "st_reparse_tag", 0) == _MOUNT_POINT
