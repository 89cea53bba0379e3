"""Deliverables with XML labels from end to end: the format is found, and what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

from qc.cli.running import run

WIDTH, HEIGHT = 100, 80


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (WIDTH, HEIGHT), (9, 90, 200)).save(path)


def voc(folder: Path) -> None:
    """Pascal VOC: a picture and an XML file each; what is wrong depends on the number."""
    (folder / "Annotations").mkdir(parents=True)
    for number in range(12):
        stem = f"도로_{number:04d}"
        picture(folder / "JPEGImages" / f"{stem}.jpg")
        name = "" if number == 6 else "<name>차량</name>"
        right = WIDTH + 40 if number == 3 else 60
        thing = (
            f"<object>{name}<pose>Unspecified</pose><truncated>{2 if number == 7 else 0}</truncated>"
            f"<bndbox><xmin>1</xmin><ymin>5</ymin><xmax>{right}</xmax><ymax>{HEIGHT}</ymax></bndbox></object>"
        )
        file_name = "000.jpg" if number == 8 else f"{stem}.jpg"
        width = 2 * WIDTH if number == 9 else WIDTH
        text = (
            f"<annotation><folder>JPEGImages</folder><filename>{file_name}</filename><size>"
            f"<width>{width}</width><height>{HEIGHT}</height><depth>3</depth></size>"
            f"{thing * (2 if number == 4 else 1)}</annotation>"
        )
        (folder / "Annotations" / f"{stem}.xml").write_text(text, encoding="utf-8")


def cvat(folder: Path) -> None:
    """CVAT for images: one XML file that lists all pictures, of which the last was not delivered."""
    images = ""
    for number in range(10):
        name, label = f"돈사_{number:04d}.jpg", "되지" if number == 3 else "돼지"
        left, right = "1O" if number == 2 else "10", WIDTH + 60 if number == 6 else 60
        if number < 9:
            picture(folder / "images" / name)
        points = {4: "5,5;50,60;50,5;5,60", 5: "5,5;50;50,60"}.get(number, "5,5;50,5;50,60")
        images += (
            f'<image id="{number}" name="{name}" width="{WIDTH}" height="{HEIGHT}">'
            f'<box label="{label}" occluded="0" xtl="{left}" ytl="10" xbr="{right}" ybr="50"></box>'
            f'<polygon label="돼지" occluded="0" points="{points}"></polygon></image>'
        )
    labels = "<labels><label><name>돼지</name></label></labels>"
    text = f"<annotations><version>1.1</version><meta><task>{labels}</task></meta>{images}</annotations>"
    (folder / "annotations.xml").write_text(text, encoding="utf-8")


#: how it is made, the format, a check and the place of each finding
CASES = [
    pytest.param(voc, "pascal-voc", {
        ("shapes.outside-image", "도로_0003.xml", "/annotation/object/0"),
        ("shapes.duplicate", "도로_0004.xml", "/annotation/object/1"),
        ("schema.structure", "도로_0006.xml", "/annotation/object/0"),
        ("schema.format", "도로_0007.xml", "/annotation/object/0/truncated"),
        ("items.file-name", "도로_0008.xml", "/annotation"),
        ("items.image-size", "도로_0009.xml", "/annotation"),
    }, id="Pascal VOC"),
    pytest.param(cvat, "cvat-images", {
        ("schema.format", "annotations.xml", "/annotations/image/2/box/0/@xtl"),
        ("references.undefined-class", "annotations.xml", "/annotations/image/3/box/0"),
        ("shapes.self-intersecting", "annotations.xml", "/annotations/image/4/polygon/0"),
        ("schema.format", "annotations.xml", "/annotations/image/5/polygon/0/@points"),
        ("shapes.incomplete-points", "annotations.xml", "/annotations/image/5/polygon/0"),
        ("shapes.outside-image", "annotations.xml", "/annotations/image/6/box/0"),
        ("references.dangling-media", "annotations.xml", "/annotations/image/9"),
    }, id="CVAT for images"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "schema", "expected"), CASES)
def test_what_is_wrong_is_found_where_it_is(
    tmp_path: Path, make: Callable[[Path], None], schema: str, expected: set[tuple[str, str, str]]
) -> None:
    delivered, out = tmp_path / "delivered", tmp_path / "out"
    make(delivered)
    run(["check", str(delivered), "--out", str(out), "--quiet"])
    started = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert set(started["inputs"]["schemas"]) == {schema}
    outcomes = json.loads((out / "outcomes.json").read_text(encoding="utf-8"))
    assert [row["check"] for row in outcomes if row["status"] == "crashed"] == []
    rows = pq.read_table(out / "findings.parquet").to_pylist()
    assert {(row["check"], row["path"].rpartition("/")[2], row["pointer"]) for row in rows} == expected
    assert len(rows) == len(expected)
