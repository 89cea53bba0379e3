"""The defects that are planted in the drawings sample, each in a unit of its own."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from typing import Any

from PIL import Image

from sample_datasets.common_faults import (
    behind_a_password,
    byte_order_mark,
    cp949,
    empty_label,
    no_label,
    no_source,
)
from sample_datasets.drawings import BATCHES, area_of, box_of, folder_member
from sample_datasets.floor_plans import Outline
from sample_datasets.planted import Fault, Json, Planting, Sample, Unit, dump, nowhere, whole
from sample_datasets.zips import Member, Naming, pack

#: Units, of the training and of the validation split, that a drawing of the first is delivered as.
LEAKED = ((5, 81), (66, 82))
#: Units of one zip, all of it, whose boxes were written as corners, x1, y1, x2, y2.
CONFUSED = range(33, 49)


def _image(planting: Planting) -> Json:
    image: Json = planting.unit.label["images"][0]
    return image


def _marks(planting: Planting) -> list[Json]:
    marks: list[Json] = planting.unit.label["annotations"]
    return marks


def _at(planting: Planting, check: str, *indexes: int) -> None:
    for index in indexes:
        planting.expect(check, "annotation", pointer=f"/annotations/{index}")


# --- files and documents -------------------------------------------------------------------------------


def _damaged(planting: Planting) -> None:
    planting.unit.damaged = True
    planting.expect("files.unreadable", "file", source=True)


def _header_cut(planting: Planting) -> None:
    assert planting.unit.source is not None
    planting.unit.source = planting.unit.source[:20]
    planting.expect("files.unreadable", "file", source=True)


def _jpeg_called_png(planting: Planting) -> None:
    assert planting.unit.source is not None
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(planting.unit.source)) as picture:
        picture.convert("L").save(buffer, "JPEG", quality=30)
    planting.unit.source = buffer.getvalue()
    planting.expect("files.extension-content", "file", source=True)


def _archive_in_archive(planting: Planting) -> None:
    """An older delivery, packed, was packed again with the new one."""
    unit = planting.unit
    naming: Naming = "nfd" if "/Validation/" in unit.source_archive else "cp949"
    folder = folder_member(_group(unit), naming)
    inner = Member(f"{folder.path}이전_납품.zip", pack([Member("README.txt", "이전 납품".encode())]), naming)
    planting.sample.archives.setdefault(unit.source_archive, [folder]).append(inner)
    planting.expect_at("files.nested-archive", "file", unit.source_archive, inner.path)


def _temporary_file(planting: Planting) -> None:
    unit = planting.unit
    path = f"{unit.label_path}.tmp"
    archive = planting.sample.archives.setdefault(unit.label_archive, [folder_member(_group(unit), "cp949")])
    archive.append(Member(path, dump(unit.label)[:400]))
    planting.expect_at("files.residue", "file", unit.label_archive, path)


def _garbled(planting: Planting) -> None:
    """Names in CP949 that were unpacked as CP437 and packed again, those inside the label with them."""
    _rename_files(planting, "files.mojibake", lambda path: path.encode("cp949").decode("cp437"), "nfc")


def _escaped(planting: Planting) -> None:
    """Names as unzip writes them where it may not write Hangul."""
    _rename_files(
        planting,
        "files.mojibake",
        lambda path: "".join(c if c.isascii() else f"#U{ord(c):04x}" for c in path),
    )


def _with_a_colon(planting: Planting) -> None:
    _rename_files(planting, "files.name-portable", lambda name: name.replace("_", ":"))


def _question(planting: Planting) -> None:
    _rename_files(planting, "files.name-portable", lambda name: name.replace("도면_", "도면?_"))


def _rename_files(
    planting: Planting, check: str, change: Callable[[str], str], naming: Naming | None = None
) -> None:
    """Give both files, and the label's name of the drawing, another name in their folder."""
    unit = planting.unit
    unit.naming = naming
    for attribute, source in (("source_path", True), ("label_path", False)):
        folder, _, name = getattr(unit, attribute).rpartition("/")
        setattr(unit, attribute, f"{folder}/{change(name)}")
        planting.expect(check, "file", source=source)
    _image(planting)["file_name"] = unit.source_path.rpartition("/")[2]


