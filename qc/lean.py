"""Keeps a process from loading what it does not need.

pyarrow imports pandas, if it is installed, at the first array that is made: a quarter of a second and fifty
megabytes in every worker, for nothing. (FiftyOne brings pandas along.)
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder


class _Absent(MetaPathFinder):
    """Says that pandas is not installed."""

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is not loaded here", name=fullname)


def without_pandas() -> None:
    """From now on ``import pandas`` fails in this process, unless it is loaded already.

    For processes that are ours alone: workers, and the command line.
    """
    if "pandas" not in sys.modules and not any(isinstance(finder, _Absent) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Absent())
