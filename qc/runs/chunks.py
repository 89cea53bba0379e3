"""Chunks: how files are dealt into jobs.

A chunk's name is its *key*, a digest of all that its rows depend on: producer and version, options, and
of each file its identity, size, CRC-32 or time, and the digest of its schema. A CRC-32 is what an archive
promises; that its bytes are still the same is told by the archive's own time. Where something lies on this
machine is no part of a key.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qc.deliverable.forward import forward
from qc.facts.producers import MEMBER_SCHEMA, Job, Kept, Members, version
from qc.runs import disk

Ids = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a chunk may be: ``files``, ``bytes`` to read, and what one file costs at most."""

    files: int = 4096
    bytes: int = 64 << 20
    at_most: int | None = None


#: Files whose members are taken from the listing at once.
_BLOCK = 1 << 17

#: Only the first 64 KiB of a media file are read for its header.
BOUNDS = {"media": Bounds(at_most=64 << 10)}


def plan_chunks(
    files: pa.Table,
    producer: str,
    options: Mapping[str, Any],
    bounds: Bounds | None = None,
    *,
    rows: Ints | None = None,
    keep: Path | None = None,
) -> list[Job]:
    """Deal files into jobs; the same files always make the same jobs, in the same order.

    ``files`` has the columns of FILES and the private ones of a deliverable (disk, offset, method,
    flags), and for labels ``schema``: the id of the schema that the file is bound to. Of its rows only
    those numbered ``rows`` are dealt; a listing of millions of files is not copied for it. Of the options,
    ``digests`` maps a schema's id to its digest: a chunk depends on those of its own files. A ``Path``
    among them says where, not what, and no chunk depends on it.

    Borders lie at container borders and, inside a container, at powers of two in the space of file
    ids; a bucket over its bounds is halved. So an added file changes its own bucket only. Small
    containers share buckets, whole. Members are in the order in which they lie on disk.

    What can only be read forward (a packed tar, a large packed archive in an archive) is dealt in that order
    and comes first: a process that takes one of its chunks after the other unpacks it once.

    With ``keep`` the members go into that file and not into memory. Raises ``OSError`` for it.
    """
    rows = np.arange(files.num_rows) if rows is None else rows
    if not len(rows):
        return []
    bounds = bounds or BOUNDS.get(producer, Bounds())
    ids = _numbers(files, "file").astype(np.uint64)[rows]
    containers = _containers(files)[rows]
    sizes = _numbers(files, "size")[rows]
    offsets = _numbers(files, "offset", missing=-1)[rows]
    ahead, others = _forward(files, rows, ids, sizes, bounds)
    cost = np.minimum(sizes, bounds.at_most) if bounds.at_most is not None else sizes
    group, bucket = _groups(ids[others], containers[others], cost[others], bounds)
    order = np.lexsort((ids[others], bucket, group))
    bucket, cost = bucket[order], cost[others][order]
    ends = [
        start + end
        for start, stop in _runs(group[order])
        for end in _halve(bucket[start:stop], cost[start:stop], bounds)
    ]
    del group, bucket, cost
    order = order if isinstance(others, slice) else others[order]
    chunks: list[Ints] = ahead + [order[start:end] for start, end in pairwise([0, *ends])]

    identity = [ids.astype(np.int64), sizes, *(column[rows] for column in _what_changes(files, options))]
    base = _digest_of_options(producer, options)
    keys = [
        blake2b(
            base + np.stack([column[own] for column in identity], axis=1).tobytes(), digest_size=16
        ).hexdigest()
        for own in chunks
    ]
    on_disk = [rows[own] for own in ahead]
    on_disk += [rows[own[np.lexsort((own, offsets[own], containers[own]))]] for own in chunks[len(ahead) :]]
    members = _taken(files, on_disk)
    kept = members if keep is None else _kept(members, keep)
    return [Job(producer, key, one, options) for key, one in zip(keys, kept, strict=True)]


def _taken(files: pa.Table, chunks: Iterable[Ints]) -> Iterator[Members]:
    """The members of each chunk. Those of a block are taken together, and never all at once."""
    needed = files.select([name for name in files.column_names if name in MEMBER_SCHEMA.names])
    for block in _blocks(chunks):
        table = _member_columns(needed.take(pa.array(np.concatenate(block))))
        start = 0
        for rows in block:
            yield Members(table.slice(start, len(rows)))
            start += len(rows)


def _blocks(chunks: Iterable[Ints]) -> Iterator[list[Ints]]:
    block: list[Ints] = []
    rows = 0
    for chunk in chunks:
        block.append(chunk)
        rows += len(chunk)
        if rows >= _BLOCK:
            yield block
            block, rows = [], 0
    if block:
        yield block


