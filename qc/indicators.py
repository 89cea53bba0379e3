"""The quality indicators (품질지표), read from ``checks/indicators.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from qc import content

#: What an indicator or a rate may count; ``value`` is an attribute value, counted by *path* checks.
UNITS: tuple[str, ...] = ("file", "value", "item", "annotation")


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator. ``unit`` is one of :data:`UNITS`, or ``""`` when gates alone decide it.

    ``name``, ``characteristic`` (품질특성) and ``about`` are ``{"ko": …, "en": …}``.
    """

    id: str
    unit: str
    name: Mapping[str, str] = field(hash=False)
    characteristic: Mapping[str, str] = field(hash=False)
    about: Mapping[str, str] = field(hash=False)


@lru_cache(maxsize=1)
def shipped() -> Mapping[str, Indicator]:
    """All indicators by id, in the order in which reports list them."""
    text = (content.folder("checks") / "indicators.toml").read_text(encoding="utf-8")
    found = {}
    for row in tomllib.loads(text)["indicators"]:
        ko, en = row["ko"], row["en"]
        both = {name: {"ko": ko[name], "en": en[name]} for name in ("name", "characteristic", "about")}
        found[row["id"]] = Indicator(row["id"], row["unit"], **both)
    return MappingProxyType(found)
