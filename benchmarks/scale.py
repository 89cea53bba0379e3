"""How ``qc check`` grows: a million label files, one archive of a hundred changed, one file of a gigabyte.

    python -m benchmarks.scale
    python -m benchmarks.scale --files 2000 20000 --zips 20 --coco-mb 20     # seconds instead of minutes

* For each number of ``--files``, that many small label files in ``--zips`` archives: ``qc check`` whole,
  ``--jobs 2``: seconds a file, and the most memory that all of its processes had together.
* Of the largest, 1 % of the archives (at least one) is written again, changed, and checked with ``--since``
  the run before: how long reading took beside reading all of it.
* One COCO file of ``--coco-mb`` megabytes.

Memory is measured five times a second. On Linux it is the sum of PSS over the process tree (pages that
processes share are counted once; ``/proc/PID/smaps_rollup``), elsewhere that of RSS, if ``psutil`` is there.
That qc really read everything and found what was planted is looked up in its run. Ends with 1 if something
wanted is missed; what so small a run cannot decide counts as met.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import orjson

from benchmarks.labels import CORES, ROOT, SCHEMA, label, machine

COCO = ROOT / "schemas" / "formats" / "coco-instances.json"
#: Different documents, annotations in each.
TEMPLATES, ANNOTATIONS = 64, 2
#: Every file with a number that this divides has an annotation whose class is not defined.
FAULTY = 100
#: Seconds between two looks at the memory.
EVERY = 0.2
GIB = 2**30


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of the measurement ``name``, decided from ``size`` (files, or megabytes) on."""

    name: str
    what: str
    limit: float
    size: int


WANTED = {
    want.name: want
    for want in (
        Wanted("growth", "times the seconds a file of the fewest files", 1.3, 1_000_000),
        Wanted("memory", "GiB, all processes together", 1.5, 1_000_000),
        Wanted("since", "of the reading time, 1 % of the archives changed", 0.05, 1_000_000),
        Wanted("coco memory", "GiB, all processes together", 1.5, 1_000),
        Wanted("coco read", "of its annotations not examined", 0.0, 1_000),
    )
}


# --- what is written ------------------------------------------------------------------------------


@cache
def templates() -> tuple[tuple[bytes, bytes], ...]:
    """Documents with their decimals and the number in their name left open: as they should be, and faulty."""
    random = np.random.default_rng(20_261_120)
    made = []
    for _ in range(TEMPLATES):
        document = label(random, 0)
        document["annotations"] = document["annotations"][:ANNOTATIONS]
        good = _opened(document)
        document["annotations"][0]["category_id"] = 99
        made.append((good, _opened(document)))
    return tuple(made)


def _opened(document: dict[str, Any]) -> bytes:
    text = orjson.dumps(document).replace(b"%", b"%%")
    return re.sub(rb"\.\d+", b".%(d)02d", text.replace(b"_000000000.", b"_%(n)09d."))


