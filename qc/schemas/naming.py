"""What may stand in facts in clear, though the schema does not bound it: names of classes, ids, keys.

A run is handed on, so facts hold no free text and no identifier of a person. A class or an id must be
readable all the same. The decision is made here, for all of them: what does not look like a name becomes its
keyed digest, which is equal for equal texts, so that references still resolve. Names of files stay as they
are: files must be found again by them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qc.documents.pointers import pointer, split
from qc.schemas.limits import KEY_LIMIT, shortened
from qc.schemas.tree import Bound

#: Turns free text into its keyed digest.
Digest = Callable[[str], str]

#: Longest name, in characters and in words.
CHARACTERS, WORDS = 80, 6

#: Numbers of people, after NFKC, with hyphens for all dashes. Registration numbers: date of birth, sex digit,
#: six more. Telephones: with separators, or 010 and eight digits. Addresses of e-mail.
_IDENTIFIER = re.compile(
    r"""(?<!\d)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\s?-?\s?[1-8]\d{6}(?!\d)
    | (?<!\d)(?:\+?82[-. )]{0,2})0?1[016789][-. ]?\d{3,4}[-. ]?\d{4}(?!\d)
    | (?<!\d)01[016789](?:[-.)]\s?|\s)\d{3,4}[-. ]\s?\d{4}(?!\d)
    | (?<!\d)010\d{8}(?!\d)
    | (?<!\d)0(?:2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|80|50\d)[-. )]\s?\d{3,4}[-. ]\d{4}(?!\d)
    | (?<!\d)1[568]\d\d-\d{4}(?!\d)
    | [\w.%+-]+@[\w-]+(?:\.[\w-]+)+""",
    re.VERBOSE,
)
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-") | dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

#: For RE2: everything that is no name, and some that is. Most columns have nothing of it.
_DOUBTFUL = (
    r"[@\x00-\x1f\x7f-\x{9f}\x{200b}-\x{200d}\x{2010}-\x{2015}\x{2060}\x{2212}\x{feff}\x{ff00}-\x{ffef}]"
    r"|(?:^|\D)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\s?-?\s?[1-8]\d{6}(?:\D|$)"
    r"|(?:^|\D)(?:\+?82[-. )]{0,2}0?|0)1[016789][-. )]?\s?\d{3,4}[-. ]?\s?\d{4}(?:\D|$)"
    r"|(?:^|\D)(?:0\d{1,3}[-. )]\s?\d{3,4}[-. ]|1[568]\d\d-)\d{4}(?:\D|$)"
)
_SHORT = r"[@\x00-\x1f\x7f]"
#: No telephone number is shorter, and no text of fewer characters has seven words.
_NO_NUMBER = 9


@lru_cache(maxsize=10_000)
def looks_like_name(text: str) -> bool:
    """Whether ``text`` looks like the name of a class, an id or a key: short, of few words, without control
    characters, and with no registration number, telephone number or e-mail address in it."""
    if len(text) > CHARACTERS or len(text.split()) > WORDS or _CONTROL.search(text):
        return False
    return _IDENTIFIER.search(unicodedata.normalize("NFKC", text).translate(_DASHES)) is None


class Names:
    """Keeps names and digests the rest. ``known`` keys are the schema's own: they are never digested.

    ``header``: keys are the first row of a table. Where the header was forgotten, that is data and may be
    somebody's name, so of its keys only the schema's own are kept.
    """

    def __init__(
        self, digest: Digest, schema: Mapping[str, Any] | None = None, *, header: bool = False
    ) -> None:
        self.digest = digest
        self.known = frozenset(_keys(schema))
        self.header = header

    def of(self, text: str) -> str:
        """A text as it may be stored."""
        return text if looks_like_name(text) else self.digest(text)

    def key(self, key: str) -> str:
        """A property name of a document as it may be stored; so is the number of a row."""
        if key in self.known:
            return key
        return self.digest(key) if self.header and not key.isdecimal() else self.of(key)

    def shown(self, key: str) -> str:
        """A property name as a message shows it."""
        return shortened(key, KEY_LIMIT) if (named := self.key(key)) == key else named

    def pointer(self, text: str) -> str:
        """A pointer into a document, its keys as they may be stored."""
        parts = split(text)
        named = [self.key(part) for part in parts]
        return text if named == parts else pointer(named)

    def pointers(self, texts: pa.Array) -> pa.Array:
        """A column of pointers with keys that are data."""
        return pa.array(
            [None if text is None else self.pointer(text) for text in texts.to_pylist()], pa.string()
        )

    def column(self, texts: pa.Array, bounds: Sequence[Bound] = ()) -> pa.Array:
        """A column of texts, as they may be stored; what one of ``bounds`` holds is kept.

        Looked through at once; only what may be no name is decided one by one, each distinct text once.
        """
        at = _doubtful(texts)
        if at is None:
            return texts
        encoded = texts.filter(at).dictionary_encode()
        kept = [
            text if text in self.known or any(bound.holds(text) for bound in bounds) else self.of(text)
            for text in encoded.dictionary.to_pylist()
        ]
        said = pa.DictionaryArray.from_arrays(encoded.indices, pa.array(kept, pa.string())).cast(pa.string())
        return pc.replace_with_mask(texts, at, said)

    def bounded(self, texts: pa.Array, bounds: Sequence[Bound]) -> pa.Array:
        """A column of texts of which only those stay that one of ``bounds`` holds."""
        encoded = texts.dictionary_encode()
        kept = [
            text if any(bound.holds(text) for bound in bounds) else self.digest(text)
            for text in encoded.dictionary.to_pylist()
        ]
        return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(kept, pa.string())).cast(pa.string())


def _doubtful(texts: pa.Array) -> pa.Array | None:
    """Where a text may be no name; None if nowhere."""
    longest = pc.max(pc.utf8_length(texts)).as_py() or 0
    at = pc.match_substring_regex(texts, _SHORT if longest < _NO_NUMBER else _DOUBTFUL)
    if longest > 2 * WORDS and _has_blanks(texts):
        # As many separators as seven words have; of any kind, since str.split knows more than a blank.
        at = pc.or_(at, pc.match_substring_regex(texts, rf"(?:\S+[\s\p{{Z}}]+){{{WORDS}}}\S"))
    if longest > CHARACTERS:
        at = pc.or_(at, pc.greater(pc.utf8_length(texts), CHARACTERS))
    at = pc.fill_null(at, False)
    return at if pc.any(at).as_py() else None


def _has_blanks(texts: pa.Array) -> bool:
    """Whether a column may have a blank anywhere: told by all its bytes together."""
    buffer = texts.buffers()[2]
    data = b"" if buffer is None else buffer.to_pybytes()
    return b" " in data or not data.isascii()


def _keys(schema: Any) -> Iterable[str]:
    """Property names that a schema declares."""
    if isinstance(schema, Mapping):
        for name, inner in schema.items():
            if name == "properties" and isinstance(inner, Mapping):
                yield from inner
            elif name == "required" and isinstance(inner, list):
                yield from (key for key in inner if isinstance(key, str))
            yield from _keys(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _keys(inner)
