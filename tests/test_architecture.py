"""Who may import whom. Read from the source, so that an import inside a function counts as well."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "qc"

#: What producers share: definitions, no reading.
SHARED_FACTS = {
    "tables",
    "ids",
    "geometry",
    "keypoints",
    "masks",
    "measures",
    "outlines",
    "attributes",
    "hashing",
    "within",
    "meeting",
    "producers",
    "collecting",
    "large",
}

#: Words for a stored schema error: no more than a lookup from its keyword.
WORDS_OF_ERRORS = "qc.schemas.messages"


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported(source: str, module: str, *, package: bool, known: frozenset[str]) -> set[str]:
    """Absolute names that ``source`` imports; ``from qc.facts import tables`` is ``qc.facts.tables``."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.split(".")
                kept = parts[: len(parts) - node.level + package]
                base = ".".join([*kept, base] if base else kept)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                names.add(inner if inner in known else base)
        elif isinstance(node, ast.Call):
            function = ast.unparse(node.func)
            if function.endswith(("import_module", "__import__")) and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    names.add(first.value)
    return names


@cache
def imports(module: str) -> set[str]:
    path = MODULES[module]
    text = path.read_text(encoding="utf-8")
    return imported(text, module, package=path.name == "__init__.py", known=frozenset(MODULES))


def under(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def is_producer(module: str) -> bool:
    head, _, tail = module.rpartition(".")
    return head == "qc.facts" and tail not in SHARED_FACTS


def outside_cli(module: str, name: str) -> bool:
    return under(name, "qc.cli") and not under(module, "qc.cli")


def producer_reaches(module: str, name: str) -> bool:
    beyond = under(name, "qc.checks", "qc.report", "qc.runs", "qc.pipeline", "qc.plan", "qc.verdict")
    return is_producer(module) and (beyond or (is_producer(name) and name != module))


def report_reaches(module: str, name: str) -> bool:
    reading = ("qc.deliverable", "qc.documents", "qc.schemas", "qc.pipeline", "qc.engines", "qc.review")
    reads = under(name, *reading) and name != WORDS_OF_ERRORS
    return under(module, "qc.report") and (reads or is_producer(name))


def fiftyone_outside_review(module: str, name: str) -> bool:
    return under(name, "fiftyone") and not under(module, "qc.review")


def facts_below(module: str, name: str) -> bool:
    """What reads bytes knows nothing of facts, runs and what comes after."""
    later = ("qc.facts", "qc.runs", "qc.checks", "qc.report", "qc.verdict", "qc.plan", "qc.pipeline")
    allowed = ("qc.facts.tables", "qc.facts.ids")
    low = under(module, "qc.deliverable", "qc.documents")
    return low and under(name, *later) and not under(name, *allowed)


#: What a room knows nothing of, as the table of docs/architecture.md has it.
BLIND: dict[str, tuple[str, ...]] = {
    "qc.deliverable": ("qc.documents", "qc.schemas"),
    "qc.documents": ("qc.deliverable", "qc.schemas"),
    "qc.schemas": ("qc.runs", "qc.checks", "qc.report", "qc.verdict", "qc.pipeline"),
    "qc.facts": ("qc.runs", "qc.checks", "qc.report", "qc.verdict", "qc.plan", "qc.pipeline"),
    "qc.plan": ("qc.runs", "qc.report", "qc.verdict", "qc.pipeline"),
    "qc.runs": ("qc.checks", "qc.report", "qc.verdict", "qc.plan", "qc.pipeline"),
    "qc.checks": ("qc.deliverable", "qc.documents", "qc.report", "qc.verdict", "qc.pipeline"),
    "qc.verdict": ("qc.deliverable", "qc.documents", "qc.schemas", "qc.report", "qc.runs", "qc.pipeline"),
}


def beyond_its_room(module: str, name: str) -> bool:
    return any(under(module, room) and under(name, *beyond) for room, beyond in BLIND.items())


def outside_package(module: str, name: str) -> bool:
    return under(name, "tests", "benchmarks", "scripts", "sample_datasets", "checks", "reports", "schemas")


RULES: dict[str, Callable[[str, str], bool]] = {
    "nobody imports cli": outside_cli,
    "producers stand alone": producer_reaches,
    "report sees runs only": report_reaches,
    "only review imports fiftyone": fiftyone_outside_review,
    "reading knows no facts": facts_below,
    "rooms know nothing of what comes later": beyond_its_room,
    "qc is the only import package": outside_package,
}


@pytest.mark.parametrize("rule", RULES)
def test_imports(rule: str) -> None:
    breaks = RULES[rule]
    found = [
        f"{module} -> {name}"
        for module in MODULES
        for name in sorted(imports(module))
        if breaks(module, name)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("module", "source", "rule"),
    [
        ("qc.report.text", "def f() -> None:\n    import qc.cli.check\n", "nobody imports cli"),
        ("qc.facts.labels", "from . import media\n", "producers stand alone"),
        ("qc.facts.labels", "from ..checks.run import run_checks\n", "producers stand alone"),
        ("qc.report.text", "from qc.deliverable.listing import open_deliverable\n", "report sees runs only"),
        ("qc.runs.store", "importlib.import_module('fiftyone')\n", "only review imports fiftyone"),
        ("qc.report", "from .. import pipeline\n", "report sees runs only"),
        ("qc.documents.jsons", "import qc.runs.store as s\n", "reading knows no facts"),
        ("qc.runs.store", "from qc.plan import plans\n", "rooms know nothing of what comes later"),
        ("qc.pipeline", "from sample_datasets.planted import plant\n", "qc is the only import package"),
    ],
    ids=lambda value: value.strip() if isinstance(value, str) else None,
)
def test_a_broken_rule_is_seen(module: str, source: str, rule: str) -> None:
    known = frozenset({*MODULES, "qc.facts.media", "qc.facts.labels", "qc.pipeline"})
    names = imported(source, module, package=module == "qc.report", known=known)
    assert any(RULES[rule](module, name) for name in names)


def test_every_rule_has_something_to_hold() -> None:
    """A rule about a package that has been renamed would hold for ever."""
    for package in ("qc.cli", "qc.report", *BLIND):
        assert any(under(module, package) for module in MODULES), package
    assert sum(map(is_producer, MODULES)) >= 3


def test_check_never_imports_fiftyone(tmp_path: Path) -> None:
    """Neither the command nor its workers: a FiftyOne that leaves a trace stands in front of the real one."""
    trap = tmp_path / "trap"
    trap.mkdir()
    trace = tmp_path / "imported"
    (trap / "fiftyone.py").write_text(f"open({str(trace)!r}, 'a').close()\n", encoding="utf-8")
    delivered = tmp_path / "delivered"
    delivered.mkdir()
    outline = {"label": "a", "points": [[1, 1], [8, 1], [8, 8]], "group_id": None, "shape_type": "polygon"}
    label: dict[str, object] = {"version": "5.0.1", "flags": {}, "shapes": [{**outline, "flags": {}}]}
    label |= {"imagePath": "a.jpg", "imageData": None, "imageHeight": 10, "imageWidth": 10}
    (delivered / "a.json").write_text(json.dumps(label), encoding="utf-8")
    arguments = ["check", str(delivered), "--out", str(tmp_path / "run"), "--quiet"]
    done = subprocess.run(
        [sys.executable, "-c", "import qc.cli; qc.cli.main()", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(trap), str(ROOT)]), "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode in {0, 1, 3}, done.stderr
    assert (tmp_path / "run" / "run.json").is_file()
    assert not trace.exists()
