"""The verdict: from what the checks found to accepted, rejected or inconclusive.

* **rejected**: an indicator in scope misses its target, or a gate of one has a finding.
* **inconclusive**: not rejected, and an indicator in scope was examined less than the plan wants, a
  deciding check of one crashed, or one of its gates has suspects that nobody has decided.
* **accepted**: neither.

A rate belongs to (indicator, unit): distinct wrong subjects over distinct examined ones, so a box
that is wrong in three checks is one wrong box. A subject is examined when at least one check could
tell. *Path* checks bring the rate of values. Suspects and waived findings never count as wrong.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from qc.rates import Rate, rates, reach

if TYPE_CHECKING:
    from qc.checks.model import Outcome
    from qc.indicators import Indicator
    from qc.plan.model import Plan, Target
    from qc.words import Words

__all__ = ["IndicatorResult", "Rate", "Reason", "Verdict", "judge", "rates", "reach", "say"]

Result = Literal["accepted", "rejected", "inconclusive"]
Status = Literal["met", "missed", "not-measured", "low-coverage", "not-in-scope"]

#: Normal quantile of a two-sided interval of 95 %.
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class IndicatorResult:
    """One line of the table of indicators: an indicator in one unit against its target.

    ``rate``, ``coverage``, ``target``, ``min_coverage`` and the bounds ``low`` and ``high`` are shares,
    ``None`` where there is none. ``allowed`` is how many wrong subjects the target bears.
    ``gate_findings`` are unwaived findings of its gates (each of which rejects, whatever the rate).
    """

    id: str
    name: Mapping[str, str]
    unit: str
    status: Status
    examined: int = 0
    wrong: int = 0
    unknown: int = 0
    waived: int = 0
    rate: float | None = None
    low: float | None = None
    high: float | None = None
    coverage: float | None = None
    target: float | None = None
    min_coverage: float | None = None
    allowed: int | None = None
    gate_findings: int = 0


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: ``result`` is what it speaks for, ``kind`` names its words (``verdict.reason.KIND``).

    Rejected: ``missed``, ``missed-lower``, ``gate``, ``gate-dataset``. Inconclusive: ``not-measured``,
    ``low-coverage``, ``low-coverage-unread``, ``gate-low-coverage``, ``crashed``, ``gate-suspects``,
    ``nothing-in-scope`` (of no indicator).
    """

    result: Result
    kind: str
    indicator: str
    check: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``reasons``: those that decided first, then what else stands open.

    ``default_targets``: no plan set targets, the shipped ones held. ``regraded``: checks whose effect
    or severity the plan changed or that it switched off. ``waived``: findings that a waiver covers.
    """

    result: Result
    reasons: tuple[Reason, ...]
    indicators: tuple[IndicatorResult, ...]
    default_targets: bool
    regraded: tuple[str, ...] = ()
    waived: int = 0

    @property
    def deciding(self) -> tuple[Reason, ...]:
        """The reasons that made the result."""
        return tuple(r for r in self.reasons if r.result == self.result)

    @property
    def unchecked(self) -> tuple[IndicatorResult, ...]:
        """Indicators in scope of which nothing was examined: to be said beside any result."""
        return tuple(line for line in self.indicators if line.status == "not-measured")

    def to_json(self) -> dict[str, Any]:
        """For ``verdict.json``."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Verdict:
        """Reads one back; keys of later versions are left out."""
        own = _known(cls, data)
        own["reasons"] = tuple(Reason(**_known(Reason, r)) for r in data["reasons"])
        own["indicators"] = tuple(IndicatorResult(**_known(IndicatorResult, i)) for i in data["indicators"])
        own["regraded"] = tuple(data.get("regraded", ()))
        return cls(**own)


def _known(kind: type, data: Mapping[str, Any]) -> dict[str, Any]:
    names = {f.name for f in fields(kind)}
    return {k: v for k, v in data.items() if k in names}


# --- the rule -------------------------------------------------------------------------------


