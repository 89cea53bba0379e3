"""Building blocks of screens: hanging text, pairs of name and value, and numbers as people write them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from qc.words import percent

if TYPE_CHECKING:
    from qc.words import Words

_RULED = box.Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)

#: Columns left of everything.
MARGIN = 2


class Hanging:
    """Text whose lines all begin at ``indent``; ``first`` stands before the first of them.

    On a terminal every line is folded to the width. Elsewhere a ``whole`` text stays one line, so that
    places can be searched and cut with other tools. A ``copied`` text (a path, a command) is one line
    everywhere: where it is too long the terminal breaks it, and puts it together again when it is copied.
    """

    def __init__(
        self,
        text: Text | str,
        indent: int,
        first: Text | str = "",
        *,
        whole: bool = False,
        copied: bool = False,
    ) -> None:
        self.text = Text(text) if isinstance(text, str) else text
        self.indent = indent
        self.first = Text(first) if isinstance(first, str) else first
        self.whole = whole
        self.copied = copied

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(options.max_width - self.indent, 20)
        if self.copied or (self.whole and not console.is_terminal):
            lines: Iterable[Text] = [self.text]
        else:
            lines = self.text.wrap(console, width, overflow="fold")
        blank = " " * self.indent
        for number, line in enumerate(lines):
            line.rstrip()
            before = self.first if number == 0 else Text()
            filled = Text.assemble(before, blank[before.cell_len :])
            yield Text.assemble(filled, line, no_wrap=True, overflow="ignore")


def named(rows: Sequence[tuple[str, RenderableType]], width: int | None = None) -> Padding:
    """Names on the left, values beside them."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(
        style="dim", no_wrap=True, width=width or max((cell_len(name) for name, _ in rows), default=1)
    )
    grid.add_column(overflow="fold")
    for name, value in rows:
        grid.add_row(Text(name), value)
    return Padding(grid, (0, 0, 0, MARGIN), expand=False)


def columns() -> Table:
    """An empty table with a line under its head and no other lines; the line is of hyphens, because
    the signs of frames are two columns wide in some consoles."""
    return Table(box=_RULED, show_edge=False, pad_edge=False, header_style="dim", border_style="dim")


def heading(text: str, remark: str = "") -> Hanging:
    """A title of a part of the screen."""
    return Hanging(Text.assemble((text, "bold"), "  " if remark else "", (remark, "dim")), MARGIN)


def size(count: int) -> str:
    """Bytes in decimal units, as disks and file managers of today count: ``1.2 GB``."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("KB", "MB", "GB"):
        value /= 1000
        if value < 999.95:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:,.1f} TB"


def share_right(examined: int, wrong: int, target: float | None = None) -> str:
    """Part that is right, with two digits, or as many more as it takes not to look like the other side
    of the target: what misses 99% is shown as 98.996%, not as 99.00%.
    """
    share = (examined - wrong) / examined
    text = percent(share, 2)
    for digits in range(3, 8):
        if target is None or (share < target) == (round(float(text[:-1]), 9) < round(target * 100, 9)):
            break
        text = percent(share, digits)
    return text


def limit(target: float) -> str:
    """A target as it is written in plans: ``99%``, ``99.5%``."""
    return f"{target * 100:.6f}".rstrip("0").rstrip(".") + "%"


def nearby(path: Path) -> str:
    """``path`` as short as it stays true: relative when it lies below the current folder."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def typed(path: Path | str) -> str:
    """A path as it can be pasted into a shell."""
    text = nearby(path) if isinstance(path, Path) else path
    if os.name == "nt":
        return f'"{text}"' if any(sign in text for sign in " &()^;,'") else text
    return shlex.quote(text)


def unit_name(unit: str, words: Words) -> str:
    """What is counted: ``파일``, ``값`` …"""
    key = f"verdict.unit.{unit}"
    return words.text(key) if key in words else unit