def _folder_in_itself(planting: Planting) -> None:
    unit = planting.unit
    for attribute, source in (("source_path", True), ("label_path", False)):
        name = getattr(unit, attribute).rpartition("/")[2]
        setattr(unit, attribute, f"추가분/추가분/{name}")
        planting.expect("files.double-nesting", "group", source=source)


def _group(unit: Unit) -> str:
    return "STR" if "_STR" in unit.source_archive else "SPA"


def _from_the_root(planting: Planting) -> None:
    planting.unit.source_path = "/" + planting.unit.source_path
    planting.expect("files.unsafe-path", "file", source=True)


def _climbing_out(planting: Planting) -> None:
    planting.unit.label_path = "../../" + planting.unit.label_path
    planting.expect("files.unsafe-path", "file")


def _escape_in_folder(planting: Planting) -> None:
    unit = planting.unit
    folder, _, name = unit.source_path.partition("/")
    unit.source_path = f"{folder}\u241b/{name}"  # findings show a picture of the character
    planting.expect("files.unsafe-name", "file", source=True)
    unit.source_path = f"{folder}\x1b/{name}"


def _line_break_before_name(planting: Planting) -> None:
    unit = planting.unit
    unit.label_path = f"\u240a{unit.label_path}"
    planting.expect("files.unsafe-name", "file")
    unit.label_path = f"\n{unit.label_path[1:]}"


def _in_both_shards(planting: Planting) -> None:
    """Which of the two belongs to the label cannot be told, so all three are alone."""
    unit = planting.unit
    assert unit.source is not None
    other = unit.source_archive.replace("_1.zip", "_2.zip")
    copy = Member(unit.source_path, unit.source)
    planting.sample.archives.setdefault(other, [folder_member("STR", "cp949")]).append(copy)
    for archive in (unit.source_archive, other):
        planting.expect("files.duplicate-name", "group", source=True, archive=archive)
        planting.expect("files.unpaired-source", "file", source=True, archive=archive)
    planting.expect("files.unpaired-label", "file")
    planting.expect("items.file-name", "item", pointer="/images/0")


def _name_twice(planting: Planting) -> None:
    unit = planting.unit
    first = Member(unit.label_path, dump({**unit.label, "annotations": []}), "nfd")
    archive = planting.sample.archives.setdefault(unit.label_archive, [folder_member("SPA", "nfd")])
    archive.append(first)
    for _ in range(2):
        planting.expect("files.duplicate-name", "group")


def _not_a_number(planting: Planting) -> None:
    """No JSON, and no number either: both are said."""
    _marks(planting)[2]["area"] = float("nan")
    planting.expect("documents.invalid-json", "file")
    planting.expect("schema.format", "path", pointer="/annotations/2/area", name="/annotations/*/area")


def _comma_at_the_end(planting: Planting) -> None:
    planting.unit.written = dump(planting.unit.label).removesuffix(b"\n}") + b",\n}"
    planting.expect("files.unreadable", "file")


# --- schema and references -----------------------------------------------------------------------------


def _marks_by_id(planting: Planting) -> None:
    planting.unit.label["annotations"] = {str(mark["id"]): mark for mark in _marks(planting)}
    planting.expect("schema.structure", "file")


def _no_category(planting: Planting) -> None:
    del _marks(planting)[3]["category_id"]
    planting.expect("schema.structure", "file")


def _width_as_text(planting: Planting) -> None:
    _image(planting)["width"] = str(_image(planting)["width"])
    planting.expect("schema.format", "path", pointer="/images/0/width", name="/images/*/width")


def _crowd_of_seven(planting: Planting) -> None:
    _marks(planting)[1]["iscrowd"] = 7
    planting.expect("schema.format", "path", pointer="/annotations/1/iscrowd", name="/annotations/*/iscrowd")


def _id_twice(planting: Planting) -> None:
    """The first use of an id is right, the later ones repeat it."""
    marks = _marks(planting)
    marks[4]["id"] = marks[2]["id"]
    _at(planting, "references.repeated-id", 4)


