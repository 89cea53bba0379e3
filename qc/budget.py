"""What DuckDB may use. Its own default, four fifths of the memory, is not ours to take."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Budget:
    """``temp`` is where a query spills; without it one that does not fit into memory fails.

    ``seconds`` bounds one query of a check. The memory is less than the facts of a million files need, and
    what spills costs little. Each thread needs memory of its own, so there are not many.
    """

    memory_mib: int = 512
    threads: int = max(1, min(os.cpu_count() or 1, 8))
    temp: Path | None = None
    seconds: float = 300.0

    def config(self) -> dict[str, str | bool | int | float | list[str]]:
        """Settings for ``duckdb.connect``. Nothing is fetched."""
        return {
            "threads": self.threads,
            "memory_limit": f"{self.memory_mib}MiB",
            "temp_directory": str(self.temp) if self.temp else "",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
