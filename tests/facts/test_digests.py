"""A digest is that of the bytes, however large the file."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from qc.deliverable.listing import open_deliverable
from qc.deliverable.reading import places
from qc.facts import digests
from qc.facts.digests import DIGEST_BYTES, read_digests
from qc.facts.producers import Job, Member

BODY = bytes(range(256)) * 20_000


@pytest.mark.parametrize("largest", [0, 1 << 30], ids=["in blocks", "whole"])
def test_files_and_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, largest: int) -> None:
    monkeypatch.setattr(digests, "LARGEST", largest)
    (tmp_path / "a.bin").write_bytes(BODY)
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("b.bin", BODY)
    found = [place for place in places(open_deliverable(tmp_path).files) if place.size == len(BODY)]
    (packed,) = (place for place in found if place.offset is not None)
    found.append(packed._replace(crc=packed.crc ^ 1))
    members = [Member(number, place, None, "bin", "a") for number, place in enumerate(found)]
    seen: list[int] = []
    made = read_digests(Job("digests", "key", members, alive=seen.append))
    expected = "blake2b:" + hashlib.blake2b(BODY, digest_size=DIGEST_BYTES).hexdigest()
    assert made["digests"].to_pylist() == [{"file": n, "digest": expected} for n in (0, 1)]
    assert made["coverage"]["status"].to_pylist() == ["full", "full", "failed"]
    assert made["coverage"]["reason"].to_pylist() == [None, None, "damaged"]
    assert bool(seen) == (largest == 0)
