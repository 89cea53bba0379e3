from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from qc.cli.running import run
from tests.cli import made


class Ran(NamedTuple):
    """What a command left: its exit code and both of its streams."""

    code: int
    out: str
    err: str


Command = Callable[..., Ran]


@pytest.fixture
def qc(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Runs ``qc`` in an empty folder, in Korean unless told otherwise, as if in a pipe of 100 columns."""
    for name in ("COLUMNS", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("QC_LANG", "ko")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)

    def command(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        return Ran(code, *capsys.readouterr())

    return command


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, made by hand; tests do not change it."""
    return made.run(tmp_path_factory.mktemp("runs") / "028-20261120-0900")
