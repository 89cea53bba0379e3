"""Identities: 64-bit hashes that depend on what a row *is*, never on when it was read."""

from __future__ import annotations

import pyarrow as pa
from xxhash import xxh3_64_intdigest

from qc.facts.hashing import GOLDEN, mix, of_texts

#: Between the parts of a hashed identity; cannot stand in a path or a pointer.
SEPARATOR = "\x1f"


def file_id(root: str, container_path: str | None, path: str, ordinal: int = 0) -> int:
    """Id of a file: ``path`` in NFC, ``ordinal`` tells members with equal names apart."""
    return xxh3_64_intdigest(SEPARATOR.join((root, container_path or "", path, str(ordinal))).encode())


def row_ids(files: pa.Array, pointers: pa.Array) -> pa.Array:
    """Ids of rows that stand at ``pointers`` (text) in ``files`` (uint64)."""
    return pa.array(mix(files.to_numpy() * GOLDEN ^ of_texts(pointers)), pa.uint64())
