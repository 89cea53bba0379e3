"""What a file is by its name alone: medium, junk, document. The lists are content (``_files.toml``)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from qc import content
from qc.deliverable import sequences

#: Media whose names are looked for in labels; extensions that are also words of a text are not.
_SEEN, _WORDS = ("image", "video", "audio"), frozenset(("raw", "ts"))
#: A text that begins with a line of a class and numbers, as YOLO writes them.
_NUMBERS = r"\A\s*\d+([ \t]+-?\d*\.\d+){4,}[ \t]*\r?$"

#: A kind that the name decides, before any layout is asked.
Fixed = Literal["junk", "archive", "document"]


@dataclass(frozen=True, slots=True)
class Kinds:
    """The lists of ``schemas/layouts/_files.toml``; everything in lower case."""

    media: Mapping[str, str]
    junk_names: frozenset[str]
    junk_prefixes: tuple[str, ...]
    junk_extensions: frozenset[str]
    junk_folders: frozenset[str]
    document_stems: frozenset[str]
    split: re.Pattern[str]
    special: re.Pattern[str]
    """Matches names that are junk or documents whatever their extension."""
    mentions: re.Pattern[bytes]
    """Found in a label or table that names or draws on a picture, video or sound."""
    names_media: re.Pattern[bytes]
    """Found where the name of a picture, video or sound stands in a text."""

    def odd(self, name: str, extension: str) -> bool:
        """Whether the extension alone does not tell what ``name`` is (asked for every file)."""
        if extension == "gz" or self.special.match(name) is not None:
            return True
        return extension not in self.media and self.split.search(name) is not None

    def junk_folder(self, folder: str) -> bool:
        """Whether any part of ``folder`` belongs to an operating system or a program."""
        return not self.junk_folders.isdisjoint(folder.lower().split("/"))

    def medium(self, name: str, extension: str) -> str:
        """``files.media`` of a name; ``other`` for an extension that is not known."""
        known = self.media.get(extension)
        if known is None:
            return "archive" if self.split.search(name) else "other"
        if extension == "gz" and name.lower().endswith(".nii.gz"):
            return "image"
        return known

    def fixed(self, name: str, stem: str, extension: str) -> Fixed | None:
        """The kind that the name alone decides; None when the place in the layout does."""
        low = name.lower()
        if low in self.junk_names or low.startswith(self.junk_prefixes) or extension in self.junk_extensions:
            return "junk"
        if self.medium(name, extension) == "archive":
            return "archive"
        # README.dataset.txt is one too
        return "document" if stem.lower().partition(".")[0] in self.document_stems else None


def split_name(name: str) -> tuple[str, str]:
    """Stem and extension (lower case, without dot) of a name: ``'a.b.JPG'`` -> ``('a.b', 'jpg')``.

    A leading dot starts a hidden name, no extension.
    """
    stem, dot, extension = name.rpartition(".")
    return (stem, extension.lower()) if dot and stem else (name, "")


@cache
def kinds() -> Kinds:
    """The shipped lists."""
    path = content.folder("schemas") / "layouts" / "_files.toml"
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    junk = data["junk"]
    whole = "|".join(map(re.escape, junk["names"]))
    stems = "|".join(map(re.escape, data["document"]["stems"]))
    starts = "|".join(map(re.escape, junk["prefixes"]))
    seen = "|".join(re.escape(e) for medium in _SEEN for e in data["media"][medium] if e not in _WORDS)
    names = rf"[^\s\"',;<>/\\]\.(?:{seen})(?=[\"',;<\s\])}}]|$)"
    key = "|".join(data["mentions"]["keys"])
    # a key of JSON, an element of XML, a column in the first line of a table
    column = rf"\A(?:[^\n]*[,;|\t])?\"?(?:{key})\"?(?:[,;|\t]|\r?$)"
    keys = rf"\"(?:{key})\"\s*:|<(?:{key})[\s>]|{column}"
    return Kinds(
        media={extension: medium for medium, all_ in data["media"].items() for extension in all_},
        junk_names=frozenset(junk["names"]),
        junk_prefixes=tuple(junk["prefixes"]),
        junk_extensions=frozenset(junk["extensions"]),
        junk_folders=frozenset(junk["folders"]),
        document_stems=frozenset(data["document"]["stems"]),
        split=sequences.NAME,
        special=re.compile(rf"(?:{starts}|(?:{whole})$|(?:{stems})(?:\.|$))", re.IGNORECASE),
        mentions=re.compile(rf"{names}|{keys}|{_NUMBERS}".encode(), re.IGNORECASE | re.MULTILINE),
        names_media=re.compile(names.encode(), re.IGNORECASE),
    )
