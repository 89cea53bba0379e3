"""``qc checks``: what is checked, and what a check means."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from rich.padding import Padding
from rich.syntax import Syntax
from rich.text import Text

from qc import content, indicators
from qc.checks import load
from qc.cli.app import PATH, App, current, everywhere
from qc.cli.speaking import Group, Speaking
from qc.errors import QcError
from qc.report.blocks import MARGIN, Hanging, columns, named, nearby, unit_name

if TYPE_CHECKING:
    from qc.checks.model import Check, Parameter

_FORMATS = click.Choice(["text", "json"])


@click.group(cls=Group, name="checks", help="screen.command.checks")
@everywhere
def checks() -> None:
    """Nothing of its own."""


@checks.command(cls=Speaking, name="list", help="screen.command.checks-list")
@click.option("--checks", "folder", type=PATH, metavar="DIR", help="screen.option.checks")
@click.option("--format", "format_", type=_FORMATS, default="text", help="screen.option.format")
@everywhere
def list_(*, folder: Path | None, format_: Literal["text", "json"]) -> int:
    """All checks by id."""
    app = current()
    known = _known(folder)
    if format_ == "json":
        app.out.file.write(
            json.dumps([_json(check) for check in known.values()], ensure_ascii=False, indent=1)
        )
        app.out.file.write("\n")
        return 0
    table = columns()
    table.add_column(app.say("screen.checks.id"), no_wrap=True, style="cyan")
    table.add_column(app.say("screen.checks.title"), overflow="fold", ratio=1)
    table.add_column(app.say("screen.checks.indicator"), overflow="fold")
    table.add_column(app.say("screen.checks.effect"), no_wrap=True)
    for check in known.values():
        effect = Text(
            app.say(f"screen.effect.{check.effect}"), style="bold red" if check.effect == "gate" else ""
        )
        title = Text(check.words[app.lang].title)
        table.add_row(Text(check.id), title, Text(_indicator(check.indicator, app)), effect)
    app.show(Padding(table, (0, 0, 0, MARGIN)))
    app.note(app.say("screen.checks.count", count=len(known)))
    return 0


@checks.command(cls=Speaking, name="show", help="screen.command.checks-show")
@click.argument("check", metavar="CHECK")
@click.option("--checks", "folder", type=PATH, metavar="DIR", help="screen.option.checks")
@click.option("--format", "format_", type=_FORMATS, default="text", help="screen.option.format")
@everywhere
def show(*, check: str, folder: Path | None, format_: Literal["text", "json"]) -> int:
    """One check: its words, its parameters, its query."""
    app = current()
    known = _known(folder)
    if check not in known:
        raise QcError("checks.no-such-check", name=check, near=load.near(check, known))
    if format_ == "json":
        app.out.file.write(json.dumps(_json(known[check]), ensure_ascii=False, indent=1) + "\n")
        return 0
    _page(known[check], app)
    return 0


def _known(folder: Path | None) -> dict[str, Check]:
    folders = [content.folder("checks"), *([folder] if folder is not None else [])]
    return dict(load.load(folders).checks)


def _page(check: Check, app: App) -> None:
    words = check.words[app.lang]
    app.show(Hanging(Text.assemble((words.title, "bold"), (f"  {check.id}", "dim")), MARGIN), Text())
    rows: list[tuple[str, str]] = [
        ("message", words.message),
        ("why", words.why),
        ("fix", words.fix),
        ("needs", words.needs or ""),
        ("subject", unit_name(check.subject, app.words)),
        ("indicator", _indicator(check.indicator, app)),
        ("effect", app.say(f"screen.effect.{check.effect}")),
        ("severity", app.say(f"screen.severity.{check.severity}")),
        ("certainty", app.say(f"screen.certainty.{check.certainty}")),
        ("parameters", "\n".join(map(_parameter, check.params.values()))),
        ("source", nearby(check.source)),
    ]
    app.show(named([(app.say(f"screen.checks.{name}"), Text(text)) for name, text in rows if text]))
    app.show(Text(), Hanging(Text(app.say("screen.checks.query"), style="dim"), MARGIN), Text())
    if app.out.is_terminal:
        query = Syntax(check.sql.strip(), "sql", background_color="default", word_wrap=True)
        app.show(Padding(query, (0, 0, 0, MARGIN)))
    else:
        app.show(*(Hanging(line, MARGIN, whole=True) for line in check.sql.strip().splitlines()))


def _parameter(parameter: Parameter) -> str:
    text = f"{parameter.name} = {parameter.default}"
    if parameter.unit:
        text += f" {parameter.unit}"
    low, high = parameter.min, parameter.max
    if low is not None or high is not None:
        text += f"  ({'' if low is None else f'{low:g}'} … {'' if high is None else f'{high:g}'})"
    if parameter.choices:
        text += f"  ({', '.join(parameter.choices)})"
    return text


def _indicator(id_: str, app: App) -> str:
    known = indicators.shipped().get(id_)
    return app.words.choice(known.name) if known else id_


def _json(check: Check) -> dict[str, Any]:
    row = asdict(check)
    row["source"] = str(check.source)
    return row
