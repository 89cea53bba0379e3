"""How fast ``qc check`` reads labels, beside check-jsonschema and beside the least that anybody must do.

    python benchmarks/labels.py 20000 100000

For each number of files it writes that many label files of ten polygons into a temporary folder and measures,
one after the other and on two cores:

* ``floor``: read, parse (orjson) and validate (jsonschema-rs) every file in two processes. Nothing is kept.
* ``qc folder``: ``qc check`` whole, from start to verdict, ``--jobs 2``; ``qc zip``: on one zip of the same.
* ``check-jsonschema``: the same schema, as its user runs it: one process (it has no option for more),
  thousands of files to a command. ``2 at a time``: the same commands, as a script could start them.

Every one of them starts fresh and the files are warm in the page cache for all. What takes seconds is
measured three times, in turns, and the median counts. That qc really read everything is looked up in the
facts of its run. Ends with 1 if a wanted ratio is missed.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import multiprocessing
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import jsonschema_rs
import numpy as np
import orjson

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "schemas" / "formats" / "aihub-s06-drawings.json"
CORES = 2
POLYGONS = 10
#: How often what takes seconds is measured.
TURNS = 3
#: Files to one process of check-jsonschema and to one task of the floor.
BATCH = 5_000
TASK = 1_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """A ratio of two measurements that is wanted from ``files`` files on (``at`` alone if given)."""

    what: str
    over: str
    under: str
    sign: str
    limit: float
    at: int | None = None


WANTED = (
    Wanted("times faster than check-jsonschema", "check-jsonschema", "qc folder", ">=", 10, 20_000),
    Wanted("times faster than check-jsonschema", "check-jsonschema", "qc folder", ">=", 15, 100_000),
    Wanted("times the floor (the goal is 4)", "qc folder", "floor", "<=", 6, 100_000),
    Wanted("zip, times the folder", "qc zip", "qc folder", "<=", 1.3),
)

#: Class name to the values that its attribute takes; category ids from 4 on, as in the real data.
CLASSES: dict[str, tuple[str, ...]] = {
    "구조_출입문": ("여닫이문", "미닫이문", "자동문"),
    "구조_창호": ("고정창", "미서기창", "여닫이창"),
    "구조_벽체": ("내벽", "외벽"),
    "공간_거실": ("거실", "거실 겸 주방"),
    "공간_침실": ("안방", "작은방"),
    "공간_주방": ("일자형", "대면형"),
    "객체_변기": ("양변기",),
}


def polygons(random: np.random.Generator, width: int, height: int) -> list[list[float]]:
    """Ten simple outlines of 8 to 30 corners, px: each star-shaped about its own cell of a 5 x 2 grid."""
    outlines = []
    for cell in range(POLYGONS):
        corners = int(random.integers(8, 31))
        # Gaps between angles stay below half a turn, so a star-shaped outline cannot cross itself.
        angles = (np.arange(corners) + random.uniform(0.1, 0.9, corners)) * (2 * np.pi / corners)
        centre = np.array([(cell % 5 + 0.5) * width / 5, (cell // 5 + 0.5) * height / 2])
        radius = 0.5 * min(width / 5, height / 2) * random.beta(3, 2)
        radii = np.maximum(radius * random.uniform(0.6, 1.0, corners), 8.0)
        points = centre + radii[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
        outlines.append(np.round(points, 2).ravel().tolist())
    return outlines


def area(outline: Sequence[float]) -> float:
    """Enclosed area of ``x0 y0 x1 y1 ...``, px squared."""
    x, y = np.array(outline[::2]), np.array(outline[1::2])
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def label(random: np.random.Generator, number: int) -> dict[str, Any]:
    """One label file: a drawing with ten polygons, classes as unequal as real ones."""
    width, height = ((1920, 1080), (3508, 2480), (4961, 3508))[int(random.integers(3))]
    annotations = []
    for index, outline in enumerate(polygons(random, width, height), start=1):
        kind = min(int(random.geometric(0.35)), len(CLASSES)) - 1
        name, values = list(CLASSES.items())[kind]
        x, y = outline[::2], outline[1::2]
        box = [min(x), min(y), round(max(x) - min(x), 2), round(max(y) - min(y), 2)]
        annotations.append(
            {
                "id": index,
                "image_id": 1,
                "category_id": kind + 4,
                "bbox": box,
                "segmentation": [outline],
                "area": round(area(outline), 2),
                "iscrowd": 0,
                "attributes": {name: values[int(random.integers(len(values)))]},
            }
        )
    image = {"id": 1, "width": width, "height": height, "file_name": f"APT_FP_STR_{number:09d}.png"}
    categories = [{"id": number + 4, "name": name} for number, name in enumerate(CLASSES)]
    return {"images": [image], "categories": categories, "annotations": annotations}


def write(folder: Path, count: int) -> tuple[Path, Path, int]:
    """Write ``count`` label files and a zip of them: (folder, zip, bytes). Seeded: always the same files."""
    random = np.random.default_rng(20_261_120)
    labels, packed, size = folder / "labels", folder / "labels.zip", 0
    labels.mkdir()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for number in range(count):
            data = orjson.dumps(
                label(random, number), option=orjson.OPT_INDENT_2 if number % 10 == 0 else None
            )
            name = f"APT_FP_STR_{number:09d}.json"
            (labels / name).write_bytes(data)
            archive.writestr(name, data)
            size += len(data)
    return labels, packed, size


@cache
def validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    """The compiled schema, once a process."""
    return jsonschema_rs.Draft202012Validator(orjson.loads(Path(schema).read_bytes()), validate_formats=True)


def read_valid(schema: str, files: Sequence[str]) -> int:
    """How many of ``files`` are valid."""
    check = validator(schema)
    return sum(check.is_valid(orjson.loads(Path(file).read_bytes())) for file in files)


def batches(files: Sequence[str], size: int) -> list[Sequence[str]]:
    """``files`` in runs of ``size``, at least one for each core."""
    size = max(1, min(size, -(-len(files) // CORES)))
    return [files[start : start + size] for start in range(0, len(files), size)]


def floor(labels: Path, schema: Path) -> None:
    """Read, parse and validate in a pool of two processes. Raises ``AssertionError`` unless all are valid."""
    files = [entry.path for entry in os.scandir(labels)]
    parts = batches(files, TASK)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(CORES, mp_context=context) as pool:
        valid = sum(pool.map(read_valid, [str(schema)] * len(parts), parts))
    assert valid == len(files), f"{len(files) - valid} of the written files are not valid"


def check_jsonschema(labels: Path, schema: Path, processes: int) -> None:
    """``processes`` of check-jsonschema at a time, file names as arguments."""
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(schema)]
    waiting = batches(sorted(file.name for file in labels.iterdir()), BATCH)
    running: list[subprocess.Popen[bytes]] = []
    while waiting or running:
        while waiting and len(running) < processes:
            part = waiting.pop()
            running.append(subprocess.Popen([*command, *part], cwd=labels, stdout=subprocess.DEVNULL))
        # The first to end makes room: poll, because either may.
        for process in [process for process in running if process.poll() is not None]:
            assert process.returncode == 0, "check-jsonschema found a written file not valid"
            running.remove(process)
        time.sleep(0.005)


def qc(deliverable: Path, schema: Path, run: Path, count: int) -> None:
    """``qc check`` to the verdict. Raises ``AssertionError`` unless it read every file and polygon."""
    program = "import sys, qc.cli; sys.exit(qc.cli.main())"
    options = ["--schema", schema, "--jobs", CORES, "--out", run, "--no-progress", "--lang", "en"]
    command = [sys.executable, "-c", program, "check", deliverable, *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*map(str, command)], cwd=run.parent, env=environment, capture_output=True, check=False
    )
    finished = done.returncode in {0, 1, 3} and (run / "facts.duckdb").exists()
    assert finished, done.stderr.decode("utf-8", "replace")
    with duckdb.connect(run / "facts.duckdb", read_only=True) as facts:
        query = (
            "SELECT (SELECT count(*) FROM documents WHERE valid), (SELECT count(*) FROM shapes WHERE valid)"
        )
        read = facts.execute(query).fetchone()
    assert read is not None
    assert read[0] == count, f"{read[0]} of {count} files read"
    assert read[1] >= count * POLYGONS, f"{read[1]} of {count * POLYGONS} polygons read"


def seconds(work: Callable[[], None]) -> float:
    """Wall time of ``work``, s."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(count: int, schema: Path, folder: Path) -> tuple[dict[str, float], int]:
    """Seconds by what was measured, and the bytes of all label files."""
    labels, packed, size = write(folder, count)
    turns: dict[str, list[float]] = {"floor": [], "qc folder": [], "qc zip": []}
    for turn in range(TURNS):
        turns["floor"].append(seconds(lambda: floor(labels, schema)))
        for name, deliverable in (("qc folder", labels), ("qc zip", packed)):
            run = folder / f"run-{turn}-{deliverable.name}"
            turns[name].append(seconds(partial(qc, deliverable, schema, run, count)))
            shutil.rmtree(run)
    taken = {
        "check-jsonschema": seconds(lambda: check_jsonschema(labels, schema, 1)),
        "  2 at a time": seconds(lambda: check_jsonschema(labels, schema, CORES)),
    }
    return {name: median(values) for name, values in turns.items()} | taken, size