def _kept(members: Iterable[Members], path: Path) -> list[Kept]:
    """Write members into a file, a batch a chunk."""
    kept = []
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with (
        disk.whole(path) as made,
        pa.OSFile(str(made), "wb") as file,
        pa.ipc.new_file(file, MEMBER_SCHEMA, options=options) as batches,
    ):
        for number, one in enumerate(members):
            (batch,) = one.table.combine_chunks().to_batches()
            batches.write_batch(batch)
            kept.append(Kept(str(path), number, len(one), one.total_bytes))
    return kept


def manifest_digest(files: pa.Table) -> str:
    """Digest of what was handed in: path (as id), size and CRC-32 of every file, in any order."""
    ids = _numbers(files, "file").astype(np.uint64)
    order = np.argsort(ids)
    columns = (ids, _numbers(files, "size"), _numbers(files, "crc", missing=-1))
    rows = np.stack([column.astype(np.int64) for column in columns], axis=1)[order]
    return f"blake2b:{blake2b(rows.tobytes(), digest_size=16).hexdigest()}"


def _forward(
    files: pa.Table, rows: Ints, ids: Ids, sizes: Ints, bounds: Bounds
) -> tuple[list[Ints], Ints | slice]:
    """Chunks (places in ``rows``) of what can only be read forward, in that order; and where the rest is."""
    found = forward(files, rows)
    if found is None:
        return [], slice(None)
    mine = found.rows
    least = np.full(found.root.max() + 1, np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(least, found.root, ids[mine])  # the order of the roots must not depend on where they lie
    roots = least[found.root]
    order = np.lexsort((ids[mine], found.second, found.first, roots))
    mine = mine[order]
    chunks = [
        mine[start + begin : start + end]
        for start, stop in _runs(roots[order])
        for begin, end in _in_order(sizes[mine[start:stop]], bounds)
    ]
    return chunks, np.delete(np.arange(len(rows)), mine)


def _in_order(cost: Ints, bounds: Bounds) -> Iterator[tuple[int, int]]:
    """Parts of a list that stays in its order, each within bounds or of one file."""
    total = np.concatenate(([0], np.cumsum(cost)))
    start = 0
    while start < len(cost):
        fits = int(np.searchsorted(total, total[start] + bounds.bytes, side="right")) - 1
        end = max(start + 1, min(fits, start + bounds.files))
        yield start, end
        start = end


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


def _what_changes(files: pa.Table, options: Mapping[str, Any]) -> Iterator[Ints]:
    """Of each file what, beside its id and size, decides whether it must be read again."""
    crc = _numbers(files, "crc", missing=-1)
    yield np.where(crc >= 0, crc, _numbers(files, "mtime_ns", missing=-1))
    yield _archive_times(files)
    # A tar knows no checksums. Its time is that of the whole, and if another one took its place with the same
    # time, its members lie elsewhere.
    yield np.where(crc >= 0, -1, _numbers(files, "offset", missing=-1))
    if "schema" in files.column_names:
        digests = options.get("digests", {})
        encoded = files.column("schema").combine_chunks().dictionary_encode()
        names = [_number_of(f"{name}\n{digests.get(name)}") for name in encoded.dictionary.to_pylist()] + [0]
        codes = pc.fill_null(encoded.indices, len(names) - 1).to_numpy(zero_copy_only=False)
        yield np.array(names, dtype=np.int64)[codes]


def _archive_times(files: pa.Table) -> Ints:
    """Of each file the time of the archive on disk that holds it, ns; -1 if there is none."""
    containers = _containers(files)
    archives, inverse = np.unique(containers, return_inverse=True)
    rows = np.flatnonzero(pc.is_in(files.column("file"), pa.array(archives)))
    listed = files.select(["file", "container", "mtime_ns"]).take(pa.array(rows)).to_pylist()
    known = {one["file"]: one for one in listed}
    times = []
    for archive in archives.tolist():
        one = known.get(archive)
        while one is not None and one["mtime_ns"] is None:  # an archive in an archive
            one = known.get(one["container"])
        times.append(-1 if one is None else one["mtime_ns"])
    return np.array(times, dtype=np.int64)[inverse]


def _number_of(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8"), digest_size=8).digest(), "big", signed=True)


def _digest_of_options(producer: str, options: Mapping[str, Any]) -> bytes:
    """All options but what is told of each file on its own, and places."""
    told = _without_places({name: value for name, value in options.items() if name != "digests"})
    plain = json.dumps(told, sort_keys=True, ensure_ascii=False, default=_plain)
    return blake2b(f"{producer}\n{version(producer)}\n{plain}\n".encode()).digest()


def _without_places(options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _without_places(value) if isinstance(value, Mapping) else value
        for name, value in options.items()
        if not isinstance(value, Path)
    }


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return {"bytes": blake2b(value, digest_size=16).hexdigest()}
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