def _id_three_times(planting: Planting) -> None:
    marks = _marks(planting)
    marks[1]["id"] = marks[3]["id"] = marks[0]["id"]
    _at(planting, "references.repeated-id", 1, 3)


def _class_not_defined(planting: Planting) -> None:
    _marks(planting)[3]["category_id"] = 99
    _at(planting, "references.undefined-class", 3)


def _classes_from_zero(planting: Planting) -> None:
    for index in (0, 1):
        _marks(planting)[index]["category_id"] = index
    _at(planting, "references.undefined-class", 0, 1)


# --- items ---------------------------------------------------------------------------------------------


def _other_name(planting: Planting) -> None:
    _image(planting)["file_name"] = f"구조도면_{planting.unit.number + 900:04d}.png"
    planting.expect("items.file-name", "item", pointer="/images/0")


def _other_extension(planting: Planting) -> None:
    _image(planting)["file_name"] = f"{planting.unit.stem}.jpg"
    planting.expect("items.file-name", "item", pointer="/images/0")


def _before_cropping(planting: Planting) -> None:
    image = _image(planting)
    image["width"], image["height"] = image["width"] + 64, image["height"] + 12
    planting.expect("items.image-size", "item", pointer="/images/0")


def _scanned_double(planting: Planting) -> None:
    image = _image(planting)
    image["width"], image["height"] = image["width"] * 2, image["height"] * 2
    planting.expect("items.image-size", "item", pointer="/images/0")


# --- shapes and classes --------------------------------------------------------------------------------


def _set_outline(mark: Json, outline: Outline) -> None:
    mark["bbox"], mark["area"] = box_of(outline), round(area_of(outline), 1)
    mark["segmentation"] = [[value for point in outline for value in point]]


def _over_the_right(planting: Planting) -> None:
    right = float(_image(planting)["width"])
    _set_outline(
        _marks(planting)[5], ((right - 30, 60), (right + 25, 60), (right + 25, 90), (right - 30, 90))
    )
    _at(planting, "shapes.outside-image", 5)


def _over_the_corner(planting: Planting) -> None:
    width, height = float(_image(planting)["width"]), float(_image(planting)["height"])
    corners = (
        (width - 200, height - 90),
        (width + 8, height - 90),
        (width + 8, height + 6),
        (width - 200, height + 6),
    )
    _set_outline(_marks(planting)[0], corners)
    _at(planting, "shapes.outside-image", 0)


def _no_width(planting: Planting) -> None:
    _marks(planting)[0]["bbox"][2] = 0
    _at(planting, "shapes.degenerate", 0)


def _width_negative(planting: Planting) -> None:
    x, y, width, height = _marks(planting)[6]["bbox"]
    _marks(planting)[6]["bbox"] = [x + width, y, -width, height]
    _at(planting, "shapes.degenerate", 6)


def _crossed(planting: Planting) -> None:
    a, b, c, d = _corners(_marks(planting)[1])
    _marks(planting)[1]["segmentation"] = [[*a, *c, *b, *d]]
    _at(planting, "shapes.self-intersecting", 1)


def _crossed_leaf(planting: Planting) -> None:
    points = _corners(_marks(planting)[0])
    points[3], points[4] = points[4], points[3]
    _marks(planting)[0]["segmentation"] = [[value for point in points for value in point]]
    _at(planting, "shapes.self-intersecting", 0)


def _there_and_back(planting: Planting) -> None:
    """From its second corner a wall's outline goes half an edge, back, and then all of it."""
    index, corners = _first(planting, 6)
    (ax, ay), (bx, by) = corners[1], corners[2]
    _draw(planting, index, [*corners[:2], ((ax + bx) / 2, (ay + by) / 2), *corners[1:]])


def _hole_with_bridge(planting: Planting) -> None:
    """The glass is left out of a window: the outline goes to it from the first corner, and back again."""
    index, corners = _first(planting, 5)
    (x0, y0), (x1, y1) = corners[0], corners[2]
    near, far = ((x0 + share * (x1 - x0), y0 + share * (y1 - y0)) for share in (0.25, 0.75))
    # Against the turn of the outer corners.
    glass = [near, (near[0], far[1]), far, (far[0], near[1]), near]
    if corners[1][0] == x0:
        glass.reverse()
    _draw(planting, index, [*corners, corners[0], *glass])