def machine() -> str:
    """Processor, cores, system and the versions of what is measured."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    models = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    names = ("traindata-qc", "check-jsonschema", "jsonschema-rs", "orjson", "duckdb", "pyarrow", "numpy")
    versions = [f"Python {platform.python_version()}"]
    for name in names:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"{name} (from this checkout)")
    cores = f"{CORES} of {os.cpu_count()} cores"
    processor = models[0] if models else platform.processor()
    return f"{processor}, {cores}, {platform.platform()}\n{', '.join(versions)}"


def report(count: int, taken: dict[str, float], size: int) -> bool:
    """Print one number of files; whether every ratio that is wanted there is met."""
    print(f"\n{count:,} files of {POLYGONS} polygons, {size / count / 1000:.1f} kB each")
    for name, value in taken.items():
        print(f"  {name:<18}{value:9.2f} s {count / value:12,.0f} files/s")
    met = True
    for want in WANTED:
        ratio = taken[want.over] / taken[want.under]
        holds = ratio >= want.limit if want.sign == ">=" else ratio <= want.limit
        decides = count >= 20_000 and want.at in {None, count}
        if not decides and count >= 20_000:
            continue
        state = ("met" if holds else "MISSED") if decides else "not decided by so few files"
        print(f"  {ratio:6.2f} {want.what}, wanted {want.sign} {want.limit:g}: {state}")
        met &= holds or not decides
    return met


def main() -> int:
    """Measure for each number on the command line; 0 if all wanted ratios are met."""
    parser = argparse.ArgumentParser(description="Compare qc check with check-jsonschema and the floor.")
    parser.add_argument("files", type=int, nargs="*", default=[20_000, 100_000])
    parser.add_argument("--schema", type=Path, default=SCHEMA)
    parser.add_argument("--dir", type=Path, help="where the temporary folder is made")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    print(machine())
    met = True
    for count in options.files:
        folder = Path(tempfile.mkdtemp(prefix="qc-labels-", dir=options.dir))
        try:
            taken, size = measure(count, options.schema.resolve(), folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        met &= report(count, taken, size)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
