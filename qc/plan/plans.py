"""The plan: ``qc.toml``, what was agreed for a deliverable.

It says which label files follow which schema, which indicators decide and from what share on,
how checks are regraded and tuned, what is waived, and the agreed classes, quantities and
composition. A plan may extend another; what it says itself goes before what it inherits.

Anything that the plan does not understand is an error that names the line and the nearest
known name: a misspelt setting must not be one that people believe in.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from qc import content, indicators
from qc.errors import QcError
from qc.plan import file, tomls
from qc.plan.file import Part
from qc.plan.model import (
    Binding,
    Plan,
    PlannedClass,
    Quantity,
    Regrade,
    Share,
    Target,
    TargetKey,
    Waiver,
)

if TYPE_CHECKING:
    from qc.checks.model import Check, Parameter
    from qc.indicators import Indicator

__all__ = [
    "FILE_NAME",
    "TABLES",
    "Binding",
    "Plan",
    "PlannedClass",
    "Quantity",
    "Regrade",
    "Share",
    "Target",
    "Waiver",
    "confirm",
    "default",
    "find",
    "load",
    "plan_tables",
]

#: The plan file that ``qc check`` looks for in the current folder.
FILE_NAME = "qc.toml"

#: The shipped plan whose targets hold where no plan sets any.
DEFAULT = "default.toml"

_T = TypeVar("_T")


def default() -> Plan:
    """The plan that holds where there is none: the shipped targets, nothing else."""
    return _merge([_default_part()], None)


def load(path: str | Path) -> Plan:
    """The plan at ``path`` with everything that it extends.

    Raises ``QcError`` (``errors.plan-*``, ``errors.toml-*``, ``errors.file-*``), naming file and line.
    """
    path = Path(path)
    chain: list[Part] = []
    seen: list[Path] = []
    at: Path | None = path
    while at is not None:
        real = at.resolve()
        if real in seen:
            raise QcError(
                "errors.plan-cycle", where=chain[-1].base_place, chain=[p.name for p in [*seen, real]]
            )
        seen.append(real)
        part = file.read(tomls.read(at))
        chain.append(part)
        at = _base(part)
    return _merge(chain, path)


def find(folder: str | Path = ".") -> Path | None:
    """The plan that lies in ``folder``, if one does."""
    path = Path(folder) / FILE_NAME
    return path if path.is_file() else None


def _base(part: Part) -> Path | None:
    """File of the plan that ``part`` extends: beside it, or one of the shipped plans by name."""
    if part.base is None or part.path is None:
        return None
    if part.base.endswith(".toml"):
        return part.path.parent / part.base
    shipped = {p.stem: p for p in _plans().glob("*.toml")}
    if part.base not in shipped:
        raise QcError(
            "errors.plan-unknown-base",
            where=part.base_place,
            name=part.base,
            known=tomls.nearest(part.base, shipped),
        )
    return shipped[part.base]


def _default_part() -> Part:
    return file.read(tomls.read(_plans() / DEFAULT))


def _plans() -> Path:
    return content.folder("schemas") / "plans"


# --- merging --------------------------------------------------------------------------------


def _merge(chain: list[Part], path: Path | None) -> Plan:
    """``chain``: the plan itself first, the plan at the bottom last."""
    known = dict(indicators.shipped())
    for part in reversed(chain):
        known.update(part.indicators)
    planned = [part for part in chain if part.targets is not None]
    targets = _merged_targets(chain if planned else [*chain, _default_part()], known)
    checks: dict[str, Regrade] = {}
    for part in reversed(chain):
        for check, regrade in part.checks.items():
            checks[check] = _over(checks.get(check, Regrade()), regrade)
    quantities = _first(part.quantities for part in chain) or ()
    composition = _first(part.composition for part in chain) or ()
    spoken = {name for part in chain for name in part.targets or ()}
    classes = _first(part.classes for part in chain) or ()
    numbered = [c for c in classes if c.min is not None or c.max is not None]
    for ident, asked in (("quantity", (*quantities, *numbered)), ("diversity", composition)):
        # What the plan asks for counts, unless it says itself how.
        if asked and ident not in spoken:
            targets[ident, None] = Target(None)
    plan = Plan(
        path=path,
        name=_first(p.name for p in chain),
        category=_first(p.category for p in chain),
        round=_first(p.round for p in chain),
        layout=_first(p.layout for p in chain),
        schemas=tuple(b for p in chain for b in p.schemas),
        targets=MappingProxyType(targets),
        default_targets=all(part.path == _plans() / DEFAULT for part in planned),
        checks=MappingProxyType(checks),
        indicators=MappingProxyType(known),
        classes=classes,
        quantities=quantities,
        composition=composition,
        waivers=tuple(w for p in chain for w in p.waivers),
        bases=tuple(p.base for p in chain if p.base is not None),
        digest="",
    )
    return dataclasses.replace(plan, digest=_digest(plan))


def _first(values: Iterable[_T | None]) -> _T | None:
    return next((v for v in values if v is not None), None)


def _merged_targets(chain: list[Part], known: Mapping[str, Indicator]) -> dict[TargetKey, Target]:
    merged: dict[str, dict[str | None, Target] | None] = {}
    for part in reversed(chain):
        for name in part.targets or {}:
            if name not in known and part.path is not None:
                source = tomls.read(part.path)
                raise QcError(
                    "errors.plan-unknown-indicator",
                    where=source.place(("targets", name)),
                    name=name,
                    known=tomls.nearest(name, known, limit=20),
                )
        merged.update(part.targets or {})
    return {(name, unit): t for name, units in merged.items() for unit, t in (units or {}).items()}


def _over(base: Regrade, own: Regrade) -> Regrade:
    return Regrade(
        base.enabled if own.enabled is None else own.enabled,
        own.effect or base.effect,
        own.severity or base.severity,
        MappingProxyType({**base.parameters, **own.parameters}),
        own.place,
    )


def _digest(plan: Plan) -> str:
    """Of what the plan means: neither comments nor the folder that it lies in change it."""

    def plain(value: Any) -> Any:
        if isinstance(value, Binding):
            schema = value.schema
            # The content of schemas and layouts has digests of its own in the run.
            return [value.match, Path(schema).name if schema.endswith(".json") else schema]
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = [f for f in dataclasses.fields(value) if f.compare]
            return {f.name: plain(getattr(value, f.name)) for f in fields}
        if isinstance(value, Mapping):
            return sorted((json.dumps(plain(k), ensure_ascii=False), plain(v)) for k, v in value.items())
        if isinstance(value, (tuple, list)):
            return [plain(v) for v in value]
        return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)

    parts: list[Any] = [
        plan.name,
        plan.category,
        plan.round,
        Path(plan.layout).name if plan.layout else None,
        plan.schemas,
    ]
    parts += [plan.targets, plan.checks, plan.indicators, plan.classes, plan.quantities, plan.composition]
    text = json.dumps(plain([*parts, plan.waivers]), ensure_ascii=False)
    return hashlib.blake2b(text.encode("utf-8"), digest_size=16).hexdigest()


# --- against the checks ---------------------------------------------------------------------


def confirm(plan: Plan, checks: Mapping[str, Check]) -> None:
    """Raises ``QcError`` for a check or a parameter in ``plan`` that is not among ``checks``, and
    for a parameter's value that is of the wrong type or out of its range."""
    for ident, regrade in plan.checks.items():
        if ident not in checks:
            raise _unknown_check(ident, regrade.place, checks)
        for name, value in regrade.parameters.items():
            parameter = checks[ident].params.get(name)
            if parameter is None:
                known = tomls.nearest(name, (*checks[ident].params, "enabled", "effect", "severity"))
                raise QcError(
                    "errors.plan-unknown-parameter", where=regrade.place, check=ident, name=name, known=known
                )
            if not parameter.accepts(value):
                raise _unfit(value, parameter, ident, regrade.place)
    for waiver in plan.waivers:
        if waiver.check not in checks:
            raise _unknown_check(waiver.check, waiver.place, checks)


