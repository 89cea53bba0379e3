"""The defects that are planted in the low-light sample, each in a unit of its own."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from sample_datasets.common_faults import (
    byte_order_mark,
    cp949,
    cut_short,
    empty_source,
    error_page,
    no_label,
    no_source,
)
from sample_datasets.low_light import PLACES
from sample_datasets.night import Box
from sample_datasets.planted import Fault, Json, Planting, Sample, Unit, dump, nowhere, whole

#: Units of one folder, all of it, whose boxes were written as x, y, w, h.
CONFUSED = PLACES["주차장"]
SECTIONS = ("Raw_Data_Info", "Source_Data_Info", "Learning_Data_Info")


def _section(unit: Unit, name: str) -> tuple[str, Json]:
    """A section of the document and its key, with the dot or without."""
    key = next(key for key in unit.label if key.rstrip(".") == name)
    section: Json = unit.label[key]
    return key, section


def _annotations(unit: Unit) -> tuple[str, list[Json]]:
    """Pointer of the annotations and the annotations."""
    key, section = _section(unit, "Learning_Data_Info")
    annotations: list[Json] = section["Annotations"]
    return f"/{key}/Annotations", annotations


def _size(unit: Unit) -> tuple[int, int]:
    width, height = _section(unit, "Raw_Data_Info")[1]["Resolution"].split(", ")
    return int(width), int(height)


def _set_box(planting: Planting, index: int, box: Box | list[Any], *checks: str) -> None:
    """Write a box and expect it to be found by the checks."""
    pointer, annotations = _annotations(planting.unit)
    annotations[index]["Type_value"] = list(box)
    for check in checks:
        planting.expect(check, "annotation", pointer=f"{pointer}/{index}")


# --- files and documents -------------------------------------------------------------------------------


def _blank_label(planting: Planting) -> None:
    planting.unit.written = b"\n  \n\n"
    planting.expect("files.empty", "file")


def _png_called_jpg(planting: Planting) -> None:
    assert planting.unit.source is not None
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(planting.unit.source)) as picture:
        picture.quantize(16).save(buffer, "PNG", optimize=True)
    planting.unit.source = buffer.getvalue()
    planting.expect("files.extension-content", "file", source=True)


def _half_a_download(planting: Planting) -> None:
    """Beside the whole picture lies what a transfer that broke off has left."""
    unit = planting.unit
    assert unit.source is not None
    planting.beside(f"{unit.source_path}.crdownload", unit.source[: len(unit.source) // 2], "files.residue")


def _backup_of_a_label(planting: Planting) -> None:
    planting.beside(f"{planting.unit.label_path}.bak", dump(planting.unit.label), "files.residue")


def _left_by_windows(planting: Planting) -> None:
    """Two files of the system, which are told of as one group, at the first of them."""
    folder = planting.unit.source_path.rpartition("/")[0]
    planting.beside(f"{folder}/Thumbs.db", b"\xd0\xcf\x11\xe0" + bytes(28), "files.junk", subject="group")
    planting.beside(f"{folder}/desktop.ini", b"[ViewState]\r\n")


def _folder_in_itself(planting: Planting) -> None:
    """Moved with its picture into a folder that holds nothing but a folder of its own name."""
    unit = planting.unit
    for attribute, source in (("source_path", True), ("label_path", False)):
        top, _, name = getattr(unit, attribute).split("/")
        setattr(unit, attribute, f"{top}/보완/보완/{name}")
        planting.expect("files.double-nesting", "group", source=source)


def _key_twice(planting: Planting) -> None:
    line = b'"File_Extension": "jpg"'
    planting.unit.written = dump(planting.unit.label).replace(line, b'"Shooting_ID": "S99",\n        ' + line)
    planting.expect("documents.invalid-json", "file")


# --- schema --------------------------------------------------------------------------------------------


def _section_missing(planting: Planting) -> None:
    key, _ = _section(planting.unit, "Source_Data_Info")
    del planting.unit.label[key]
    planting.expect("schema.structure", "file")


def _class_missing(planting: Planting) -> None:
    _, annotations = _annotations(planting.unit)
    del annotations[1]["Class_ID"]
    planting.expect("schema.structure", "file")


def _resolution_with_x(planting: Planting) -> None:
    key, section = _section(planting.unit, "Raw_Data_Info")
    section["Resolution"] = "320x240"
    planting.expect("schema.format", "path", pointer=f"/{key}/Resolution", name="/Raw_Data_Info/Resolution")


def _class_number(planting: Planting) -> None:
    pointer, annotations = _annotations(planting.unit)
    annotations[2]["Class_ID"] = 4
    path = "/Learning_Data_Info/Annotations/*/Class_ID"
    planting.expect("schema.format", "path", pointer=f"{pointer}/2/Class_ID", name=path)


# --- items ---------------------------------------------------------------------------------------------


def _other_name(planting: Planting) -> None:
    _section(planting.unit, "Source_Data_Info")[1]["Source_Data_ID"] = f"LL_{planting.unit.number + 900:04d}"
    planting.expect("items.file-name", "item")


def _name_without_zeros(planting: Planting) -> None:
    _section(planting.unit, "Source_Data_Info")[1]["Source_Data_ID"] = f"LL_{planting.unit.number}"
    planting.expect("items.file-name", "item")


def _other_size(planting: Planting) -> None:
    _section(planting.unit, "Raw_Data_Info")[1]["Resolution"] = "1920, 1080"
    planting.expect("items.image-size", "item")


def _sides_swapped(planting: Planting) -> None:
    width, height = _size(planting.unit)
    _section(planting.unit, "Raw_Data_Info")[1]["Resolution"] = f"{height}, {width}"
    planting.expect("items.image-size", "item")


# --- shapes and classes --------------------------------------------------------------------------------


def _over_the_right(planting: Planting) -> None:
    width, _ = _size(planting.unit)
    _, top, _, bottom = _annotations(planting.unit)[1][0]["Type_value"]
    _set_box(planting, 0, (width - 21, top, width + 37, bottom), "shapes.outside-image")


def _over_the_top(planting: Planting) -> None:
    left, _, right, bottom = _annotations(planting.unit)[1][2]["Type_value"]
    _set_box(planting, 2, (left, -6, right, bottom), "shapes.outside-image")


def _corners_swapped(planting: Planting) -> None:
    left, top, right, bottom = _annotations(planting.unit)[1][1]["Type_value"]
    _set_box(planting, 1, (right, bottom, left, top), "shapes.degenerate")


def _flat(planting: Planting) -> None:
    left, top, right, _ = _annotations(planting.unit)[1][0]["Type_value"]
    _set_box(planting, 0, (left, top, right, top), "shapes.degenerate")


def _copied(planting: Planting) -> None:
    _copy(planting, 1, 0)


def _drawn_twice(planting: Planting) -> None:
    _copy(planting, 2, 1)


def _copy(planting: Planting, index: int, shift: int) -> None:
    """Append the annotation again, its right edge moved by ``shift`` px."""
    pointer, annotations = _annotations(planting.unit)
    left, top, right, bottom = annotations[index]["Type_value"]
    annotations.append({**annotations[index], "Type_value": [left, top, right + shift, bottom]})
    # The first is right, the later one is surplus.
    planting.expect("shapes.duplicate", "annotation", pointer=f"{pointer}/{len(annotations) - 1}")


def _misspelt_class(planting: Planting) -> None:
    _, annotations = _annotations(planting.unit)
    annotations[0]["Class_ID"] = "승용챠"
    planting.expect("classes.out-of-vocabulary", "class", name="승용챠")


def _english_class(planting: Planting) -> None:
    _, annotations = _annotations(planting.unit)
    for annotation in annotations:
        annotation["Class_ID"] = "pedestrian"
    planting.expect("classes.out-of-vocabulary", "class", name="pedestrian")


def reject(made: Sample, units: dict[int, Unit]) -> None:
    """Plant what rejects the whole: boxes of a folder as x, y, w, h. Read as corners most are inverted."""
    note = "boxes of one folder written as x, y, w, h"
    for unit in (units[number] for number in CONFUSED):
        planting = Planting("s01-order", unit, made, note)
        for index, annotation in enumerate(_annotations(unit)[1]):
            left, top, right, bottom = annotation["Type_value"]
            w, h = right - left, bottom - top
            inverted = w <= left or h <= top
            _set_box(planting, index, (left, top, w, h), *(["shapes.degenerate"] if inverted else []))
    whole(made, "s01-order", "shapes.order-confusion", note)


def settle(made: Sample) -> None:
    """Expect what several of the defects lead to together."""
    whole(made, "s01-encodings", "files.encoding-mixed", "one label in CP949 and one with a byte order mark")
    for section in SECTIONS:
        dotted = nowhere(made, f"s01-keys-{section}", f"section {section} with and without a trailing dot")
        dotted.expect("schema.mixed-keys", "path", name="/")


FAULTS = (
    Fault("s01-no-label-1", 3, no_label, "label file left out"),
    Fault("s01-no-label-2", 33, no_label, "label file left out, another place"),
    Fault("s01-no-source-1", 5, no_source(), "picture left out"),
    Fault("s01-no-source-2", 41, no_source(), "picture left out, another place"),
    Fault("s01-empty-1", 8, empty_source, "picture of zero bytes"),
    Fault("s01-empty-2", 25, _blank_label, "label of blanks and line breaks"),
    Fault(
        "s01-unreadable-1", 35, error_page("504 Gateway Time-out"), "a server's error page saved as a picture"
    ),
    Fault("s01-unreadable-2", 10, cut_short(2, 3), "document cut short after two thirds"),
    Fault("s01-extension-1", 1, _png_called_jpg, "PNG called .jpg"),
    Fault("s01-extension-2", 26, _png_called_jpg, "PNG called .jpg, another place"),
    Fault("s01-residue-1", 2, _half_a_download, "half of a picture under the name of an unfinished download"),
    Fault("s01-residue-2", 27, _backup_of_a_label, "backup beside a label"),
    Fault("s01-junk-1", 28, _left_by_windows, "Thumbs.db and desktop.ini"),
    Fault("s01-nesting-1", 45, _folder_in_itself, "folder in a folder of the same name"),
    Fault("s01-json-1", 36, _key_twice, "Shooting_ID stands twice"),
    Fault("s01-encoding-1", 11, cp949, "document in CP949"),
    Fault("s01-encoding-2", 37, byte_order_mark, "document with a byte order mark"),
    Fault("s01-structure-1", 12, _section_missing, "section Source_Data_Info is missing"),
    Fault("s01-structure-2", 38, _class_missing, "one annotation without Class_ID"),
    Fault("s01-format-1", 14, _resolution_with_x, "Resolution written 320x240 for 320, 240"),
    Fault("s01-format-2", 34, _class_number, "Class_ID is a number"),
    Fault("s01-file-name-1", 15, _other_name, "Source_Data_ID of another picture"),
    Fault("s01-file-name-2", 40, _name_without_zeros, "Source_Data_ID without leading zeros"),
    Fault("s01-image-size-1", 16, _other_size, "1920 x 1080 declared of a picture of 320 x 240"),
    Fault("s01-image-size-2", 42, _sides_swapped, "width and height swapped"),
    Fault("s01-outside-1", 17, _over_the_right, "37 px over the right edge"),
    Fault("s01-outside-2", 43, _over_the_top, "6 px over the upper edge"),
    Fault("s01-degenerate-1", 18, _corners_swapped, "corners swapped"),
    Fault("s01-degenerate-2", 22, _flat, "height 0"),
    Fault("s01-duplicate-1", 19, _copied, "box delivered twice"),
    Fault("s01-duplicate-2", 23, _drawn_twice, "thing drawn twice, 1 px apart"),
    Fault("s01-class-1", 20, _misspelt_class, "one box with a misspelt class", gate=True),
    Fault("s01-class-2", 24, _english_class, "all boxes of a file with an English class", gate=True),
)
