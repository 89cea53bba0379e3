"""Draws floor plans: the pictures of the drawings sample, with an outline for each part of the building."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, field

from PIL import Image, ImageDraw

from sample_datasets.planted import Dice

#: Corners in pixels from the upper left corner of the picture, not closed.
Outline = tuple[tuple[float, float], ...]
_Rect = tuple[int, int, int, int]

WALL, OUTER = 3, 5
_INK, _PAPER, _GREY = 0, 255, 120


@dataclass(slots=True)
class Drawing:
    """A drawing and its parts by kind."""

    image: Image.Image
    walls: list[Outline] = field(default_factory=list)
    doors: list[Outline] = field(default_factory=list)
    windows: list[Outline] = field(default_factory=list)
    rooms: list[Outline] = field(default_factory=list)


def draw_plan(dice: Dice, width: int, height: int, title: str) -> Drawing:
    """A floor plan of four to six rooms with walls, doors, windows, dimension lines and a title block."""
    image = Image.new("L", (width, height), _PAPER)
    canvas = ImageDraw.Draw(image)
    drawing = Drawing(image)
    house: _Rect = (
        dice.whole(36, 50),
        dice.whole(34, 46),
        width - dice.whole(36, 54),
        height - dice.whole(50, 64),
    )
    _outer_walls(canvas, drawing, house)
    _divide(canvas, drawing, dice, house, depth=0)
    _windows(canvas, drawing, dice, house)
    _dimensions(canvas, dice, house)
    canvas.rectangle((width - 124, height - 24, width - 6, height - 6), outline=_INK)
    canvas.text((width - 119, height - 21), title, fill=_INK)
    return drawing


def png(image: Image.Image) -> bytes:
    """PNG bytes with a palette of eight greys, as scanned drawings have few."""
    buffer = io.BytesIO()
    image.point([round(v / 255 * 7) * 255 // 7 for v in range(256)]).quantize(8).save(
        buffer, "PNG", optimize=True
    )
    return buffer.getvalue()


def _outer_walls(canvas: ImageDraw.ImageDraw, drawing: Drawing, house: _Rect) -> None:
    left, top, right, bottom = house
    for wall in (
        (left - OUTER, top - OUTER, right + OUTER, top),
        (left - OUTER, bottom, right + OUTER, bottom + OUTER),
        (left - OUTER, top, left, bottom),
        (right, top, right + OUTER, bottom),
    ):
        canvas.rectangle(wall, fill=_INK)
        drawing.walls.append(_corners(wall))


def _divide(canvas: ImageDraw.ImageDraw, drawing: Drawing, dice: Dice, room: _Rect, depth: int) -> None:
    """Splits a room by a wall with a door until it is small enough, then keeps it."""
    left, top, right, bottom = room
    w, h = right - left, bottom - top
    if depth == 3 or max(w, h) < 130 or (depth == 2 and dice.chance(0.5)):
        drawing.rooms.append(_corners(room))
        canvas.text(((left + right) // 2 - 16, (top + bottom) // 2 - 5), f"{w * h / 1600:.1f}m2", fill=_GREY)
        return
    swing = dice.whole(17, 22)
    if w >= h:
        x = left + int(w * dice.real(0.4, 0.6))
        wall = (x, top, x + WALL, bottom)
        canvas.rectangle(wall, fill=_INK)
        drawing.walls.append(_corners(wall))
        _door(canvas, drawing, hinge=(x + WALL, bottom - swing - 8), along=(0, 1), swing=swing)
        _divide(canvas, drawing, dice, (left, top, x, bottom), depth + 1)
        _divide(canvas, drawing, dice, (x + WALL, top, right, bottom), depth + 1)
    else:
        y = top + int(h * dice.real(0.4, 0.6))
        wall = (left, y, right, y + WALL)
        canvas.rectangle(wall, fill=_INK)
        drawing.walls.append(_corners(wall))
        _door(canvas, drawing, hinge=(right - swing - 8, y + WALL), along=(1, 0), swing=swing)
        _divide(canvas, drawing, dice, (left, top, right, y), depth + 1)
        _divide(canvas, drawing, dice, (left, y + WALL, right, bottom), depth + 1)


def _door(
    canvas: ImageDraw.ImageDraw,
    drawing: Drawing,
    hinge: tuple[int, int],
    along: tuple[int, int],
    swing: int,
) -> None:
    """An opening of ``swing`` px along the wall and the quarter circle that its leaf sweeps into the room."""
    x, y = hinge
    into = (along[1], along[0])
    gap = (x - WALL * into[0], y - WALL * into[1], x + swing * along[0], y + swing * along[1])
    canvas.rectangle(
        (min(gap[0], gap[2]), min(gap[1], gap[3]), max(gap[0], gap[2]), max(gap[1], gap[3])), fill=_PAPER
    )
    sweep = [
        (
            round(x + swing * (math.cos(turn) * into[0] + math.sin(turn) * along[0]), 1),
            round(y + swing * (math.cos(turn) * into[1] + math.sin(turn) * along[1]), 1),
        )
        for turn in (step * math.pi / 10 for step in range(6))
    ]
    canvas.line([hinge, *sweep], fill=_INK, width=1)
    drawing.doors.append(((float(x), float(y)), *sweep))


def _windows(canvas: ImageDraw.ImageDraw, drawing: Drawing, dice: Dice, house: _Rect) -> None:
    left, top, right, bottom = house
    length = dice.whole(30, 44)
    x, y = left + dice.whole(14, 30), top + dice.whole(14, 30)
    for frame in (
        (x, top - OUTER, x + length, top),
        (right - length - 24, bottom, right - 24, bottom + OUTER),
        (left - OUTER, y, left, y + length),
    ):
        canvas.rectangle(frame, fill=_PAPER, outline=_INK)
        middle_x, middle_y = (frame[0] + frame[2]) // 2, (frame[1] + frame[3]) // 2
        flat = frame[2] - frame[0] > frame[3] - frame[1]
        canvas.line(
            (frame[0], middle_y, frame[2], middle_y) if flat else (middle_x, frame[1], middle_x, frame[3]),
            fill=_INK,
        )
        drawing.windows.append(_corners(frame))


def _dimensions(canvas: ImageDraw.ImageDraw, dice: Dice, house: _Rect) -> None:
    left, top, right, bottom = house
    line = top - 18
    canvas.line((left, line, right, line), fill=_GREY)
    for x in (left, right):
        canvas.line((x, line - 4, x, top - 8), fill=_GREY)
    canvas.text(
        ((left + right) // 2 - 14, line - 12), str((right - left) * 25 + dice.whole(0, 4) * 5), fill=_GREY
    )
    line = left - 18
    canvas.line((line, top, line, bottom), fill=_GREY)
    for y in (top, bottom):
        canvas.line((line - 4, y, left - 8, y), fill=_GREY)


def _corners(rect: _Rect) -> Outline:
    left, top, right, bottom = map(float, rect)
    return (left, top), (right, top), (right, bottom), (left, bottom)
