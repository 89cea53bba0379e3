"""The digests producer: content digests of whole files, for those who ask for them (``--digest full``)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pyarrow as pa

from qc.deliverable.reading import Place, Reader, ReadError
from qc.facts.producers import Job
from qc.facts.tables import COVERAGE, DIGESTS

#: Bytes of a digest (BLAKE2b, RFC 7693).
DIGEST_BYTES = 16
#: A file larger than this is read block by block, bytes.
LARGEST = 8 << 20


def read_digests(job: Job) -> dict[str, pa.Table]:
    """Digest of every file of a job; one that cannot be read is said in ``coverage``."""
    files: list[int] = []
    digests: list[str] = []
    covered: list[tuple[int, str, str | None, float]] = []
    with Reader() as reader:
        for member in job.members:
            try:
                digest = _digest(reader, member.place, job.alive)
            except ReadError as error:
                covered.append((member.file, "failed", error.code, 0.0))
                continue
            files.append(member.file)
            digests.append(f"blake2b:{digest}")
            covered.append((member.file, "full", None, 1.0))
    columns = [list(column) for column in zip(*covered, strict=True)] or [[], [], [], []]
    coverage = dict(zip(("file", "status", "reason", "weight"), columns, strict=True))
    return {
        "digests": DIGESTS.arrow({"file": files, "digest": digests}),
        "coverage": COVERAGE.arrow({"producer": [job.producer] * len(covered), **coverage}),
    }


def _digest(reader: Reader, place: Place, alive: Callable[[int], None]) -> str:
    """Digest of a file, in hexadecimal; a large one is never in memory as a whole. Raises ``ReadError``."""
    digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
    if place.size <= LARGEST:
        digest.update(reader.read(place))
        return digest.hexdigest()
    done = 0
    for block in reader.blocks(place):
        digest.update(block)
        done += len(block)
        alive(done)
    return digest.hexdigest()