def _first(planting: Planting, category: int) -> tuple[int, list[tuple[float, float]]]:
    """The first annotation of a class, and its corners."""
    index = next(i for i, mark in enumerate(_marks(planting)) if mark["category_id"] == category)
    return index, _corners(_marks(planting)[index])


def _draw(planting: Planting, index: int, points: list[tuple[float, float]]) -> None:
    _marks(planting)[index]["segmentation"] = [[round(value, 2) for point in points for value in point]]
    _at(planting, "shapes.self-touching", index)


def _corners(mark: Json) -> list[tuple[float, float]]:
    ring: list[float] = mark["segmentation"][0]
    return list(zip(ring[::2], ring[1::2], strict=True))


def _copied(planting: Planting) -> None:
    _copy(planting, 2, 0.0)


def _drawn_twice(planting: Planting) -> None:
    _copy(planting, 1, 2.0)


def _copy(planting: Planting, index: int, shift: float) -> None:
    """Append the annotation under a new id, moved right by ``shift`` px."""
    marks = _marks(planting)
    mark: dict[str, Any] = {**marks[index], "id": marks[-1]["id"] + 1}
    _set_outline(mark, tuple((x + shift, y) for x, y in _corners(mark)))
    marks.append(mark)
    # The first is right, the later one is surplus.
    _at(planting, "shapes.duplicate", len(marks) - 1)


def _two_points(planting: Planting) -> None:
    """An outline that was closed after its second point: two points, and the first again."""
    mark = _marks(planting)[2]
    a, b, *_ = _corners(mark)
    mark["segmentation"] = [[*a, *b, *a]]
    _at(planting, "shapes.too-few-points", 2)


def _class_as_text(planting: Planting) -> None:
    """The schema allows both: a number everywhere else, a text here."""
    mark = _marks(planting)[1]
    mark["category_id"] = str(mark["category_id"])
    planting.expect("schema.mixed-types", "path", name="/annotations/*/category_id")


def _image_as_text(planting: Planting) -> None:
    """Both the id and what refers to it: references hold, as before."""
    for name, values in (("/images/*/id", [_image(planting)]), ("/annotations/*/image_id", _marks(planting))):
        key = name.rpartition("/")[2]
        for value in values:
            value[key] = str(value[key])
        planting.expect("schema.mixed-types", "path", name=name)


def _letters_changed(planting: Planting) -> None:
    mark = _marks(planting)[0]
    mark["iscorwd"] = mark.pop("iscrowd")
    planting.expect("schema.mixed-keys", "path", name="/annotations/*")


def _key_in_capitals(planting: Planting) -> None:
    image = _image(planting)
    image["Date_Captured"] = "2022-05-01"
    planting.expect("schema.mixed-keys", "path", name="/images/*")


def _listed_alone(planting: Planting, name: str) -> None:
    """A class that is defined and that nothing has; no plan knows it either."""
    category = {"id": 11, "name": name, "supercategory": name.partition("_")[0]}
    planting.unit.label["categories"].append(category)
    planting.expect("classes.out-of-vocabulary", "class", name=name)
    planting.expect("classes.unused", "class", name=name)


def _class_of_no_use(planting: Planting) -> None:
    _listed_alone(planting, "공간_현관")


def _another_class_of_no_use(planting: Planting) -> None:
    _listed_alone(planting, "구조_기둥")


def _rename(planting: Planting, key: int, name: str) -> None:
    for category in planting.unit.label["categories"]:
        if category["id"] == key:
            category["name"] = name
    planting.expect("classes.out-of-vocabulary", "class", name=name)


def _class_with_blank(planting: Planting) -> None:
    """Also another spelling of a class that is there: both are members of one group."""
    _rename(planting, 6, "구조 벽체")
    for name in ("구조 벽체", "구조_벽체"):
        planting.expect("classes.near-identical", "group", name=name)


def _class_in_wide_letters(planting: Planting) -> None:
    _rename(planting, 9, "공간－주방")
    for name in ("공간－주방", "공간_주방"):
        planting.expect("classes.near-identical", "group", name=name)


