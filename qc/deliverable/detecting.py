"""Which layout a deliverable has, and why: every sign is measured and said."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from qc.deliverable.layouts import Evidence, Layout
from qc.deliverable.manifest import Spot
from qc.errors import Said

#: Below this score a layout is not believed; then the deliverable counts as flat.
THRESHOLD = 0.3
FALLBACK = "flat"


@dataclass(frozen=True)
class Candidate:
    """A layout with its score (0..1) and the signs that were seen for it, ``layout.reason.*``."""

    layout: str
    title: Mapping[str, str]
    score: float
    reasons: tuple[Said, ...]


@dataclass(frozen=True)
class LayoutMatch:
    """The chosen layout. ``how``: ``detected``, ``given`` (by the user) or ``fallback`` (none fits).

    ``reasons`` are those of the chosen one; ``candidates`` are all layouts, best first.
    """

    layout: str
    how: str
    reasons: tuple[Said, ...]
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class Survey:
    """What detection looks at. ``spots`` with the number of files of each (archives, junk and
    documents left out); ``archives``: paths of the archives; ``few_labels(most)``: names of the label
    files if they are at most so many and none has the stem of another medium's file, else None;
    ``coco_keys()``: the keys of COCO that the beginning of the first of those label files holds."""

    spots: Sequence[tuple[Spot, int]]
    archives: Sequence[str]
    few_labels: Callable[[int], Sequence[str] | None]
    coco_keys: Callable[[], Sequence[str]]


def match(survey: Survey, layouts: Sequence[Layout], given: Layout | None) -> LayoutMatch:
    """Score every layout; the best above :data:`THRESHOLD` wins, ties by id. ``given`` overrides."""
    candidates = sorted(
        (_candidate(layout, survey) for layout in layouts), key=lambda one: (-one.score, one.layout)
    )
    if given is not None:
        reasons = (Said("layout.reason.given"),)
        return LayoutMatch(given.id, "given", reasons, tuple(candidates))
    if candidates and candidates[0].score >= THRESHOLD:
        best = candidates[0]
        return LayoutMatch(best.layout, "detected", best.reasons, tuple(candidates))
    return LayoutMatch(FALLBACK, "fallback", (Said("layout.reason.fallback"),), tuple(candidates))


def _candidate(layout: Layout, survey: Survey) -> Candidate:
    score, reasons = 0.0, []
    for evidence in layout.detect:
        strength, values = _MEASURES[evidence.measure](evidence, survey)
        if strength:
            score += evidence.weight * strength
            reasons.append(Said(evidence.reason, values))
        elif evidence.required:
            return Candidate(layout.id, layout.title, 0.0, ())
    return Candidate(layout.id, layout.title, round(min(score, 1.0), 3), tuple(reasons))


_Measured = tuple[float, dict[str, object]]


def _archives(evidence: Evidence, survey: Survey) -> _Measured:
    """Share of the archives whose path matches."""
    matched = sum(1 for path in survey.archives if evidence.patterns[0].search(path))
    total = len(survey.archives)
    return matched / total if total else 0.0, {"matched": matched, "total": total}


def _folders(evidence: Evidence, survey: Survey) -> _Measured:
    """Share of the files whose place matches."""
    total = sum(count for _, count in survey.spots)
    matched = _in(evidence.patterns[0], survey)
    return matched / total if total else 0.0, {"matched": matched, "total": total}


def _sides(evidence: Evidence, survey: Survey) -> _Measured:
    """Share of the files on either of two sides; nothing when a side is empty."""
    sources, labels = (_in(pattern, survey) for pattern in evidence.patterns)
    total = sum(count for _, count in survey.spots)
    strength = min(1.0, (sources + labels) / total) if sources and labels else 0.0
    return strength, {"sources": sources, "labels": labels, "total": total}


def _together(_: Evidence, survey: Survey) -> _Measured:
    """Share of the label files that lie in one folder with media."""
    media = {
        spot.place for spot, _ in survey.spots if spot.media in ("image", "video", "audio", "pointcloud")
    }
    labels = [(spot.place in media, count) for spot, count in survey.spots if spot.media == "label"]
    total = sum(count for _, count in labels)
    matched = sum(count for beside, count in labels if beside)
    return matched / total if total else 0.0, {"matched": matched, "total": total}


def _few_labels(evidence: Evidence, survey: Survey) -> _Measured:
    """Few label files, none named like a medium: they describe many media each."""
    labels = survey.few_labels(evidence.most)
    return (1.0, {"labels": len(labels)}) if labels else (0.0, {})


def _coco_keys(_: Evidence, survey: Survey) -> _Measured:
    """The label file begins like COCO."""
    keys = survey.coco_keys()
    return (1.0, {"keys": ", ".join(keys)}) if keys else (0.0, {})


_MEASURES: dict[str, Callable[[Evidence, Survey], _Measured]] = {
    "archives": _archives,
    "folders": _folders,
    "sides": _sides,
    "together": _together,
    "few-labels": _few_labels,
    "coco-keys": _coco_keys,
}


def _in(pattern: re.Pattern[str], survey: Survey) -> int:
    return sum(count for spot, count in survey.spots if pattern.search(spot.place))


_COCO = re.compile(rb'"(images|annotations|categories)"\s*:\s*\[')


def coco_keys(head: bytes, tail: bytes, whole: bool) -> list[str]:
    """Keys of COCO in the beginning and end of a file: two of three, or ``images`` if it goes on between."""
    found = sorted({key.decode() for key in _COCO.findall(head) + _COCO.findall(tail)})
    return found if len(found) >= 2 or ("images" in found and not whole) else []
