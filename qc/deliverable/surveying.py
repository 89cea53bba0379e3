"""What detection looks at: a listing seen from above, and the beginnings of a few files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qc.deliverable import sequences
from qc.deliverable.forward import in_order
from qc.deliverable.kinds import Kinds
from qc.deliverable.manifest import Spot
from qc.deliverable.reading import Reader, ReadError, places

#: What is sensed, not written: mostly source data.
MEDIA = frozenset(("image", "video", "audio", "pointcloud"))
#: What may hold labels of some layout.
READABLE = frozenset(("label", "table", "text"))
#: Tables that are no text: nothing can be seen in their first bytes.
_BINARY = frozenset(("xlsx", "xls", "parquet"))

#: How much of a file is looked at, bytes from each end.
_PEEK = 1 << 16
#: Files bigger than this are looked at only at their beginning when they are compressed.
_WHOLE = 1 << 22
#: Files of one sort that are looked into, and whose names are compared.
LOOKED_INTO, COMPARED = 12, 10_000
#: Names that are copied at once.
_SLICE = 1 << 16

#: Three words of a sentence in one line, or some lines of a word and its tag.
_WORD = rb"[^\s\"\d,:;{}\[\]<>=|\\]+"
_WRITTEN = re.compile(rb"(?:%b ){2}%b|(?:^[^\s,]+[ \t][A-Z][-\w]*\r?\n){4}" % (_WORD, _WORD), re.MULTILINE)
_COCO = re.compile(rb'"(images|annotations|categories)"\s*:\s*\[')
_Rows = npt.NDArray[np.int64]


class _Look(NamedTuple):
    """Bytes from the beginning (and end) of the file ``name``, and whether that is all of it."""

    name: str
    data: bytes
    whole: bool


class Survey:
    """Answers the questions of :mod:`qc.deliverable.detecting` about a listing.

    ``table`` are the rows of a manifest with their column ``spot``, which numbers ``spots``.
    """

    def __init__(self, table: pa.Table, spots: Sequence[Spot], kinds: Kinds) -> None:
        self._table, self._spots, self._kinds = table, spots, kinds
        self._numbers = table.column("spot").to_numpy()
        self._seen: dict[tuple[bool, tuple[int, ...]], list[_Look]] = {}

    @cached_property
    def spots(self) -> list[tuple[Spot, int]]:
        """Places with the number of files of each; archives, junk and documents left out."""
        counts = np.bincount(self._numbers, minlength=len(self._spots))
        return [
            (spot, int(count))
            for spot, count in zip(self._spots, counts, strict=True)
            if count and spot.fixed is None and spot.media != "document"
        ]

    @cached_property
    def archives(self) -> list[str]:
        """Paths of the archives, in archives too; one in pieces is one, called without their numbers."""
        rows = pc.equal(self._table.column("media"), "archive")
        found = self._table.select(["container_path", "path"]).filter(rows)
        paths = pc.binary_join_element_wise(*found.columns, "/", null_handling="skip").to_pylist()
        return sorted({_whole(path) for path in paths})

    def count(self, media: Iterable[str]) -> int:
        """Files of these media."""
        wanted = frozenset(media)
        return sum(count for spot, count in self.spots if spot.media in wanted)

    def named(self, pattern: re.Pattern[str], extensions: Iterable[str]) -> tuple[int, int]:
        """Files of these extensions whose name matches, and all of them."""
        rows = self._rows(extensions=extensions)
        matched = 0
        for first in range(0, len(rows), _SLICE):
            names = self._table.column("name").take(pa.array(rows[first : first + _SLICE]))
            matched += pc.sum(pc.match_substring_regex(names, f"(?i){pattern.pattern}")).as_py()
        return matched, len(rows)

    def same_stem(self, media: Iterable[str]) -> tuple[int, int]:
        """Files of these sorts that are named like a picture, video or sound, and all whose names were
        compared: up to :data:`COMPARED`, evenly over them."""
        stems = self._table.column("stem").take(pa.array(_evenly(self._rows(media=media), COMPARED)))
        met = pc.is_in(self._table.column("stem"), stems.combine_chunks()).to_numpy() & self._are(media=MEDIA)
        sources = self._table.column("stem").take(pa.array(np.flatnonzero(met)))
        matched = pc.sum(pc.is_in(stems, pc.unique(sources))).as_py() if len(stems) else 0
        return int(matched), len(stems)

    def few_labels(self, most: int) -> int | None:
        """The number of label files if it is at most ``most`` and none has the stem of a medium."""
        rows = self._rows(media=["label"])
        return len(rows) if 0 < len(rows) <= most and not self.same_stem(["label"])[0] else None

    def coco_keys(self) -> list[str]:
        """Keys of COCO in the first label file that has them."""
        looks = self._looks(self._rows(media=["label"]), tails=True)
        return next((keys for look in looks if (keys := coco_keys(look.data, look.whole))), [])

    def heads(
        self,
        media: Iterable[str] | None = None,
        extensions: Iterable[str] | None = None,
        skip: re.Pattern[str] | None = None,
    ) -> list[bytes]:
        """The beginnings of some files, evenly over all that are asked for, but for those with ``skip`` in
        their names."""
        looks = self._looks(self._rows(media, extensions))
        return [look.data for look in looks if skip is None or not skip.search(look.name)]

    def tables_naming_media(self) -> tuple[int, int]:
        """Tables that name a picture, video or sound, and all that were looked into."""
        heads = self.heads(media=["table"])
        return sum(self._kinds.names_media.search(head) is not None for head in heads), len(heads)

    @cached_property
    def texts(self) -> int | None:
        """Labels, tables and texts, if they are the data (rule P10): there are no media and no archive that
        may hide some, no file that was looked into names a medium or draws on one, and half of them hold
        sentences or tagged words. Else None: labels whose media were not handed in are no text data."""
        closed = pc.and_(
            pc.equal(self._table.column("media"), "archive"), pc.not_equal(self._table.column("status"), "ok")
        )
        if self.count(MEDIA) or pc.any(closed).as_py():
            return None
        heads = [head for medium in sorted(READABLE) for head in self.heads(media=[medium])]
        if any(self._kinds.mentions.search(head) for head in heads):
            return None
        written = sum(_WRITTEN.search(head) is not None for head in heads)
        return self.count(READABLE) if written and 2 * written >= len(heads) else None

    # --- rows and bytes -----------------------------------------------------------------------------

    def _rows(self, media: Iterable[str] | None = None, extensions: Iterable[str] | None = None) -> _Rows:
        """Numbers of the rows of some sort. No copy of them is made: they may be all there is."""
        return np.flatnonzero(self._are(media, extensions))

    def _are(
        self, media: Iterable[str] | None = None, extensions: Iterable[str] | None = None
    ) -> npt.NDArray[np.bool_]:
        """Whether each row is of some sort."""
        kinds = None if media is None else frozenset(media)
        ends = None if extensions is None else frozenset(extensions)
        asked = [
            spot.fixed is None
            and (kinds is None or spot.media in kinds)
            and (ends is None or spot.extension in ends)
            for spot in self._spots
        ]
        return np.array(asked, dtype=bool)[self._numbers] if asked else np.zeros(0, dtype=bool)

    def _looks(self, rows: _Rows, *, tails: bool = False) -> list[_Look]:
        """First bytes of up to :data:`LOOKED_INTO` files, with their last ones if these are wanted."""
        chosen = _evenly(rows, LOOKED_INTO)
        key = (tails, tuple(chosen.tolist()))
        if key not in self._seen:
            self._seen[key] = self._read(chosen, tails=tails)
        return self._seen[key]

    def _read(self, rows: _Rows, *, tails: bool) -> list[_Look]:
        files = self._table.take(pa.array(in_order(self._table, rows)))
        closed = pc.is_in(files.column("extension"), pa.array(sorted(_BINARY)))
        files = files.filter(pc.and_(pc.equal(files.column("status"), "ok"), pc.invert(closed)))
        found = []
        with Reader() as reader:
            for name, place in zip(files.column("name").to_pylist(), places(files), strict=True):
                try:
                    if tails and place.offset is not None and place.size <= _WHOLE:
                        data = reader.read(place)
                        data = data[:_PEEK] + data[-_PEEK:]
                    else:
                        data = reader.head(place, _PEEK) + (reader.tail(place, _PEEK) if tails else b"")
                except ReadError:
                    continue
                found.append(_Look(name, data, place.size <= (2 * _PEEK if tails else _PEEK)))
        return found


def _evenly(rows: _Rows, most: int) -> _Rows:
    """At most so many of the rows, evenly over them, the first and the last included."""
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), most)).astype(np.int64)]


def _whole(path: str) -> str:
    """``path`` of an archive; of a piece that of the whole."""
    above, cut, name = path.rpartition("/")
    told = sequences.piece(name)
    return path if told is None else f"{above}{cut}{told.whole}"


def coco_keys(data: bytes, whole: bool) -> list[str]:
    """Keys of COCO in a file or its two ends: two of three, or ``images`` if it goes on between."""
    found = sorted({key.decode() for key in _COCO.findall(data)})
    return found if len(found) >= 2 or ("images" in found and not whole) else []
