"""What a check is, what a derived table is, and what became of a check in a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pathlib import Path

Language = Literal["ko", "en"]
LANGUAGES: tuple[Language, ...] = ("ko", "en")

#: A parameter's value.
Value = bool | int | float | str

#: The closed set of subjects, each with the columns of the query that name one.
SUBJECT_KEYS: dict[str, tuple[str, ...]] = {
    "dataset": ("dataset",),
    "file": ("file",),
    "item": ("item",),
    "annotation": ("annotation",),
    "track": ("track",),
    "class": ("class",),
    "group": ("group_id",),
    "path": ("schema", "path"),
    "column": ("file", "column_name"),
    "pair": ("a", "b"),
}

#: Subjects that a rate may count: one row of the answer is one subject.
UNITS = frozenset({"file", "item", "annotation"})

#: Subjects whose answer has a row for each place: members of a group, places on a path.
MANY_ROWS = frozenset({"group", "path"})

EFFECTS = ("measure", "gate", "note")
SEVERITIES = ("error", "warning", "info")
CERTAINTIES = ("certain", "suspect")

#: Columns by which a query says where it is; the engine fills in what it leaves out.
PLACE_COLUMNS = ("file", "pointer", "line", "col", "item", "class")

Status = Literal["ran", "partly-checked", "not-applicable", "not-checked", "waived", "crashed"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named number, word or switch of a check; its type is that of ``default``."""

    name: str
    default: Value
    min: float | None = None
    max: float | None = None
    unit: str | None = None
    choices: tuple[str, ...] = ()

    def accepts(self, value: object) -> bool:
        """Whether ``value`` has the type and lies in the range; an integer may stand for a real."""
        if isinstance(self.default, bool) or isinstance(value, bool):
            return isinstance(self.default, bool) and isinstance(value, bool)
        if isinstance(self.default, str):
            return isinstance(value, str) and (not self.choices or value in self.choices)
        if not isinstance(value, int if isinstance(self.default, int) else (int, float)):
            return False
        return (self.min is None or value >= self.min) and (self.max is None or value <= self.max)

    def cast(self, value: Value) -> Value:
        """``value`` in the type of the default, so that the query does not change its types."""
        return float(value) if isinstance(self.default, float) else value


@dataclass(frozen=True, slots=True)
class CheckWords:
    """The words of a check in one language. ``message`` and ``reasons`` may hold placeholders."""

    title: str
    message: str
    why: str
    fix: str
    #: What to provide or switch on when the check could not tell.
    needs: str | None = None
    #: Words for the codes that the column ``reason`` may hold.
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """A question to the tables. Its SQL returns every subject with ``wrong`` TRUE, FALSE or NULL."""

    id: str
    subject: str
    indicator: str
    effect: str
    severity: str
    certainty: str
    params: Mapping[str, Parameter]
    words: Mapping[str, CheckWords]
    sql: str
    digest: str
    source: Path

    @property
    def key(self) -> tuple[str, ...]:
        """Columns of the query that name a subject."""
        return SUBJECT_KEYS[self.subject]

    @property
    def family(self) -> str:
        """``shapes`` of ``shapes.outside-image``."""
        return self.id.partition(".")[0]

    @property
    def counted(self) -> bool:
        """Whether its subjects can enter a rate (its effect may still be changed by a plan)."""
        return self.subject in UNITS and self.certainty == "certain"


@dataclass(frozen=True, slots=True)
class DerivedTable:
    """A table that SQL can make from the facts; unique by ``key``."""

    id: str
    key: tuple[str, ...]
    meaning: Mapping[str, str]
    sql: str
    digest: str
    source: Path


@dataclass(frozen=True, slots=True)
class Library:
    """All checks and derived tables, sorted by id."""

    checks: Mapping[str, Check]
    tables: Mapping[str, DerivedTable]

    def digests(self) -> dict[str, str]:
        """Digest of every check and table, for ``run.json``."""
        content: list[Check | DerivedTable] = [*self.checks.values(), *self.tables.values()]
        return {c.id: c.digest for c in content}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a check in a run. Counts are subjects, ``values_*`` values of paths."""

    check: str
    subject: str
    indicator: str
    effect: str
    severity: str
    certainty: str
    status: Status
    examined: int = 0
    wrong: int = 0
    unknown: int = 0
    #: Of ``wrong``, those under a waiver: shown, counted apart, not deciding.
    waived: int = 0
    #: Rows in findings.parquet: places, so more than ``wrong`` for groups and paths.
    findings: int = 0
    values_examined: int = 0
    values_faulty: int = 0
    parameters: dict[str, Value] = field(default_factory=dict)
    seconds: float = 0.0
    error: str | None = None
    waiver: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values, as :meth:`from_json` reads them."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Outcome:
        """Read one back; keys of later versions are left out."""
        names = {f.name for f in fields(cls)}
        return cls(**{k: v for k, v in data.items() if k in names})


def catalogue(check: Check) -> dict[str, Any]:
    """What a stored run keeps of a check, so that reports need no content folder.

    The words are by name, then by language: ``title: {"ko": …, "en": …}``, ``reasons: {code: {…}}``.
    """

    def both(name: str) -> dict[str, str]:
        texts = {language: getattr(words, name) for language, words in check.words.items()}
        return {language: text for language, text in texts.items() if text is not None}

    return {
        "id": check.id,
        "subject": check.subject,
        "indicator": check.indicator,
        "effect": check.effect,
        "severity": check.severity,
        "certainty": check.certainty,
        "digest": check.digest,
        "params": {p.name: {"default": p.default, "unit": p.unit} for p in check.params.values()},
        **{name: both(name) for name in ("title", "message", "why", "fix", "needs")},
        "reasons": {
            code: {language: words.reasons[code] for language, words in check.words.items()}
            for code in check.words["ko"].reasons
        },
    }
