"""``qc schema``: label formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import click
from rich.text import Text

from qc.cli.app import PATH, current, everywhere
from qc.cli.speaking import Group, Speaking
from qc.errors import QcError, refusal
from qc.report.blocks import MARGIN, Hanging, nearby


@click.group(cls=Group, name="schema", help="screen.command.schema")
@everywhere
def schema() -> None:
    """Nothing of its own."""


@schema.command(cls=Speaking, name="check", help="screen.command.schema-check")
@click.argument("file", metavar="FILE", type=PATH)
@click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", help="screen.option.format"
)
@everywhere
def check(*, file: Path, format_: Literal["text", "json"]) -> int:
    """What there is to say about a schema; 1 if there is anything."""
    from qc.schemas.review import review  # noqa: PLC0415 - compiles metaschemas, slow to import

    app = current()
    try:
        data = file.read_bytes()
    except OSError as error:
        raise QcError("screen.error.unreadable", path=file, reason=refusal(error)) from error
    remarks = review(data)
    if format_ == "json":
        rows = [
            {
                "level": remark.level,
                "pointer": remark.pointer,
                "code": remark.key,
                "message": app.say(remark.key, **remark.values),
            }
            for remark in remarks
        ]
        app.out.file.write(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
        return 1 if remarks else 0
    path = nearby(file)
    if not remarks:
        app.show(Hanging(Text(app.say("screen.schema.sound", path=path), style="green"), MARGIN))
        return 0
    errors = sum(remark.level == "error" for remark in remarks)
    said = app.say("screen.schema.found", errors=errors, warnings=len(remarks) - errors, path=path)
    app.show(Hanging(Text(said, style="bold"), MARGIN), Text())
    for remark in remarks:
        style = "bold red" if remark.level == "error" else "bold yellow"
        level = Text(app.say(f"screen.severity.{remark.level}"), style=style)
        place = Text.assemble(level, "  ", (remark.pointer or app.say("screen.schema.whole"), "cyan"))
        app.show(Hanging(place, MARGIN, whole=True))
        app.show(Hanging(app.say(remark.key, **remark.values), MARGIN + 4))
    return 1
