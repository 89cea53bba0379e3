"""How pieces of an archive are known by their names."""

from __future__ import annotations

import pytest

from qc.deliverable import sequences
from qc.deliverable.kinds import kinds
from qc.deliverable.sequences import PLAIN, VOLUMES, Piece

PIECES = {
    "X.zip.part0": Piece("X.zip", PLAIN, 0),
    "X.zip.part1073741824": Piece("X.zip", PLAIN, 1073741824),
    "X.ZIP.001": Piece("X.ZIP", PLAIN, 1),
    "라벨.tar.gz.012": Piece("라벨.tar.gz", PLAIN, 12),
    "X.tar.part_3": Piece("X.tar", PLAIN, 3),
    "X.zip.partaa": Piece("X.zip", PLAIN, 0),
    "X.zip.part-bz": Piece("X.zip", PLAIN, 51),
    "X.zip.ab": Piece("X.zip", PLAIN, 1),
    "X.z01": Piece("X.zip", VOLUMES, 1),
    "X.Z123": Piece("X.zip", VOLUMES, 123),
}


@pytest.mark.parametrize("name", PIECES)
def test_names_of_pieces(name: str) -> None:
    assert sequences.piece(name) == PIECES[name]
    assert kinds().medium(name, name.rpartition(".")[2].lower()) == "archive"


@pytest.mark.parametrize(
    "name",
    ["X.zip", "X.tar.gz", "X.tar.xz", "X.tar.bz2", "a.json.001", "X.zip.py", "X.part1", ".z01", "X.z1"],
)
def test_names_of_others(name: str) -> None:
    assert sequences.piece(name) is None


@pytest.mark.parametrize("name", ["X.part1.rar", "X.r00"])
def test_volumes_of_rar_are_archives_that_nobody_reads(name: str) -> None:
    assert sequences.piece(name) is None
    assert kinds().medium(name, name.rpartition(".")[2]) == "archive"


@pytest.mark.parametrize(
    ("sizes", "names", "whole"),
    [
        ({"a.zip.part0": 9}, ["a.zip.part0"], True),
        ({"a.zip.001": 9}, ["a.zip.001"], True),
        ({"a.zip.002": 9}, ["a.zip.002"], False),
        ({"a.zip.10": 1, "a.zip.2": 9, **{f"a.zip.{n}": 9 for n in (1, 3, 4, 5, 6, 7, 8, 9)}},
         [f"a.zip.{n}" for n in range(1, 11)], True),
        ({"a.zip.part0": 10, "a.zip.part10": 7, "a.zip.part17": 1},
         ["a.zip.part0", "a.zip.part10", "a.zip.part17"], True),
        ({"a.zip.part0": 10, "a.zip.part17": 1}, ["a.zip.part0", "a.zip.part17"], False),
        ({"a.zip.part0": 10, "a.zip.part10": 8, "a.zip.part17": 1},
         ["a.zip.part0", "a.zip.part10", "a.zip.part17"], False),
        ({"a.zip.001": 1, "a.zip.003": 1}, ["a.zip.001", "a.zip.003"], False),
        ({"a.zip": 1, "a.z01": 1, "a.z02": 1}, ["a.z01", "a.z02", "a.zip"], True),
        ({"a.zip": 1, "a.z02": 1}, ["a.z02", "a.zip"], False),
        ({"a.z01": 1, "a.z02": 1}, ["a.z01", "a.z02"], False),
        ({"A.ZIP": 1, "a.z01": 1}, ["a.z01", "A.ZIP"], True),
    ],
    ids=["one", "one from 1", "not the first", "numbers, not letters", "offsets", "gap in offsets",
         "offsets that disagree with sizes", "gap", "volumes", "gap in volumes", "no last", "case"],
)  # fmt: skip
def test_order_and_completeness(sizes: dict[str, int], names: list[str], whole: bool) -> None:
    (found,) = sequences.found(sizes)
    assert (list(found.names), found.whole) == (names, whole)


def test_sequences_of_one_folder_are_kept_apart() -> None:
    names = ["a.zip.001", "b.zip.001", "a.zip.002", "a.tar.001", "c.zip", "c.z01", "d.zip"]
    sizes = dict.fromkeys(names, 1)
    found = {one.name: one.names for one in sequences.found(sizes)}
    assert found == {
        "a.zip": ("a.zip.001", "a.zip.002"), "b.zip": ("b.zip.001",), "a.tar": ("a.tar.001",),
        "c.zip": ("c.z01", "c.zip"),
    }  # fmt: skip