def _class_unplanned(planting: Planting) -> None:
    _rename(planting, 10, "공간_다용도실")


def reject(made: Sample, units: dict[int, Unit]) -> None:
    """Plant what rejects the whole: an order that is confused, and drawings in both splits."""
    _confuse(made, [units[number] for number in CONFUSED])
    _leak(made, units)


def _confuse(made: Sample, units: list[Unit]) -> None:
    """Write every box of the units as corners: read as x, y, width, height many leave the picture."""
    note = "boxes of one zip written as x1, y1, x2, y2"
    for unit in units:
        planting = Planting("s06-order", unit, made, note)
        image = _image(planting)
        for index, mark in enumerate(_marks(planting)):
            x, y, w, h = mark["bbox"]
            mark["bbox"] = [x, y, round(x + w, 1), round(y + h, 1)]
            if x + x + w > image["width"] + 1 or y + y + h > image["height"] + 1:
                _at(planting, "shapes.outside-image", index)
    whole(made, "s06-order", "shapes.order-confusion", note)


def settle(made: Sample) -> None:
    """Expect what several of the defects lead to together, and what comes from the programs that packed."""
    whole(made, "s06-encodings", "files.encoding-mixed", "one label in CP949 and one with a byte order mark")
    for archive in dict.fromkeys(a for b in BATCHES for a in (b.source_archive, b.label_archive)):
        mac = "/Validation/" in archive
        defect, note = ("s06-mac", "packed on a Mac") if mac else ("s06-windows", "packed on Korean Windows")
        packed = nowhere(made, defect, note)
        packed.expect_at("files.name-encoding", "group", "", archive)
        if mac:
            packed.expect_at("files.junk", "group", "", archive)


def _leak(made: Sample, units: dict[int, Unit]) -> None:
    """Deliver drawings of the training split for validation too, under other names and with their labels."""
    for number, (old, new) in enumerate(LEAKED, 1):
        note = "drawing of the training split again in the validation split"
        one, other = units[old], units[new]
        other.source = one.source
        other.label = copy.deepcopy(one.label)
        other.label["images"][0]["file_name"] = other.source_path.rpartition("/")[2]
        for unit in (one, other):
            planting = Planting(f"s06-leak-{number}", unit, made, note)
            planting.expect("split.same-content", "group", source=True)


