"""The travel log sample: tables and the photos that they name, as data sets 277-280 (2022) are.

A row of ``tn_tour_photo.csv`` names a photo and its visit; a row of ``tn_visit_area_info.csv`` is a visit. A
unit is a photo, with its row of each table. Tables are UTF-8 with a byte order mark, as Excel wants them.
Places and photos are made up. Layout: ``01.데이터/1.Training/{원천데이터,라벨링데이터}/``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from functools import cache

from PIL import Image, ImageDraw

from sample_datasets.planted import Dice, Json, Sample, Unit

TOP = "국내 여행로그/01.데이터"
#: Folder of the split -> numbers of its units.
SPLITS = {"1.Training": range(1, 29), "2.Validation": range(29, 41)}
PHOTOS, VISITS = "tn_tour_photo.csv", "tn_visit_area_info.csv"
#: The places that a photo and its visit have in a unit's label.
PHOTO, VISIT = "photo", "visit"
#: What its label may say beside them: see :func:`lay_out`.
HEADER, ENCODING = "header", "encoding"
#: Photos of one travel.
_OF_A_TRAVEL = 4
_NAMES = ("바닷가", "시장", "공원", "박물관", "식당", "숙소")


def units() -> dict[int, Unit]:
    """The faultless units by number."""
    return {number: _unit(number, split) for split, numbers in SPLITS.items() for number in numbers}


def lay_out(made: Sample, units: Iterable[Unit]) -> None:
    """Put the photos into the folders of ``made``, and their rows into its tables.

    A unit's label may say, beside its rows, in which tables the header comes again before its row
    (``HEADER``), and in which encoding its table of visits is (``ENCODING``).
    """
    rows: dict[str, list[Json]] = {}
    encodings: dict[str, str] = {}
    for unit in units:
        if unit.source is not None:
            made.files[unit.source_path] = unit.source
        for kind, name in ((PHOTO, PHOTOS), (VISIT, VISITS)):
            if kind == PHOTO and not unit.labelled:
                continue
            table = rows.setdefault(table_of(unit, name), [])
            if kind in unit.label.get(HEADER, ()):
                table.append(dict(zip(table[0], table[0], strict=True)))
            table.append(unit.label[kind])
        if ENCODING in unit.label:
            encodings[table_of(unit, VISITS)] = unit.label[ENCODING]
    made.files |= {path: _written(table, encodings.get(path, "utf-8-sig")) for path, table in rows.items()}


def table_of(unit: Unit, name: str) -> str:
    """The path of a table of the unit's split."""
    return f"{unit.label_path.rpartition('/')[0]}/{name}"


def _written(rows: list[Json], encoding: str) -> bytes:
    """Rows as CSV, the keys of the first as header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(rows[0])
    writer.writerows(row.values() for row in rows)
    return text.getvalue().encode(encoding)


@cache
def photo(number: int) -> bytes:
    """A sky, a hill and a sun: JPEG, 96 x 72 px."""
    dice = Dice("travel photo", number)
    image = Image.new("RGB", (96, 72), (150 + dice.whole(0, 60), 190, 230))
    draw = ImageDraw.Draw(image)
    top = dice.whole(30, 50)
    hill = [(0, 72), (0, top + 10), (dice.whole(20, 70), top), (96, top + 14), (96, 72)]
    draw.polygon(hill, (60, 110 + number, 60))
    x, y = dice.whole(8, 80), dice.whole(6, 20)
    draw.ellipse([x, y, x + 10, y + 10], (250, 230, 120))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=60)
    return buffer.getvalue()


def _unit(number: int, split: str) -> Unit:
    dice = Dice("travel", number)
    travel = f"e_e{(number - 1) // _OF_A_TRAVEL + 1:05d}"
    visit = f"23043{number:05d}"
    x, y = f"{dice.real(126.5, 129.0):.6f}", f"{dice.real(34.5, 37.8):.6f}"
    rows: Mapping[str, Json] = {
        PHOTO: {
            "PHOTO_FILE_NM": f"{travel}_{number:04d}.jpg",
            "TRAVEL_ID": travel,
            "VISIT_AREA_ID": visit,
            "PHOTO_FILE_X_COORD": x,
            "PHOTO_FILE_Y_COORD": y,
        },
        VISIT: {
            "TRAVEL_ID": travel,
            "VISIT_AREA_ID": visit,
            "VISIT_AREA_NM": f"{dice.one(_NAMES)} {number}",
            "VISIT_AREA_TYPE_CD": str(dice.whole(1, 13)),
            "ROAD_NM_ADDR": "",
            "LOTNO_ADDR": "",
            "X_COORD": x,
            "Y_COORD": y,
        },
    }
    stem = f"{travel}_{number:04d}"
    return Unit(
        number=number,
        stem=stem,
        label=dict(rows),
        source=photo(number),
        source_path=f"{TOP}/{split}/원천데이터/사진/{stem}.jpg",
        label_path=f"{TOP}/{split}/라벨링데이터/{PHOTOS}",
    )
