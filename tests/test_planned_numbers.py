"""Quantities, numbers of classes and shares that a plan asks for, counted through the whole tool."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from qc.cli.running import run
from sample_datasets import drawings
from sample_datasets.generate import make, write

PLANS = Path(__file__).resolve().parent.parent / "sample_datasets" / "plans"
ACCEPTED, REJECTED = 0, 1

LABELS = [unit.label for unit in drawings.units().values()]
TRAINING = sum(batch.last - batch.first + 1 for batch in drawings.BATCHES if batch.split == "Training")
DOORS = sum(mark["category_id"] == 4 for label in LABELS for mark in label["annotations"])
#: Share of the drawings in the training split, and one that is far from it.
SHARE, OTHER = round(TRAINING / len(LABELS), 3), 0.9

KEPT = f"""
[[quantities]]
name = "도면"
counts = "item"
min = {len(LABELS)}
max = {len(LABELS)}

[[quantities]]
name = "training drawings"
counts = "file"
split = "training"
min = {TRAINING}

[[classes]]
name = "구조_출입문"
min = {DOORS}

[[composition]]
name = "training"
counts = "item"
by = "split"
value = "training"
share = {SHARE}
tolerance = 0.01

[[composition]]
name = "doors"
counts = "annotation"
by = "class"
value = "구조_출입문"
share = {DOORS / sum(len(label["annotations"]) for label in LABELS):.4f}
tolerance = 0.001
"""

MISSED = {
    "quantity.items": (f"min = {len(LABELS)}", f"min = {len(LABELS) + 1}"),
    "quantity.per-class": (f"min = {DOORS}", f"min = {DOORS + 1}"),
    "split.ratio": (f"share = {SHARE}", f"share = {OTHER}"),
    "quantity.composition": ('counts = "annotation"\nby = "class"', 'counts = "item"\nby = "class"'),
}

Judge = Callable[[str], tuple[int, dict[str, list[dict[str, Any]]]]]


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """Ends of ``qc check`` of the clean drawings held against a plan: exit code, gate findings by check."""
    folder = tmp_path_factory.mktemp("planned")
    write(make("s06-clean"), folder)
    base = (PLANS / "s06-clean.toml").read_text(encoding="utf-8")
    # The base lists all classes; those of a test take its place.
    base = base[: base.index("[[classes]]")]

    def check(text: str) -> tuple[int, dict[str, list[dict[str, Any]]]]:
        place = tmp_path_factory.mktemp("run")
        plan = place / "qc.toml"
        names = [name for name in drawings.CLASSES.values() if f'"{name}"' not in text]
        others = "".join(f'\n[[classes]]\nname = "{name}"\n' for name in names)
        plan.write_text(base + others + text, encoding="utf-8")
        out = place / "out"
        code = run(["check", str(folder / "s06-clean"), "--plan", str(plan), "--out", str(out), "--quiet"])
        found: dict[str, list[dict[str, Any]]] = {}
        for row in pq.read_table(out / "findings.parquet").to_pylist():
            if row["effect"] == "gate":
                found.setdefault(row["check"], []).append(json.loads(row["values"]))
        return code, found

    return check


def test_a_plan_that_is_kept_accepts(judge: Judge) -> None:
    assert judge(KEPT) == (ACCEPTED, {})


@pytest.mark.parametrize("check", MISSED)
def test_a_number_that_is_missed_rejects(judge: Judge, check: str) -> None:
    old, new = MISSED[check]
    assert old in KEPT
    # A greatest number below the least is no plan.
    text = KEPT.replace(old, new).replace(f"max = {len(LABELS)}\n", "")
    code, found = judge(text)
    assert code == REJECTED
    assert list(found) == [check]


def test_numbers_are_said(judge: Judge) -> None:
    _, found = judge(KEPT.replace(f"min = {DOORS}", f"min = {DOORS + 1000}"))
    assert found["quantity.per-class"] == [
        {"class": "구조_출입문", "count": DOORS, "wanted": f"≥ {DOORS + 1000:,}"}
    ]
