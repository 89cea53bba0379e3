"""``qc check``: a deliverable, and whether it would be accepted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qc import __version__
from qc.cli.app import PATH, App, current, everywhere
from qc.cli.progress import screen
from qc.cli.speaking import Speaking
from qc.lean import without_pandas
from qc.report.preview import CheckOptions
from qc.report.summary import collect
from qc.report.text import result_view, verdict_line

if TYPE_CHECKING:
    from qc.report.preview import DigestDepth, MediaDepth

#: What a shell is told.
EXIT_CODES = {"accepted": 0, "rejected": 1, "inconclusive": 3}


@click.command(cls=Speaking, name="check", help="screen.command.check")
@click.argument("path", metavar="PATH", type=PATH)
@click.option("--plan", type=PATH, metavar="FILE", help="screen.option.plan")
@click.option("--schema", metavar="ID|FILE", help="screen.option.schema")
@click.option("--layout", metavar="ID|FILE", help="screen.option.layout")
@click.option("--checks", "checks_dir", type=PATH, metavar="DIR", help="screen.option.checks")
@click.option("--select", multiple=True, metavar="CHECK", help="screen.option.select")
@click.option("--ignore", multiple=True, metavar="CHECK", help="screen.option.ignore")
@click.option(
    "--media", type=click.Choice(["none", "headers"]), default="headers", help="screen.option.media"
)
@click.option("--digest", type=click.Choice(["crc", "full"]), default="crc", help="screen.option.digest")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="screen.option.jobs")
@click.option("--out", type=PATH, metavar="RUN", help="screen.option.out")
@click.option("--since", type=PATH, metavar="RUN", help="screen.option.since")
@everywhere
def check(
    *,
    path: Path,
    plan: Path | None,
    schema: str | None,
    layout: str | None,
    checks_dir: Path | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    media: MediaDepth,
    digest: DigestDepth,
    jobs: int | None,
    out: Path | None,
    since: Path | None,
) -> int:
    """Runs the check and shows what came out; the exit code tells the verdict."""
    app = current()
    app.run = out
    options = CheckOptions(
        path=path,
        plan=plan,
        schema=schema,
        layout=layout,
        jobs=jobs,
        out=out,
        since=since,
        media=media,
        digest=digest,
        select=_split(select),
        ignore=_split(ignore),
        checks_dir=checks_dir,
        lang=app.lang,
    )
    return inspect(options, app)


def inspect(options: CheckOptions, app: App) -> int:
    """Checks and shows; the exit code of the verdict."""
    without_pandas()
    from qc import pipeline  # noqa: PLC0415 - what only this command needs is slow to import

    with screen(app, __version__) as listener:
        run = pipeline.check(options, listener)
    summary = collect(run.path)
    view = verdict_line(summary, app.words) if app.quiet else result_view(summary, app.words)
    app.show(view)
    return EXIT_CODES[summary.verdict.result]


def _split(given: tuple[str, ...]) -> tuple[str, ...]:
    """``--select a,b --select c``: commas and repetition mean the same."""
    return tuple(part.strip() for text in given for part in text.split(",") if part.strip())
