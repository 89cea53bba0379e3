"""The command as a shell starts it: encodings of consoles, pipes that close, exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
START = [sys.executable, "-c", "from qc.cli import main; main()"]


def environment(**more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in ("LC_ALL", "PYTHONUTF8", "COLUMNS")}
    return {**kept, "PYTHONPATH": str(ROOT), "QC_LANG": "ko", **more}


@pytest.mark.parametrize("encoding", ["cp949", "cp1252", "ascii"])
def test_any_console_gets_utf_8(stored: Path, encoding: str) -> None:
    ran = subprocess.run(
        [*START, "show", str(stored)],
        env=environment(PYTHONIOENCODING=encoding),
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0
    assert ran.stderr == b""
    assert "판정  ✗ 부적합" in ran.stdout.decode("utf-8")


def test_errors_too(tmp_path: Path) -> None:
    ran = subprocess.run(
        [*START, "show", str(tmp_path / "없음")],
        env=environment(PYTHONIOENCODING="cp1252"),
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 2
    assert ran.stdout == b""
    assert "없음" in ran.stderr.decode("utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="a shell's >&-")
@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "1>&- 2>&-", "2>/dev/full"])
def test_streams_that_are_not_there(stored: Path, closed: str) -> None:
    script = f'exec "$0" -c "from qc.cli import main; main()" show "$1" {closed}'
    if not Path("/dev/full").exists() and "full" in closed:
        pytest.skip("no /dev/full")
    command = ["sh", "-c", script, sys.executable]
    assert subprocess.run([*command, str(stored)], env=environment(), check=False).returncode == 0
    missing = subprocess.run([*command, str(stored / "none")], env=environment(), check=False).returncode
    assert missing == (4 if "full" in closed else 2)


@pytest.mark.skipif(sys.platform == "win32", reason="head and SIGPIPE")
def test_a_reader_that_goes_away_is_no_failure(stored: Path) -> None:
    process = subprocess.Popen(
        [*START, "show", str(stored), "--format", "json"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    with process.stderr:
        noise = process.stderr.read()
    assert process.wait() == 141
    assert noise == b""


def test_a_real_check_on_a_korean_windows_console(tmp_path: Path) -> None:
    """From the command to the exit code, with a worker process: no schema fits, so it is inconclusive."""
    (tmp_path / "납품").mkdir()
    (tmp_path / "납품" / "가.json").write_text('{"아무": 1}', encoding="utf-8")
    ran = subprocess.run(
        [*START, "check", "납품", "--out", "결과", "--jobs", "1"],
        env=environment(PYTHONIOENCODING="cp949", QC_LANG="ko"),
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    out, err = ran.stdout.decode("utf-8"), ran.stderr.decode("utf-8")
    assert ran.returncode == 3, out + err
    assert "형식을 알 수 없는 라벨 파일 1개" in out and "--schema" in out
    assert "판정 보류" in out and "Traceback" not in err
    assert (tmp_path / "결과" / "findings.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert sorted(path.name for path in (tmp_path / "납품").iterdir()) == ["가.json"]
    again = subprocess.run(
        [*START, "check", "납품", "--out", "결과"],
        env=environment(),
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert again.returncode == 2 and again.stderr.count(b"\n") == 1
