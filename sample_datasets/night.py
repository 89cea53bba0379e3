"""Draws street scenes at night: the pictures of the low-light sample, with a box for each thing drawn."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from sample_datasets.planted import Dice

#: Left, top, right, bottom in pixels from the upper left corner.
Box = tuple[int, int, int, int]

_Colour = tuple[int, int, int]
#: Centre x and y, radius (px), colour, strength 0..1.
_Light = tuple[float, float, float, _Colour, float]
_WARM, _WHITE, _RED, _GREEN = (255, 190, 110), (255, 250, 225), (255, 40, 30), (70, 255, 150)
_EXIF_ORIENTATION = 0x0112

#: Class -> width and height of a thing at the lower edge of a picture of 320 px, from and to.
_SIZES: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "승용차": ((52, 70), (30, 38)),
    "버스": ((70, 84), (52, 62)),
    "트럭": ((60, 76), (44, 54)),
    "이륜차": ((18, 24), (26, 34)),
    "보행자": ((12, 16), (34, 44)),
}
SIGNAL = "신호등"
CLASSES = (*_SIZES, SIGNAL)


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture and what is to be seen in it, in drawing order."""

    image: Image.Image
    things: tuple[tuple[str, Box], ...]


def draw_scene(dice: Dice, width: int, height: int) -> Scene:
    """A night street of ``width`` x ``height`` px with three to six things that hardly overlap."""
    image = Image.new("RGB", (width, height))
    canvas = ImageDraw.Draw(image)
    horizon = int(height * dice.real(0.44, 0.52))
    _sky_and_houses(canvas, dice, width, horizon)
    _road(canvas, dice, width, height, horizon)
    lights: list[_Light] = []
    things: list[tuple[str, Box]] = []
    for side in (0.08, 0.92):
        _lamp(canvas, lights, int(width * side), int(horizon * dice.real(0.25, 0.4)), horizon)
    wanted = dice.whole(3, 5)
    for _ in range(60):
        if len(things) == wanted:
            break
        name = dice.one(tuple(_SIZES))
        box = _place(dice, name, width, height, horizon)
        if all(_shared(box, other) < 0.15 for _, other in things):
            things.append((name, box))
    things.sort(key=lambda thing: thing[1][3])
    for name, box in things:
        _draw_thing(canvas, lights, dice, name, box)
    if dice.chance(0.5):
        left, top = dice.whole(width // 3, width // 2), dice.whole(horizon // 3, horizon // 2)
        things.append((SIGNAL, (left, top, left + 26, top + 11)))
        _signal(canvas, lights, dice, (left, top), horizon)
    return Scene(_exposed(image, lights, dice), tuple(things))


def jpeg(image: Image.Image, orientation: int = 1) -> bytes:
    """JPEG bytes; with an EXIF orientation other than 1 the pixels are stored turned (6: a quarter turn)."""
    buffer = io.BytesIO()
    if orientation == 6:
        exif = Image.Exif()
        exif[_EXIF_ORIENTATION] = orientation
        image.transpose(Image.Transpose.ROTATE_90).save(buffer, "JPEG", quality=50, exif=exif)
    else:
        image.save(buffer, "JPEG", quality=50)
    return buffer.getvalue()


def _sky_and_houses(canvas: ImageDraw.ImageDraw, dice: Dice, width: int, horizon: int) -> None:
    for y in range(horizon):
        shade = y / horizon
        canvas.line((0, y, width, y), fill=(int(6 + 10 * shade), int(8 + 12 * shade), int(20 + 22 * shade)))
    left = -10
    while left < width:
        right, top = left + dice.whole(34, 62), horizon - dice.whole(horizon // 4, int(horizon * 0.8))
        tone = dice.whole(10, 20)
        canvas.rectangle((left, top, right, horizon), fill=(tone, tone, tone + 5))
        for row in range(top + 6, horizon - 8, 11):
            for column in range(left + 5, right - 6, 10):
                if dice.chance(0.28):
                    glow = dice.whole(50, 150)
                    canvas.rectangle(
                        (column, row, column + 4, row + 5), fill=(glow, int(glow * 0.8), glow // 2)
                    )
        left = right + dice.whole(0, 6)


def _road(canvas: ImageDraw.ImageDraw, dice: Dice, width: int, height: int, horizon: int) -> None:
    canvas.rectangle((0, horizon, width, height), fill=(17, 17, 19))
    middle = int(width * dice.real(0.42, 0.58))
    canvas.polygon(
        [(middle - 20, horizon), (middle + 20, horizon), (width + 60, height), (-60, height)],
        fill=(27, 27, 30),
    )
    for edge in (-60, width + 60):
        canvas.line((middle, horizon, edge, height), fill=(60, 60, 58), width=2)
    y, dash = float(horizon + 6), 4.0
    while y < height:
        canvas.line(
            (middle, y, middle, min(y + dash, height)), fill=(92, 86, 52), width=max(1, int(dash / 5))
        )
        y, dash = y + dash * 2.2, dash * 1.35


def _lamp(
    canvas: ImageDraw.ImageDraw,
    lights: list[_Light],
    x: int,
    top: int,
    foot: int,
) -> None:
    canvas.line((x, top, x, foot + 24), fill=(42, 42, 44), width=2)
    lights.append((x, top, 9.0, _WARM, 0.85))
    lights.append((x, foot + 20, 34.0, _WARM, 0.16))


def _place(dice: Dice, name: str, width: int, height: int, horizon: int) -> Box:
    near = dice.real(0.35, 1.0)
    scale = near * width / 320
    (low_w, high_w), (low_h, high_h) = _SIZES[name]
    w, h = max(8, int(dice.whole(low_w, high_w) * scale)), max(12, int(dice.whole(low_h, high_h) * scale))
    bottom = min(height - 3, max(int(horizon + 6 + (height - horizon - 10) * near), h + 4))
    left = dice.whole(4, width - w - 5)
    return left, bottom - h, left + w, bottom


def _shared(a: Box, b: Box) -> float:
    """Intersection over the smaller of two boxes, 0..1."""
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return max(w, 0) * max(h, 0) / smaller


def _draw_thing(
    canvas: ImageDraw.ImageDraw,
    lights: list[_Light],
    dice: Dice,
    name: str,
    box: Box,
) -> None:
    left, top, right, bottom = box
    w, h = right - left, bottom - top
    tone = dice.whole(34, 58)
    body: _Colour = (tone, tone - dice.whole(0, 10), tone + dice.whole(0, 12))
    if name == "보행자":
        head = w * 0.22
        middle = (left + right) / 2
        canvas.ellipse((middle - head, top, middle + head, top + h * 0.2), fill=(104, 84, 72))
        canvas.polygon([(middle, top + h * 0.18), (right, top + h * 0.58), (left, top + h * 0.58)], fill=body)
        canvas.polygon([(left + w * 0.2, top + h * 0.55), (right - w * 0.2, top + h * 0.55), (right, bottom),
                        (middle, top + h * 0.7), (left, bottom)], fill=(30, 30, 38))  # fmt: skip
        return
    if name == "이륜차":
        wheel = h * 0.34
        for x in (left, right - wheel):
            canvas.ellipse((x, bottom - wheel, x + wheel, bottom), outline=(70, 70, 74), width=2)
        canvas.line(
            (left + wheel / 2, bottom - wheel / 2, right - wheel / 2, bottom - wheel), fill=body, width=3
        )
        canvas.polygon(
            [
                (left + w * 0.3, top),
                (left + w * 0.7, top),
                (right - 2, bottom - wheel),
                (left + w * 0.2, bottom - wheel),
            ],
            fill=body,
        )
        lights.append((right - 3, bottom - wheel * 1.2, max(2.0, w * 0.14), _WHITE, 0.7))
        return
    wheel = h * 0.16
    roof = top + h * (0.4 if name == "승용차" else 0.0)
    canvas.rounded_rectangle((left, roof, right, bottom - wheel), radius=max(2, h // 10), fill=body)
    if name == "승용차":
        canvas.polygon(
            [
                (left + w * 0.18, roof),
                (left + w * 0.28, top),
                (left + w * 0.72, top),
                (left + w * 0.84, roof),
            ],
            fill=(46, 50, 58),
        )
    elif name == "버스":
        for part in range(5):
            x = left + w * (0.06 + 0.18 * part)
            canvas.rectangle((x, top + h * 0.14, x + w * 0.14, top + h * 0.44), fill=(126, 118, 86))
    else:
        canvas.rectangle((left + w * 0.68, top + h * 0.12, right - 2, top + h * 0.46), fill=(24, 28, 34))
        canvas.line((left + w * 0.64, top, left + w * 0.64, bottom - wheel), fill=(16, 16, 18), width=2)
    for x in (left + w * 0.16, left + w * 0.7):
        canvas.ellipse((x, bottom - wheel * 2, x + wheel * 2, bottom), fill=(8, 8, 9), outline=(52, 52, 52))
    colour = _WHITE if dice.chance(0.6) else _RED
    ends = (left + w * 0.06, right - w * 0.06)
    lights.extend((x, bottom - h * 0.34, max(2.0, w * 0.06), colour, 0.9) for x in ends)


def _signal(
    canvas: ImageDraw.ImageDraw,
    lights: list[_Light],
    dice: Dice,
    corner: tuple[int, int],
    foot: int,
) -> None:
    left, top = corner
    canvas.line((left + 26, top + 5, left + 44, top + 5, left + 44, foot), fill=(44, 44, 46), width=2)
    canvas.rounded_rectangle(
        (left, top, left + 26, top + 11), radius=3, fill=(12, 12, 12), outline=(62, 62, 62)
    )
    x, colour = dice.one(((left + 5, _RED), (left + 21, _GREEN)))
    lights.append((x, top + 5, 3.0, colour, 1.0))


def _exposed(image: Image.Image, lights: list[_Light], dice: Dice) -> Image.Image:
    """Adds glow around the lights and the grain of a long exposure."""
    pixels: NDArray[np.float64] = np.asarray(image, dtype=np.float64)
    rows, columns = np.mgrid[0 : image.height, 0 : image.width].astype(np.float64)
    for x, y, radius, colour, strength in lights:
        spread = ((columns - x) ** 2 + (rows - y) ** 2) / (2 * radius**2)
        pixels = pixels + (strength * np.exp(-spread))[..., None] * np.asarray(colour, dtype=np.float64)
    grain = np.random.default_rng(dice.whole(0, 2**31)).random(pixels.shape[:2]) * 5 - 2.5
    return Image.fromarray(np.clip(pixels + grain[..., None], 0, 255).astype(np.uint8), "RGB")
