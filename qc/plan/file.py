"""One plan file as it stands, every value typed; nothing is merged here."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from qc import indicators
from qc.checks.model import EFFECTS, SEVERITIES
from qc.errors import QcError
from qc.indicators import Indicator
from qc.plan import tomls
from qc.plan.model import (
    COUNTED,
    MIN_COVERAGE,
    Binding,
    PlannedClass,
    Quantity,
    Regrade,
    Share,
    Target,
    Waiver,
)


@dataclass(slots=True)
class Part:
    """One file of the chain; ``None`` where it says nothing."""

    path: Path | None = None
    name: str | None = None
    category: str | None = None
    round: int | None = None
    layout: str | None = None
    schemas: tuple[Binding, ...] = ()
    targets: dict[str, dict[str | None, Target] | None] | None = None
    checks: dict[str, Regrade] = field(default_factory=dict)
    indicators: dict[str, Indicator] = field(default_factory=dict)
    classes: tuple[PlannedClass, ...] | None = None
    quantities: tuple[Quantity, ...] | None = None
    composition: tuple[Share, ...] | None = None
    waivers: tuple[Waiver, ...] = ()
    base: str | None = None
    base_place: str = ""


def read(source: tomls.Source) -> Part:
    """What ``source`` says; raises ``QcError`` for what cannot be understood."""
    top = source.top()
    part = Part(path=source.path, base=top.text("extends"), base_place=top.place("extends"))
    project = top.table("project")
    part.name, part.category = project.text("name"), project.text("category")
    part.round = project.whole("round", 1)
    project.close()
    deliverable = top.table("deliverable")
    part.layout = _reference(deliverable, "layout", ".toml")
    deliverable.close()
    part.schemas = tuple(_binding(row) for row in top.rows("schemas") or ())
    part.indicators = {i.id: i for i in map(_indicator, top.rows("indicators") or ())}
    if "targets" in top.data:
        part.targets = _targets(top.table("targets"))
    part.checks = {check: _regrade(table) for check, table in top.table("checks").tables()}
    if (rows := top.rows("classes")) is not None:
        part.classes = _classes(rows)
    if (rows := top.rows("quantities")) is not None:
        part.quantities = tuple(map(_quantity, rows))
    if (rows := top.rows("composition")) is not None:
        part.composition = tuple(map(_share, rows))
    part.waivers = tuple(map(_waiver, top.rows("waivers") or ()))
    top.asked.add("targets")
    top.close()
    return part


def _reference(table: tomls.Table, key: str, ending: str, *, required: bool = False) -> str | None:
    """An id, or the absolute path of a file that is named relative to the plan."""
    value = table.text(key, required=required)
    if value is None or not value.endswith(ending):
        return value
    path = (table.source.path.parent / value).resolve()
    if not path.is_file():
        raise QcError("errors.plan-missing-file", where=table.place(key), name=table.name(key), path=value)
    return str(path)


def _binding(row: tomls.Table) -> Binding:
    match = row.text("match", required=True) or ""
    schema = _reference(row, "schema", ".json", required=True) or ""
    row.close()
    return Binding(match, schema, row.place())


def _indicator(row: tomls.Table) -> Indicator:
    ident = row.text("id", required=True) or ""
    if ident in indicators.shipped():
        raise QcError("errors.plan-repeated", where=row.place("id"), name=row.name("id"), value=ident)
    unit = row.choice("unit", (*indicators.UNITS, "gate")) or "gate"
    texts: dict[str, dict[str, str]] = {}
    for key in ("name", "characteristic", "about"):
        both = row.table(key)
        texts[key] = {lang: both.text(lang, required=key == "name") or "" for lang in ("ko", "en")}
        both.close()
    row.close()
    return Indicator(ident, "" if unit == "gate" else unit, **texts)


def _targets(table: tomls.Table) -> dict[str, dict[str | None, Target] | None]:
    """``indicator = 0.99 | "99 %" | true | false | {target, min_coverage, basis} | [{unit, …}, …]``."""
    found: dict[str, dict[str | None, Target] | None] = {}
    for name in table.data:
        value = table.take(name)
        if isinstance(value, bool):
            found[name] = {None: Target(None)} if value else None
        elif isinstance(value, dict):
            found[name] = dict([_target(table.table(name))])
        elif isinstance(value, list):
            rows = table.rows(name) or []
            found[name] = dict(map(_target, rows))
            if len(found[name] or {}) < len(rows):
                raise QcError(
                    "errors.plan-repeated", where=table.place(name), name=table.name(name), value="unit"
                )
        else:
            found[name] = {None: Target(table.as_share(name, value))}
    return found


def _target(table: tomls.Table) -> tuple[str | None, Target]:
    unit = table.choice("unit", indicators.UNITS)
    target, coverage = table.share("target"), table.share("min_coverage")
    basis = table.choice("basis", ("estimate", "lower"))
    table.close()
    return unit, Target(
        target, MIN_COVERAGE if coverage is None else coverage, "lower" if basis == "lower" else "estimate"
    )


def _regrade(table: tomls.Table) -> Regrade:
    enabled, effect = table.flag("enabled"), table.choice("effect", EFFECTS)
    severity = table.choice("severity", SEVERITIES)
    parameters = {k: v for k, v in table.data.items() if k not in table.asked}
    return Regrade(enabled, effect, severity, MappingProxyType(parameters), table.place())


def _classes(rows: list[tomls.Table]) -> tuple[PlannedClass, ...]:
    found: dict[tuple[str | None, str], PlannedClass] = {}
    for row in rows:
        name, parent = row.text("name", required=True) or "", row.text("parent")
        planned = PlannedClass(name, parent, row.whole("min"), row.whole("max"))
        _ordered(row, planned.min, planned.max)
        row.close()
        if (parent, name) in found:
            raise QcError("errors.plan-repeated", where=row.place("name"), name=row.name("name"), value=name)
        found[parent, name] = planned
    return tuple(found.values())


def _quantity(row: tomls.Table) -> Quantity:
    quantity = Quantity(
        row.text("name", required=True) or "",
        row.choice("counts", COUNTED, required=True) or "",
        row.number("min", 0),
        row.number("max", 0),
        row.text("class"),
        row.text("split"),
        row.text("group"),
    )
    row.close()
    if quantity.min is None and quantity.max is None:
        raise QcError("errors.plan-required", where=row.place(), name=row.name("min"))
    _ordered(row, quantity.min, quantity.max)
    return quantity


def _ordered(row: tomls.Table, low: float | None, high: float | None) -> None:
    if low is not None and high is not None and high < low:
        raise QcError(
            "errors.plan-too-small", where=row.place("max"), name=row.name("max"), value=high, low=low
        )


def _share(row: tomls.Table) -> Share:
    tolerance = row.share("tolerance")
    share = Share(
        row.text("name", required=True) or "",
        row.choice("counts", COUNTED, required=True) or "",
        row.text("by", required=True) or "",
        row.text("value", required=True) or "",
        row.share("share", required=True) or 0.0,
        0.0 if tolerance is None else tolerance,
    )
    row.close()
    return share


def _waiver(row: tomls.Table) -> Waiver:
    until = row.date("until", required=True)
    assert until is not None
    waiver = Waiver(
        row.text("check", required=True) or "",
        row.text("reason", required=True) or "",
        row.text("by", required=True) or "",
        until.isoformat(),
        row.text("where"),
        row.place("check"),
    )
    row.close()
    return waiver
