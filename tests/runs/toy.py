"""A producer for tests. What a file's content says, happens: ``die``, ``hang``, ``raise``; else it
is a number of annotations."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from xxhash import xxh3_64_intdigest

from qc.deliverable.reading import Reader
from qc.errors import QcError
from qc.facts.ids import file_id
from qc.facts.producers import Job, Parts, Tables
from qc.facts.tables import ANNOTATIONS, COVERAGE, FILES, SCHEMA_PATHS

PRODUCER = f"{__name__}:produce"
#: The same, but all files are opened before the first is worked on.
GREEDY = f"{__name__}:produce_greedily"
#: The same in parts, one for each annotation, with a pause and a sign of life before each.
IN_PARTS = f"{__name__}:produce_in_parts"


def produce(job: Job) -> Tables:
    files, annotations, pointers = [], [], []
    with Reader() as reader:
        for member in job.members:
            text = reader.read(member.place).decode("utf-8")
            _happen(text)
            files.append(member.file)
            for number in range(int(text)):
                pointer = f"/annotations/{number}"
                annotations.append((xxh3_64_intdigest(pointer.encode(), member.file), member.file))
                pointers.append(pointer)
    if pause := job.options.get("pause_s"):
        time.sleep(pause)
    count = len(files)
    return {
        "annotations": ANNOTATIONS.arrow(
            {
                "annotation": [a for a, _ in annotations],
                "file": [f for _, f in annotations],
                "pointer": pointers,
                "layer": ["delivered"] * len(pointers),
            }
        ),
        "coverage": COVERAGE.arrow(
            {"producer": ["toy"] * count, "file": files, "status": ["full"] * count, "weight": [1.0] * count}
        ),
        "schema_paths": SCHEMA_PATHS.arrow(
            {
                "schema": ["toy"],
                "path": ["/annotations/*"],
                "required": [True],
                "files": [count],
                "examined": [len(pointers)],
                "structure": [0],
                "format": [0],
            }
        ),
    }


def produce_greedily(job: Job) -> Tables:
    members = list(job.members)
    return produce(Job(job.producer, job.key, members, job.options))


def produce_in_parts(job: Job) -> Parts:
    """A file is a number, and what happens (if anything) after so many of its annotations."""
    with Reader() as reader:
        for member in job.members:
            text = reader.read(member.place).decode("utf-8")
            count, _, event = text.partition(" ")
            for number in range(int(count)):
                time.sleep(job.options.get("pause_s", 0))
                job.alive(number)
                pointer = f"/annotations/{number}"
                row = {
                    "annotation": [xxh3_64_intdigest(pointer.encode(), member.file)],
                    "file": [member.file],
                    "pointer": [pointer],
                    "layer": ["delivered"],
                }
                yield {"annotations": ANNOTATIONS.arrow(row)}
            _happen(event)
            yield {
                "coverage": COVERAGE.arrow(
                    {"producer": ["toy"], "file": [member.file], "status": ["full"], "weight": [1.0]}
                )
            }


def _happen(text: str) -> None:
    if text == "die":
        os._exit(11)
    if text == "hang":
        time.sleep(600)
    if text == "raise":
        raise RecursionError("the words of a file")
    if text == "misuse":
        raise QcError("errors.schema-broken", path="x")


def deliver(folder: Path, contents: dict[str, str]) -> pa.Table:
    """Write loose files and list them as a deliverable does (FILES and the private columns)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8")
    return relist(folder)


def relist(folder: Path) -> pa.Table:
    """List the loose files of a folder."""
    names = sorted(path.name for path in folder.iterdir())
    return listed(
        {
            "file": [file_id("deliverable", None, name) for name in names],
            "root": ["deliverable"] * len(names),
            "path": names,
            "stem": [name.rpartition(".")[0] for name in names],
            "extension": [name.rpartition(".")[2] for name in names],
            "size": [(folder / name).stat().st_size for name in names],
            "mtime_ns": [1] * len(names),
            "status": ["ok"] * len(names),
        },
        [str(folder / name) for name in names],
    )


def listed(columns: Mapping[str, Any], disk: list[str], offset: list[int] | None = None) -> pa.Table:
    files = FILES.arrow(columns)
    rows = files.num_rows
    private = {
        "disk": pa.array(disk, pa.string()),
        "offset": pa.array(offset, pa.int64()) if offset is not None else pa.nulls(rows, pa.int64()),
        "method": pa.array([0] * rows if offset is not None else [None] * rows, pa.int64()),
        "flags": pa.array([0] * rows if offset is not None else [None] * rows, pa.int64()),
    }
    for name, column in private.items():
        files = files.append_column(name, column)
    return files


def many(count: int, seed: int = 0) -> pa.Table:
    """A listing of files that are nowhere, for planning."""
    random = np.random.default_rng(seed)
    names = [f"{number:06d}.json" for number in range(count)]
    return listed(
        {
            "file": [file_id("deliverable", None, name) for name in names],
            "root": ["deliverable"] * count,
            "path": names,
            "stem": [name[:-5] for name in names],
            "extension": ["json"] * count,
            "size": random.integers(1, 20_000, count).tolist(),
            "mtime_ns": [1] * count,
            "status": ["ok"] * count,
        },
        [f"/nowhere/{name}" for name in names],
    )
