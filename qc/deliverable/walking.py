"""Walks a folder and the archives in it, in order of their paths, into a manifest."""

from __future__ import annotations

import gc
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from qc.deliverable.archives import Directory, read_directory
from qc.deliverable.kinds import Kinds, split_name
from qc.deliverable.manifest import Container, Folder, Manifest
from qc.deliverable.names import (
    Form,
    disk_name,
    disk_to_text,
    has_control,
    join_forms,
    normal,
    text_to_disk,
    unsafe,
    visible,
)
from qc.facts.ids import file_id

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


class _Name(NamedTuple):
    """A name in NFC, its form as stored, and how it was read."""

    text: str
    form: Form
    encoding: str


class _Entry(NamedTuple):
    name: _Name
    item: os.DirEntry[str]
    is_folder: bool


class _Open(NamedTuple):
    """A folder on the way down; ``form`` is that of its whole path."""

    folder: Folder
    form: Form
    entries: Iterator[_Entry]


class _Walk:
    def __init__(self, path: Path, root: str, kinds: Kinds) -> None:
        self._path = path
        self._top = os.path.realpath(path)
        self._manifest = Manifest(root, kinds)
        self._root = root
        self._loose = self._manifest.rows(_NOWHERE)
        self._archives: dict[str, int] = {}

    def run(self) -> Manifest:
        top = self._manifest.folder("", _NOWHERE)
        if self._path.is_dir():
            self._folders(_Open(top, "ascii", _entries(os.fspath(self._path))))
        else:
            name = _read_name(self._path.name)
            self._file(_Open(top, "ascii", iter(())), name, str(self._path), self._path.stat())
        self._loose.close()
        return self._manifest

    # --- folders ------------------------------------------------------------------------------------

    def _folders(self, top: _Open) -> None:
        """Depth first over an explicit stack. A folder sorts as its name with '/', so that files
        come in the order of their whole paths and nothing has to be sorted afterwards."""
        stack = [top]
        while stack:
            here = stack[-1]
            entry = next(here.entries, None)
            if entry is None:
                stack.pop()
            elif not entry.is_folder:
                self._entry(here, entry)
            else:
                below = here.folder.path(visible(entry.name.text))
                try:
                    entries = _entries(entry.item.path)
                except OSError:
                    self._refused(here, entry, "unreadable", "system-refused")
                    continue
                form = join_forms(here.form, entry.name.form)
                stack.append(_Open(self._manifest.folder(below, _NOWHERE), form, entries))

    def _entry(self, here: _Open, entry: _Entry) -> None:
        item = entry.item
        try:
            linked = item.is_symlink() or (_WINDOWS and _junction(item))
            if linked and not self._inside(item.path):
                self._refused(here, entry, "unsupported", "link")
                return
            facts = item.stat(follow_symlinks=linked)
        except OSError:
            self._refused(here, entry, "unreadable", "system-refused")
            return
        self._file(here, entry.name, item.path, facts)

    def _refused(self, here: _Open, entry: _Entry, status: str, reason: str) -> None:
        """A row for what is there but cannot be looked at."""
        name = entry.name
        self._loose.add(
            here.folder,
            visible(name.text),
            size=0,
            disk=disk_to_text(entry.item.path),
            encoding=name.encoding,
            form=join_forms(here.form, name.form),
            unsafe="control" if has_control(name.text) else None,
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

    def _file(self, here: _Open, own: _Name, path: str, facts: os.stat_result) -> None:
        name, folder = own.text, here.folder
        disk = disk_to_text(path)
        ordinary = name.isprintable() and stat.S_ISREG(facts.st_mode) and not self._is_archive(name)
        if ordinary:
            read_as = (own.encoding, join_forms(here.form, own.form))
            self._loose.add_plain(folder, name, disk, facts, read_as)
            return
        danger = "control" if has_control(name) else None
        name = visible(name)
        status, reason, directory = "ok", None, None
        if not stat.S_ISREG(facts.st_mode):
            status, reason = "unsupported", "special-file"
        elif self._is_archive(name) and not folder.junk and not name.startswith("._"):
            if name[-4:].lower() == ".zip":
                directory = read_directory(disk)
                status, reason = directory.status, directory.reason
            else:
                split = self._manifest.kinds.split.search(name)
                status, reason = "unsupported", "split-archive" if split else "archive-format"
        self._loose.add(
            folder,
            name,
            size=facts.st_size,
            disk=disk,
            mtime_ns=facts.st_mtime_ns,
            encoding=own.encoding,
            form=join_forms(here.form, own.form),
            unsafe=danger,
            status=status,
            reason=reason,
        )
        if directory is not None:
            self._members(folder.path(name), disk, directory)

    # --- archives -----------------------------------------------------------------------------------

    def _members(self, path: str, disk: str, directory: Directory) -> None:
        ordinal = self._archives[path] = self._archives.get(path, -1) + 1
        container = Container(file_id(self._root, None, path, ordinal), path)
        rows = self._manifest.rows(container)
        folders: dict[str, Folder] = {}
        stored = [(*normal(member.path), member) for member in directory.members]
        stored.sort(key=lambda one: one[0])
        for full, form, member in stored:
            danger = unsafe(full)
            shown = full if danger is None else visible(full)
            above, _, name = shown.rpartition("/")
            folder = folders.get(above)
            if folder is None:
                folder = folders[above] = self._manifest.folder(above, container)
            status, reason = member.status, member.reason
            if status == "ok" and self._is_archive(name):
                status, reason = "unsupported", "nested-archive"
            rows.add(
                folder,
                name,
                size=member.size,
                disk=disk,
                path=shown,
                member=member.number,
                packed=member.packed,
                crc=member.crc,
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

    def _is_archive(self, name: str) -> bool:
        return self._manifest.kinds.medium(name, split_name(name)[1]) == "archive"


def _read_name(stored: str) -> _Name:
    text, encoding = (stored, "os") if stored.isascii() else disk_name(stored)
    return _Name(*normal(text), encoding)


def _entries(path: str) -> Iterator[_Entry]:
    """What a folder holds, in the order of the paths below it. Raises ``OSError``."""
    found = []
    with os.scandir(text_to_disk(path)) as items:
        for item in items:
            name = _read_name(item.name)
            is_folder = item.is_dir(follow_symlinks=False) and not (_WINDOWS and _junction(item))
            key = f"{name.text}/" if is_folder else name.text
            found.append((key, item.name, _Entry(name, item, is_folder)))
    found.sort(key=lambda one: one[:2])
    return iter([entry for _, _, entry in found])


def _junction(entry: os.DirEntry[str]) -> bool:
    return getattr(entry.stat(follow_symlinks=False), "st_reparse_tag", 0) == _MOUNT_POINT
