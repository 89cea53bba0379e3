"""Media headers: what a picture says of itself before a pixel is decoded.

Only the header is read: 64 KiB of an archive member, whatever Pillow asks for of a file on disk.
Sizes are as stored; ``orientation`` (EXIF 0x0112) says how they are to be turned. Other media have
no reader yet, and their coverage says so.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from PIL import Image, UnidentifiedImageError

from qc.deliverable.names import text_to_disk
from qc.deliverable.reading import Reader, ReadError
from qc.facts.producers import Job, Member, Tables
from qc.facts.tables import COVERAGE, MEDIA

#: Bytes of an archive member that are read first.
HEAD = 64 << 10
#: A member whose header lies further behind is read whole, up to this size.
WHOLE = 256 << 20

#: Extensions that are opened; what a file *is* then comes from its content.
IMAGES = frozenset(
    (
        *("jpg", "jpeg", "jpe", "jfif", "png", "apng", "bmp", "dib", "gif", "tif", "tiff", "webp", "avif"),
        *("jp2", "j2k", "jpx", "tga", "ico", "ppm", "pgm", "pbm", "pnm", "psd"),
    )
)
#: Pictures for which there is no decoder here; said so, because somebody expects their size.
NO_DECODER = frozenset(("heic", "heif", "svg", "eps", "dng", "cr2", "cr3", "nef", "arw", "raf", "exr", "hdr"))

#: Formats that need more than their head: frames are counted to the end of the file.
_TO_THE_END = frozenset({"GIF", "TIFF", "WEBP", "AVIF"})
#: Pillow's name for a JPEG that carries further pictures.
_SAME = {"MPO": "JPEG"}
_BITS = {"1": 1, "I;16": 16, "I;16B": 16, "I;16L": 16, "I": 32, "F": 32}
_ORIENTATION = 0x0112
_BITS_PER_SAMPLE = 258
_PNG_DEPTH = 24

_IMAGE_COLUMNS = ("format", "width", "height", "orientation", "mode", "bits", "channels", "frames")
_MEDIA_COLUMNS = ("file", *_IMAGE_COLUMNS, "status", "reason")

Row = dict[str, Any]


def read_headers(job: Job) -> Tables:
    """Rows of ``media`` and ``coverage`` for a job's files. Bad files are rows, too.

    ``coverage.status`` is 'header', 'failed' (with the reason) or 'skipped' (no reader); ``weight``
    is 1 where the header was read.
    """
    media: list[Row] = []
    coverage: list[Row] = []
    with Reader() as reader, _quiet():
        for member in job.members:
            row = _header(reader, member)
            if row is None or row["status"] == "unsupported":
                covered = {"status": "skipped", "reason": "no-reader", "weight": 0.0}
            elif row["status"] == "ok":
                covered = {"status": "header", "reason": None, "weight": 1.0}
            else:
                covered = {"status": "failed", "reason": row["reason"], "weight": 0.0}
            coverage.append({"producer": job.producer, "file": member.file, **covered})
            if row is not None:
                media.append({"file": member.file, **row})
    return {
        "media": MEDIA.arrow({name: [row.get(name) for row in media] for name in _MEDIA_COLUMNS}),
        "coverage": COVERAGE.arrow({name: [row[name] for row in coverage] for name in COVERAGE.names}),
    }


def _header(reader: Reader, member: Member) -> Row | None:
    """The row of a file; None if it is no picture."""
    if member.extension in NO_DECODER:
        return {"status": "unsupported", "reason": "no-reader"}
    if member.extension not in IMAGES:
        return None
    if not member.place.size:
        return _unreadable("empty")
    try:
        return _loose(reader, member) if member.place.offset is None else _packed(reader, member)
    except ReadError as error:
        if error.code == "too-big":  # a limit of ours
            return {"status": "unsupported", "reason": error.code}
        return _unreadable(error.code)


def _loose(reader: Reader, member: Member) -> Row:
    try:
        with Path(text_to_disk(member.place.disk)).open("rb") as file:
            return _describe(file) or _unreadable("not-an-image")
    except OSError:
        reader.head(member.place, 1)  # says why, in the words that all readers use
        return _unreadable("damaged")


def _packed(reader: Reader, member: Member) -> Row:
    place = member.place
    if place.size > HEAD:
        described = _describe(BytesIO(reader.head(place, HEAD)), whole=False)
        if described is not None and described["status"] == "ok":
            return described
        if place.size > WHOLE:
            return {"status": "unsupported", "reason": "too-big"}
    return _describe(BytesIO(reader.read(place))) or _unreadable("not-an-image")


def _describe(file: IO[bytes], *, whole: bool = True) -> Row | None:
    """The row of a picture; None if it is none, or if its ``whole`` must be there to tell."""
    try:
        with Image.open(file) as image:
            if not whole and image.format in _TO_THE_END:
                return None
            name = image.format or ""
            return {
                "format": _SAME.get(name, name),
                "width": image.width,
                "height": image.height,
                "orientation": _orientation(image),
                "mode": image.mode,
                "bits": _bits(image, file),
                "channels": len(image.getbands()),
                "frames": int(getattr(image, "n_frames", 1)),
                "status": "ok",
            }
    except UnidentifiedImageError:
        return None
    except Exception:  # noqa: BLE001 (decoders raise anything for damaged files)
        return _unreadable("damaged")


def _orientation(image: Image.Image) -> int | None:
    """EXIF orientation, 1 to 8, if it is stated before the pixels."""
    if image.format == "PNG" and "exif" not in image.info:
        return None  # Pillow would decode the picture to look behind it
    try:
        value = image.getexif().get(_ORIENTATION)
    except Exception:  # noqa: BLE001 (a broken EXIF block leaves the picture readable)
        return None
    return value if isinstance(value, int) and 1 <= value <= 8 else None


def _bits(image: Image.Image, file: IO[bytes]) -> int:
    """Bits per channel as stored; Pillow's modes forget the 16 of a PNG and the 4 of a TIFF."""
    if image.format == "PNG":
        file.seek(_PNG_DEPTH)
        return int(struct.unpack("B", file.read(1))[0])
    if image.format == "TIFF":
        stored = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE)
        return int(max(stored)) if stored else 1
    return int(getattr(image, "bits", 0)) or _BITS.get(image.mode, 8)


def _unreadable(reason: str) -> Row:
    return {"status": "unreadable", "reason": reason}


@contextmanager
def _quiet() -> Iterator[None]:
    """No warning of a decoder reaches a user, and no size is too large to be told."""
    most = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = most