def judge(outcomes: Sequence[Outcome], measured: Iterable[Rate], plan: Plan) -> Verdict:
    """The verdict; pure, and the same for any order of its arguments."""
    ordered = sorted(outcomes, key=lambda o: o.check)
    by_unit = {(r.indicator, r.unit): r for r in measured}
    results: list[IndicatorResult] = []
    reasons: list[Reason] = []
    for indicator in plan.indicators.values():
        own = [o for o in ordered if o.indicator == indicator.id]
        for unit in _units(indicator, by_unit, plan):
            target = plan.target(indicator.id, unit)
            rate = by_unit.get((indicator.id, unit))
            if unit:
                line, why = _rated(indicator, unit, rate, target, _gate_findings(own))
            else:
                line, why = _gated(indicator, own, target)
            results.append(line)
            reasons += why
        if indicator.id in plan.scope:
            reasons += _checks(indicator, own)
    if not plan.scope:
        reasons.append(Reason("inconclusive", "nothing-in-scope", ""))
    result: Result = "accepted"
    for worse in ("inconclusive", "rejected"):
        if any(r.result == worse for r in reasons):
            result = worse
    reasons.sort(key=lambda r: r.result != "rejected")
    return Verdict(
        result,
        tuple(reasons),
        tuple(results),
        plan.default_targets,
        tuple(sorted(c for c, r in plan.checks.items() if r.effect or r.severity or r.enabled is False)),
        sum(o.waived for o in ordered),
    )


def _units(indicator: Indicator, measured: Mapping[tuple[str, str], Rate], plan: Plan) -> list[str]:
    """The indicator's own unit first, then those that were measured or have a target of their own."""
    more = {unit for name, unit in measured if name == indicator.id}
    more |= {unit for name, unit in plan.targets if name == indicator.id and unit is not None}
    named = {unit for name, unit in plan.targets if name == indicator.id}
    own = [] if named and None not in named and indicator.unit not in named else [indicator.unit]
    return own + sorted(more - {indicator.unit})


def _rated(
    indicator: Indicator, unit: str, rate: Rate | None, target: Target | None, gate_findings: int
) -> tuple[IndicatorResult, list[Reason]]:
    rate = rate or Rate(indicator.id, unit, 0, 0)
    share = rate.rate
    low, high = _interval(rate) if rate.sampled else (None, None)
    status: Status
    why: list[Reason] = []
    allowed = None
    if target is None or (target.target is None and unit != indicator.unit):
        status = "not-in-scope"
    elif share is None:
        status = "not-measured"
        if target.min_coverage > 0 and target.target is not None:
            why.append(Reason("inconclusive", "not-measured", indicator.id, None, {"unit": unit}))
    else:
        values = {"unit": unit, "rate": share, "target": target.target, "examined": rate.examined}
        values |= {"wrong": rate.wrong, "unknown": rate.unknown, "low": low}
        lower = target.basis == "lower" and low is not None
        status = "met"
        if target.target is not None:
            exact = Fraction(str(target.target))
            allowed = math.floor(rate.examined * (1 - exact))
            missed = low < target.target if lower and low is not None else rate.wrong > allowed
            if missed:
                status = "missed"
                kind = "missed-lower" if lower else "missed"
                why.append(Reason("rejected", kind, indicator.id, None, {**values, "allowed": allowed}))
        if rate.coverage < target.min_coverage:
            status = "missed" if status == "missed" else "low-coverage"
            more = {"coverage": rate.coverage, "min_coverage": target.min_coverage}
            kind = "low-coverage" if rate.unknown else "low-coverage-unread"
            why.append(Reason("inconclusive", kind, indicator.id, None, {**values, **more}))
    line = IndicatorResult(
        indicator.id,
        indicator.name,
        unit,
        status,
        rate.examined,
        rate.wrong,
        rate.unknown,
        rate.waived,
        share,
        low,
        high,
        rate.coverage if share is not None or rate.unknown else None,
        target.target if target else None,
        target.min_coverage if target else None,
        allowed,
        gate_findings,
    )
    return line, why