FAULTS = (
    Fault("s06-no-label-1", 2, no_label, "label left out"),
    Fault("s06-no-label-2", 50, no_label, "label left out, validation"),
    Fault("s06-no-source-1", 18, no_source("/images/0"), "drawing left out"),
    Fault("s06-no-source-2", 58, no_source("/images/0"), "drawing left out, validation"),
    Fault("s06-unreadable-1", 4, _damaged, "packed bytes of the drawing spoilt"),
    Fault("s06-unreadable-2", 59, _header_cut, "drawing of 20 bytes"),
    Fault("s06-unsafe-1", 20, _from_the_root, "name starts with a slash", gate=True),
    Fault("s06-unsafe-2", 51, _climbing_out, "name climbs out with ..", gate=True),
    Fault("s06-control-1", 3, _escape_in_folder, "escape character in the folder of the drawing"),
    Fault("s06-control-2", 19, _line_break_before_name, "line break at the beginning of the label's path"),
    Fault("s06-name-1", 6, _in_both_shards, "same drawing in both source zips"),
    Fault("s06-name-2", 61, _name_twice, "one name twice in a zip, contents differ"),
    Fault("s06-json-1", 21, _not_a_number, "area is NaN"),
    Fault("s06-unreadable-3", 52, _comma_at_the_end, "comma before the closing brace"),
    Fault("s06-encoding-1", 7, byte_order_mark, "document with a byte order mark"),
    Fault("s06-encoding-2", 28, cp949, "document in CP949"),
    Fault("s06-structure-1", 22, _marks_by_id, "annotations are an object by id, not a list"),
    Fault("s06-structure-2", 53, _no_category, "annotation without category_id"),
    Fault("s06-format-1", 8, _width_as_text, "width is text"),
    Fault("s06-format-2", 49, _crowd_of_seven, "iscrowd is 7"),
    Fault("s06-id-1", 9, _id_twice, "two annotations with one id"),
    Fault("s06-id-2", 62, _id_three_times, "three annotations with one id"),
    Fault("s06-class-id-1", 23, _class_not_defined, "category_id 99 is not defined"),
    Fault("s06-class-id-2", 54, _classes_from_zero, "two category ids counted from 0"),
    Fault("s06-file-name-1", 10, _other_name, "file_name of a drawing that is not there"),
    Fault("s06-file-name-2", 63, _other_extension, "file_name ends in .jpg, the drawing in .png"),
    Fault("s06-image-size-1", 24, _before_cropping, "size before cropping: 64 px wider, 12 px higher"),
    Fault("s06-image-size-2", 55, _scanned_double, "size of the scan at double resolution"),
    Fault("s06-outside-1", 11, _over_the_right, "25 px over the right edge"),
    Fault("s06-outside-2", 30, _over_the_corner, "8 px over the right and 6 px over the lower edge"),
    Fault("s06-degenerate-1", 12, _no_width, "box of width 0"),
    Fault("s06-degenerate-2", 25, _width_negative, "box of negative width"),
    Fault("s06-crossing-1", 57, _crossed, "room whose outline crosses itself"),
    Fault("s06-crossing-2", 26, _crossed_leaf, "door whose outline crosses itself"),
    Fault("s06-touching-1", 15, _there_and_back, "wall with part of an edge drawn there and back"),
    Fault("s06-touching-2", 56, _hole_with_bridge, "window whose glass is left out over a bridge"),
    Fault("s06-duplicate-1", 13, _copied, "annotation delivered twice under two ids"),
    Fault("s06-duplicate-2", 60, _drawn_twice, "room drawn twice, 2 px apart"),
    Fault("s06-encrypted-1", 1, behind_a_password, "drawing behind a password"),
    Fault("s06-encrypted-2", 79, behind_a_password, "drawing behind a password, validation"),
    Fault("s06-extension-1", 16, _jpeg_called_png, "JPEG called .png"),
    Fault("s06-extension-2", 85, _jpeg_called_png, "JPEG called .png, validation"),
    Fault("s06-empty-1", 17, empty_label, "label of zero bytes"),
    Fault("s06-nested-1", 27, _archive_in_archive, "zip of an older delivery in a zip"),
    Fault("s06-nested-2", 80, _archive_in_archive, "zip of an older delivery in a zip, validation"),
    Fault("s06-residue-1", 29, _temporary_file, "temporary file beside a label"),
    Fault("s06-mojibake-1", 31, _garbled, "names in CP949 unpacked as CP437"),
    Fault("s06-mojibake-2", 86, _escaped, "names with code points in place of Hangul"),
    Fault("s06-portable-1", 32, _with_a_colon, "names with a colon"),
    Fault("s06-portable-2", 87, _question, "names with a question mark"),
    Fault("s06-nesting-1", 65, _folder_in_itself, "folder in a folder of the same name"),
    Fault("s06-points-1", 68, _two_points, "outline of two points"),
    Fault("s06-points-2", 88, _two_points, "outline of two points, validation"),
    Fault("s06-types-1", 67, _class_as_text, "category_id is text in one annotation"),
    Fault("s06-types-2", 84, _image_as_text, "image ids are text in one file"),
    Fault("s06-keys-1", 70, _letters_changed, "key iscorwd for iscrowd"),
    Fault("s06-keys-2", 83, _key_in_capitals, "key Date_Captured for date_captured"),
    Fault("s06-unused-1", 69, _class_of_no_use, "class that nothing has", gate=True),
    Fault("s06-unused-2", 89, _another_class_of_no_use, "class that nothing has, validation", gate=True),
    Fault("s06-class-3", 90, _class_in_wide_letters, "class written with a wide hyphen", gate=True),
    Fault("s06-class-1", 14, _class_with_blank, "class written with a blank", gate=True),
    Fault("s06-class-2", 64, _class_unplanned, "class that the plan does not know", gate=True),
)
