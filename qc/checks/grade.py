"""From checks and a plan to tasks: what runs, with which effect, severity, parameters and waivers."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qc.checks.load import near
from qc.errors import QcError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qc.checks.model import Check, Library, Value
    from qc.plan.model import Plan, Waiver


@dataclass(frozen=True, slots=True)
class Task:
    """A check as it runs in one inspection."""

    check: Check
    effect: str
    severity: str
    values: dict[str, Value]
    waivers: tuple[Waiver, ...] = ()


def tasks(
    library: Library, plan: Plan | None = None, select: Sequence[str] = (), ignore: Sequence[str] = ()
) -> tuple[Task, ...]:
    """The tasks, sorted by id. ``select`` and ``ignore`` hold ids, families or globs.

    Raises :class:`QcError` for a pattern that means no check, and for what the plan says of checks
    that do not exist or parameters that do not fit.
    """
    for pattern in (*select, *ignore):
        if not any(_matches(pattern, c) for c in library.checks):
            raise QcError("checks.no-such-check", name=pattern, near=near(pattern, library.checks))
    made = []
    for check in library.checks.values():
        if (select and not _any(select, check.id)) or _any(ignore, check.id):
            continue
        regrade = plan.checks.get(check.id) if plan else None
        if regrade and regrade.enabled is False:
            continue
        effect = (regrade and regrade.effect) or check.effect
        if effect == "measure" and not check.counted and check.subject != "path":
            raise QcError("checks.cannot-measure", check=check.id, subject=check.subject)
        made.append(
            Task(
                check,
                effect,
                (regrade and regrade.severity) or check.severity,
                _values(check, dict(regrade.parameters) if regrade else {}),
                tuple(w for w in plan.waivers if w.check == check.id) if plan else (),
            )
        )
    return tuple(made)


def _values(check: Check, changed: dict[str, Value]) -> dict[str, Value]:
    for name, value in changed.items():
        if name not in check.params:
            raise QcError(
                "checks.no-such-parameter", check=check.id, name=name, near=near(name, check.params)
            )
        if not check.params[name].accepts(value):
            raise QcError("checks.parameter-value", check=check.id, name=name, value=value)
    return {name: p.cast(changed.get(name, p.default)) for name, p in check.params.items()}


def _any(patterns: Iterable[str], check: str) -> bool:
    return any(_matches(pattern, check) for pattern in patterns)


def _matches(pattern: str, check: str) -> bool:
    return check == pattern or check.startswith(f"{pattern}.") or fnmatch.fnmatchcase(check, pattern)
