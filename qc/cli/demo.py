"""``qc demo``: the whole way on samples, clean ones and ones with planted defects."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from qc import __version__, content
from qc.cli.app import App, current, everywhere
from qc.cli.progress import Screen, screen
from qc.cli.speaking import Speaking
from qc.errors import QcError
from qc.report.blocks import MARGIN, Hanging, heading
from qc.report.preview import CheckOptions, Preview
from qc.report.summary import collect
from qc.report.text import result_view, verdict_line

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Groups of findings shown with examples: enough to see what it is like.
GROUPS = 3
#: A sample's folder is called ``NAME-clean`` or ``NAME-faulty``.
EXPECTED = {"clean": "accepted", "faulty": "rejected"}


@dataclass(frozen=True, slots=True)
class Sample:
    """A deliverable that comes with the product, and how its check must end."""

    name: str
    folder: Path
    plan: Path | None
    expected: str


@click.command(cls=Speaking, name="demo", help="screen.command.demo")
@everywhere
def demo() -> int:
    """Runs every sample; 0 if each ended as it should, else 1."""
    app = current()
    found = list(samples())
    if not found:
        raise QcError("screen.error.no-samples")
    runs = Path("qc-runs", f"demo-{time.strftime('%Y%m%d-%H%M%S')}")
    wrong = 0
    for number, sample in enumerate(found, 1):
        if not app.quiet:
            begin = app.say("screen.demo.begin", number=number, count=len(found), name=sample.name)
            app.show(heading(begin, app.say(f"screen.demo.{sample.expected}")), Text())
        wrong += not _ends_well(sample, runs / sample.name, app)
    key = "screen.demo.failed" if wrong else "screen.demo.done"
    said = Text(app.say(key, count=len(found), wrong=wrong), style="bold red" if wrong else "bold green")
    app.show(Hanging(said, MARGIN))
    return 1 if wrong else 0


def samples() -> Iterator[Sample]:
    """The samples by name: clean before faulty."""
    try:
        root = content.folder("sample_datasets")
    except FileNotFoundError as error:
        raise QcError("screen.error.no-samples") from error
    for folder in sorted(root.iterdir()):
        expected = EXPECTED.get(folder.name.rpartition("-")[2])
        if folder.is_dir() and expected is not None:
            plan = root / "plans" / f"{folder.name}.toml"
            yield Sample(folder.name, folder, plan if plan.is_file() else None, expected)


class _Short(Screen):
    """Hears the run's folder and says nothing: a clean sample needs no screen of its own."""

    def preview(self, preview: Preview) -> None:
        """Nothing to be shown."""
        self.app.run = preview.run


def _ends_well(sample: Sample, out: Path, app: App) -> bool:
    from qc import pipeline  # noqa: PLC0415 - slow to import

    faulty = sample.expected != "accepted"
    options = CheckOptions(path=sample.folder, plan=sample.plan, out=out, lang=app.lang)
    with screen(app, __version__) if faulty else _Short(app, __version__) as listener:
        run = pipeline.check(options, listener)
    summary = collect(run.path)
    result = summary.verdict.result
    if faulty and not app.quiet:
        app.show(result_view(summary, app.words, full=GROUPS))
    else:
        app.show(Hanging(verdict_line(summary, app.words), MARGIN))
    values = {
        kind: app.say(f"verdict.result.{r}")
        for kind, r in (("result", result), ("expected", sample.expected))
    }
    right = result == sample.expected
    said = app.say(f"screen.demo.{'as-expected' if right else 'unexpected'}", **values)
    app.show(Hanging(Text(said, style="green" if right else "red"), MARGIN), Text())
    return right
