"""Which layout a deliverable has, and why: every sign is measured and said."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from qc.deliverable.layouts import Evidence, Layout
from qc.deliverable.surveying import MEDIA, READABLE, Survey
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
    return _share(matched, len(survey.archives))


def _folders(evidence: Evidence, survey: Survey) -> _Measured:
    """Share of the files whose place matches."""
    return _share(_in(evidence.patterns[0], survey), _total(survey))


def _sides(evidence: Evidence, survey: Survey) -> _Measured:
    """Share of the files on either of two sides; nothing when a side is empty."""
    sources, labels = (_in(pattern, survey) for pattern in evidence.patterns)
    total = _total(survey)
    strength = min(1.0, (sources + labels) / total) if sources and labels else 0.0
    return strength, {"sources": sources, "labels": labels, "total": total}


def _together(_: Evidence, survey: Survey) -> _Measured:
    """Share of the label files that lie in one folder with media."""
    media = {spot.place for spot, _ in survey.spots if spot.media in MEDIA}
    labels = [(spot.place in media, count) for spot, count in survey.spots if spot.media == "label"]
    return _share(sum(count for beside, count in labels if beside), sum(count for _, count in labels))


def _same_stem(evidence: Evidence, survey: Survey) -> _Measured:
    """Share of what may be labels that is of some sort and named like a medium."""
    matched, total = survey.same_stem(evidence.media)
    strength = matched / total * survey.count(evidence.media) / survey.count(READABLE) if total else 0.0
    return strength, {"matched": matched, "total": total}


def _names(evidence: Evidence, survey: Survey) -> _Measured:
    """Whether there is a file of such a name."""
    matched, total = survey.named(evidence.patterns[0], evidence.extensions)
    return float(matched > 0), {"matched": matched, "total": total}


def _head(evidence: Evidence, survey: Survey) -> _Measured:
    """Share of some files of some sort that begin like that; empty ones do not count."""
    assert evidence.head is not None
    heads = [head for head in survey.heads(extensions=evidence.extensions, skip=evidence.skip) if head]
    return _share(sum(evidence.head.search(head) is not None for head in heads), len(heads))


def _few_labels(evidence: Evidence, survey: Survey) -> _Measured:
    """Few label files, none named like a medium: they describe many media each."""
    labels = survey.few_labels(evidence.most)
    return (1.0, {"labels": labels}) if labels else (0.0, {})


def _coco_keys(_: Evidence, survey: Survey) -> _Measured:
    """The label file begins like COCO."""
    keys = survey.coco_keys()
    return (1.0, {"keys": ", ".join(keys)}) if keys else (0.0, {})


def _tables(_: Evidence, survey: Survey) -> _Measured:
    """Tables beside media that they name; nothing when there are as many other labels."""
    matched, total = survey.tables_naming_media()
    tables, sources = survey.count(["table"]), survey.count(MEDIA)
    others = survey.count(["label"])
    strength = float(matched > 0 and sources > 0 and tables > others)
    return strength, {"matched": matched, "total": total, "tables": tables, "sources": sources}


def _no_media(_: Evidence, survey: Survey) -> _Measured:
    """No media, and labels that are texts themselves."""
    texts = survey.texts
    return (1.0, {"texts": texts}) if texts else (0.0, {})


_MEASURES: dict[str, Callable[[Evidence, Survey], _Measured]] = {
    "archives": _archives,
    "folders": _folders,
    "sides": _sides,
    "together": _together,
    "same-stem": _same_stem,
    "names": _names,
    "head": _head,
    "few-labels": _few_labels,
    "coco-keys": _coco_keys,
    "tables": _tables,
    "no-media": _no_media,
}


def _share(matched: int, total: int) -> _Measured:
    return matched / total if total else 0.0, {"matched": matched, "total": total}


def _total(survey: Survey) -> int:
    return sum(count for _, count in survey.spots)


def _in(pattern: re.Pattern[str], survey: Survey) -> int:
    return sum(count for spot, count in survey.spots if pattern.search(spot.place))
