"""A YOLO deliverable from end to end: boxes of one file, classes of another, pictures beside."""

from __future__ import annotations

import io
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from PIL import Image

from qc.cli.running import run

SOUND = "0 0.5 0.5 0.2 0.2", "1 0.2 0.25 0.125 0.1"
#: Stem of a label -> its lines, and the checks that they must lead to, with the line's pointer.
FAULTY: dict[str, tuple[tuple[str, ...], set[tuple[str, str]]]] = {
    "class-of-none": ((*SOUND, "7 0.8 0.5 0.1 0.1"), {("references.undefined-class", "/2")}),
    "over-the-edge": (("0 0.95 0.5 0.2 0.2",), {("shapes.outside-image", "/0")}),
    "in-pixels": (("1 50 20 30 10",), {("shapes.outside-image", "/0")}),
    "twice": ((*SOUND, SOUND[1]), {("shapes.duplicate", "/2")}),
    "flat": ((*SOUND, "0 0.5 0.8 0 0.2"), {("shapes.degenerate", "/2")}),
    "cut": ((*SOUND, "0 0.5 0.5 0.2"), {("documents.ragged-row", "/2"), ("schema.structure", "/2")}),
}
LISTS = {
    "classes.txt": "사람\n자동차\n",
    "data.yaml": "train: images\nval: images\nnc: 2\nnames: [사람, 자동차]\n",
}


def picture(number: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (100, 50), (number, 99, 99)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("listed", LISTS)
def test_each_defect_of_a_line_is_found_and_nothing_else(tmp_path: Path, listed: str) -> None:
    labels = {f"{n:02d}": SOUND if n % 3 else () for n in range(12)} | {k: v for k, (v, _) in FAULTY.items()}
    base = tmp_path / "delivery"
    for folder in ("images", "labels"):
        (base / folder).mkdir(parents=True)
    for number, (stem, lines) in enumerate(labels.items()):
        (base / "labels" / f"{stem}.txt").write_text("\n".join(lines), encoding="utf-8")
        (base / "images" / f"{stem}.png").write_bytes(picture(number))
    (base / listed).write_text(LISTS[listed], encoding="utf-8")
    out = tmp_path / "out"
    assert run(["check", str(base), "--out", str(out), "--quiet"]) == 1
    rows = pq.read_table(out / "findings.parquet").to_pylist()
    found = {
        (Path(row["path"]).stem, row["check"], row["pointer"]) for row in rows if row["effect"] != "note"
    }
    assert found == {(stem, *one) for stem, (_, told) in FAULTY.items() for one in told}
    with duckdb.connect(str(out / "facts.duckdb"), read_only=True) as facts:
        linked = facts.execute("SELECT DISTINCT class_ref, class FROM annotations ORDER BY ALL").fetchall()
    assert linked == [("0", "사람"), ("1", "자동차"), ("7", None)]
