"""The shop sample: short videos as data sets 238-1 and 238-2 of the programme (2022) are, labelled in CVAT.

Beside each video lies the XML of CVAT for video 1.1 with the same stem: a track for the person, and one for
each moment at which something begins or ends. Layout: the tree of 2022 with zips for source (TS, VS) and
label data (TL, VL), one for each kind of action; names are in UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from sample_datasets.clips import FRAMES, HEIGHT, WIDTH, Clip, avi, draw_clip
from sample_datasets.planted import Dice, Json, Sample, Unit
from sample_datasets.zips import Member

_TOP = "238.매장 행동 데이터/01-1.정식개방데이터"
#: What happens in the videos of a group, as its folder is called, and the labels of its beginning and end.
_FALL, _SELECT = "전도", "선택"
_MOMENTS = {_FALL: ("fall_start", "fall_end"), _SELECT: ("select_start", "select_end")}
PERSON = "person"
CLASSES = (PERSON, *(name for names in _MOMENTS.values() for name in names))
_COLOURS = ("#c06060", "#5986b3", "#b3a359", "#59b386", "#a659b3")


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive units of one group, which lie in one zip of videos and one of labels."""

    first: int
    last: int
    split: str
    group: str

    @property
    def source_archive(self) -> str:
        """Path of the zip with the videos."""
        return f"{_TOP}/{self.split}/01.원천데이터/{self.split[0]}S_{self.group}.zip"

    @property
    def label_archive(self) -> str:
        """Path of the zip with the labels."""
        return f"{_TOP}/{self.split}/02.라벨링데이터/{self.split[0]}L_{self.group}.zip"


BATCHES = (
    Batch(1, 12, "Training", _FALL),
    Batch(13, 22, "Training", _SELECT),
    Batch(23, 25, "Validation", _FALL),
    Batch(26, 28, "Validation", _SELECT),
)


class Video(Unit):
    """A video and its label: the document as :func:`qc.documents.xmls.read_xml` would give it."""

    def label_bytes(self) -> bytes:
        """The label file's bytes: as a fault wrote them, else the document as CVAT writes XML."""
        return self.written if self.written is not None else markup(self.label)


def markup(document: Json) -> bytes:
    """A document as CVAT writes it: UTF-8, two blanks, an element on each line."""
    lines = ['<?xml version="1.0" encoding="utf-8"?>']
    for name, value in document.items():
        lines += _element(name, value, "")
    return "\n".join([*lines, ""]).encode()


def _element(name: str, value: Any, indent: str) -> list[str]:
    """The lines of an element, or of several if ``value`` is a list."""
    if isinstance(value, list):
        return [line for one in value for line in _element(name, one, indent)]
    if not isinstance(value, dict):
        return [f"{indent}<{name}>{escape(str(value))}</{name}>"]
    head = name + "".join(f" {key[1:]}={quoteattr(str(v))}" for key, v in value.items() if key[0] == "@")
    inner = [(key, v) for key, v in value.items() if key[0] != "@"]
    if not inner:
        return [f"{indent}<{head}>", f"{indent}</{name}>"]
    lines = [line for key, v in inner for line in _element(key, v, indent + "  ")]
    return [f"{indent}<{head}>", *lines, f"{indent}</{name}>"]


def units() -> dict[int, Unit]:
    """The faultless units by number."""
    return {n: _unit(n, batch) for batch in BATCHES for n in range(batch.first, batch.last + 1)}


def lay_out(made: Sample, units: Iterable[Unit]) -> None:
    """Put the units into the zips of ``made``."""
    for unit in units:
        if unit.source is not None:
            member = Member(unit.source_path, unit.source, "nfc", unit.damaged, unit.encrypted)
            made.archives.setdefault(unit.source_archive, []).append(member)
        if unit.labelled:
            member = Member(unit.label_path, unit.label_bytes(), "nfc")
            made.archives.setdefault(unit.label_archive, []).append(member)


@cache
def drawn(number: int, group: str) -> tuple[Clip, bytes]:
    """A unit's clip and its video file; drawn once."""
    clip = draw_clip(Dice("clip", number), falls=group == _FALL)
    return clip, avi(clip.pictures)


def _unit(number: int, batch: Batch) -> Unit:
    clip, video = drawn(number, batch.group)
    stem = f"매장_{batch.group}_{number:04d}"
    return Video(
        number=number,
        stem=stem,
        label=_label(number, stem, clip, batch.group),
        source=video,
        source_path=f"{stem}.avi",
        label_path=f"{stem}.xml",
        source_archive=batch.source_archive,
        label_archive=batch.label_archive,
    )


def _label(number: int, stem: str, clip: Clip, group: str) -> Json:
    begins, ends = _MOMENTS[group]
    labels = [
        {"name": name, "color": colour, "type": "rectangle", "attributes": ""}
        for name, colour in zip(CLASSES, _COLOURS, strict=True)
    ]
    return {
        "annotations": {
            "version": "1.1",
            "meta": {
                "task": {
                    "id": number,
                    "name": stem,
                    "size": FRAMES,
                    "mode": "interpolation",
                    "overlap": 0,
                    "created": "2022-05-02 09:00:00.000000+00:00",
                    "start_frame": 0,
                    "stop_frame": FRAMES - 1,
                    "labels": {"label": labels},
                    "original_size": {"width": WIDTH, "height": HEIGHT},
                },
                "dumped": "2022-05-30 18:00:00.000000+00:00",
                "source": f"{stem}.avi",
            },
            "track": [
                _track(0, PERSON, clip, range(FRAMES)),
                _track(1, begins, clip, range(FRAMES // 2 - 1, FRAMES // 2)),
                _track(2, ends, clip, range(FRAMES - 2, FRAMES - 1)),
            ],
        }
    }


def _track(number: int, label: str, clip: Clip, frames: range) -> Json:
    """What is seen in ``frames``; if the clip goes on, a last box says that it is there no longer."""
    shown = [(frame, 0) for frame in frames]
    if frames.stop < FRAMES:
        shown.append((frames.stop, 1))
    boxes = []
    for frame, outside in shown:
        box = clip.boxes[frame - outside]
        sides = zip(("@xtl", "@ytl", "@xbr", "@ybr"), box, strict=True)
        boxes.append(
            {
                "@frame": frame,
                "@outside": outside,
                "@occluded": 0,
                "@keyframe": int(frame in (frames.start, frames.stop)),
                **{side: f"{value:.2f}" for side, value in sides},
                "@z_order": 0,
            }
        )
    return {"@id": number, "@label": label, "@source": "manual", "box": boxes}
