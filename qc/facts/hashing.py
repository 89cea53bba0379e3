"""64-bit digests of whole columns at once: identities that depend on no process and no order of reading."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from xxhash import xxh3_64_intdigest

Words = npt.NDArray[np.uint64]

#: 2^64 divided by the golden ratio: spreads consecutive numbers over all bits.
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mix(words: Words) -> Words:
    """A bijection of 64-bit words that changes half the bits for any change (splitmix64's finaliser)."""
    words = words.copy()
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        words ^= words >> np.uint64(shift)
        words *= np.uint64(factor)
    words ^= words >> np.uint64(31)
    return words


def of_texts(texts: pa.Array) -> Words:
    """A digest of each text; 0 for NULL."""
    encoded = texts.dictionary_encode()
    known = [xxh3_64_intdigest(text.encode()) for text in encoded.dictionary.to_pylist()]
    index = encoded.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)
    words: Words = np.array([*known, 0], dtype=np.uint64)[index]
    return words


def of_slices(words: Words, offsets: npt.NDArray[np.int64], *, ordered: bool) -> Words:
    """A digest of each slice ``words[offsets[i]:offsets[i + 1]]``; of its set if not ``ordered``."""
    sizes = np.diff(offsets)
    place = (np.arange(len(words)) - np.repeat(offsets[:-1], sizes) if ordered else np.zeros(len(words))) + 1
    mixed = mix(words ^ place.astype(np.uint64) * GOLDEN)
    sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(mixed, dtype=np.uint64)))
    return mix((sums[offsets[1:]] - sums[offsets[:-1]]) ^ sizes.astype(np.uint64) * GOLDEN)
