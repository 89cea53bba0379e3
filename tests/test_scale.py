"""The benchmark of size, run small: what it writes is what it says, and what it measures is there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from benchmarks import scale


def test_a_small_run_measures_everything_and_decides_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.scale", "--files", "300", "600", "--zips", "6"]
    done = subprocess.run(
        [*command, "--coco-mb", "2", "--dir", str(tmp_path)],
        cwd=Path(__file__).resolve().parent.parent,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout
    assert "MISSED" not in said
    assert said.count("not decided by so small a run") == len(re.findall(r"wanted <=", said)) >= 5
    assert "1 of 6 zips changed" in said
    assert re.search(r"0\.000 of its annotations not examined", said), said
    assert list(tmp_path.iterdir()) == [], "it leaves nothing behind"


def test_what_is_wanted_decides_from_its_size_on() -> None:
    want = scale.WANTED["memory"]
    for value, size, met in (
        (want.limit + 0.01, want.size, False),
        (want.limit, want.size, True),
        (want.limit + 0.01, want.size - 1, True),
    ):
        report = scale.Report("PSS")
        report.hold("memory", value, size)
        assert report.met is met


def test_files_are_always_the_same_and_changed_ones_all_differ(tmp_path: Path) -> None:
    scale.deliver(tmp_path / "a", 250, 5)
    scale.deliver(tmp_path / "b", 250, 5)
    before = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}
    assert len(before) == 5
    assert scale.change(tmp_path / "b", 250, 5) == 1
    after = {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()}
    (changed,) = [name for name in before if before[name] != after[name]]
    with zipfile.ZipFile(tmp_path / "a" / changed) as old, zipfile.ZipFile(tmp_path / "b" / changed) as new:
        assert old.namelist() == new.namelist()
        for name in old.namelist():
            assert old.read(name) != new.read(name)
            assert json.loads(new.read(name))["images"][0]["file_name"] == name.replace(".json", ".png")


@pytest.mark.parametrize("size", [30_000, 2_000_000])
def test_a_coco_file_has_about_the_size_that_was_asked_for(size: int, tmp_path: Path) -> None:
    count = scale.coco(tmp_path / "x.json", size)
    data = (tmp_path / "x.json").read_bytes()
    assert len(data) == pytest.approx(size, rel=0.1)
    document = json.loads(data)
    ids = {image["id"] for image in document["images"]}
    assert len(document["annotations"]) == count
    assert {annotation["image_id"] for annotation in document["annotations"]} <= ids


def test_the_memory_of_a_process_and_its_children_is_seen() -> None:
    if not scale.how_measured()[0]:
        pytest.skip("neither smaps_rollup nor psutil")
    child = "import time; held = bytearray(b'x' * 50_000_000); time.sleep(1.5)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    with subprocess.Popen([sys.executable, "-c", parent]) as process, scale.Memory(process.pid) as memory:
        process.wait()
    assert 50_000_000 < memory.peak < 500_000_000