def pack(path: Path, first: int, stop: int, shift: int = 0) -> int:
    """Write the label files from number ``first`` up to ``stop`` into a zip; their bytes, unpacked.

    Always the same; with another ``shift`` all of them differ.
    """
    made, size = templates(), 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(first, stop):
            good, faulty = made[number % TEMPLATES]
            values = {b"n": number, b"d": (number // TEMPLATES + shift) % 100}
            data = (good if number % FAULTY else faulty) % values
            # A fixed time, so that the same files make the same archive.
            member = zipfile.ZipInfo(f"APT_FP_STR_{number:09d}.json", (2026, 1, 1, 0, 0, 0))
            archive.writestr(member, data, zipfile.ZIP_DEFLATED, 1)
            size += len(data)
    return size


def deliver(folder: Path, count: int, zips: int) -> int:
    """Write ``count`` label files into ``zips`` archives; their bytes, unpacked."""
    folder.mkdir(parents=True)
    with ProcessPoolExecutor(CORES) as pool:
        return sum(pool.map(pack, *zip(*_parts(folder, count, zips), strict=True)))


def change(folder: Path, count: int, zips: int) -> int:
    """Write 1 % of the archives again, with other content; how many that is."""
    changed = max(1, zips // 100)
    for path, first, stop in _parts(folder, count, zips)[:changed]:
        pack(path, first, stop, shift=1)
    return changed


def _parts(folder: Path, count: int, zips: int) -> list[tuple[Path, int, int]]:
    edges = [number * count // zips for number in range(zips + 1)]
    return [(folder / f"TL_{n:04d}.zip", edges[n], edges[n + 1]) for n in range(zips)]


_PICTURE = b'{"id":%d,"width":1000,"height":1000,"file_name":"%012d.jpg"}'


def coco(path: Path, size: int) -> int:
    """Write one COCO file of about ``size`` bytes, as a stream; how many annotations it has.

    The pictures come first, as in COCO's own files, and 25 annotations to each, side by side.
    """
    random = np.random.default_rng(20_261_120)
    outlines = [_outline(random, number % 25) for number in range(100)]
    each = sum(len(one % {b"id": 10**6, b"image": 10**5, b"d": 0}) + 1 for one in outlines) / 100
    count = max(25, round(size / (each + len(_PICTURE % (10**5, 0)) / 25)))
    pictures = -(-count // 25)
    with path.open("wb") as file:
        file.write(b'{"info":{"description":"made"},"licenses":[],"images":[')
        for number in range(1, pictures + 1):
            file.write(b"," if number > 1 else b"")
            file.write(_PICTURE % (number, number))
        file.write(b'],"annotations":[')
        for number in range(count):
            file.write(b"," if number else b"")
            values = {b"id": number + 1, b"image": number // 25 + 1, b"d": number // 100 % 100}
            file.write(outlines[number % 100] % values)
        file.write(b'],"categories":[{"id":1,"name":"thing","supercategory":"thing"}]}')
    return count


def _outline(random: np.random.Generator, cell: int) -> bytes:
    """An annotation with a star-shaped outline, a little larger than its cell of a 5 x 5 grid."""
    corners = int(random.integers(8, 21))
    angles = (np.arange(corners) + random.uniform(0.1, 0.9, corners)) * (2 * np.pi / corners)
    centre = np.array([cell % 5 + 0.5, cell // 5 + 0.5]) * 200
    radii = random.uniform(60, 110, corners)
    points = centre + radii[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    points = np.clip(points, 0.25, 999.25)
    low, high = points.min(axis=0), points.max(axis=0)
    annotation = {
        "id": 0, "image_id": 0, "category_id": 1, "iscrowd": 0, "area": 1000.5,
        "bbox": np.round([*low, *(high - low)], 2).tolist(),
        "segmentation": [np.round(points, 2).ravel().tolist()],
    }  # fmt: skip
    text = orjson.dumps(annotation).replace(b'{"id":0,"image_id":0', b'{"id":%(id)d,"image_id":%(image)d')
    return re.sub(rb"\.\d+", b".%(d)02d", text)


# --- what is measured -----------------------------------------------------------------------------


class Memory:
    """Watches a process with all of its children; ``peak`` is the most that they had together, bytes.

    ``kind`` says what is measured: ``PSS``, ``RSS``, or ``""`` if nothing can be.
    """

    def __init__(self, process: int) -> None:
        self.peak = 0
        self._done = threading.Event()
        measure = how_measured()[1]
        self._thread = threading.Thread(target=self._watch, args=(process, measure), daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self, process: int, measure: Callable[[int], int]) -> None:
        while not self._done.wait(EVERY):
            self.peak = max(self.peak, measure(process))


def how_measured() -> tuple[str, Callable[[int], int]]:
    """What is measured of the memory of a process and its children, and how, bytes."""
    if Path("/proc/self/smaps_rollup").exists():
        return "PSS", lambda process: sum(map(_pss, _tree(process)))
    if importlib.util.find_spec("psutil") is not None:
        return "RSS", partial(_rss, importlib.import_module("psutil"))
    return "", lambda _: 0


def _tree(process: int) -> Iterable[int]:
    """A process and all that it started, directly or not."""
    parents: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            try:
                stat = Path(entry.path, "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:  # it has ended
                continue
            # The name, in brackets, may hold anything.
            parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry.name))
    waiting = [process]
    while waiting:
        yield (one := waiting.pop())
        waiting += parents.get(one, ())


def _pss(process: int) -> int:
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) * 1024


def _rss(psutil: Any, process: int) -> int:
    total = 0
    try:
        root = psutil.Process(process)
        for one in (root, *root.children(recursive=True)):
            total += one.memory_info().rss
    except psutil.Error:
        return total
    return total


@dataclass(frozen=True, slots=True)
class Measured:
    """A run: seconds, the most memory (bytes), and what its ``run.json`` says."""

    seconds: float
    peak: int
    info: dict[str, Any]

    @property
    def reading(self) -> float:
        """Seconds of the phase in which files are read."""
        return float(self.info["timings"]["read"])


def qc(deliverable: Path, schema: Path, run: Path, since: Path | None = None) -> Measured:
    """``qc check`` to the verdict."""
    program = "import sys, qc.cli; sys.exit(qc.cli.main())"
    options = ["--schema", schema, "--jobs", CORES, "--out", run, "--no-progress", "--lang", "en"]
    options += ["--since", since] if since is not None else []
    command = [sys.executable, "-c", program, "check", deliverable, *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    start = time.perf_counter()
    with subprocess.Popen(
        [*map(str, command)],
        cwd=run.parent,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        with Memory(process.pid) as memory:
            _, errors = process.communicate()
        seconds = time.perf_counter() - start
    assert process.returncode in {0, 1, 3}, errors.decode("utf-8", "replace")
    return Measured(seconds, memory.peak, json.loads((run / "run.json").read_text(encoding="utf-8")))


def asked(run: Path, query: str) -> int:
    """The one number that a query to the facts of a run answers."""
    with duckdb.connect(run / "facts.duckdb", read_only=True) as facts:
        row = facts.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def confirm(run: Path, count: int) -> None:
    """Raises ``AssertionError`` unless a run read every file and annotation, and found what was planted."""
    read = asked(run, "SELECT count(*) FROM documents WHERE valid")
    assert read == count, f"{read} of {count} files read"
    annotations = asked(run, "SELECT count(*) FROM annotations")
    assert annotations == count * ANNOTATIONS, f"{annotations} of {count * ANNOTATIONS} annotations"
    outcomes = json.loads((run / "outcomes.json").read_text(encoding="utf-8"))
    found = {one["check"]: one["findings"] for one in outcomes if one["findings"]}
    assert found.pop("references.undefined-class", 0) == -(-count // FAULTY), "not all planted faults found"
    assert not found, f"what was not planted was found: {found}"


# --- what is said ---------------------------------------------------------------------------------


class Report:
    """Prints measurements; ``met`` is false once something wanted was missed."""

    def __init__(self, memory: str) -> None:
        self.memory = memory
        self.met = True

    def run(self, name: str, pace: str, done: Measured) -> None:
        """A run with its phases; ``pace`` says how fast that is."""
        peak = f"{done.peak / GIB:6.2f} GiB {self.memory}" if self.memory else ""
        print(f"  {name:<10}{done.seconds:9.2f} s {pace:>20}   {peak}")
        print("    " + ", ".join(f"{phase} {took:.2f}" for phase, took in done.info["timings"].items()))

    def hold(self, name: str, value: float, size: int) -> None:
        """A measurement against what is wanted."""
        want = WANTED[name]
        holds = value <= want.limit
        decides = size >= want.size
        state = ("met" if holds else "MISSED") if decides else "not decided by so small a run"
        print(f"  {value:8.3f} {want.what}, wanted <= {want.limit:g}: {state}", flush=True)
        self.met &= holds or not decides


def many(report: Report, counts: Collection[int], zips: int, folder: Path) -> None:
    """Label files in archives, each number of them whole, the largest also after a change."""
    least: float | None = None
    for count in sorted(counts):
        data, run = folder / f"{count}", folder / f"run-{count}"
        size = deliver(data, count, zips)
        print(f"\n{count:,} label files in {zips} zips, {size / count / 1000:.1f} kB each", flush=True)
        whole = qc(data, SCHEMA, run, None)
        confirm(run, count)
        each = whole.seconds / count
        report.run("whole", f"{each * 1e6:,.0f} us a file", whole)
        if report.memory:
            report.hold("memory", whole.peak / GIB, count)
        least = least or each
        report.hold("growth", each / least, count)
        if count == max(counts):
            _again(report, data, count, zips, whole)
        for left in (data, run):
            shutil.rmtree(left)


def _again(report: Report, data: Path, count: int, zips: int, before: Measured) -> None:
    """Some archives changed: ``--since`` the run before, beside a run of its own."""
    changed = change(data, count, zips)
    print(f"  {changed} of {zips} zips changed", flush=True)
    run, earlier = data.with_name("run-since"), data.with_name(f"run-{count}")
    again = qc(data, SCHEMA, run, since=earlier)
    confirm(run, count)
    report.run("--since", f"{again.seconds / count * 1e6:,.0f} us a file", again)
    report.hold("since", again.reading / before.reading, count)
    print(f"  {again.seconds / before.seconds:8.3f} of the time of the whole run")
    shutil.rmtree(run)


def one_file(report: Report, megabytes: int, folder: Path) -> None:
    """One large COCO file."""
    data, run = folder / "coco", folder / "run-coco"
    data.mkdir()
    count = coco(data / "instances.json", megabytes * 10**6)
    size = (data / "instances.json").stat().st_size
    print(f"\none COCO file of {size / 1e9:.3f} GB, {count:,} annotations", flush=True)
    done = qc(data, COCO, run)
    report.run("whole", f"{size / done.seconds / 1e6:,.1f} MB/s", done)
    read = asked(run, "SELECT count(*) FROM annotations")
    report.hold("coco read", 1 - read / count, megabytes)
    if report.memory:
        report.hold("coco memory", done.peak / GIB, megabytes)
    for left in (data, run):
        shutil.rmtree(left)


def main(arguments: list[str] | None = None) -> int:
    """Measure what the command line says; 0 if all that is wanted is met."""
    parser = argparse.ArgumentParser(description="How qc check grows with the size of what it is given.")
    parser.add_argument("--files", type=int, nargs="*", default=[10_000, 1_000_000])
    parser.add_argument("--zips", type=int, default=100)
    parser.add_argument("--coco-mb", type=int, default=1_000, help="0 leaves the large file out")
    parser.add_argument("--dir", type=Path, help="where the temporary folder is made")
    options = parser.parse_args(arguments)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    memory = how_measured()[0]
    print(machine())
    print(f"memory: {f'{memory} of all processes together' if memory else 'cannot be measured here'}")
    report = Report(memory)
    folder = Path(tempfile.mkdtemp(prefix="qc-scale-", dir=options.dir))
    try:
        if options.files:
            many(report, options.files, options.zips, folder)
        if options.coco_mb:
            one_file(report, options.coco_mb, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if report.met else 1


if __name__ == "__main__":
    sys.exit(main())
