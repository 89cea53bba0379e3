"""The drawings sample: floor plans as the programme's data set 239 (2022) has them, one COCO file a plan.

``bbox`` holds x, y, width, height. Layout: the tree of 2022 with zips for source (TS, VS) and label data
(TL, VL); the sources of one group are split over two zips while its labels are in one. The training zips
were packed on Windows (CP949 names without the UTF-8 flag), the validation zips on a Mac (NFD names).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from sample_datasets.floor_plans import Drawing, Outline, draw_plan, png
from sample_datasets.planted import Dice, Json, Sample, Unit
from sample_datasets.zips import Member, Naming

_TOP = "239.건축 도면 데이터/01-1.정식개방데이터"
CLASSES = {
    4: "구조_출입문",
    5: "구조_창호",
    6: "구조_벽체",
    7: "공간_거실",
    8: "공간_침실",
    9: "공간_주방",
    10: "공간_욕실",
}
_DOORS, _WINDOWS, _WALLS = ("여닫이문", "미닫이문"), ("미서기창", "고정창"), ("내력벽", "비내력벽")
_FLOORS = ("마루", "타일", "장판")
_SIZES = ((420, 320), (440, 340), (360, 400), (480, 320))


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive units that lie in one source zip; a later batch may add to it."""

    first: int
    last: int
    split: str
    group: str
    shard: str = ""

    @property
    def source_archive(self) -> str:
        """Path of the zip with the drawings."""
        return f"{_TOP}/{self.split}/01.원천데이터/{self.split[0]}S_{self.group}{self.shard}.zip"

    @property
    def label_archive(self) -> str:
        """Path of the zip with the label files; shards share it."""
        return f"{_TOP}/{self.split}/02.라벨링데이터/{self.split[0]}L_{self.group}.zip"


BATCHES = (
    Batch(1, 16, "Training", "STR", "_1"),
    Batch(17, 32, "Training", "STR", "_2"),
    Batch(33, 48, "Training", "SPA"),
    Batch(49, 56, "Validation", "STR"),
    Batch(57, 64, "Validation", "SPA"),
    Batch(65, 72, "Training", "STR", "_1"),
    Batch(73, 78, "Training", "STR", "_2"),
    Batch(79, 84, "Validation", "STR"),
    Batch(85, 90, "Validation", "SPA"),
)


def units() -> dict[int, Unit]:
    """The faultless units by number."""
    return {n: _unit(n, batch) for batch in BATCHES for n in range(batch.first, batch.last + 1)}


def lay_out(made: Sample, units: Iterable[Unit]) -> None:
    """Put the units into the zips of ``made``, after what a fault may already have put there."""
    for batch in BATCHES:
        naming: Naming = "cp949" if batch.split == "Training" else "nfd"
        for path in (batch.source_archive, batch.label_archive):
            made.archives.setdefault(path, [folder_member(batch.group, naming)])
    for unit in units:
        _pack(made, unit)
    for path, members in made.archives.items():
        if "Validation" in path:
            members.extend(_left_by_a_mac(members))


def _folder(group: str) -> str:
    return "구조도" if group == "STR" else "공간도"


def folder_member(group: str, naming: Naming) -> Member:
    """The folder's own entry, which packers put before its files."""
    return Member(f"{_folder(group)}/", b"", naming)


def _left_by_a_mac(members: list[Member]) -> list[Member]:
    """What a Mac leaves in an archive: AppleDouble files and .DS_Store. They are noted and not counted."""
    first = members[1]
    folder, _, name = first.path.rpartition("/")
    return [
        Member(f"__MACOSX/{folder}/._{name}", b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X" + bytes(16), "nfd"),
        Member(f"{folder}/.DS_Store", b"\x00\x00\x00\x01Bud1" + bytes(24), "nfd"),
    ]


def _pack(made: Sample, unit: Unit) -> None:
    naming: Naming = unit.naming or ("cp949" if "/Training/" in unit.label_archive else "nfd")
    if unit.source is not None:
        member = Member(unit.source_path, unit.source, naming, unit.damaged, unit.encrypted)
        made.archives[unit.source_archive].append(member)
    if unit.labelled:
        made.archives[unit.label_archive].append(Member(unit.label_path, unit.label_bytes(), naming))


@cache
def drawn(number: int, group: str) -> tuple[Drawing, bytes]:
    """A unit's drawing and its picture file; drawn once."""
    dice = Dice("plan", number)
    drawing = draw_plan(dice, *dice.one(_SIZES), title=f"A-{number:03d} {group} 1:100")
    return drawing, png(drawing.image)


def _unit(number: int, batch: Batch) -> Unit:
    dice = Dice("drawing", number)
    drawing, picture = drawn(number, batch.group)
    width, height = drawing.image.size
    stem = f"{_folder(batch.group)}면_{number:04d}"
    path = f"{_folder(batch.group)}/{stem}"
    label = {
        "info": {"description": "건축 도면 데이터", "version": "1.0", "year": 2022},
        "images": [{"id": number, "width": width, "height": height, "file_name": f"{stem}.png"}],
        "categories": [
            {"id": key, "name": name, "supercategory": name.partition("_")[0]}
            for key, name in CLASSES.items()
        ],
        "annotations": _annotations(number, dice, drawing, batch.group),
    }
    return Unit(
        number=number,
        stem=stem,
        label=label,
        source=picture,
        source_path=f"{path}.png",
        label_path=f"{path}.json",
        source_archive=batch.source_archive,
        label_archive=batch.label_archive,
    )


def _annotations(number: int, dice: Dice, drawing: Drawing, group: str) -> list[Json]:
    parts: list[tuple[int, Outline, Json]] = []
    if group == "STR":
        parts += [(4, outline, {"구조_출입문": dice.one(_DOORS)}) for outline in drawing.doors]
        parts += [(5, outline, {"창호": dice.one(_WINDOWS)}) for outline in drawing.windows]
        parts += [(6, outline, {"구조_벽체": dice.one(_WALLS)}) for outline in drawing.walls]
    else:
        parts += [
            (7 + index % 4, outline, {"공간_바닥": dice.one(_FLOORS)})
            for index, outline in enumerate(drawing.rooms)
        ]
    return [
        {
            "id": number * 100 + index,
            "image_id": number,
            "category_id": category,
            "bbox": box_of(outline),
            "segmentation": [[value for point in outline for value in point]],
            "area": round(area_of(outline), 1),
            "iscrowd": 0,
            "attributes": attributes,
        }
        for index, (category, outline, attributes) in enumerate(parts, start=1)
    ]


def box_of(outline: Outline) -> list[float]:
    """The bounding box as x, y, width, height."""
    xs, ys = [x for x, _ in outline], [y for _, y in outline]
    return [min(xs), min(ys), round(max(xs) - min(xs), 1), round(max(ys) - min(ys), 1)]


def area_of(outline: Outline) -> float:
    """The enclosed area in square pixels, by the shoelace formula."""
    following = (*outline[1:], outline[0])
    return abs(sum(x * v - u * y for (x, y), (u, v) in zip(outline, following, strict=True))) / 2