def _gated(
    indicator: Indicator, outcomes: list[Outcome], target: Target | None
) -> tuple[IndicatorResult, list[Reason]]:
    """An indicator that gates alone decide: one line without a rate."""
    gates = [o for o in outcomes if o.effect == "gate" and o.status != "crashed"]
    examined, unknown = sum(o.examined for o in gates), sum(o.unknown for o in gates)
    found = _gate_findings(outcomes)
    coverage = examined / (examined + unknown) if examined + unknown else None
    status: Status = "met"
    why: list[Reason] = []
    if target is None:
        status = "not-in-scope"
    elif found:
        status = "missed"
    elif not examined:
        status = "not-measured"
        if target.min_coverage > 0:
            why.append(Reason("inconclusive", "not-measured", indicator.id, None, {"unit": ""}))
    elif coverage is not None and coverage < target.min_coverage:
        status = "low-coverage"
        values = {"coverage": coverage, "min_coverage": target.min_coverage, "unknown": unknown}
        why.append(Reason("inconclusive", "gate-low-coverage", indicator.id, None, values))
    line = IndicatorResult(
        indicator.id,
        indicator.name,
        "",
        status,
        examined=examined,
        wrong=sum(o.wrong for o in gates),
        unknown=unknown,
        waived=sum(o.waived for o in gates),
        coverage=coverage,
        min_coverage=target.min_coverage if target else None,
        gate_findings=found,
    )
    return line, why


def _gate_findings(outcomes: Iterable[Outcome]) -> int:
    return sum(_open(o) for o in outcomes if o.effect == "gate" and o.certainty == "certain")


def _open(outcome: Outcome) -> int:
    """Wrong subjects of a check that no waiver covers."""
    return 0 if outcome.status in ("waived", "crashed") else max(0, outcome.wrong - outcome.waived)


def _checks(indicator: Indicator, outcomes: list[Outcome]) -> list[Reason]:
    """What single checks of an indicator in scope say: gates with findings, crashes."""
    why = []
    for o in outcomes:
        if o.effect == "note":
            continue
        if o.status == "crashed":
            why.append(Reason("inconclusive", "crashed", indicator.id, o.check))
        elif o.effect == "gate" and (wrong := _open(o)):
            values = {"wrong": wrong, "subject": o.subject}
            if o.certainty == "certain":
                kind = "gate-dataset" if o.subject == "dataset" else "gate"
                why.append(Reason("rejected", kind, indicator.id, o.check, values))
            else:
                why.append(Reason("inconclusive", "gate-suspects", indicator.id, o.check, values))
    return why


def _interval(rate: Rate) -> tuple[float | None, float | None]:
    """Wilson's score interval of the rate, 95 % (Wilson 1927)."""
    share, n = rate.rate, rate.examined
    if share is None:
        return None, None
    scale = 1 + _Z**2 / n
    middle = (share + _Z**2 / (2 * n)) / scale
    half = _Z / scale * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return max(0.0, middle - half), min(1.0, middle + half)


# --- words ----------------------------------------------------------------------------------


def say(
    reason: Reason, verdict: Verdict, words: Words, titles: Mapping[str, Mapping[str, str]] | None = None
) -> str:
    """A reason as one line in the reader's language.

    ``titles`` gives the titles of checks (``{"ko": …, "en": …}``); without one its id is shown.
    """
    names = {line.id: line.name for line in verdict.indicators}
    values: dict[str, Any] = dict(reason.values)
    if "unit" in values:
        values["unit"] = unit_in_full(values["unit"], words)
    if "subject" in values:
        values["subject"] = unit_in_full(values["subject"], words)
    values["indicator"] = words.choice(names.get(reason.indicator, {})) or reason.indicator
    values["check"] = words.choice((titles or {}).get(reason.check or "", {})) or reason.check
    values["code"] = reason.check
    return words.text(f"verdict.reason.{reason.kind}", **values)


def unit_in_full(unit: str, words: Words) -> str:
    """What is counted, as a sentence calls it: ``데이터(이미지 등)`` where a table has ``데이터``."""
    full = f"verdict.unit-in-full.{unit}"
    return words.text(full if full in words else f"verdict.unit.{unit or 'any'}")
