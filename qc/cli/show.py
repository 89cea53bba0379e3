"""``qc show``: a stored run again, whole or in part."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
from rich.text import Text

from qc.checks.load import near
from qc.cli.app import PATH, App, current, everywhere
from qc.cli.speaking import Speaking
from qc.errors import QcError
from qc.report import findings
from qc.report.blocks import MARGIN, Hanging
from qc.report.document import write_json
from qc.report.findings import Wanted
from qc.report.findings_csv import write_csv
from qc.report.listing import findings_view, timings_view
from qc.report.seen import stored_view
from qc.report.summary import collect
from qc.report.text import result_view, verdict_line

if TYPE_CHECKING:
    from qc.report.summary import Summary

#: Findings listed on the screen unless ``--limit`` says otherwise.
LIMIT = 50


@click.command(cls=Speaking, name="show", help="screen.command.show")
@click.argument("run", metavar="RUN", type=PATH)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "csv"]),
    default="text",
    help="screen.option.format",
)
@click.option("--check", "checks", multiple=True, metavar="CHECK", help="screen.option.show-check")
@click.option("--file", "files", multiple=True, metavar="PATH", help="screen.option.show-file")
@click.option("--class", "classes", multiple=True, metavar="CLASS", help="screen.option.show-class")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="screen.option.limit")
@click.option("--timings", is_flag=True, help="screen.option.timings")
@everywhere
def show(
    *,
    run: Path,
    format_: Literal["text", "json", "csv"],
    checks: tuple[str, ...],
    files: tuple[str, ...],
    classes: tuple[str, ...],
    limit: int | None,
    timings: bool,
) -> int:
    """Shows a run; 0 whatever its verdict was. Conditions or a limit ask for its findings one by one."""
    app = current()
    wanted = Wanted(checks, files, classes)
    summary = collect(run, each=3, wanted=wanted or None)
    _confirm(summary, checks)
    if format_ == "json":
        write_json(summary, app.out.file, wanted or None)
    elif format_ == "csv":
        names = {line.id: app.words.choice(line.name) or line.id for line in summary.verdict.indicators}
        write_csv(run, app.out.file, app.words, wanted or None, names)
    elif timings:
        app.show(timings_view(summary, app.words))
    elif wanted or limit is not None:
        _listed(summary, wanted, LIMIT if limit is None else limit, app)
    elif app.quiet:
        app.show(verdict_line(summary, app.words))
    else:
        app.show(stored_view(summary, app.words), result_view(summary, app.words))
    return 0


def _confirm(summary: Summary, wanted: tuple[str, ...]) -> None:
    """Raises for a check that the run does not know; a glob may match nothing."""
    known = {*summary.run.get("checks", ()), *(outcome.check for outcome in summary.outcomes)}
    families = {check.partition(".")[0] for check in known}
    for name in wanted:
        if name not in known | families and not any(sign in name for sign in "*?["):
            raise QcError("checks.no-such-check", name=name, near=near(name, known | families))


def _listed(summary: Summary, wanted: Wanted, limit: int, app: App) -> None:
    total = summary.findings + summary.waived
    if not total:
        app.show(Hanging(app.say("screen.show.none" if wanted else "screen.fix.nothing"), MARGIN))
        return
    said = app.say("screen.show.found" if wanted else "screen.show.all", findings=total)
    app.show(Hanging(Text(said, style="bold"), MARGIN))
    found = findings.stream(summary.folder, wanted or None, limit or None)
    # One by one: a list of a million findings begins at once and is never held.
    for part in findings_view(found, summary, app.words):
        app.show(part)
    if limit and total > limit:
        app.show(Text(), Hanging(Text(app.say("screen.show.more", count=total - limit), style="dim"), MARGIN))
