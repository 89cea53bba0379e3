"""The defects that are planted in the travel log sample, each in a photo of its own or in a table."""

from __future__ import annotations

from sample_datasets.common_faults import empty_source, error_page, no_label
from sample_datasets.planted import Fault, Planting, Sample, Unit, whole
from sample_datasets.travel import ENCODING, HEADER, PHOTO, PHOTOS, SPLITS, VISIT, VISITS, table_of

#: Photos that no row names.
UNLISTED = (5, 33)
#: A photo of the training split, and one of the validation split that is said to be of the same travel.
SAME_TRAVEL = ((1, 29), (7, 34))


def _row(unit: Unit, kind: str) -> int:
    """The number of the unit's row in its table, from 0."""
    numbers = next(numbers for numbers in SPLITS.values() if unit.number in numbers)
    missing = UNLISTED if kind == PHOTO else ()
    return sum(number not in missing for number in numbers if number < unit.number)


def _table(planting: Planting, kind: str, check: str) -> None:
    """Expect a finding about a table of the unit's split."""
    name = PHOTOS if kind == PHOTO else VISITS
    planting.expect_at(check, "file", "", table_of(planting.unit, name))


def _cell(planting: Planting, kind: str, column: str, value: str) -> None:
    """Write a cell that breaks the format of its column."""
    planting.unit.label[kind][column] = value
    name = PHOTOS if kind == PHOTO else VISITS
    pointer = f"/{_row(planting.unit, kind)}/{column}"
    path = table_of(planting.unit, name)
    planting.expect_at("schema.format", "path", "", path, pointer, f"/*/{column}")


def _no_photo(planting: Planting) -> None:
    planting.unit.source = None
    planting.expect("references.dangling-media", "item", pointer=f"/{_row(planting.unit, PHOTO)}")


def _header_again(planting: Planting) -> None:
    """Two exports put one below the other."""
    planting.unit.label[HEADER] = [PHOTO]
    _table(planting, PHOTO, "documents.repeated-header")


def _header_of_visits_again(planting: Planting) -> None:
    planting.unit.label[HEADER] = [VISIT]
    _table(planting, VISIT, "documents.repeated-header")


def _cell_too_many(planting: Planting) -> None:
    planting.unit.label[PHOTO]["비고"] = "흔들림"
    _table(planting, PHOTO, "documents.ragged-row")


def _visit_with_a_cell_too_many(planting: Planting) -> None:
    planting.unit.label[VISIT]["비고"] = "휴무"
    _table(planting, VISIT, "documents.ragged-row")


def _cp949(planting: Planting) -> None:
    planting.unit.label[ENCODING] = "cp949"
    _table(planting, VISIT, "documents.encoding")


def _axes_swapped(planting: Planting) -> None:
    """Latitude where longitude belongs."""
    row = planting.unit.label[PHOTO]
    x, y = row["PHOTO_FILE_X_COORD"], row["PHOTO_FILE_Y_COORD"]
    _cell(planting, PHOTO, "PHOTO_FILE_X_COORD", y)
    _cell(planting, PHOTO, "PHOTO_FILE_Y_COORD", x)


def _in_degrees_and_minutes(planting: Planting) -> None:
    _cell(planting, VISIT, "X_COORD", "127°02'")


def _nowhere_at_all(planting: Planting) -> None:
    """0, 0 where the camera had no signal."""
    _cell(planting, PHOTO, "PHOTO_FILE_X_COORD", "0")
    _cell(planting, PHOTO, "PHOTO_FILE_Y_COORD", "0")


def _no_travel(planting: Planting) -> None:
    """An empty cell is of the wrong form; it names no travel that could be missing."""
    _cell(planting, PHOTO, "TRAVEL_ID", "")


def _travel_of_nobody(planting: Planting) -> None:
    _travel(planting, "e_e00999")


def _travel_without_zeros(planting: Planting) -> None:
    kept = planting.unit.label[PHOTO]["TRAVEL_ID"]
    _travel(planting, f"e_e{int(kept.removeprefix('e_e'))}")


def _travel(planting: Planting, value: str) -> None:
    """Name a travel in the row of the photo that no visit has."""
    planting.unit.label[PHOTO]["TRAVEL_ID"] = value
    pointer = f"/{_row(planting.unit, PHOTO)}"
    planting.expect("references.dangling-row", "item", pointer=pointer)


def _no_name(planting: Planting) -> None:
    _cell(planting, VISIT, "VISIT_AREA_NM", " ")


def reject(made: Sample, units: dict[int, Unit]) -> None:
    """Plant what rejects the whole: travels of the training split in the validation split too."""
    for number, (old, new) in enumerate(SAME_TRAVEL, 1):
        note = "travel of the training split in the validation split too"
        for kind in (PHOTO, VISIT):
            units[new].label[kind]["TRAVEL_ID"] = units[old].label[kind]["TRAVEL_ID"]
        for unit in (units[old], units[new]):
            planting = Planting(f"s26-travel-{number}", unit, made, note)
            planting.expect_at("split.same-group", "group", "", table_of(unit, VISITS))


def settle(made: Sample) -> None:
    """Expect what several of the defects lead to together."""
    whole(made, "s26-encodings", "files.encoding-mixed", "one table in CP949 among those for Excel")


FAULTS = (
    Fault("s26-not-listed-1", UNLISTED[0], no_label, "photo that no row names"),
    Fault("s26-not-listed-2", UNLISTED[1], no_label, "photo that no row names, validation"),
    Fault("s26-no-photo-1", 6, _no_photo, "row of a photo that is not there"),
    Fault("s26-no-photo-2", 35, _no_photo, "row of a photo that is not there, validation"),
    Fault("s26-empty-1", 9, empty_source, "photo of zero bytes"),
    Fault("s26-unreadable-1", 36, error_page("403 Forbidden"), "a server's error page saved as a photo"),
    Fault("s26-header-1", 12, _header_again, "header again amid the photos"),
    Fault("s26-header-2", 37, _header_of_visits_again, "header again amid the visits, validation"),
    Fault("s26-ragged-1", 38, _cell_too_many, "row of a photo with a cell too many, validation"),
    Fault("s26-ragged-2", 13, _visit_with_a_cell_too_many, "row of a visit with a cell too many"),
    Fault("s26-encoding-1", 39, _cp949, "table of visits in CP949, validation"),
    Fault("s26-format-1", 14, _axes_swapped, "longitude and latitude swapped"),
    Fault("s26-format-2", 15, _in_degrees_and_minutes, "longitude in degrees and minutes"),
    Fault("s26-format-3", 16, _nowhere_at_all, "photo taken at 0, 0"),
    Fault("s26-format-4", 17, _no_travel, "row of a photo without its travel"),
    Fault("s26-travel-id-1", 18, _travel_of_nobody, "row of a photo with a travel that has no visit"),
    Fault("s26-travel-id-2", 32, _travel_without_zeros, "travel without leading zeros, validation"),
    Fault("s26-format-5", 40, _no_name, "name of a visited place is a blank"),
)
