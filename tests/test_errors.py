"""Errors as they are said: what a system refuses has words of ours in both languages."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from qc.errors import QcError, Said, refusal, refusal_in
from qc.runs import disk
from qc.words import LANGUAGES, Words

USUAL = (errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EROFS, errno.ENAMETOOLONG)


@pytest.mark.parametrize("code", [*USUAL, errno.EISDIR, errno.ENOTDIR])
def test_the_usual_refusals_are_said_in_the_readers_language(code: int) -> None:
    error = disk.unwritable(Path("x"), OSError(code, os.strerror(code)))
    said = {lang: Words(lang).error(error) for lang in LANGUAGES}
    assert os.strerror(code) not in said["ko"]
    assert all("system." not in text and "Said" not in text for text in said.values())


def test_the_rest_is_said_as_the_system_does() -> None:
    assert refusal(OSError(errno.ELOOP, "Too many links")) == "Too many links"
    assert refusal(OSError()) == "OSError"


def test_words_of_the_system_are_found_in_those_of_a_library() -> None:
    quoted = 'IO Error: Could not write file "x": No space left on device\nmore'
    assert refusal_in(quoted) == Said("system.full")
    assert refusal_in("IO Error: something\nmore") == "IO Error: something"


def test_words_inside_words_are_said_in_one_language() -> None:
    error = QcError("checks.unknown-key", path="p", key="k", near=Said("checks.near", {"name": "id"}))
    assert Words("ko").error(error) == "p: 알 수 없는 항목 'k' (비슷한 이름: id)"
    assert Words("en").error(error) == "p: unknown key 'k' (nearest: id)"
