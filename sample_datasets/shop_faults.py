"""The defects that are planted in the shop sample, each in a unit of its own."""

from __future__ import annotations

import copy

from sample_datasets.clips import HEIGHT, WIDTH
from sample_datasets.common_faults import (
    behind_a_password,
    cp949,
    cut_short,
    empty_label,
    no_label,
    no_source,
)
from sample_datasets.planted import Fault, Json, Planting, Sample, Unit, whole
from sample_datasets.shop import markup

#: Units, of the training and of the validation split, that a video of the first is delivered as.
LEAKED = ((3, 24),)
#: Units of one zip, all of it, whose boxes hold width and height where the right lower corner belongs.
CONFUSED = range(26, 29)


def _tracks(planting: Planting) -> list[Json]:
    tracks: list[Json] = planting.unit.label["annotations"]["track"]
    return tracks


def _meta(unit: Unit) -> Json:
    meta: Json = unit.label["annotations"]["meta"]
    return meta


def _labels(planting: Planting) -> list[Json]:
    labels: list[Json] = _meta(planting.unit)["task"]["labels"]["label"]
    return labels


def _box(track: int, box: int) -> str:
    """Pointer of a box."""
    return f"/annotations/track/{track}/box/{box}"


def _at(planting: Planting, check: str, *places: tuple[int, int]) -> None:
    for place in places:
        planting.expect(check, "annotation", pointer=_box(*place))


def _move(planting: Planting, track: int, box: int, **sides: float) -> None:
    """Give some sides of a box other values, px."""
    _tracks(planting)[track]["box"][box].update({f"@{side}": f"{v:.2f}" for side, v in sides.items()})


# --- files and documents -------------------------------------------------------------------------------


def _not_escaped(planting: Planting) -> None:
    """A name with an ampersand, put in by a text editor."""
    stem = planting.unit.stem.encode()
    planting.unit.written = markup(planting.unit.label).replace(b"<name>" + stem, b"<name>A&B " + stem, 1)
    planting.expect("files.unreadable", "file")


# --- schema and references -----------------------------------------------------------------------------


def _track_without_label(planting: Planting) -> None:
    del _tracks(planting)[1]["@label"]
    planting.expect("schema.structure", "file")


def _box_without_frame(planting: Planting) -> None:
    del _tracks(planting)[0]["box"][4]["@frame"]
    planting.expect("schema.structure", "file")


def _partly_occluded(planting: Planting) -> None:
    _tracks(planting)[0]["box"][2]["@occluded"] = "partly"
    _wrong_value(planting, 0, 2, "@occluded")


def _frame_before_the_first(planting: Planting) -> None:
    _tracks(planting)[1]["box"][0]["@frame"] = -1
    _wrong_value(planting, 1, 0, "@frame")


def _wrong_value(planting: Planting, track: int, box: int, name: str) -> None:
    path = f"/annotations/track/*/box/*/{name}"
    planting.expect("schema.format", "path", pointer=f"{_box(track, box)}/{name}", name=path)


def _other_video(planting: Planting) -> None:
    _meta(planting.unit)["source"] = f"{planting.unit.stem}_편집.avi"
    planting.expect("items.file-name", "item", pointer="/annotations")


def _renamed_to_mp4(planting: Planting) -> None:
    """The label speaks of the video before it was converted."""
    _meta(planting.unit)["source"] = f"{planting.unit.stem}.mp4"
    planting.expect("items.file-name", "item", pointer="/annotations")


# --- shapes and classes --------------------------------------------------------------------------------


def _over_the_right(planting: Planting) -> None:
    _move(planting, 0, 3, xtl=WIDTH - 8, xbr=WIDTH + 12.5)
    _at(planting, "shapes.outside-image", (0, 3))


def _below(planting: Planting) -> None:
    """In one frame of the track, and of the moment that was copied from it."""
    for track, box in ((0, 2), (1, 0)):
        _move(planting, track, box, ybr=HEIGHT + 6)
        _at(planting, "shapes.outside-image", (track, box))


def _outside_where_it_is_absent(planting: Planting) -> None:
    """No defect: where the person is not there, the box says nothing. What is left out is another one."""
    _move(planting, 1, 1, xtl=WIDTH + 20, xbr=WIDTH + 30)
    _move(planting, 2, 0, xbr=float(_tracks(planting)[2]["box"][0]["@xtl"]))
    _at(planting, "shapes.degenerate", (2, 0))


def _corners_swapped(planting: Planting) -> None:
    box = _tracks(planting)[0]["box"][1]
    box["@xtl"], box["@xbr"] = box["@xbr"], box["@xtl"]
    _at(planting, "shapes.degenerate", (0, 1))


def _person_tracked_twice(planting: Planting) -> None:
    """Two tracks of one person: in each frame a second box. The first is right, the later one is surplus."""
    tracks = _tracks(planting)
    tracks.append({**copy.deepcopy(tracks[0]), "@id": len(tracks)})
    last = len(tracks) - 1
    _at(planting, "shapes.duplicate", *((last, box) for box in range(len(tracks[last]["box"]))))


