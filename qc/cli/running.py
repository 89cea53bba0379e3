"""Runs a command and turns everything that can go wrong into one line and an exit code.

0 done, or accepted · 1 rejected, or something found · 2 wrong use or configuration · 3 inconclusive ·
4 our own failure. As shells have it, 130 is an interrupt and 141 a reader that went away.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from qc import __version__
from qc.cli.app import App, start, wanted_language
from qc.cli.root import root
from qc.cli.speaking import usage_line
from qc.errors import QcError

if TYPE_CHECKING:
    from collections.abc import Sequence

DONE, FOUND, USAGE, UNDECIDED, FAILED = range(5)
INTERRUPTED = 130
READER_GONE = 141

#: DuckDB turns a Ctrl-C that meets one of its queries into a RuntimeError of these words.
_DUCKDB_INTERRUPTED = "Query interrupted"


def run(arguments: Sequence[str]) -> int:
    """Runs ``qc`` with ``arguments``; returns its exit code and never raises."""
    app = start(wanted_language(list(arguments)))
    try:
        return _run(list(arguments), app)
    except OSError as error:
        if not _reader_gone(error):
            return FAILED  # Not even the complaint could be written: standard error is full or closed.
        # The reader of our output has closed it (`qc show … | head`): nothing is left to be said.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE


def _run(arguments: list[str], app: App) -> int:
    try:
        return _invoke(arguments, app)
    except click.exceptions.NoArgsIsHelpError as error:
        app.err.file.write(error.format_message() + "\n")
        return USAGE
    except click.UsageError as error:
        return complain(app, usage_line(error, app), USAGE)
    except QcError as error:
        if app.debug:
            traceback.print_exc(file=app.err.file)
        return complain(app, app.words.error(error), USAGE)
    except (KeyboardInterrupt, click.Abort):
        return _interrupted(app)
    except Exception as error:
        if isinstance(error, OSError) and _reader_gone(error):
            raise
        return _stopped(app, error)


def _stopped(app: App, error: Exception) -> int:
    """What came through all commands: an interrupt in disguise, a path that no system takes, our failure."""
    if isinstance(error, RuntimeError) and str(error) == _DUCKDB_INTERRUPTED:
        return _interrupted(app)
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        line = app.say("screen.error.name-too-long", path=error.filename or "")
        return complain(app, line, USAGE)
    return _failed(app, error)


def _invoke(arguments: list[str], app: App) -> int:
    """Not ``root.main()``: it ends the process itself when a pipe closes, and on Windows it expands
    patterns in arguments, which would spoil ``--file *.json`` and ``SELECT *``."""
    try:
        with root.make_context("qc", arguments, obj=app) as context:
            code = root.invoke(context)
    except click.exceptions.Exit as error:
        code = error.exit_code
    sys.stdout.flush()
    return code if isinstance(code, int) else DONE


def complain(app: App, line: str, code: int) -> int:
    """One line on standard error, in front of it who speaks; returns ``code``."""
    app.err.print(Text.assemble(("qc: ", "bold red"), line), soft_wrap=True)
    return code


def _interrupted(app: App) -> int:
    if app.run is not None and app.run.is_dir():
        return complain(app, app.say("screen.interrupted.resume", run=app.run), INTERRUPTED)
    return complain(app, app.say("screen.interrupted.plain"), INTERRUPTED)


def _failed(app: App, error: Exception) -> int:
    if app.debug:
        traceback.print_exc(file=app.err.file)
        return complain(app, app.say("screen.failed.shown", kind=type(error).__name__), FAILED)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return complain(app, app.say("screen.failed.disk-full"), FAILED)
    log = write_log(app.run, error)
    if log is None:
        return complain(app, app.say("screen.failed.unlogged", kind=type(error).__name__), FAILED)
    return complain(app, app.say("screen.failed.logged", kind=type(error).__name__, log=log), FAILED)


def write_log(run: Path | None, error: BaseException) -> Path | None:
    """Writes where ``error`` arose into the run (else the system's temporary folder); the file, or
    ``None`` if that failed too.

    Only frames and types: the text of an error may quote the data that it stumbled over, and a
    run can be handed on. ``--debug`` shows all of it.
    """
    lines = [f"qc {__version__} · Python {sys.version.split()[0]} · {sys.platform}\n"]
    lines += _frames(error)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    inside = run is not None and run.is_dir()
    path = run / "qc.log" if run is not None and inside else Path(tempfile.gettempdir(), f"qc-{stamp}.log")
    try:
        with path.open("a", encoding="utf-8", errors="replace") as file:
            file.writelines([f"--- {stamp}\n", *lines])
    except OSError:
        return None
    return path


def _frames(error: BaseException, depth: int = 0) -> list[str]:
    before: list[str] = []
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and depth < 8:
        before = [*_frames(cause, depth + 1), "which led to:\n"]
    return [*before, *traceback.format_tb(error.__traceback__), f"{type(error).__qualname__}\n"]


def _reader_gone(error: OSError) -> bool:
    # Windows says EINVAL when it writes into a pipe that nobody reads.
    return isinstance(error, BrokenPipeError) or (sys.platform == "win32" and error.errno == errno.EINVAL)
