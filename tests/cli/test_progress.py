from __future__ import annotations

import io

import pytest
from rich.console import Console

from qc.cli.app import App, console
from qc.cli.progress import Bar, Lines, Screen, screen
from qc.words import Words
from tests.cli import made


def app(*, terminal: bool = False) -> App:
    out, err = io.StringIO(), io.StringIO()
    return App(Words("ko"), console(out), Console(file=err, force_terminal=terminal, width=80), "ko")


def said(app: App) -> str:
    assert isinstance(app.err.file, io.StringIO)
    return app.err.file.getvalue()


def test_plain_lines_come_every_ten_seconds_and_at_the_end() -> None:
    now = [0.0]
    one = app()
    with Lines(one, "0.1.0", clock=lambda: now[0]) as listener:
        listener.phase("labels")
        listener.total(1000, 10**6)
        for second in range(1, 41):
            now[0] = float(second)
            listener.advance(25, 25_000)
        listener.phase("link")
        now[0] += 60
        listener.phase("checks")
    assert said(one).splitlines() == [
        "라벨 읽기  250/1,000개 (25%)  25개/초  30초 남음",
        "라벨 읽기  500/1,000개 (50%)  25개/초  20초 남음",
        "라벨 읽기  750/1,000개 (75%)  25개/초  10초 남음",
        "라벨 읽기  1,000개  40초",
    ]


def test_what_is_left_is_told_by_the_work_and_not_by_the_number_of_files() -> None:
    """Half of the files are done and a tenth of the work: a large file among small ones, on its way."""
    now = [0.0]
    one = app()
    with Lines(one, "0.1.0", clock=lambda: now[0]) as listener:
        listener.phase("labels")
        listener.total(200, 50.0)
        now[0] = 10.0
        listener.advance(100, 5.0)
        now[0] = 20.0
        listener.advance(0, 20.0)
        listener.advance(100, 25.0)
    assert said(one).splitlines() == [
        "라벨 읽기  100/200개 (10%)  10개/초  1분 30초 남음",
        "라벨 읽기  100/200개 (50%)  5개/초  20초 남음",
        "라벨 읽기  200개  20초",
    ]


def test_the_bar_shows_phase_files_and_leaves_nothing() -> None:
    one = app(terminal=True)
    with Bar(one, "0.1.0") as listener:
        listener.phase("list")
        listener.preview(made.preview())
        listener.phase("labels")
        listener.total(2000, 10**6)
        listener.advance(500, 250_000)
        listener.note("verdict.note.waived", waived=3)
        listener._progress.refresh()
    text = said(one)
    assert "라벨 읽기" in text and "500/2,000" in text and "예외로 인정되어" in text
    assert isinstance(one.out.file, io.StringIO) and "598쌍" in one.out.file.getvalue()


@pytest.mark.parametrize(
    ("terminal", "quiet", "progress", "kind"),
    [
        (True, False, True, Bar),
        (False, False, True, Lines),
        (True, True, True, Screen),
        (True, False, False, Screen),
    ],
)
def test_listener_fits_the_streams(terminal: bool, quiet: bool, progress: bool, kind: type) -> None:
    one = app(terminal=terminal)
    one.quiet, one.progress = quiet, progress
    assert type(screen(one, "0.1.0")) is kind
