"""What a sample is made of: files, archives and the list of defects that were planted in them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, field, fields
from random import Random
from typing import Any, TypeVar

from sample_datasets.zips import Member, Naming, pack

T = TypeVar("T")
Json = dict[str, Any]

#: Bump to draw other scenes and drawings; every sample is a function of this text alone.
SEED = "traindata-qc samples 1"


@dataclass(frozen=True, slots=True)
class Expected:
    """One finding that a planted defect must lead to.

    A defect that rightly breaks two rules has two rows with the same ``defect``. ``name`` is the subject
    where a place does not say it: the class, the attribute path, the group's common name.
    """

    defect: str
    check: str
    subject: str
    container: str
    path: str
    pointer: str
    name: str
    gate: str
    note: str


@dataclass(slots=True)
class Sample:
    """A deliverable in memory: loose files and archives by path ('/' between parts), and its defects."""

    name: str
    files: dict[str, bytes] = field(default_factory=dict)
    archives: dict[str, list[Member]] = field(default_factory=dict)
    expected: list[Expected] = field(default_factory=list)

    def contents(self) -> dict[str, bytes]:
        """What is written to disk: path under the sample's folder -> bytes."""
        packed = {path: pack(members) for path, members in self.archives.items()}
        return dict(sorted({**self.files, **packed}.items()))

    def expected_csv(self) -> bytes:
        """The planted defects as CSV, UTF-8, '\\n' line ends."""
        return rows_csv(self.expected)


def rows_csv(rows: Sequence[Expected]) -> bytes:
    """CSV of expected findings with a header line, in the order given."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([f.name for f in fields(Expected)])
    writer.writerows(astuple(row) for row in rows)
    return text.getvalue().encode()


def read_expected(text: str) -> list[Expected]:
    """The rows of an ``expected/*.csv``; raises ``TypeError`` when columns are missing or unknown."""
    return [Expected(**row) for row in csv.DictReader(io.StringIO(text))]


class Dice:
    """Seeded choices that do not change between Python versions: only ``Random.random`` is used."""

    def __init__(self, *key: object) -> None:
        self._random = Random("|".join(map(str, (SEED, *key))))

    def whole(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def real(self, low: float, high: float) -> float:
        """A real number from ``low`` to ``high``."""
        return low + self._random.random() * (high - low)

    def one(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.whole(0, len(options) - 1)]

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self._random.random() < probability


@dataclass(slots=True)
class Unit:
    """A source file and its label file, before they are laid out; ``None`` stands for a missing file.

    ``naming`` is how their names are stored where that is not what the sample has there.
    """

    number: int
    stem: str
    label: Json
    source: bytes | None
    source_path: str
    label_path: str
    source_archive: str = ""
    label_archive: str = ""
    damaged: bool = False
    encrypted: bool = False
    written: bytes | None = None
    labelled: bool = True
    naming: Naming | None = None

    def label_bytes(self) -> bytes:
        """The label file's bytes: as a fault wrote them, else the document as UTF-8 JSON."""
        return self.written if self.written is not None else dump(self.label)


def dump(document: Json) -> bytes:
    """A document as annotation tools of the programme write it: UTF-8, Hangul as it is, four blanks."""
    return json.dumps(document, ensure_ascii=False, indent=4).encode()


@dataclass(slots=True)
class Planting:
    """One fault at work on one unit; collects what it must lead to."""

    defect: str
    unit: Unit
    sample: Sample
    note: str

    def expect(
        self,
        check: str,
        subject: str,
        *,
        pointer: str = "",
        name: str = "",
        source: bool = False,
        archive: str | None = None,
    ) -> None:
        """This defect is to be found by ``check``, at the label file unless ``source``.

        ``archive`` names the container where the file lies in another than its unit's.
        """
        unit = self.unit
        container, path = (
            (unit.source_archive, unit.source_path) if source else (unit.label_archive, unit.label_path)
        )
        container = container if archive is None else archive
        self.expect_at(check, subject, container, path, pointer, name)

    def expect_at(
        self, check: str, subject: str, container: str, path: str, pointer: str = "", name: str = ""
    ) -> None:
        """This defect is to be found by ``check`` at another place than a file of its unit."""
        gate = "yes" if check in GATES else "no"
        self.sample.expected.append(
            Expected(self.defect, check, subject, container, path, pointer, name, gate, self.note)
        )

    def beside(self, path: str, data: bytes, check: str | None = None, subject: str = "file") -> None:
        """Put another loose file into the sample, to be found by ``check`` if one is named."""
        self.sample.files[path] = data
        if check is not None:
            self.expect_at(check, subject, "", path)


#: Checks whose single finding rejects a deliverable; ``generate(gates=False)`` leaves their defects out.
GATES = frozenset(
    (
        *("classes.out-of-vocabulary", "files.unsafe-path", "shapes.order-confusion"),
        *("quantity.composition", "quantity.items", "quantity.per-class"),
        *("split.ratio", "split.same-content", "split.same-group"),
    )
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A defect: its id, the number of the unit that it spoils, how, and what it is in words."""

    defect: str
    unit: int
    spoil: Callable[[Planting], None]
    note: str
    gate: bool = False


def nowhere(sample: Sample, defect: str, note: str) -> Planting:
    """A planting of what has no place of its own in the sample."""
    return Planting(defect, Unit(0, "", {}, None, "", ""), sample, note)


def whole(sample: Sample, defect: str, check: str, note: str) -> None:
    """Expect a finding about the data set."""
    nowhere(sample, defect, note).expect(check, "dataset")


def plant(sample: Sample, units: dict[int, Unit], faults: Sequence[Fault], *, gates: bool) -> None:
    """Spoil the units. No unit takes two faults, so that no defect hides another (``ValueError``)."""
    taken = [fault.unit for fault in faults]
    if len(set(taken)) < len(taken):
        raise ValueError(f"units with two faults: {sorted({u for u in taken if taken.count(u) > 1})}")
    for fault in faults:
        if gates or not fault.gate:
            fault.spoil(Planting(fault.defect, units[fault.unit], sample, fault.note))
