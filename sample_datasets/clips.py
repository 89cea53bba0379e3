"""Draws what a camera in a shop sees and packs it as a video: the clips of the shop sample.

A clip is Motion JPEG in an AVI container: each picture is a JPEG file of its own. Layout of the container:
the AVI RIFF file reference (Microsoft, DirectShow), with one stream and an index.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

from PIL import Image, ImageDraw

from sample_datasets.planted import Dice

#: Left, top, right, bottom in pixels from the upper left corner.
Box = tuple[int, int, int, int]

WIDTH, HEIGHT = 96, 72
FRAMES = 6
FPS = 5

_Colour = tuple[int, int, int]
_WALLS: tuple[_Colour, ...] = ((196, 200, 196), (206, 198, 184), (184, 194, 206))
_GOODS: tuple[_Colour, ...] = ((200, 70, 60), (70, 120, 190), (220, 180, 60), (90, 150, 90))
_CLOTHES: tuple[_Colour, ...] = ((40, 60, 110), (110, 40, 60), (50, 90, 60), (60, 60, 66))
_SKIN: _Colour = (214, 170, 140)
_HAS_INDEX, _KEYFRAME = 0x10, 0x10


@dataclass(frozen=True, slots=True)
class Clip:
    """The pictures of a clip, and the box of the person in each of them."""

    pictures: tuple[Image.Image, ...]
    boxes: tuple[Box, ...]


def draw_clip(dice: Dice, *, falls: bool) -> Clip:
    """Somebody walks along the shelves of a shop and, in the middle of the clip, falls or reaches out."""
    scene, clothes = _shop(dice), dice.one(_CLOTHES)
    left, pace, floor = dice.whole(8, 16), dice.whole(6, 9), dice.whole(62, 66)
    width, height = dice.whole(11, 13), dice.whole(34, 38)
    pictures, boxes = [], []
    for number in range(FRAMES):
        picture = scene.copy()
        lies = falls and number >= FRAMES // 2
        x = left + pace * min(number, FRAMES // 2)
        box = (x, floor - width, x + height, floor) if lies else (x, floor - height, x + width, floor)
        _person(ImageDraw.Draw(picture), box, clothes, lies=lies)
        pictures.append(picture)
        boxes.append(box)
    return Clip(tuple(pictures), tuple(boxes))


def _shop(dice: Dice) -> Image.Image:
    """The shop without people: a wall, a floor, two shelves with goods."""
    scene = Image.new("RGB", (WIDTH, HEIGHT), dice.one(_WALLS))
    canvas = ImageDraw.Draw(scene)
    canvas.rectangle((0, 46, WIDTH, HEIGHT), fill=(150, 144, 136))
    for top in (6, 20):
        canvas.rectangle((4, top + 10, WIDTH - 5, top + 12), fill=(110, 84, 60))
        for x in range(6, WIDTH - 14, 10):
            canvas.rectangle((x, top + dice.whole(0, 4), x + 7, top + 9), fill=dice.one(_GOODS))
    return scene


def _person(canvas: ImageDraw.ImageDraw, box: Box, clothes: _Colour, *, lies: bool) -> None:
    """A head and a body that fill the box, the head on the left of somebody who lies."""
    left, top, right, bottom = box
    if lies:
        head, body = (left, top + 2, left + 8, bottom - 2), (left + 8, top, right - 1, bottom - 1)
    else:
        head, body = (left + 2, top, right - 3, top + 8), (left, top + 8, right - 1, bottom - 1)
    canvas.rectangle(body, fill=clothes)
    canvas.ellipse(head, fill=_SKIN)


def avi(pictures: tuple[Image.Image, ...]) -> bytes:
    """The pictures, all of one size, as a Motion JPEG video of :data:`FPS` pictures a second."""
    frames = [_jpeg(picture) for picture in pictures]
    width, height = pictures[0].size
    longest = max(map(len, frames))
    main = struct.pack(
        "<14L", 1_000_000 // FPS, longest * FPS, 0, _HAS_INDEX, len(frames), 0, 1, longest, width, height,
        0, 0, 0, 0,
    )  # fmt: skip
    stream = b"vidsMJPG" + struct.pack(
        "<L2H8L4H", 0, 0, 0, 0, 1, FPS, 0, len(frames), longest, 0xFFFFFFFF, 0, 0, 0, width, height
    )
    bitmap = struct.pack("<L2l2H4s5L", 40, width, height, 1, 24, b"MJPG", width * height * 3, 0, 0, 0, 0)
    strl = _list(b"strl", _chunk(b"strh", stream) + _chunk(b"strf", bitmap))
    hdrl = _list(b"hdrl", _chunk(b"avih", main) + strl)
    movi, index = b"", b""
    for frame in frames:
        # Counted from the name of the list.
        index += struct.pack("<4s3L", b"00dc", _KEYFRAME, len(movi) + 4, len(frame))
        movi += _chunk(b"00dc", frame)
    return _chunk(b"RIFF", b"AVI " + hdrl + _list(b"movi", movi) + _chunk(b"idx1", index))


def frames_of(video: bytes) -> list[bytes]:
    """The JPEG files in a video that :func:`avi` wrote."""
    found, at = [], video.index(b"movi") + 4
    while video[at : at + 4] == b"00dc":
        (size,) = struct.unpack_from("<L", video, at + 4)
        found.append(video[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    return found


def _jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=30)
    return buffer.getvalue()


def _chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of RIFF: name, size, data, to an even length."""
    return name + struct.pack("<L", len(data)) + data + bytes(len(data) % 2)


def _list(name: bytes, data: bytes) -> bytes:
    return _chunk(b"LIST", name + data)
