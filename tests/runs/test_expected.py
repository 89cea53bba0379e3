"""What a run is expected to take: only what is left is read, but all of it is loaded and checked."""

from __future__ import annotations

import pytest

from qc.facts.producers import Job
from qc.runs import expected
from qc.runs.chunks import Bounds, plan_chunks
from qc.runs.expected import USUAL, Expected, expect
from tests.runs.toy import many

FILES = many(2000)


def jobs(producer: str = "labels") -> list[Job]:
    return plan_chunks(FILES, producer, {}, Bounds(files=100))


def test_what_is_there_is_not_read_but_comes_after() -> None:
    whole = expect(jobs(), [], *USUAL)
    half = [job.key for job in jobs()[::2]]
    rest = expect(jobs(), half, *USUAL)
    assert whole.reading.keys() == {job.key for job in jobs()}
    assert rest.reading == {key: work for key, work in whole.reading.items() if key not in half}
    assert rest.after == whole.after > 0
    assert rest.seconds(2) < whole.seconds(2)
    assert expect(jobs(), whole.reading, *USUAL).seconds(2) == expected.ALWAYS + whole.after


def test_slow_data_takes_longer() -> None:
    slow, usual = expect(jobs(), [], USUAL[0], 3 * USUAL[1]), expect(jobs(), [], *USUAL)
    assert sum(slow.reading.values()) > 1.5 * sum(usual.reading.values())
    assert slow.after > usual.after


def test_media_take_their_headers_whatever_their_size() -> None:
    media = expect(jobs("media"), [], *USUAL)
    assert sum(media.reading.values()) == pytest.approx(2000 * expected.HEADER)
    assert media.after == 0


@pytest.mark.parametrize(
    ("reading", "workers", "seconds"),
    [
        ({"a": 10.0, "b": 10.0}, 1, 20.0),
        ({"a": 10.0, "b": 10.0}, 2, 10.0),
        ({"a": 10.0, "b": 10.0}, 8, 10.0),
        ({"a": 18.0, "b": 2.0}, 2, 18.0),  # one process reads the long one, the other waits
        ({}, 2, 0.0),
    ],
)
def test_a_chunk_is_read_by_one_process(reading: dict[str, float], workers: int, seconds: float) -> None:
    assert Expected(reading, 3.0).seconds(workers) == pytest.approx(expected.ALWAYS + seconds + 3.0)
