"""What a plan consists of; :mod:`qc.plan.plans` reads one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from qc import globs

if TYPE_CHECKING:
    import datetime
    from pathlib import Path

    from qc.indicators import Indicator

#: What a quantity or a composition may count.
COUNTED = ("file", "item", "annotation", "track", "hour")

#: Least share that must have been examined where a plan does not say.
MIN_COVERAGE = 0.95

#: (indicator, unit); without a unit it holds for every unit that has no target of its own.
TargetKey = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Binding:
    """Label files under ``match`` (:mod:`qc.globs`) follow ``schema``: an id, or an absolute path."""

    match: str
    schema: str
    place: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Target:
    """What an indicator in scope must reach.

    ``target`` is the least share of faultless subjects (``None``: gates alone decide),
    ``min_coverage`` the least share of subjects that must have been examined. Of a sampled rate
    ``basis`` says what meets the target: the ``estimate`` or the ``lower`` bound of its interval.
    """

    target: float | None
    min_coverage: float = MIN_COVERAGE
    basis: Literal["estimate", "lower"] = "estimate"


@dataclass(frozen=True, slots=True)
class Regrade:
    """What the plan changes in a check; ``None`` leaves it as the check has it."""

    enabled: bool | None = None
    effect: str | None = None
    severity: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    place: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class PlannedClass:
    """A class of the vocabulary, its path ``parent/name``, and how many annotations are agreed."""

    name: str
    parent: str | None = None
    min: int | None = None
    max: int | None = None


@dataclass(frozen=True, slots=True)
class Quantity:
    """An agreed amount: ``min`` to ``max`` of ``counts``, among those of class, split and group given."""

    name: str
    counts: str
    min: float | None = None
    max: float | None = None
    class_: str | None = None
    split: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """An agreed part of a whole: of ``counts``, ``share`` (± ``tolerance``) have ``value`` for ``by``.

    ``by`` is ``class``, ``split``, ``group`` or the name of an attribute.
    """

    name: str
    counts: str
    by: str
    value: str
    share: float
    tolerance: float


@dataclass(frozen=True, slots=True)
class Waiver:
    """Findings of ``check`` (under ``where``, a glob over virtual paths) that are accepted as they
    are: why, by whom, and up to which day (ISO date, included)."""

    check: str
    reason: str
    by: str
    until: str
    where: str | None = None
    place: str = field(default="", compare=False)

    def holds(self, day: datetime.date) -> bool:
        """Whether it is still in force on ``day``."""
        return day.isoformat() <= self.until


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan, its bases merged in. Build one with :func:`qc.plan.load` or :func:`qc.plan.default`.

    ``default_targets``: only the shipped targets hold; nobody agreed any.
    """

    path: Path | None
    name: str | None
    category: str | None
    round: int | None
    layout: str | None
    schemas: tuple[Binding, ...]
    targets: Mapping[TargetKey, Target]
    default_targets: bool
    checks: Mapping[str, Regrade]
    indicators: Mapping[str, Indicator]
    classes: tuple[PlannedClass, ...]
    quantities: tuple[Quantity, ...]
    composition: tuple[Share, ...]
    waivers: tuple[Waiver, ...]
    bases: tuple[str, ...]
    digest: str

    def target(self, indicator: str, unit: str) -> Target | None:
        """The target of (indicator, unit); ``None`` when the indicator is not in scope."""
        return self.targets.get((indicator, unit)) or self.targets.get((indicator, None))

    @property
    def scope(self) -> tuple[str, ...]:
        """Indicators that decide, in the order of the list."""
        named = {indicator for indicator, _ in self.targets}
        return tuple(i for i in self.indicators if i in named)

    def binding_of(self, path: str, among: Collection[int] | None = None) -> int | None:
        """Number in ``schemas`` of the first binding that matches the virtual ``path``; only of those
        ``among``, if they are named."""
        numbers = range(len(self.schemas)) if among is None else among
        return next((n for n in numbers if globs.matches(self.schemas[n].match, path)), None)
