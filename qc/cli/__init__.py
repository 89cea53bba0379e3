"""The command line: parse, delegate, exit code. Nothing imports it."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the ``qc`` command; leaves with its exit code."""
    from qc.cli.running import run  # noqa: PLC0415 - keeps `import qc.cli` free of Click and rich

    sys.exit(run(sys.argv[1:]))