def _frame_twice(planting: Planting) -> None:
    boxes = _tracks(planting)[0]["box"]
    boxes.insert(3, copy.deepcopy(boxes[2]))
    _at(planting, "shapes.duplicate", (0, 3))


def _listed_too_few(planting: Planting) -> None:
    """The list of labels ends too early: both boxes of the moment, the absent one too, are of no class."""
    del _labels(planting)[2:]
    _at(planting, "references.undefined-class", (2, 0), (2, 1))


def _list_of_another_task(planting: Planting) -> None:
    """The person is in no list of labels."""
    del _labels(planting)[0]
    boxes = range(len(_tracks(planting)[0]["box"]))
    _at(planting, "references.undefined-class", *((0, box) for box in boxes))


def _class_unplanned(planting: Planting) -> None:
    """The moment has another name, in the list of labels and in the track."""
    _tracks(planting)[2]["@label"] = _labels(planting)[-1]["name"] = "fall_stop"
    planting.expect("classes.out-of-vocabulary", "class", name="fall_stop")


def _class_of_no_use(planting: Planting) -> None:
    """A class that is in the list of labels and in no track; no plan knows it either."""
    _labels(planting).append({"name": "smoking", "color": "#333333", "type": "any", "attributes": ""})
    planting.expect("classes.out-of-vocabulary", "class", name="smoking")
    planting.expect("classes.unused", "class", name="smoking")


def reject(made: Sample, units: dict[int, Unit]) -> None:
    """Plant what rejects the whole: an order that is confused, and a video in both splits."""
    _confuse(made, [units[number] for number in CONFUSED])
    _leak(made, units)


def _confuse(made: Sample, units: list[Unit]) -> None:
    """Write every box of the units as left, top, width, height: read as corners most are inverted."""
    note = "boxes of one zip hold width and height in xbr and ybr"
    for unit in units:
        planting = Planting("s12-order", unit, made, note)
        for number, track in enumerate(_tracks(planting)):
            for index, box in enumerate(track["box"]):
                left, top, right, bottom = (float(box[side]) for side in ("@xtl", "@ytl", "@xbr", "@ybr"))
                _move(planting, number, index, xbr=right - left, ybr=bottom - top)
                if not box["@outside"] and (right - left <= left or bottom - top <= top):
                    _at(planting, "shapes.degenerate", (number, index))
    whole(made, "s12-order", "shapes.order-confusion", note)


def _leak(made: Sample, units: dict[int, Unit]) -> None:
    """Deliver videos of the training split for validation too, under other names and with their labels."""
    for number, (old, new) in enumerate(LEAKED, 1):
        note = "video of the training split again in the validation split"
        one, other = units[old], units[new]
        other.source = one.source
        other.label = copy.deepcopy(one.label)
        _meta(other)["source"] = f"{other.stem}.avi"
        for unit in (one, other):
            planting = Planting(f"s12-leak-{number}", unit, made, note)
            planting.expect("split.same-content", "group", source=True)


def settle(made: Sample) -> None:
    """Expect what several of the defects lead to together."""
    whole(made, "s12-encodings", "files.encoding-mixed", "one label in CP949")


FAULTS = (
    Fault("s12-no-label-1", 1, no_label, "label left out"),
    Fault("s12-no-source-1", 2, no_source("/annotations"), "video left out"),
    Fault("s12-encrypted-1", 23, behind_a_password, "video behind a password"),
    Fault("s12-unreadable-1", 4, cut_short(2, 3), "label breaks off in the middle"),
    Fault("s12-unreadable-2", 8, _not_escaped, "ampersand in a name, not escaped"),
    Fault("s12-empty-1", 5, empty_label, "label of zero bytes"),
    Fault("s12-encoding-1", 6, cp949, "label in CP949 that calls itself UTF-8"),
    Fault("s12-structure-1", 9, _track_without_label, "track without label"),
    Fault("s12-structure-2", 25, _box_without_frame, "box without frame"),
    Fault("s12-format-1", 11, _partly_occluded, "occluded is 'partly'"),
    Fault("s12-format-2", 12, _frame_before_the_first, "frame is -1"),
    Fault("s12-file-name-1", 13, _other_video, "label names a video that is not there"),
    Fault("s12-file-name-2", 20, _renamed_to_mp4, "label names an .mp4, the video is an .avi"),
    Fault("s12-outside-1", 14, _over_the_right, "12.5 px over the right edge"),
    Fault("s12-outside-2", 15, _below, "6 px below the lower edge, in two tracks"),
    Fault("s12-degenerate-1", 16, _outside_where_it_is_absent, "box without width"),
    Fault("s12-degenerate-2", 17, _corners_swapped, "left and right swapped"),
    Fault("s12-duplicate-1", 18, _person_tracked_twice, "one person in two tracks"),
    Fault("s12-duplicate-2", 19, _frame_twice, "two boxes of a track in one frame"),
    Fault("s12-class-id-1", 7, _listed_too_few, "label of a track that is not in the list of labels"),
    Fault("s12-class-id-2", 22, _list_of_another_task, "label 'person' is not in the list of labels"),
    Fault("s12-class-1", 10, _class_unplanned, "class that the plan does not know", gate=True),
    Fault("s12-unused-1", 21, _class_of_no_use, "class that nothing has", gate=True),
)
