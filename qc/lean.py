"""Keeps a process from loading what it does not need.

pyarrow imports pandas, if it is installed, at the first array that is made: a quarter of a second and fifty
megabytes in every worker, for nothing. (FiftyOne brings pandas along.) It also looks for dateutil at every
array, which costs a search of all folders each time where it is not installed.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder

#: What pyarrow looks for and we never need.
_UNWANTED = frozenset({"pandas", "dateutil"})


class _Absent(MetaPathFinder):
    """Says that what is unwanted is not installed."""

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname in _UNWANTED:
            raise ModuleNotFoundError(f"{fullname} is not loaded here", name=fullname)


def without_pandas() -> None:
    """From now on ``import pandas`` fails in this process, unless it is loaded already.

    For processes that are ours alone: workers, and the command line.
    """
    if "pandas" not in sys.modules and not any(isinstance(finder, _Absent) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Absent())
