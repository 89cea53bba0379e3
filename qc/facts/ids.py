"""Identities: 64-bit hashes that depend on what a row *is*, never on when it was read."""

from __future__ import annotations

from xxhash import xxh3_64_intdigest

#: Between the parts of a hashed identity; cannot stand in a path or a pointer.
SEPARATOR = "\x1f"


def file_id(root: str, container_path: str | None, path: str, ordinal: int = 0) -> int:
    """Id of a file: ``path`` in NFC, ``ordinal`` tells members with equal names apart."""
    return xxh3_64_intdigest(SEPARATOR.join((root, container_path or "", path, str(ordinal))).encode())


#: ``row_id(pointer.encode(), file_id)``: id of a row that stands at ``pointer`` in a file. A bare
#: alias, because it is called for every row and a wrapper would double its cost.
row_id = xxh3_64_intdigest
