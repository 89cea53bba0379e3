"""A finding as a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qc import words as wording
from qc.schemas.messages import describe

if TYPE_CHECKING:
    from qc.report.catalogue import KeptCheck
    from qc.report.findings import Finding
    from qc.words import Words


def message(finding: Finding, check: KeptCheck, words: Words) -> str:
    """What was found, in the reader's language: the check's message with the finding's values."""
    template = words.choice(check.message)
    if not template:
        return check.called(words)
    values = _values(finding, check, words)
    if "{file" in template:
        values.setdefault("file", finding.place.file)
    return wording.format(template, values)


def _values(finding: Finding, check: KeptCheck, words: Words) -> dict[str, Any]:
    """The finding's values, and what every message may speak of: class, file and group.

    Some depend on the language: the code ``reason``, the ``kind`` of a shape, the ``side`` of an image, and
    ``{problem}``: a broken rule of a schema from its ``keyword``, ``expected``, ``found`` and ``detail``.
    """
    values: dict[str, Any] = {
        "class": finding.class_,
        "group": finding.group,
        **finding.values,
    }
    if isinstance(code := values.get("reason"), str):
        values["reason"] = check.reason(code, words)
    for name in ("kind", "side"):
        if (key := f"shape.{name}.{values.get(name)}") in words:
            values[name] = words.text(key)
    if isinstance(keyword := values.get("keyword"), str) and "problem" not in values:
        parts = (values.get("expected"), values.get("found"), values.get("detail"))
        key, said = describe(keyword, *(None if part is None else str(part) for part in parts))
        values["problem"] = words.text(key, **said)
    return values
