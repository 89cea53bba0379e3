"""What every command shares: the reader's language, where it prints, and the options of all commands."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, TypeVar

import click
from rich.console import Console

from qc.words import Words, language

if TYPE_CHECKING:
    from rich.console import RenderableType

#: Columns of text that is not going to a terminal, unless ``COLUMNS`` says otherwise.
PIPED_WIDTH = 100
#: Wider than this, lines are hard to follow with the eye.
WIDEST = 120

Language = Literal["ko", "en"]
Command = TypeVar("Command", bound=Callable[..., Any])


class _PathType(click.Path):
    """A path that may not be there: whoever opens it says what is wrong, in the reader's language."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuses an empty one: a shell's unset variable would be taken for the current folder."""
        if value == "":
            self.fail("", param, ctx)
        return super().convert(value, param, ctx)


PATH = _PathType(path_type=Path, readable=False)


@dataclass(slots=True)
class App:
    """One invocation. Results go to ``out`` (standard output), progress and notes to ``err``."""

    words: Words
    out: Console
    err: Console
    lang: Language
    quiet: bool = False
    progress: bool = True
    debug: bool = False
    #: The run folder, once it is known: failures are logged there.
    run: Path | None = None

    def say(self, key: str, /, **values: object) -> str:
        """The words ``key`` in the reader's language."""
        return self.words.text(key, **values)

    def show(self, *renderables: RenderableType) -> None:
        """A result, on standard output. No line is cut to the width, in a pipe none is filled up to it."""
        if self.out.is_terminal:
            self.out.print(*renderables, sep="\n", crop=False)
            return
        with self.out.capture() as capture:
            for renderable in renderables:
                self.out.print(renderable, crop=False)
        self.out.file.writelines(f"{line.rstrip()}\n" for line in capture.get().splitlines())

    def note(self, text: str) -> None:
        """A remark on standard error, unless ``--quiet``."""
        if not self.quiet:
            self.err.print(text, style="dim", soft_wrap=True)

    def speak(self, lang: str | None) -> None:
        """Changes the language."""
        self.lang = language(lang)
        self.words = Words(self.lang)


def start(lang: str | None = None) -> App:
    """An invocation that prints to the process's streams, in UTF-8 whatever the console's encoding is."""
    spoken = language(lang)
    for name in ("stdout", "stderr"):  # closed (`>&-`), or a window without a console
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
    return App(Words(spoken), console(sys.stdout), console(sys.stderr), spoken)


def console(stream: IO[str]) -> Console:
    """A console that takes text as it is: no markup, no emoji names, no guessing at numbers."""
    utf8(stream)
    made = Console(file=stream, markup=False, emoji=False, highlight=False)
    if not made.is_terminal:
        columns = os.environ.get("COLUMNS", "")
        made.width = int(columns) if columns.isdecimal() and int(columns) > 0 else PIPED_WIDTH
    elif made.width > WIDEST:
        made.width = WIDEST
    return made


def utf8(stream: IO[str]) -> None:
    """Makes a text stream write UTF-8. A console of code page 949 or 1252, or the C locale, would
    otherwise fail at the first letter that it lacks; a lone surrogate of a file name becomes '?'.
    """
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors="replace")


def current() -> App:
    """The invocation that the running command belongs to."""
    app = click.get_current_context().find_object(App)
    if app is None:
        raise RuntimeError("no App in the Click context")
    return app


def wanted_language(arguments: list[str]) -> str | None:
    """What ``--lang`` says, before anything is parsed: usage errors need a language too."""
    for place, argument in enumerate(arguments):
        if argument == "--":
            break
        value = argument.removeprefix("--lang=") if argument.startswith("--lang=") else None
        if argument == "--lang" and place + 1 < len(arguments):
            value = arguments[place + 1]
        if value in ("ko", "en"):
            return value
    return None


def _lang(_context: click.Context, _option: click.Parameter, value: str | None) -> None:
    if value is not None:
        current().speak(value)


def _quiet(_context: click.Context, _option: click.Parameter, value: bool) -> None:
    if value:
        current().quiet = True


def _no_progress(_context: click.Context, _option: click.Parameter, value: bool) -> None:
    if value:
        current().progress = False


def _debug(_context: click.Context, _option: click.Parameter, value: bool) -> None:
    if value:
        current().debug = True


def everywhere(command: Command) -> Command:
    """The options that the group and every command understand, before and after the command's name."""
    for names, kind, action in (
        (("--debug",), None, _debug),
        (("--no-progress",), None, _no_progress),
        (("--quiet", "-q"), None, _quiet),
        (("--lang",), click.Choice(["ko", "en"]), _lang),
    ):
        name = names[0].removeprefix("--")
        command = click.option(
            *names,
            type=kind,
            is_flag=kind is None,
            callback=action,
            expose_value=False,
            is_eager=True,
            help=f"screen.option.{name}",
        )(command)
    return command
