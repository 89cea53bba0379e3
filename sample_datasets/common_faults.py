"""Defects that any sample can have: what happens to files, whatever is in them."""

from __future__ import annotations

from collections.abc import Callable

from sample_datasets.planted import Planting

Spoil = Callable[[Planting], None]


def no_label(planting: Planting) -> None:
    """The label is left out."""
    planting.unit.labelled = False
    planting.expect("files.unpaired-source", "file", source=True)


def no_source(pointer: str = "") -> Spoil:
    """The source is left out: the label is alone, and the file that it names (``pointer``) is missing."""

    def spoil(planting: Planting) -> None:
        planting.unit.source = None
        planting.expect("files.unpaired-label", "file")
        planting.expect("references.dangling-media", "item", pointer=pointer)

    return spoil


def empty_source(planting: Planting) -> None:
    """The source has no bytes."""
    planting.unit.source = b""
    planting.expect("files.empty", "file", source=True)


def empty_label(planting: Planting) -> None:
    """The label has no bytes: saved before it was written."""
    planting.unit.written = b""
    planting.expect("files.empty", "file")


def error_page(title: str) -> Spoil:
    """What a server said instead was saved as the source."""

    def spoil(planting: Planting) -> None:
        planting.unit.source = f"<!DOCTYPE html><title>{title}</title>\n".encode() * 9
        planting.expect("files.unreadable", "file", source=True)

    return spoil


def cut_short(parts: int, of: int) -> Spoil:
    """Only the first ``parts`` of ``of`` equal parts of the label are there."""

    def spoil(planting: Planting) -> None:
        written = planting.unit.label_bytes()
        planting.unit.written = written[: len(written) * parts // of]
        planting.expect("files.unreadable", "file")

    return spoil


def cp949(planting: Planting) -> None:
    """The label is in CP949, whatever it says of itself."""
    planting.unit.written = planting.unit.label_bytes().decode().encode("cp949")
    planting.expect("documents.encoding", "file")


def byte_order_mark(planting: Planting) -> None:
    """A byte order mark stands before the label."""
    planting.unit.written = b"\xef\xbb\xbf" + planting.unit.label_bytes()
    planting.expect("documents.encoding", "file")


def behind_a_password(planting: Planting) -> None:
    """The source is encrypted in its archive."""
    planting.unit.encrypted = True
    planting.expect("files.encrypted", "file", source=True)
