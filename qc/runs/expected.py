"""How long a run will take, told from what a sample of its labels cost.

The sample's bytes were read (perhaps from a cold disk, and the rest will be too) and parsed. What else is
done with labels is counted in times of parsing: validating them and taking their facts out, in workers; and
then, once for all of them, loading the facts, linking them and asking the checks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from qc.facts.producers import Job

#: What a byte of labels takes to be read and to be parsed, s, if no sample tells.
USUAL = (2e-9, 8e-9)
#: Seconds that even the smallest deliverable takes after it was looked at.
ALWAYS = 1.0
#: What a worker does with a label file, in times of parsing it.
READING = 5.0
#: What is done with all labels after they were read, in times of parsing them.
AFTER = 2.0
#: Seconds that a label file takes beside the work on its bytes: in a worker, and afterwards.
EACH, EACH_AFTER = 30e-6, 10e-6
#: Seconds that the header of a media file takes; of the same order on disks and in archives.
HEADER = 80e-6
#: Seconds that a byte takes to be digested.
DIGEST = 1e-9


@dataclass(frozen=True, slots=True)
class Expected:
    """Seconds of one process: ``reading``, by key of the chunks that are still to be read, and ``after``."""

    reading: dict[str, float]
    after: float

    def seconds(self, workers: int) -> float:
        """How long it will take. A chunk is read by one process, however many there are."""
        longest = max(self.reading.values(), default=0.0)
        together = sum(self.reading.values()) / max(min(workers, len(self.reading)), 1)
        return ALWAYS + max(longest, together) + self.after


def expect(jobs: Iterable[Job], done: Iterable[str], reading: float, parsing: float) -> Expected:
    """What ``jobs`` will take; the chunks ``done`` are there already, but what comes after reading is not.

    ``reading`` and ``parsing``: seconds that a byte of the sample took to be read and to be parsed.
    """
    there, left, after = frozenset(done), {}, 0.0
    for job in jobs:
        if job.producer == "labels":
            after += job.bytes * parsing * AFTER + len(job.members) * EACH_AFTER
        if job.key not in there:
            left[job.key] = _of(job, reading, parsing)
    return Expected(left, after)


def _of(job: Job, reading: float, parsing: float) -> float:
    if job.producer == "media":
        return len(job.members) * HEADER
    if job.producer == "digests":
        return job.bytes * (reading + DIGEST)
    return job.bytes * (reading + parsing * READING) + len(job.members) * EACH
