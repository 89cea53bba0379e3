"""The digests producer: content digests of whole files, for those who ask for them (``--digest full``)."""

from __future__ import annotations

import hashlib

import pyarrow as pa

from qc.deliverable.reading import Reader, ReadError
from qc.facts.producers import Job
from qc.facts.tables import COVERAGE, DIGESTS

#: Bytes of a digest (BLAKE2b, RFC 7693).
DIGEST_BYTES = 16


def read_digests(job: Job) -> dict[str, pa.Table]:
    """Digest of every file of a job; one that cannot be read is said in ``coverage``."""
    files: list[int] = []
    digests: list[str] = []
    covered: list[tuple[int, str, str | None, float]] = []
    with Reader() as reader:
        for member in job.members:
            try:
                data = reader.read(member.place)
            except ReadError as error:
                covered.append((member.file, "failed", error.code, 0.0))
                continue
            files.append(member.file)
            digests.append("blake2b:" + hashlib.blake2b(data, digest_size=DIGEST_BYTES).hexdigest())
            covered.append((member.file, "full", None, 1.0))
    columns = [list(column) for column in zip(*covered, strict=True)] or [[], [], [], []]
    coverage = dict(zip(("file", "status", "reason", "weight"), columns, strict=True))
    return {
        "digests": DIGESTS.arrow({"file": files, "digest": digests}),
        "coverage": COVERAGE.arrow({"producer": [job.producer] * len(covered), **coverage}),
    }
