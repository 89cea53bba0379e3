"""Where bytes come from: locators, parts, and what is unpacked on the way."""

from __future__ import annotations

import bz2
import gzip
import random
import tracemalloc
import zlib
from pathlib import Path

import pytest

from qc.deliverable import sources
from qc.deliverable.inflating import BZIP2, DEFLATED, GZIP, BadDataError
from qc.deliverable.locators import Position, Run, first_of_sequence, forward_only, joined, part, unpacked
from qc.deliverable.sources import Allowance, Sources
from tests.deliverable import zips

CHANCE = random.Random(3)
PACKED = unpacked("a.tgz", GZIP, 0, 9)
BODY = b"".join(b"%09d," % n for n in range(400_000))


@pytest.fixture(autouse=True)
def nothing_parked() -> None:
    sources._parked.clear()


def test_locators_name_parts_of_parts(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"0123456789" * 10)
    disk = str(path)
    one = part(disk, 5, 20)
    several = joined(one, [(0, 3), (10, 2), (3, 4)])
    packed = tmp_path / "b.bin"
    packed.write_bytes(b"??" + zlib.compress(BODY, wbits=-15) + b"??")
    inside = part(unpacked(str(packed), DEFLATED, 2, packed.stat().st_size - 4, len(BODY)), 10, 10)
    with_sources = Sources()
    for name, expected in ((one, b"56789012345678901234"), (several, b"567568901"), (inside, b"000000001,")):
        source = with_sources.get(name)
        assert source.size == len(expected)
        assert source.read(0, 99) == expected
        assert source.read(2, 3) == expected[2:5]
        assert source.read(99, 3) == source.read(1, 0) == b""
    with_sources.close()


def test_pieces_of_equal_size_make_a_short_locator() -> None:
    parts = [(512 + n * (1 << 30), 1 << 29) for n in range(500)]
    name = joined("a.tar", [*parts, (9, 5)])
    assert len(name) < 60
    runs = [Run(*map(int, run.split(","))) for run in name.partition("j")[2].split(";")]
    assert [(r.offset + n * r.step, r.size) for r in runs for n in range(r.times)] == [*parts, (9, 5)]


@pytest.mark.parametrize("lost", ["1", "2"])
def test_a_piece_that_is_gone_is_missing(tmp_path: Path, lost: str) -> None:
    zips.tree(tmp_path, {f"a.zip.{n}": "12345" for n in (1, 2, 3)})
    name = first_of_sequence(str(tmp_path / "a.zip.1"))
    with_sources = Sources()
    assert with_sources.get(name).read(3, 9) == b"451234512"
    with_sources.close()
    (tmp_path / f"a.zip.{lost}").unlink()
    with pytest.raises(FileNotFoundError):
        with_sources.get(name)


@pytest.mark.parametrize("method", [GZIP, BZIP2], ids=["gzip", "bzip2"])
def test_a_stream_can_be_read_anywhere(tmp_path: Path, method: int) -> None:
    """By gzip from places at which the decompressor was kept, by bzip2 from the beginning."""
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(BODY * 4) if method == GZIP else bz2.compress(BODY * 4))
    with_sources = Sources()
    stream = with_sources.get(unpacked(str(path), method, 0, path.stat().st_size))
    assert sources.length_of(stream) == 4 * len(BODY)
    for _ in range(12):
        at, count = CHANCE.randrange(4 * len(BODY)), CHANCE.choice((1, 1000, 300_000, 3_000_000))
        assert stream.read(at, count) == (BODY * 4)[at : at + count]
    assert stream.read(10**9, 5) == b""
    with_sources.close()


def test_a_stream_needs_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_APART", 1 << 16)
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(BODY * 20))
    with_sources = Sources()
    stream = with_sources.get(unpacked(str(path), GZIP, 0, path.stat().st_size))
    assert isinstance(stream, sources.Stream)
    tracemalloc.start()
    stream.length()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(stream._restarts) <= 64
    assert most < 12 << 20 < len(BODY) * 20
    with_sources.close()


def test_the_next_reader_of_a_process_goes_on_where_the_last_one_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.bz2"
    path.write_bytes(bz2.compress(BODY * 4))
    name = unpacked(str(path), BZIP2, 0, path.stat().st_size)
    unpacked_bytes = 0
    real = sources.Stream._next

    def counted(self: sources.Stream, count: int) -> bytes:
        nonlocal unpacked_bytes
        piece = real(self, count)
        unpacked_bytes += len(piece)
        return piece

    monkeypatch.setattr(sources.Stream, "_next", counted)
    for at in range(0, 4 * len(BODY), 500_000):
        with_sources = Sources()
        assert with_sources.get(name).read(at, 100) == (BODY * 4)[at : at + 100]
        with_sources.close()
    assert unpacked_bytes <= 4 * len(BODY)
    path.write_bytes(bz2.compress(b"changed" * 100_000))
    with_sources = Sources()
    assert with_sources.get(name).read(0, 7) == b"changed"
    with_sources.close()


def test_few_are_kept_open_and_none_that_another_reads_from(tmp_path: Path) -> None:
    with_sources = Sources()
    outer = zips.tree(tmp_path, {f"{n}": str(n) * 5 for n in range(50)})
    inner = part(str(outer / "7"), 1, 3)
    for n in range(50):
        assert with_sources.get(str(outer / str(n))).read(0, 1) == str(n)[:1].encode()
        assert with_sources.get(inner).read(0, 9) == b"777"
    assert len(with_sources) <= 32
    with_sources.close()
    assert len(with_sources) == 0


def test_an_allowance_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(bytes(10_000_000)))
    with_sources = Sources(Allowance(5_000_000))
    stream = with_sources.get(unpacked(str(path), GZIP, 0, path.stat().st_size))
    with pytest.raises(BadDataError) as caught:
        sources.length_of(stream)
    assert caught.value.reason == "bomb"
    with_sources.close()
    assert not sources._parked


@pytest.mark.parametrize(
    ("disk", "position"),
    [
        ("a.zip", None),
        (part("a.tar", 5, 9), None),
        (unpacked("a.zip", 8, 5, 9, 100), None),  # small: kept whole
        (PACKED, Position(PACKED, 0, False)),
        (part(part(PACKED, 10, 500), 100, 5), Position(PACKED, 110, False)),
        (joined(PACKED, [(7, 1), (9, 3)]), Position(PACKED, 7, True)),
        (unpacked(part(PACKED, 10, 500), 8, 3, 4, 5), Position(PACKED, 13, True)),
    ],
)
def test_what_can_only_be_read_forward(disk: str, position: Position | None) -> None:
    assert forward_only(disk) == position
