"""A worker does not load pandas, though pyarrow would."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CODE = """
import sys
from qc.lean import without_pandas
sys.path.insert(0, sys.argv[1])
without_pandas()
import pyarrow as pa
assert pa.array([1, None, 2]).to_pylist() == [1, None, 2]
assert "pandas" not in sys.modules
print("ok")
"""


def test_arrays_are_made_without_pandas(tmp_path: Path) -> None:
    # A pandas that would give itself away: importing it ends the process.
    (tmp_path / "pandas.py").write_text("raise SystemExit('loaded')", encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert ran.stdout.strip() == "ok", ran.stderr
