"""Shows how a check goes on: a bar on a terminal, plain lines in a pipe, nothing when told so."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TaskID
from rich.text import Text

from qc.report.seen import duration, preview_view

if TYPE_CHECKING:
    from rich.progress import Task

    from qc.cli.app import App
    from qc.report.preview import Preview

#: Seconds between two plain lines.
EVERY = 10.0


class Screen:
    """A listener of the pipeline: shows the preview as a result, and remembers where the run is."""

    def __init__(self, app: App, tool: str) -> None:
        self.app = app
        self.tool = tool

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves the screen as it was."""

    def preview(self, preview: Preview) -> None:
        """The first screen."""
        self.app.run = preview.run
        if not self.app.quiet:
            self.app.show(preview_view(preview, self.app.words, self.tool))
            self.app.out.file.flush()

    def phase(self, name: str) -> None:
        """Nothing to be shown."""

    def total(self, files: int, work: float) -> None:
        """Nothing to be shown."""

    def advance(self, files: int, work: float) -> None:
        """Nothing to be shown."""

    def note(self, key: str, **values: object) -> None:
        """A remark."""
        self.app.note(self.app.say(key, **values))


class Lines(Screen):
    """Plain lines: one when a phase begins to count, one every ten seconds, one when it is done."""

    def __init__(self, app: App, tool: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(app, tool)
        self._clock = clock
        self._name = ""
        self._begin = self._said = clock()
        self._files = self._done = 0
        self._work = self._worked = 0.0

    def __exit__(self, *_: object) -> None:
        self._end()

    def phase(self, name: str) -> None:
        """Ends the phase before and begins this one."""
        self._end()
        self._name = name
        self._begin = self._said = self._clock()
        self._files = self._done = 0
        self._work = self._worked = 0.0

    def total(self, files: int, work: float) -> None:
        """So many files are to be done."""
        self._files, self._work = files, work or files

    def advance(self, files: int, work: float) -> None:
        """Says how far it is, if ten seconds have passed: in files, and what is left by the work on them."""
        self._done += files
        self._worked += work or files
        now = self._clock()
        if now - self._said >= EVERY and self._done < self._files and self._worked > 0:
            self._said = now
            took = now - self._begin
            share = min(self._worked / self._work, 1.0)
            words = self.app.words
            self.app.note(
                self.app.say(
                    "screen.progress.line",
                    phase=self.app.say(f"screen.phase.{self._name}"),
                    done=self._done,
                    files=self._files,
                    share=f"{int(share * 100)}%",
                    rate=round(self._done / took),
                    time=duration(took / share - took, words),
                )
            )

    def _end(self) -> None:
        if self._name and self._files:
            phase = self.app.say(f"screen.phase.{self._name}")
            took = duration(self._clock() - self._begin, self.app.words)
            self.app.note(self.app.say("screen.progress.done", phase=phase, done=self._done, time=took))
        self._name = ""


class Bar(Screen):
    """One moving line on a terminal: phase, bar, files, rate and time left."""

    def __init__(self, app: App, tool: str) -> None:
        super().__init__(app, tool)
        self._progress = Progress(
            SpinnerColumn(style="cyan"),
            _Phase(),
            BarColumn(bar_width=24),
            _Files(),
            _Rate(app),
            _Left(app),
            console=app.err,
            transient=True,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def preview(self, preview: Preview) -> None:
        """The first screen, with the moving line out of its way."""
        self._progress.stop()
        super().preview(preview)
        self._progress.start()

    def phase(self, name: str) -> None:
        """Replaces the line."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        words = self.app.say(f"screen.phase.{name}")
        self._task = self._progress.add_task(words, total=None, files=0, all=0)

    def total(self, files: int, work: float) -> None:
        """Sets the length of the bar, in work where that is known: files differ in size and kind."""
        if self._task is not None:
            self._progress.update(self._task, total=work or files, all=files, weighed=work > 0)

    def advance(self, files: int, work: float) -> None:
        """Moves the bar."""
        if self._task is None:
            return
        task = self._progress.tasks[self._progress.task_ids.index(self._task)]
        step = work if task.fields.get("weighed") else files
        self._progress.update(self._task, advance=step, files=task.fields["files"] + files)

    def note(self, key: str, **values: object) -> None:
        """A remark above the line."""
        if not self.app.quiet:
            self._progress.console.print(Text(self.app.say(key, **values), style="dim"))


class _Phase(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(task.description)


class _Files(ProgressColumn):
    def render(self, task: Task) -> Text:
        if not task.fields["all"]:
            return Text("")
        return Text(f"{task.fields['files']:,}/{task.fields['all']:,}")


class _Spoken(ProgressColumn):
    max_refresh = 0.5

    def __init__(self, app: App) -> None:
        super().__init__()
        self.app = app


class _Rate(_Spoken):
    def render(self, task: Task) -> Text:
        done, seconds = task.fields["files"], task.elapsed
        if not done or not seconds:
            return Text("")
        return Text(self.app.say("screen.progress.rate", rate=round(done / seconds)), style="dim")


class _Left(_Spoken):
    def render(self, task: Task) -> Text:
        left = task.time_remaining
        if left is None or not task.completed:
            return Text("")
        return Text(self.app.say("screen.progress.left", time=duration(left, self.app.words)), style="dim")


def screen(app: App, tool: str) -> Screen:
    """The listener that fits: a bar on a terminal, lines elsewhere, neither with ``--no-progress``."""
    if app.quiet or not app.progress:
        return Screen(app, tool)
    return Bar(app, tool) if app.err.is_terminal else Lines(app, tool)