def _unknown_check(ident: str, place: str, checks: Iterable[str]) -> QcError:
    return QcError("errors.plan-unknown-check", where=place, name=ident, known=tomls.nearest(ident, checks))


def _unfit(value: Any, parameter: Parameter, check: str, place: str) -> QcError:
    if parameter.choices:
        return QcError(
            "errors.plan-choice",
            where=place,
            name=f"{check}.{parameter.name}",
            value=value,
            known=parameter.choices,
        )
    if _numeric(value) and _numeric(parameter.default) and not _too_fine(value, parameter):
        return QcError(
            "errors.plan-parameter-range",
            where=place,
            check=check,
            name=parameter.name,
            value=value,
            low="-∞" if parameter.min is None else parameter.min,
            high="∞" if parameter.max is None else parameter.max,
        )
    return QcError(
        "errors.plan-parameter-type",
        where=place,
        check=check,
        name=parameter.name,
        value=value,
        default=json.dumps(parameter.default, ensure_ascii=False),
    )


def _numeric(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _too_fine(value: Any, parameter: Parameter) -> bool:
    """Whether a real number stands where a whole one is wanted."""
    return isinstance(value, float) and isinstance(parameter.default, int)


# --- the plan as tables ---------------------------------------------------------------------

_TEXT, _INT, _REAL = pa.string(), pa.int64(), pa.float64()

#: The tables of schema ``plan``, which checks can ask. Every column from the first day.
TABLES: Mapping[str, pa.Schema] = MappingProxyType(
    {
        "classes": pa.schema({"class": _TEXT, "name": _TEXT, "parent": _TEXT, "min": _INT, "max": _INT}),
        "targets": pa.schema(
            {"indicator": _TEXT, "unit": _TEXT, "target": _REAL, "min_coverage": _REAL, "basis": _TEXT}
        ),
        "quantities": pa.schema(
            {"name": _TEXT, "counts": _TEXT, "min": _REAL, "max": _REAL, "class": _TEXT, "split": _TEXT,
             "group": _TEXT}
        ),
        "composition": pa.schema(
            {"name": _TEXT, "counts": _TEXT, "by": _TEXT, "value": _TEXT, "share": _REAL, "tolerance": _REAL}
        ),
        "parameters": pa.schema({"check": _TEXT, "name": _TEXT, "value": _TEXT}),
    }
)  # fmt: skip


def plan_tables(plan: Plan) -> dict[str, pa.Table]:
    """The plan as Arrow tables, by name (:data:`TABLES`); empty ones where nothing is planned.

    ``classes.class`` is the path ``parent/name``; ``parameters.value`` is JSON; ``targets.unit`` is
    NULL where a target holds for every unit.
    """
    rows: dict[str, list[dict[str, Any]]] = {
        "classes": [
            {"class": f"{c.parent}/{c.name}" if c.parent else c.name, **dataclasses.asdict(c)}
            for c in plan.classes
        ],
        "targets": [
            {"indicator": i, "unit": unit, **dataclasses.asdict(t)} for (i, unit), t in plan.targets.items()
        ],
        "quantities": [{**dataclasses.asdict(q), "class": q.class_} for q in plan.quantities],
        "composition": [dataclasses.asdict(s) for s in plan.composition],
        "parameters": [
            {"check": check, "name": name, "value": json.dumps(value, ensure_ascii=False, default=str)}
            for check, regrade in plan.checks.items()
            for name, value in regrade.parameters.items()
        ],
    }
    return {name: pa.Table.from_pylist(rows[name], schema=schema) for name, schema in TABLES.items()}
