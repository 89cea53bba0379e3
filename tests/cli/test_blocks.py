from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from qc.report.blocks import Hanging, limit, nearby, share_right, size, typed
from qc.report.places import Place


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (999_949, "999.9 KB"), (999_950, "1.0 MB"),
     (1_234_567_890, "1.2 GB"), (5 * 10**15, "5,000.0 TB")],
)  # fmt: skip
def test_size(count: int, said: str) -> None:
    assert size(count) == said


@pytest.mark.parametrize(
    ("examined", "wrong", "target", "said"),
    [
        pytest.param(100, 1, 0.99, "99.00%", id="exactly met"),
        pytest.param(100_000, 1_004, 0.99, "98.996%", id="missed by a hair does not look met"),
        pytest.param(100_000, 996, 0.99004, "99.004%", id="met by a hair does not look missed"),
        pytest.param(1_000_000, 1, None, "99.9999%", id="never rounded to 100"),
        pytest.param(1_000_000, 999_999, None, "0.0001%", id="never rounded to 0"),
        pytest.param(3, 0, 0.99, "100.00%", id="all"),
    ],
)
def test_share_never_looks_like_the_other_side(
    examined: int, wrong: int, target: float | None, said: str
) -> None:
    assert share_right(examined, wrong, target) == said


@pytest.mark.parametrize(("target", "said"), [(0.99, "99%"), (0.995, "99.5%"), (1.0, "100%"), (0.9, "90%")])
def test_limit(target: float, said: str) -> None:
    assert limit(target) == said


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (
            Place("TL_1.zip", "a/b.json", "/annotations/3/bbox", 23, 5),
            "TL_1.zip › a/b.json › /annotations/3/bbox",
        ),
        (Place(None, "a/b.json"), "a/b.json"),
        (Place("TL_1.zip", None), "TL_1.zip"),
        (Place(None, "가\n나.json"), "가\\x0a나.json"),
        (Place(), ""),
    ],
)
def test_place(place: Place, said: str) -> None:
    assert str(place) == said


@pytest.mark.parametrize(
    ("place", "said"), [(Place(line=3, col=4), "3:4"), (Place(line=3), "3"), (Place(), "")]
)
def test_spot(place: Place, said: str) -> None:
    assert place.spot == said


def lines(text: str, width: int, *, terminal: bool, whole: bool = False, copied: bool = False) -> list[str]:
    console = Console(
        width=width, force_terminal=terminal, no_color=True, record=True, file=None, quiet=False
    )
    with console.capture() as capture:
        console.print(Hanging(Text(text), 4, " 1", whole=whole, copied=copied), crop=terminal and not copied)
    return capture.get().splitlines()


def test_hanging_text_is_folded_by_columns_not_letters() -> None:
    got = lines("가나다라마바사아자차 " * 5, 30, terminal=True, whole=False)
    assert got[0].startswith(" 1  가") and all(line.startswith("    ") for line in got[1:])
    assert max(map(cell_len, got)) <= 30
    assert "".join("".join(got).split()) == "1" + "가나다라마바사아자차" * 5


def test_long_names_are_folded_not_cut() -> None:
    name = "아주긴이름" * 20
    assert "".join("".join(lines(name, 40, terminal=True, whole=True)).split()) == "1" + name


def test_whole_text_stays_on_one_line_in_a_pipe() -> None:
    name = "아주긴이름" * 40
    assert lines(name, 40, terminal=False, whole=True) == [f" 1  {name}"]


@pytest.mark.parametrize("terminal", [True, False])
def test_what_is_copied_is_never_broken(terminal: bool) -> None:
    command = "qc show " + "/납품/결과" * 30
    assert lines(command, 40, terminal=terminal, copied=True) == [f" 1  {command}"]


def test_paths_below_the_current_folder_are_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert nearby(tmp_path / "a" / "b") == str(Path("a", "b"))
    assert nearby(tmp_path.parent) == str(tmp_path.parent)


def test_typed_paths_survive_a_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert typed(Path("qc-runs", "a b"))[0] in "'\""
    assert typed(Path("qc-runs", "a")) == str(Path("qc-runs", "a"))
