"""Chunks: how files are dealt into jobs.

A chunk's name is its *key*, a digest of all that its rows depend on: producer and version, options
(digests of schemas among them), and of each file its identity, size, and CRC-32 or time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qc.facts.producers import MEMBER_SCHEMA, Job, Members, version

Ids = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a chunk may be: ``files``, ``bytes`` to read, and what one file costs at most."""

    files: int = 4096
    bytes: int = 64 << 20
    at_most: int | None = None


#: Only the first 64 KiB of a media file are read for its header.
BOUNDS = {"media": Bounds(at_most=64 << 10)}


def plan_chunks(
    files: pa.Table, producer: str, options: Mapping[str, Any], bounds: Bounds | None = None
) -> list[Job]:
    """Deal files into jobs; the same files always make the same jobs, in the same order.

    ``files`` has the columns of FILES and the private ones of a deliverable (disk, offset, method,
    flags), and for labels ``schema``: the id of the schema that the file is bound to.

    Borders lie at container borders and, inside a container, at powers of two in the space of file
    ids; a bucket over its bounds is halved. So an added file changes its own bucket only. Small
    containers share buckets, whole. Members are in the order in which they lie on disk.
    """
    if not files.num_rows:
        return []
    bounds = bounds or BOUNDS.get(producer, Bounds())
    ids = _numbers(files, "file").astype(np.uint64)
    containers = _containers(files)
    sizes = _numbers(files, "size")
    cost = np.minimum(sizes, bounds.at_most) if bounds.at_most is not None else sizes
    group, bucket = _groups(ids, containers, cost, bounds)
    order = np.lexsort((ids, bucket, group))
    ends = [
        start + end
        for start, stop in _runs(group[order])
        for end in _halve(bucket[order[start:stop]], cost[order[start:stop]], bounds)
    ]

    identity = _identity(files, ids, sizes)[order]
    base = _digest_of_options(producer, options)
    offsets = _numbers(files, "offset", missing=-1)
    members = _member_columns(files)
    jobs = []
    start = 0
    for end in ends:
        rows = order[start:end]
        key = blake2b(base + identity[start:end].tobytes(), digest_size=16).hexdigest()
        on_disk = rows[np.lexsort((rows, offsets[rows], containers[rows]))]
        jobs.append(Job(producer, key, Members(members.take(pa.array(on_disk))), options))
        start = end
    return jobs


def manifest_digest(files: pa.Table) -> str:
    """Digest of what was handed in: path (as id), size and CRC-32 of every file, in any order."""
    ids = _numbers(files, "file").astype(np.uint64)
    order = np.argsort(ids)
    columns = (ids, _numbers(files, "size"), _numbers(files, "crc", missing=-1))
    rows = np.stack([column.astype(np.int64) for column in columns], axis=1)[order]
    return f"blake2b:{blake2b(rows.tobytes(), digest_size=16).hexdigest()}"


def _groups(ids: Ids, containers: Ids, cost: Ints, bounds: Bounds) -> tuple[Ids, Ids]:
    """Group of each file and, inside it, the number whose leading bits choose the bucket.

    A large container is a group, so are the files on disk (0), and file ids choose; small ones are
    one group (1) and choose by their own id, so each stays whole.
    """
    unique, inverse, counts = np.unique(containers, return_inverse=True, return_counts=True)
    weight = np.bincount(inverse, weights=cost)
    small = (counts <= bounds.files // 2) & (weight <= bounds.bytes // 2)
    pooled = (small & (unique != 0))[inverse]  # files on disk are in no container to keep whole
    group = np.where(pooled, np.uint64(1), containers)
    return group, np.where(pooled, containers, ids)


def _halve(keys: Ids, cost: Ints, bounds: Bounds) -> Iterator[int]:
    """Ends of the buckets of one sorted run of keys: each holds one prefix of their bits."""
    total = np.concatenate(([0], np.cumsum(cost)))
    stack = [(0, len(keys), 0, 64)]
    while stack:
        start, stop, prefix, bits = stack.pop()
        fits = stop - start <= bounds.files and total[stop] - total[start] <= bounds.bytes
        if fits or bits == 0 or keys[start] == keys[stop - 1]:
            if stop > start:
                yield stop
            continue
        border = prefix + (1 << (bits - 1))
        middle = start + int(np.searchsorted(keys[start:stop], np.uint64(border)))
        stack += [(middle, stop, border, bits - 1)] if middle < stop else []
        stack += [(start, middle, prefix, bits - 1)] if start < middle else []


def _runs(values: Ids) -> Iterator[tuple[int, int]]:
    borders = np.flatnonzero(np.diff(values)) + 1
    edges = [0, *borders.tolist(), len(values)]
    yield from pairwise(edges)


def _identity(files: pa.Table, ids: Ids, sizes: Ints) -> npt.NDArray[np.int64]:
    """Per file what decides whether it must be read again: id, size, CRC or time, schema."""
    crc = _numbers(files, "crc", missing=-1)
    changed = np.where(crc >= 0, crc, _numbers(files, "mtime_ns", missing=-1))
    columns = [ids.astype(np.int64), sizes, changed]
    if "schema" in files.column_names:
        encoded = files.column("schema").combine_chunks().dictionary_encode()
        digests = [_number_of(name) for name in encoded.dictionary.to_pylist()] + [0]
        codes = pc.fill_null(encoded.indices, len(digests) - 1).to_numpy(zero_copy_only=False)
        columns.append(np.array(digests, dtype=np.int64)[codes])
    return np.stack(columns, axis=1)


def _number_of(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8"), digest_size=8).digest(), "big", signed=True)


def _digest_of_options(producer: str, options: Mapping[str, Any]) -> bytes:
    plain = json.dumps(options, sort_keys=True, ensure_ascii=False, default=_plain)
    return blake2b(f"{producer}\n{version(producer)}\n{plain}\n".encode()).digest()


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return {"bytes": blake2b(value, digest_size=16).hexdigest()}
    if isinstance(value, Path):
        return value.as_posix()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a job's options are plain values, not {type(value).__name__}")


def _numbers(files: pa.Table, name: str, missing: int = 0) -> Ints:
    column = files.column(name)
    return pc.fill_null(column, pa.scalar(missing, column.type)).to_numpy()  # type: ignore[no-any-return]


def _containers(files: pa.Table) -> Ids:
    """Id of the archive that holds each file; 0 on disk."""
    return _numbers(files, "container").astype(np.uint64)


def _member_columns(files: pa.Table) -> pa.Table:
    rows = files.num_rows
    columns = {}
    for field in MEMBER_SCHEMA:
        if field.name == "schema" and "schema" not in files.column_names:
            column = pa.nulls(rows, field.type)
        else:
            name = "size" if field.name == "packed" and "packed" not in files.column_names else field.name
            column = files.column(name)
            if field.name == "packed":  # on disk a file is as it is
                column = pc.coalesce(column, files.column("size"))
            if not field.nullable:
                column = pc.fill_null(column, "" if pa.types.is_string(field.type) else 0)
        columns[field.name] = column.cast(field.type)
    return pa.table(columns, schema=MEMBER_SCHEMA).combine_chunks()
