"""The low-light sample: night streets with boxes, as the programme's data set 028 (2022) writes them.

``Type_value`` holds x1, y1, x2, y2. Half of the files name their sections with a trailing dot, half without:
both were delivered. Layout: ``images/PLACE/STEM.jpg`` beside ``labels/PLACE/STEM.json``.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import chain

from sample_datasets.night import Box, draw_scene, jpeg
from sample_datasets.planted import Dice, Sample, Unit

#: Folder -> numbers of its units.
PLACES = {"골목": range(1, 21), "교차로": range(21, 39), "대로": range(39, 47), "주차장": range(47, 61)}
_UPRIGHT, _WIDE = (240, 320), (320, 240)
#: Units whose picture is stored turned and says so in EXIF; their labels are in the upright picture.
_TURNED = (7, 44)


def units() -> dict[int, Unit]:
    """The faultless units by number."""
    return {number: _unit(number) for number in chain(*PLACES.values())}


def lay_out(made: Sample, units: Iterable[Unit]) -> None:
    """Put the units into the folders of ``made``."""
    for unit in units:
        if unit.source is not None:
            made.files[unit.source_path] = unit.source
        if unit.labelled:
            made.files[unit.label_path] = unit.label_bytes()


@cache
def drawn(number: int) -> tuple[tuple[tuple[str, Box], ...], tuple[int, int], bytes]:
    """What is to be seen on a unit's picture, its size in pixels and the picture; drawn once."""
    size = _UPRIGHT if number in _TURNED or number % 13 == 0 else _WIDE
    scene = draw_scene(Dice("night", number), *size)
    return scene.things, size, jpeg(scene.image, orientation=6 if number in _TURNED else 1)


def _unit(number: int) -> Unit:
    dice = Dice("low-light", number)
    place = next(place for place, numbers in PLACES.items() if number in numbers)
    stem = f"LL_{number:04d}"
    things, (width, height), picture = drawn(number)
    dot = "." if number % 2 else ""
    label = {
        f"Raw_Data_Info{dot}": {
            "Raw_Data_ID": f"R_{number:04d}",
            "Resolution": f"{width}, {height}",
            "Date": f"2022-09-{dice.whole(1, 30):02d}",
            "Time": f"{dice.whole(20, 23)}:{dice.whole(0, 59):02d}",
            "Illuminance": round(dice.real(0.4, 18.0), 1),
        },
        f"Source_Data_Info{dot}": {
            "Source_Data_ID": stem,
            "Shooting_ID": f"S{(number - 1) // 15 + 1:02d}",
            "File_Extension": "jpg",
        },
        f"Learning_Data_Info{dot}": {
            "File_Extension": "json",
            "Annotations": [
                {"Class_ID": thing, "Type": "Bounding_box", "Type_value": list(box)} for thing, box in things
            ],
        },
    }
    return Unit(
        number=number,
        stem=stem,
        label=label,
        source=picture,
        source_path=f"images/{place}/{stem}.jpg",
        label_path=f"labels/{place}/{stem}.json",
    )
