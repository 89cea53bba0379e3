"""Click, speaking the reader's language: help pages and usage errors from ``reports/words``.

Help of commands and options is a *key* of words. Pages are laid out here because Click counts
characters, and a Hangul syllable is two columns wide.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from io import StringIO
from typing import Any

import click
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from qc.cli.app import App, current

_EXTRA = re.compile(r"^Got unexpected extra arguments? \(")


class Speaking(click.Command):
    """A command whose ``help`` is a key of words."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The whole page, in the reader's language."""
        formatter.write(help_page(self, ctx))

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """``--help`` with our words."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = "screen.option.help"
        return option

    def get_short_help_str(self, limit: int = 45) -> str:  # noqa: ARG002 - Click's signature
        """The first sentence of the help, not shortened."""
        return current().say(self.help).split("\n\n")[0] if self.help else ""


class Group(Speaking, click.Group):
    """Commands that are imported when they are called: ``name -> "module:object"``."""

    def __init__(self, *args: Any, lazy: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = dict(lazy or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order in which they are declared: the order of work."""
        return [*self.lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name in self.lazy:
            module, name = self.lazy[cmd_name].split(":")
            command = getattr(importlib.import_module(module), name)
            if not isinstance(command, click.Command):
                raise TypeError(f"{self.lazy[cmd_name]} is no command")
            return command
        return super().get_command(ctx, cmd_name)


def help_page(command: click.Command, ctx: click.Context) -> str:
    """Usage, description, arguments, options and commands of ``command``; lines of at most 100 columns."""
    app = current()
    page = Console(file=StringIO(), width=min(app.out.width, 100), markup=False, emoji=False, highlight=False)
    usage = " ".join([ctx.command_path, *command.collect_usage_pieces(ctx)])
    page.print(Text(f"{app.say('screen.usage.title')} {usage}", overflow="fold"))
    if command.help:
        for paragraph in app.say(command.help).split("\n\n"):
            page.print()
            page.print(Padding(Text(paragraph, overflow="fold"), (0, 0, 0, 2)))
    options, arguments = [], []
    for parameter in command.get_params(ctx):
        if isinstance(parameter, click.Option) and not parameter.hidden:
            options.append((_spelling(parameter), app.say(parameter.help) if parameter.help else ""))
        elif isinstance(parameter, click.Argument):
            name = parameter.make_metavar(ctx)
            arguments.append((name, app.say(f"screen.argument.{name.strip('[].').lower()}")))
    _section(page, app.say("screen.usage.arguments"), arguments)
    _section(page, app.say("screen.usage.options"), options)
    if isinstance(command, click.Group):
        named = ((name, command.get_command(ctx, name)) for name in command.list_commands(ctx))
        commands = [(name, found.get_short_help_str()) for name, found in named if found is not None]
        _section(page, app.say("screen.usage.commands"), commands)
    written = page.file
    assert isinstance(written, StringIO)
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines()) + "\n"


def _spelling(option: click.Option) -> str:
    names = ", ".join(sorted((*option.opts, *option.secondary_opts), key=lambda name: -len(name)))
    if option.is_flag or option.count:
        return names
    if isinstance(option.type, click.Choice):
        return f"{names} {'|'.join(map(str, option.type.choices))}"
    return f"{names} {option.metavar or (option.name or '').upper()}"


def _section(page: Console, title: str, rows: list[tuple[str, str]]) -> None:
    if not rows:
        return
    page.print()
    page.print(Text(title))
    grid = Table.grid(padding=(0, 2, 0, 0), pad_edge=True)
    widest = max(cell_len(name) for name, _ in rows)
    grid.add_column(width=min(widest, 30), overflow="fold")
    grid.add_column(overflow="fold")
    for name, words in rows:
        cells: tuple[RenderableType, RenderableType] = (Text(name), Text(words))
        grid.add_row(*cells)
    page.print(Padding(grid, (0, 0, 0, 2)))


def usage_line(error: click.UsageError, app: App) -> str:
    """One line that says what was wrong with the command line and what to do."""
    said = _usage(error, app)
    context = error.ctx
    hint = f"{context.command_path} --help" if context is not None else "qc --help"
    return f"{said} {app.say('screen.usage.see-help', command=hint)}"


def _usage(error: click.UsageError, app: App) -> str:
    match error:
        case click.NoSuchOption(possibilities=[_, *_] as near):
            said = app.say("screen.usage.no-option-near", option=error.option_name, near=", ".join(near))
        case click.NoSuchOption():
            said = app.say("screen.usage.no-option", option=error.option_name)
        case click.exceptions.NoSuchCommand():
            said = app.say("screen.usage.no-command", command=error.command_name)
        case click.MissingParameter():
            said = app.say("screen.usage.missing", name=_named(error))
        case click.BadParameter():
            said = app.say("screen.usage.bad-value", name=_named(error), expected=_expected(error, app))
        case click.BadOptionUsage():
            said = app.say("screen.usage.no-value", option=error.option_name)
        case _ if error.ctx is not None and isinstance(error.ctx.command, click.Group):
            said = app.say("screen.usage.missing-command")
        case _ if _EXTRA.search(error.message):
            said = app.say("screen.usage.extra", given=_EXTRA.sub("", error.message).rstrip(")"))
        case _:
            said = app.say("screen.usage.wrong", reason=error.format_message().rstrip("."))
    return said


def _named(error: click.BadParameter) -> str:
    parameter = error.param
    if isinstance(parameter, click.Option):
        return max(parameter.opts, key=len)
    if isinstance(parameter, click.Argument) and error.ctx is not None:
        return parameter.make_metavar(error.ctx)
    return str(error.param_hint or "")


def _expected(error: click.BadParameter, app: App) -> str:
    kind = error.param.type if error.param is not None else None
    if isinstance(kind, click.Choice):
        return ", ".join(map(str, kind.choices))
    if isinstance(kind, click.Path):
        return app.say("screen.usage.a-path")
    if isinstance(kind, click.IntRange):
        return app.say("screen.usage.whole-number", least=kind.min if kind.min is not None else 0)
    return error.message.rstrip(".")
