"""The same data, packed in every way that is read, makes the same facts. One run over all of them."""

from __future__ import annotations

import hashlib
import io
import json
import random
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from PIL import Image

from qc import pipeline
from qc.report.preview import CheckOptions, Silent
from tests.deliverable import deflate64, tars, zips
from tests.deliverable.test_opening import by_offset, from_one, tarred, volumes, zipped

#: Pairs in each; the noise in a picture keeps archives from being small.
PAIRS = 6
CHANCE = random.Random(6)
#: The facts, and what each part of the deliverable holds.
Asked = tuple[duckdb.DuckDBPyConnection, dict[str, dict[str, bytes]]]


def picture() -> bytes:
    made = io.BytesIO()
    Image.frombytes("RGB", (160, 120), CHANCE.randbytes(160 * 120 * 3)).save(made, "PNG")
    return made.getvalue()


def pairs(name: str, *, large: int = 0) -> dict[str, bytes]:
    """Pictures with their labels; ``large`` bytes of noise make an archive of them too large to be held."""
    outline: dict[str, Any] = {"label": "차량", "points": [[1, 1], [90, 1], [90, 90]], "group_id": None}
    outline |= {"shape_type": "polygon", "flags": {}}
    files: dict[str, bytes] = {}
    for number in range(PAIRS):
        stem = f"{name}_{number}"
        label: dict[str, Any] = {"version": "5.0.1", "flags": {}, "shapes": [outline]}
        label |= {"imagePath": f"{stem}.png", "imageData": None, "imageHeight": 120, "imageWidth": 160}
        files[f"{stem}.json"] = json.dumps(label).encode()
        files[f"{stem}.png"] = picture()
    return files | ({f"{name}.pcm.bin": CHANCE.randbytes(large)} if large else {})


def planted(base: Path) -> dict[str, dict[str, bytes]]:
    """A deliverable; what each of its parts holds."""
    whole: dict[str, dict[str, bytes]] = {}

    def pack(name: str, **options: Any) -> dict[str, bytes]:
        whole[name] = pairs(name, **options)
        return whole[name]

    zips.tree(base / "loose", pack("loose"))
    zips.plain(base / "zip.zip", pack("zip"))
    entries = [
        zips.Entry(name.encode(), data, method=9, packed=deflate64.packed(data))
        for name, data in pack("deflate64").items()
    ]
    zips.raw(base / "deflate64.zip", entries)
    tars.plain(base / "tar.tar", pack("tar"))
    tars.plain(base / "gnu.tgz", pack("gnu"), tarfile.GNU_FORMAT, "w:gz")
    tars.plain(base / "long.tar.gz", pack("long", large=9 << 20), mode="w:gz")
    tars.plain(base / "xz.tar.xz", pack("xz"), mode="w:xz")
    zips.plain(base / "outer.zip", {"in.zip": zipped(pack("inner")), "in.tgz": tarred(pack("tgz"), "w:gz")})
    zips.plain(base / "around.zip", {"in.zip": zipped(pack("huge", large=9 << 20))})
    for name, naming in (("offsets", by_offset), ("numbers", from_one)):
        made = naming(zipped(pack(name)), 50_000)
        zips.tree(base, {f"{name}.zip.{number}": piece for number, piece in made.items()})
    made = volumes(zipped(pack("volumes")), [50_000, 60_000])
    zips.tree(base, {f"volumes.{number}": piece for number, piece in made.items()})
    return whole


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    base = tmp_path_factory.mktemp("packed")
    whole = planted(base / "in")
    before = sorted(path.relative_to(base) for path in base.rglob("*"))
    options = CheckOptions(base / "in", out=base / "run", jobs=2, media="headers", digest="full")
    made = pipeline.check(options, Silent())
    after = sorted(path.relative_to(base) for path in base.rglob("*"))
    assert [path for path in after if path.parts[0] != "run"] == before  # nothing is written beside the run
    with duckdb.connect(made.facts, read_only=True) as con:
        yield con, whole


def test_every_byte_is_read(run: Asked) -> None:
    con, whole = run
    got = dict(con.sql("SELECT name, digest FROM files WHERE kind <> 'archive'").fetchall())
    files = {name: data for one in whole.values() for name, data in one.items()}
    digests = {name: hashlib.blake2b(data, digest_size=16).hexdigest() for name, data in files.items()}
    assert got == {name: f"blake2b:{digest}" for name, digest in digests.items()}


def test_labels_pictures_and_pairs_are_found_in_all(run: Asked) -> None:
    con, whole = run
    counted = con.sql(
        """SELECT regexp_extract(name, '^[a-z0-9]+') AS part,
            count(*) FILTER (d.status = 'ok' AND d.valid),
            count(*) FILTER (m.status = 'ok' AND m.width = 160), count(p.label)
        FROM files f LEFT JOIN documents d USING (file) LEFT JOIN media m USING (file)
        LEFT JOIN pairs p ON p.label = f.file
        WHERE f.kind IN ('label', 'source') GROUP BY part"""
    ).fetchall()
    assert {row[0]: row[1:] for row in counted} == dict.fromkeys(whole, (PAIRS, PAIRS, PAIRS))


def test_nothing_of_it_could_not_be_read(run: Asked) -> None:
    con, _ = run
    assert con.sql("SELECT path, reason FROM files WHERE status <> 'ok'").fetchall() == []
    assert con.sql("SELECT * FROM coverage WHERE status IN ('failed', 'crashed', 'timeout')").fetchall() == []
    orphans = """SELECT f.path FROM files f LEFT JOIN files c ON c.file = f.container
        WHERE f.container IS NOT NULL AND (c.kind IS NULL OR c.kind <> 'archive')"""
    assert con.sql(orphans).fetchall() == []
